"""What `ratingpad-province receive` says of its broker, as a program."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rigs.broker.mosquitto import Broker
from tests.rigs.broker.scripted_broker import Script, scripted_broker
from tests.rigs.system.child_environment import environment
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until


@contextmanager
def receiving(port: int, folder: Path) -> Iterator[Callable[[], str]]:
    """The program; the block is given a function that returns what it has written."""
    log = folder / "log"
    command = [sys.executable, "-m", "province.cli", "receive"]
    command += ["--store", f"sqlite:///{folder}/province.db"]
    command += ["--broker", f"mqtt://127.0.0.1:{port}"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment())
    try:
        yield log.read_text
    finally:
        process.terminate()
        process.wait(15)


@pytest.mark.broker
def test_it_says_connecting_why_not_and_connected_with_the_address(tmp_path: Path) -> None:
    port = free_port()
    with receiving(port, tmp_path) as said:
        until(lambda: "trying again by itself" in said(), 20, "there is no broker")
        assert f"connecting to mqtt://127.0.0.1:{port}" in said()
        assert f"no connection to 127.0.0.1:{port}: " in said()
        assert "Connection refused" in said()
        assert "connected to" not in said()
        broker = Broker(tmp_path, port)
        broker.start()
        try:
            until(lambda: f"connected to 127.0.0.1:{port}, subscribed" in said(), 40, "connected")
        finally:
            broker.stop()
        until(lambda: said().count("trying again by itself") >= 2, 20, "the broker has gone")


def test_it_names_what_the_broker_lacks_with_a_code_and_a_remedy(tmp_path: Path) -> None:
    with (
        scripted_broker(Script(limits={"shared_available": 0})) as broker,
        receiving(broker.address.port, tmp_path) as said,
    ):
        until(lambda: "P16 " in said(), 20, "the code")
        assert "without shared subscriptions" in said()
        assert "--no-share" in said()


def test_it_names_a_refused_subscription_once(tmp_path: Path) -> None:
    with (
        scripted_broker(Script(suback=0x87)) as broker,
        receiving(broker.address.port, tmp_path) as said,
    ):
        until(lambda: len(broker.clients) >= 3, 30, "it tries again")
        assert said().count("P15 ") == 1
