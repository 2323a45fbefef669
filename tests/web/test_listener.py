"""The desk's listening socket counts whom it lets in, and gives places back."""

import contextlib
import socket
from collections.abc import Iterator

import pytest

from web import listener as listening
from web.listener import ListenSocket


@pytest.fixture
def refused() -> list[str]:
    return []


@pytest.fixture
def listener(refused: list[str]) -> Iterator[ListenSocket]:
    with ListenSocket("127.0.0.1", 0, refused.append) as one:
        yield one


def come(listener: ListenSocket, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(listener.getsockname(), 5, source_address=(source, 0))


def test_a_closed_connection_counts_no_more(listener: ListenSocket) -> None:
    with come(listener):
        connection, (address, _) = listener.accept()
        assert (address, listener.connections) == ("127.0.0.1", 1)
        connection.close()
        connection.close()
        assert listener.connections == 0


def test_one_address_cannot_use_all_connections(listener: ListenSocket, refused: list[str]) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(listening.MAX_OF_ONE_CLIENT):
            stack.enter_context(come(listener))
            stack.enter_context(listener.accept()[0])
        stack.enter_context(come(listener))
        with pytest.raises(ConnectionAbortedError):
            listener.accept()
        assert refused == ["127.0.0.1"]
        stack.enter_context(come(listener, "127.0.0.2"))  # the control: another one may
        stack.enter_context(listener.accept()[0])
    assert listener.connections == 0


def test_the_connections_of_all_addresses_have_a_limit(
    listener: ListenSocket, refused: list[str]
) -> None:
    with contextlib.ExitStack() as stack:
        for n in range(listening.MAX_CONNECTIONS):
            stack.enter_context(come(listener, f"127.0.1.{n + 1}"))
            stack.enter_context(listener.accept()[0])
        stack.enter_context(come(listener, "127.0.0.9"))
        with pytest.raises(ConnectionAbortedError):
            listener.accept()
        assert refused == ["127.0.0.9"]


def test_the_kernel_closes_a_connection_whose_far_end_does_not_answer(
    listener: ListenSocket,
) -> None:
    with come(listener):
        connection, _ = listener.accept()
        with connection:
            tcp = socket.IPPROTO_TCP
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert connection.getsockopt(tcp, socket.TCP_USER_TIMEOUT) == listening.DEAD_S * 1000
            assert connection.getsockopt(tcp, socket.TCP_KEEPIDLE) < listening.DEAD_S


def test_a_port_that_is_in_use_is_an_error_and_leaks_no_socket(listener: ListenSocket) -> None:
    with pytest.raises(OSError, match="in use"):
        ListenSocket("127.0.0.1", listener.getsockname()[1], print)


def test_an_answer_in_two_parts_does_not_wait_for_an_acknowledgement(
    listener: ListenSocket,
) -> None:
    with come(listener):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
