"""`ratingpad-province receive`: take batches from the broker until stopped."""

import argparse
import logging
import signal
import sys
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from province.commands.store_reading import add_store
from province.errors import BrokerUrlError, ProvinceCode, ProvinceError
from sync.arguments import Subcommand
from sync.language import tr
from sync.sentence import Sentence
from sync.shown_text import shown
from sync.terminal import log_to_stderr

if TYPE_CHECKING:
    from sync.mqtt import BrokerAddress
    from sync.obstacles import Obstacle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The broker and the store."""
    parser.add_argument("--broker", required=True, metavar="URL", help="mqtt://127.0.0.1:1883")
    parser.add_argument(
        "--no-share", action="store_true", help="subscribe alone: the broker knows no $share"
    )
    add_store(parser)


def run(given: argparse.Namespace) -> int:
    """Receive until SIGTERM or SIGINT; the exit code."""
    return _receive(given.store, given.broker, share=not given.no_share)


def _receive(store_url: str, broker_url: str, *, share: bool) -> int:
    """Receive until SIGTERM or SIGINT; the group under way is finished first."""
    from province.store import open_store
    from sync.receiver import Receiver

    log_to_stderr("info")
    address = read_broker(broker_url)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    store = open_store(store_url)
    try:
        receiver = Receiver(
            address, store, share="province" if share else None, obstructed=_log_obstacle
        )
        receiver.start()
        connecting = Sentence("connecting to {broker}", broker=broker_url)
        print(tr(connecting) if sys.stdout.isatty() else shown(connecting), flush=True)
        stop.wait()
        receiver.stop()
    finally:
        store.close()
    return 0


def _log_obstacle(obstacle: "Obstacle", detail: str) -> None:
    """Log what somebody must change at the broker, with its code and remedy."""
    code = {
        "refused": ProvinceCode.BROKER_REFUSED,
        "duplicate": ProvinceCode.RECEIVER_TWICE,
    }.get(obstacle.value, ProvinceCode.BROKER_LACKS)
    logging.getLogger(__name__).error("%s", ProvinceError(detail, code))


def read_broker(url: str) -> "BrokerAddress":
    """The address in `mqtt://host:port`. Raises BrokerUrlError (P08)."""
    from sync.mqtt import BrokerAddress  # loads paho, which only `receive` needs

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", 1883 if parts.port is None else parts.port
    except ValueError as error:
        raise BrokerUrlError(Sentence.joined(": ", (url, error))) from error
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme != "mqtt" or not loopback or not port:
        raise BrokerUrlError(url)
    return BrokerAddress(host, port)


COMMAND = Subcommand("receive", "take batches from the broker until stopped", add_arguments, run)
