"""The desk's client survives a pad whose power is cut in the middle of an answer."""

import asyncio

import pytest

from demo.desk_client import DeskClient, DeskRefusalError


def answered(raw):
    """What `DeskClient.window` makes of the bytes of an answer."""

    async def play():
        async def answer(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await DeskClient(port, "token", "C001").window()
        finally:
            server.close()

    return asyncio.run(play())


def test_a_whole_answer_is_read():
    assert answered(b'HTTP/1.1 200 OK\r\n\r\n{"state":"ready"}') == {"state": "ready"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"state":',
        b'HTTP/1.1 200 OK\r\n\r\n{"state":',
        b"HTTP/1.1 409 Conflict\r\nContent-Length: 99\r\n\r\n{",
        b"\x00\xff\x00",
    ],
    ids=["nothing", "half a status", "half a header", "half a body", "half", "refusal", "noise"],
)
def test_an_answer_that_was_cut_off_is_a_refusal_and_no_crash(raw):
    with pytest.raises(DeskRefusalError):
        answered(raw)
