"""The counting proxy passes everything on and counts it."""

import socket
import threading

from benchmarks.proxy import counting_proxy
from benchmarks.scratch import until


def test_bytes_are_passed_on_and_counted_each_way() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    received = bytearray()

    def serve() -> None:
        peer, _ = server.accept()
        with peer:
            while chunk := peer.recv(65536):
                received.extend(chunk)
                if len(received) == 300_000:
                    peer.sendall(b"y" * 1000)

    thread = threading.Thread(target=serve)
    thread.start()
    with counting_proxy(server.getsockname()[1]) as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as client:
            client.sendall(b"x" * 300_000)
            answer = b""
            while len(answer) < 1000:
                answer += client.recv(4096)
        until(lambda: proxy.up_bytes == 300_000, 5, "all bytes counted")
        thread.join(5)
        assert proxy.down_bytes == 1000
    assert bytes(received) == b"x" * 300_000
    server.close()
