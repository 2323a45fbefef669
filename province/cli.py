"""`ratingpad-province`: receive, verify, ratings, codes of phones. The composition root."""

import argparse
import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from province.errors import (
    BrokerUrlError,
    KeyFileError,
    LookedAtFileError,
    ProvinceCode,
    ProvinceError,
)
from province.looked_at import read_looked_at
from province.rows import Rating
from sync import __version__
from sync.arguments import CommandParser, whole_number
from sync.entries import HashName
from sync.phone_token import (
    CHARS,
    NUMBER_MAX,
    SECRET_BYTES,
    PhoneKey,
    TokenRefusal,
    check,
    read_key,
    write_key,
)
from sync.regular_file import read_regular_text
from sync.shown_text import shown, shown_utc
from sync.terminal import log_to_stderr, run_command

if TYPE_CHECKING:
    from province.store import ProvinceStore
    from sync.mqtt import BrokerAddress
    from sync.obstacles import Obstacle


LIMIT_MAX = 10_000_000
"""Rows that `ratings` lists at most; each takes a line."""

EPOCH = date(1970, 1, 1)
"""A token's days count from here."""
NOON_UTC = time(12, tzinfo=UTC)
"""`--on DATE` means this time: noon UTC is evening in China, on the same day."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when verify found something wrong, 2 for a mistake, 3
    when a person must look at what verify found.
    """
    parser = CommandParser(
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
    verifying.add_argument(
        "--looked-at",
        type=Path,
        metavar="FILE",
        help="findings that a person has looked at: its lines, each below a `# reason`",
    )
    counting = commands.add_parser("status", help="what the store holds, in numbers")
    listing = commands.add_parser("ratings", help="the newest ratings")
    listing.add_argument("--pad", help="of one pad only")
    listing.add_argument(
        "--limit", type=whole_number(1, LIMIT_MAX), default=100, help="how many (default 100)"
    )
    for command in (receiving, verifying, counting, listing):
        command.add_argument(
            "--store",
            required=True,
            metavar="URL",
            help="sqlite:///path/to/file or postgresql://user@host/database",
        )
    making = commands.add_parser("phone-key", help="make a pad's key for the codes of phones")
    making.add_argument("--pad", required=True, help="the pad's id")
    making.add_argument(
        "--number",
        required=True,
        type=whole_number(0, NUMBER_MAX),
        help=f"0 to {NUMBER_MAX}, a new one",
    )
    making.add_argument("--hash", choices=[name.value for name in HashName], default="sha256")
    making.add_argument("--out", required=True, type=Path, metavar="FILE")
    checking = commands.add_parser("token", help="say what a scanned code is")
    checking.add_argument("--key", required=True, type=Path, metavar="FILE", action="append")
    checking.add_argument("--on", type=date.fromisoformat, metavar="DATE", help="default: today")
    checking.add_argument("text", metavar="TEXT", help="the code, with its address or without")
    given = parser.parse_args(arguments)
    try:
        return _run(given)
    except ProvinceError as error:
        print(shown(str(error)), file=sys.stderr)
        return 2


def _run(given: argparse.Namespace) -> int:
    match given.command:
        case "phone-key":
            code = _make_key(given.pad, given.number, HashName(given.hash), given.out)
        case "token":
            code = _print_token(given.key, given.on, given.text)
        case "receive":
            code = _receive(given.store, given.broker, share=not given.no_share)
        case "verify":
            code = _verify(given.store, given.looked_at)
        case "status":
            code = _status(given.store)
        case _:
            code = _ratings(given.store, given.pad, given.limit)
    return code


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
        print(f"connecting to {broker_url}", flush=True)
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
        raise BrokerUrlError(f"{url}: {error}") from error
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if parts.scheme != "mqtt" or not loopback or not port:
        raise BrokerUrlError(url)
    return BrokerAddress(host, port)


@contextmanager
def _reading(store_url: str) -> "Iterator[ProvinceStore]":
    """The store, only to look at it. Raises StoreError, for a database that is silent, too.

    SIGINT and SIGTERM end the program at once, whatever it waits for: it has nothing to finish.
    (psycopg would answer SIGINT by asking the server, which may be silent, to cancel the query.)
    """
    from province.store import open_store

    with _ended_by(signal.SIGINT, signal.SIGTERM):
        store = open_store(store_url, read_only=True)
        try:
            with store.failures():
                yield store
        finally:
            store.close()


@contextmanager
def _ended_by(*numbers: signal.Signals) -> Iterator[None]:
    """These signals end the process during the block, by their default action."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may choose
        return
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _verify(store_url: str, looked_at: Path | None) -> int:
    from province.verify import verify
    from province.verify_report import Findings

    reasons = _read_reasons(looked_at) if looked_at is not None else {}
    with _reading(store_url) as store:
        on_record = store.lost(), store.incidents(), store.refusals()
        found = Findings(verify(store), *on_record, reasons)
    for line in found.lines():
        print(line)
    return found.outcome.exit_code


def _read_reasons(path: Path) -> dict[str, str]:
    """Raises LookedAtFileError (P22)."""
    try:
        return read_looked_at(read_regular_text(path))
    except (OSError, ValueError) as error:
        raise LookedAtFileError(f"{path}: {_reason(error)}") from error


def _status(store_url: str) -> int:
    with _reading(store_url) as store:
        summary = store.summary()
    for name, number in summary._asdict().items():
        print(f"{name} {number}")
    return 0


def _ratings(store_url: str, pad: str | None, limit: int) -> int:
    with _reading(store_url) as store:
        found = store.ratings(limit, pad)
        is_known = bool(found) or pad is None or any(seen.pad == pad for seen in store.pads())
    for rating in found:
        print(_line(rating))
    if not is_known:
        print(shown(f"the store knows no pad {pad!r}"), file=sys.stderr)
    return 0


def _make_key(pad: str, number: int, hash_name: HashName, out: Path) -> int:
    """Write a new key file that only its owner can read. Raises KeyFileError (P09) for a file that
    exists.
    """
    text = write_key(PhoneKey(pad, number, secrets.token_bytes(SECRET_BYTES), hash_name))
    try:
        read_key(text)  # refuses here what a pad would refuse
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        raise KeyFileError(f"{out}: {_reason(error)}") from error
    return 0


def _print_token(files: list[Path], on: date | None, text: str) -> int:
    """Print what a token says; 1 when it is refused."""
    keys = {}
    for path in files:
        try:
            key = read_key(read_regular_text(path))
        except (OSError, ValueError) as error:
            raise KeyFileError(f"{path}: {_reason(error)}") from error
        keys[key.number] = key
    now = datetime.combine(on, NOON_UTC) if on is not None else datetime.now(UTC)
    found = check(text.strip()[-CHARS:], keys.get, round(now.timestamp() * 1000))
    if isinstance(found, TokenRefusal):
        print(found.value)
        return 1
    last = "(pad without the time)"
    if found.last_day is not None:
        last = (EPOCH + timedelta(days=found.last_day)).isoformat()
    purpose = found.purpose.name.lower()
    print("\t".join(["good", purpose, shown(found.pad), shown(found.invitation), last]))
    return 0


def _line(rating: Rating) -> str:
    columns = [
        shown_utc(rating.utc_ms) if rating.utc_ms is not None else "(date unknown)",
        shown(rating.dated_by),
        shown(rating.pad),
        shown(rating.window_id or "-"),
        shown(rating.case_number or "-"),
        rating.standing,
        rating.level or "-",
        rating.channel or "-",
    ]
    return "\t".join([*columns, "hasty"] if rating.is_hasty else columns)


def _reason(error: OSError | ValueError) -> str:
    """Without the number that Python puts before it."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def command() -> int:
    """What the installed program calls: `main`, with an output that suits the terminal."""
    return run_command(main, extra="province")


if __name__ == "__main__":
    sys.exit(command())
