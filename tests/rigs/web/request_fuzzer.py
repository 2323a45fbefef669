"""Requests as an attacker tries them: good ones, changed at random, from a seed.

Half of the changes know HTTP (a length twice, an absolute target, many brackets, bytes of GBK),
half are any bytes. A server reads them over a real socket.
"""

import random
import socket
from collections.abc import Sequence
from contextlib import closing, suppress

HANDSHAKE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)

PIECES = (
    b"\r\n",
    b"\n ",
    b"\0",
    b"\xff",
    b"\xb0\xec",
    b"%",
    b"%ff",
    b"%00",
    b"&a=1",
    b"a=1&" * 40,
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: " + b"9" * 5_000 + b"\r\n",
    b"Host: [\r\n",
    b"Host: xn--zz\r\n",
    b"Expect: 100-continue\r\n",
    b"X: " + b"a" * 20_000 + b"\r\n",
    b"http://127.0.0.1/",
    b"[" * 12_000,
    b'{"a":' * 4_000,
    b'{"case":"1","case":"2"}',
    b"\xef\xbb\xbf",
    b"ffffffffffffffff\r\n",
    b"\x81\xfe\xff\xff",
    b"\xff" * 40,
)


def corpus(host: bytes, targets: Sequence[bytes], headers: bytes) -> list[bytes]:
    """Good requests to a server: every target by each method, as a WebSocket, with bodies."""
    made = []
    for target in targets:
        head = target + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + headers
        made += [method + b" " + head + b"\r\n" for method in (b"GET", b"HEAD", b"PUT", b"OPTIONS")]
        made += [
            b"GET " + head + HANDSHAKE + b"\r\n",
            b"POST " + head + b'Content-Length: 14\r\n\r\n{"case":"T-1"}',
            b"POST " + head + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        ]
    return made


def mutated(rng: random.Random, good: Sequence[bytes]) -> bytes:
    """One request with up to four changes."""
    words = bytearray(rng.choice(good))
    for _ in range(rng.randrange(5)):
        place = rng.randrange(len(words) + 1)
        match rng.randrange(6):
            case 0:
                words[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del words[place : place + rng.randrange(1, 30)]
            case 2:
                line = words.find(b"\n", place) + 1
                words[line:line] = rng.choice(PIECES)
            case 3:
                words[place:place] = rng.randbytes(rng.randrange(1, 40))
            case 4:
                words += rng.choice(good)
            case _:
                words[place:place] = rng.choice(PIECES)
    return bytes(words)


def fire(port: int, words: bytes, client: str, *, patience_s: float, hang_up: bool) -> bytes:
    """Send bytes from an address of this machine; what comes within the time. `hang_up`: say that
    nothing more will come, so that the server ends the connection.
    """
    received = bytearray()
    with suppress(OSError):
        line = socket.create_connection(("127.0.0.1", port), 5, source_address=(client, 0))
        with closing(line):
            line.settimeout(patience_s)
            line.sendall(words)
            if hang_up:
                line.shutdown(socket.SHUT_WR)
            while chunk := line.recv(65_536):
                received += chunk
    return bytes(received)
