"""A WebSocket client for tests, over plain asyncio and wsproto: also one that breaks the rules."""

import asyncio

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)


class RefusedError(AssertionError):
    """The handshake was refused; the message begins with the status."""


class WebSocketClient:
    """One connection, accepted. Messages that came are kept until they are asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._received: list[str] = []
        self._ended: int | None = None
        self._accepted = False

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int,
        target: str,
        headers: list[tuple[str, str]] | None = None,
        protocols: list[str] | None = None,
    ) -> "WebSocketClient":
        """Connect and shake hands. Raises RefusedError."""
        self = cls(*await asyncio.open_connection(host, port))
        extra = [(name.encode(), value.encode()) for name, value in headers or []]
        request = Request(
            host=f"{host}:{port}",
            target=target,
            extra_headers=extra,
            subprotocols=protocols or [],
        )
        self._writer.write(self._protocol.send(request))
        while not self._accepted:
            await self._read()
        return self

    async def receive(self) -> str:
        """The next message. Raises EOFError once the connection is closed."""
        while not self._received:
            if self._ended is not None:
                raise EOFError(f"closed with {self._ended}")
            await self._read()
        return self._received.pop(0)

    async def receive_close(self) -> int:
        """The code that the far end closes with; what comes before is passed over."""
        while self._ended is None:
            await self._read()
        return self._ended

    async def send(self, text: str) -> None:
        """Send a message."""
        self._writer.write(self._protocol.send(TextMessage(data=text)))
        await self._writer.drain()

    def stop_reading(self) -> None:
        """Leave everything in the kernel's buffers from now on."""
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()

    async def close(self) -> None:
        """Close with the handshake of RFC 6455."""
        self._writer.write(self._protocol.send(CloseConnection(code=1000)))
        await self.receive_close()
        self._writer.close()

    def abort(self) -> None:
        """Reset the connection, without a closing frame."""
        self._writer.transport.abort()

    async def _read(self) -> None:
        data = await self._reader.read(65_536)
        self._protocol.receive_data(data or None)
        for event in self._protocol.events():
            match event:
                case AcceptConnection():
                    self._accepted = True
                case RejectConnection(status_code=status):
                    self._writer.close()
                    raise RefusedError(f"{status}")
                case TextMessage(data=text):
                    self._received.append(text)
                case Ping():
                    self._writer.write(self._protocol.send(event.response()))
                case CloseConnection(code=code):
                    self._ended = code
        if not data and self._ended is None:
            self._ended = 1006
