"""`ratingpad-province`: receive, verify, ratings. The province's composition root."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from province.errors import BrokerUrlError, Code, ProvinceError
from province.rows import Rating
from sync import __version__

if TYPE_CHECKING:
    from sync.mqtt import BrokerAddress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when verify found something, 2 for a mistake."""
    parser = argparse.ArgumentParser(
        prog="ratingpad-province", description="the province's end: receive, verify, ratings"
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)

    receiving = commands.add_parser("receive", help="take batches from the broker until stopped")
    receiving.add_argument("--broker", required=True, metavar="URL", help="mqtt://127.0.0.1:1883")
    receiving.add_argument(
        "--no-share", action="store_true", help="subscribe alone: the broker knows no $share"
    )
    verifying = commands.add_parser("verify", help="walk every chain, derive everything again")
    listing = commands.add_parser("ratings", help="the newest ratings")
    listing.add_argument("--pad", help="of one pad only")
    listing.add_argument("--limit", type=int, default=100, help="how many (default 100)")
    for command in (receiving, verifying, listing):
        command.add_argument(
            "--store",
            required=True,
            metavar="URL",
            help="sqlite:///path/to/file or postgresql://user@host/database",
        )
    given = parser.parse_args(arguments)
    try:
        if given.command == "receive":
            return _receive(given.store, given.broker, share=not given.no_share)
        if given.command == "verify":
            return _verify(given.store)
        return _ratings(given.store, given.pad, given.limit)
    except ProvinceError as error:
        print(error, file=sys.stderr)
        return 2


def _receive(store_url: str, broker_url: str, *, share: bool) -> int:
    """Take batches until SIGTERM or SIGINT; the group at hand is finished first."""
    from province.store import open_store
    from sync.receiver import Receiver

    address = read_broker(broker_url)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    store = open_store(store_url)
    try:
        receiver = Receiver(address, store, share="province" if share else None)
        receiver.start()
        print(f"receiving from {broker_url}", flush=True)
        stop.wait()
        receiver.stop()
    finally:
        store.close()
    return 0


def read_broker(url: str) -> "BrokerAddress":
    """The address in `mqtt://host:port`. Raises BrokerUrlError (P08)."""
    from sync.mqtt import BrokerAddress  # loads paho, which only `receive` needs

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 1883
    except ValueError as error:
        raise BrokerUrlError(f"{url}: {error}") from error
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme != "mqtt" or not loopback:
        raise BrokerUrlError(url)
    return BrokerAddress(host, port)


def _verify(store_url: str) -> int:
    from province.store import open_store
    from province.verify import verify

    store = open_store(store_url, read_only=True)
    try:
        verdict = verify(store)
        lost, incidents = store.lost(), store.incidents()
    finally:
        store.close()
    for gone in lost:
        span = f"{gone.first}" if gone.first == gone.last else f"{gone.first}-{gone.last}"
        print(f"lost: pad {gone.pad}, ledger {gone.ledger}, entries {span} ({gone.reason})")
    for seen in incidents:
        print(f"look at: pad {seen.pad}, ledger {seen.ledger}, {seen.kind}: {seen.detail}")
    for entry in verdict.bad_entries:
        place = f"ledger {entry.ledger}: entry {entry.seq} {entry.what}"
        print(ProvinceError(place, Code.CHAIN_BROKEN))
    for row in verdict.bad_rows:
        place = f"{row.table} of pad {row.pad}, {row.key}: {row.what}"
        print(ProvinceError(place, Code.DERIVED_WRONG))
    print(
        f"pads {verdict.pads}, ledgers {verdict.ledgers}, entries {verdict.entries}, "
        f"ratings {verdict.ratings}, lost {verdict.lost}, doubled {verdict.doubled}: "
        + ("sound" if verdict.sound else "NOT SOUND")
    )
    return 0 if verdict.sound else 1


def _ratings(store_url: str, pad: str | None, limit: int) -> int:
    from province.store import open_store

    store = open_store(store_url, read_only=True)
    try:
        for rating in store.ratings(limit, pad):
            print(_line(rating))
    finally:
        store.close()
    return 0


def _line(rating: Rating) -> str:
    when = "(date unknown)"
    if rating.utc_ms is not None:
        moment = datetime.fromtimestamp(rating.utc_ms / 1000, UTC)
        when = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    return "\t".join(
        [
            when,
            rating.dated_by,
            rating.pad,
            rating.window_id or "-",
            rating.case_number or "-",
            rating.standing,
            rating.level or "-",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
