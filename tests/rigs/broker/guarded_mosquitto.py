"""A mosquitto configured as docs/contract.md says, with certificates, and a tunnel to it for each
user.
"""

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import trustme

from sync.mqtt import BrokerAddress
from tests.rigs.broker.mosquitto import mosquitto
from tests.rigs.broker.tls_tunnel import tls_tunnel
from tests.rigs.system.loopback import free_port, listens
from tests.rigs.time.wait import until

PAGE = Path(__file__).parents[3] / "docs" / "contract.md"
PADS_PORT, OTHERS_PORT = 8883, 8884
"""As the page has them; the rig takes free ones."""

CONNECT = b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"
"""MQTT 5, clean start, keep-alive of 60 s, no client id."""


def block(language: str) -> str:
    """The code block of the page in this language; there is one."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(found)


class GuardedMosquitto:
    """The page's two listeners on free ports, on loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = trustme.CA()
        self._ports = {PADS_PORT: free_port(), OTHERS_PORT: free_port()}
        self._tunnels = ExitStack()
        broker = self._authority.issue_cert("127.0.0.1")
        self._authority.cert_pem.write_to_path(folder / "ca.pem")
        broker.private_key_pem.write_to_path(folder / "broker.key")
        chain = b"".join(blob.bytes() for blob in broker.cert_chain_pems)
        (folder / "broker.pem").write_bytes(chain)
        (folder / "ratingpad.acl").write_text(block("acl"))
        text = block("conf").replace("/etc/mosquitto", str(folder))
        for told, port in self._ports.items():
            text = text.replace(f"listener {told}\n", f"listener {port} 127.0.0.1\n")
        (folder / "guarded.conf").write_text(f"user root\nlog_dest none\n{text}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        command = [mosquitto(), "-c", str(self._folder / "guarded.conf")]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for port in self._ports.values():
            until(lambda port=port: listens(port), 10, f"mosquitto listens on {port}")

    def stop(self) -> None:
        """Close the tunnels and end it."""
        self._tunnels.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def context(self, user: str | None, *, ours: bool = True) -> ssl.SSLContext:
        """What shows `user`'s certificate; None: it shows none. Not `ours`: a certificate of
        another authority.
        """
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        if user is not None:
            authority = self._authority if ours else trustme.CA()
            certificate = authority.issue_cert(f"{user.lower()}.example", common_name=user)
            certificate.configure_cert(context)
        return context

    def answer_to(self, context: ssl.SSLContext, told_port: int) -> bytes:
        """The first byte of the broker's answer to a CONNECT. Raises OSError when it is refused."""
        with (
            socket.create_connection(("127.0.0.1", self._ports[told_port]), 10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as far,
        ):
            far.sendall(CONNECT)
            return far.recv(1)

    def tunnel(self, user: str) -> BrokerAddress:
        """The plain end of a tunnel for a user who is no pad."""
        return self._tunnel(user, OTHERS_PORT)

    def _tunnel(self, user: str, told_port: int) -> BrokerAddress:
        tunnel = tls_tunnel(self._ports[told_port], self.context(user))
        return self._tunnels.enter_context(tunnel)

    def pad_tunnel(self, pad: str) -> BrokerAddress:
        """A tunnel for a pad."""
        return self._tunnel(pad, PADS_PORT)


@contextmanager
def guarded_mosquitto(folder: Path) -> Iterator[GuardedMosquitto]:
    """Running for the time of a `with` block."""
    broker = GuardedMosquitto(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
