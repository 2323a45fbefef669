"""The messages between pad and province, their topics and their bytes. Pure.

Everything on the wire is written down here and in `entries.py`, once, as types. JSON Schema and
the AsyncAPI document in `docs/contract/` are generated from them (`python -m sync.schema`).

Versions: every message carries `v`. A message with another `v` is refused with
`Problem.VERSION` and not read further. Within a version, new optional fields and new entry kinds
may appear at any time: unknown fields are ignored, unknown kinds are stored as they came.
"""

import enum
import re
import zlib
from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from sync.desk_fields import By, InvitationId, InviteFields, Reason, Standing
from sync.entries import GENESIS, MAX_BODY_BYTES, MAX_NUMBER, At, Entry, HashName, Number
from sync.unique_names import check_unique_names

VERSION = 1
MAX_BATCH_ENTRIES = 1024
MAX_BATCH_BYTES = 256 * 1024
"""Bounds of one batch before deflate. A backlog is sent half again as fast in batches of about 1000
entries as with 256 entries and 128 KiB; a live batch has one entry."""
DEFLATE_FROM_BYTES = 1024
"""Shorter payloads are not deflated: a live rating gains nothing from it."""
DEFLATE_LEVEL = 5
"""14 % fewer bytes than level 1 for 0.6 µs more an entry; 9 saves 6 % more for six times that."""
DEFLATE = ("encoding", "deflate")
"""The MQTT 5 user property of a batch whose payload is deflated (zlib, RFC 1950). On every other
topic it means nothing, and payloads are plain."""
MAX_MESSAGE_BYTES = 64 * 1024
"""Bound of every message but a batch. The longest are health reports with many faults.
Checked before a message is parsed or stored, in both directions."""
PACKET_ROOM_BYTES = 4 * 1024
"""What an MQTT packet may have besides its payload: topic, response topic, properties."""
MAX_PACKET_UP_BYTES = MAX_BATCH_BYTES + PACKET_ROOM_BYTES
"""The Maximum Packet Size that a receiver announces: a broker passes nothing longer on to it."""
MAX_PACKET_DOWN_BYTES = MAX_MESSAGE_BYTES + PACKET_ROOM_BYTES
"""The Maximum Packet Size that a pad announces."""

MAX_DETAIL_CHARS = 500
"""Of the reason why a message was refused: it goes into a log, a receipt and the store."""

PAD_ID = re.compile(r"[a-z0-9-]{1,32}")
"""A pad's id is the CN of its certificate and one level of its topics."""

LEDGER_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
"""A ledger's id: a ULID. Bounded, and of characters that every database can index."""
MAX_SEQ = MAX_NUMBER
"""More entries than a pad ever has; every language and database can represent it exactly."""

LedgerId = Annotated[str, Meta(pattern=rf"^{LEDGER_ID.pattern}\Z")]
LedgerIdOrNone = Annotated[str, Meta(pattern=r"^[0-9A-Za-z_-]{0,64}\Z")]
"""Empty where no ledger is known."""
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""32 bytes as lower-case hex, without spaces."""
DigestOrNone = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
Count = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]


class Problem(enum.Enum):
    """Why the province did not take a batch. The pad raises a fault and keeps every entry."""

    GAP = "gap"
    """Entries between the stored head and this batch are missing: resend from seq + 1."""
    CHAIN = "chain"
    """The digests do not continue what is stored: a restored, cloned or altered ledger."""
    SIGNATURE = "signature"
    """The batch is not signed by this pad's key."""
    UNKNOWN_PAD = "unknown-pad"
    """The province has no such pad."""
    RETIRED = "retired"
    """The pad has been replaced; what it holds is salvaged by a technician."""
    FOREIGN = "foreign"
    """The ledger belongs to another pad."""
    MALFORMED = "malformed"
    """The payload is no batch: not NDJSON, wrong count, too long, not UTF-8."""
    VERSION = "version"
    """The payload's `v` is not supported."""


class Status(enum.Enum):
    """What `up/state` says."""

    ONLINE = "online"
    STOPPED = "stopped"
    LOST = "lost"


class ContractError(ValueError):
    """The other end sent something that is not in the contract: a `problem` and a `detail`, which
    may quote what was sent and is therefore cut to `MAX_DETAIL_CHARS`.
    """

    def __init__(self, problem: Problem, detail: str) -> None:
        detail = detail[:MAX_DETAIL_CHARS]
        super().__init__(f"{problem.value}: {detail}")
        self.problem = problem
        self.detail = detail


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The field of every message; an entry has none of its own."""

    v: int


class BatchHeader(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a batch.

    `prev` and `head`: the digests (hex) before the first and after the last entry. `torn`: the pad
    no longer holds what came before `first` (pruned, or lost with a damaged file), so the province
    records the hole and goes on. `sig`: ES256, once the pad is enrolled.
    """

    ledger: LedgerId
    first: Annotated[int, Meta(ge=1, le=MAX_SEQ)]
    count: Annotated[int, Meta(ge=1, le=MAX_BATCH_ENTRIES)]
    prev: Digest
    head: Digest
    hash: HashName = HashName.SHA256
    torn: bool = False
    sig: Annotated[str, Meta(max_length=256)] | None = None

    @property
    def last(self) -> int:
        """The seq of the last entry."""
        return self.first + self.count - 1


class Batch(msgspec.Struct, frozen=True):
    """A header and the exact bytes of its entries."""

    header: BatchHeader
    bodies: list[bytes]


class Receipt(Message, frozen=True, kw_only=True, omit_defaults=True):
    """All entries of `ledger` up to and including `seq` are committed at the province.

    `digest`: the chain's digest (hex) after `seq`. `session`: set when the receipt answers a birth,
    to the session of that birth; only such a receipt may move the pad's mark back (a province that
    was restored from a backup). For a payload that could not be read: `ledger` is empty, `seq` is
    0, `digest` is all zeros.
    """

    ledger: LedgerIdOrNone
    seq: Count
    digest: Digest
    session: Annotated[str, Meta(pattern=r"^[0-9]{1,16}\.[0-9]{1,16}\Z")] | None = None
    problem: Problem | None = None
    detail: str | None = None


class State(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Published by a pad at its birth (`online`) and when it stops (`stopped`), and by the broker
    as its will (`lost`). A later (boots, session) replaces an earlier one, so a late will cannot
    hide a newer birth. `seq`, `digest`: the ledger's last entry when the message was made.
    """

    pad: Annotated[str, Meta(pattern=rf"^{PAD_ID.pattern}\Z")]
    status: Status
    boots: Count
    session: Count
    ledger: LedgerId
    seq: Count = 0
    digest: DigestOrNone = ""
    agent: str = ""
    board: str = ""


class FaultNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A fault that lasts at this moment. `since`: CLOCK_BOOTTIME ms."""

    code: str
    since: Number
    detail: str = ""


class Health(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A pad's health report, about every 5 minutes. None means that the board cannot measure it.

    `strays`: presses that were only counted. `refused`: calls that the desk refused. Both since the
    agent's start.
    """

    at: At
    boots: Count
    ledger: LedgerIdOrNone
    head: Count
    receipted: Count
    faults: tuple[FaultNow, ...] = ()
    disk_free_bytes: Count | None = None
    card_wear_percent: float | None = None
    temperature_c: float | None = None
    strays: Count = 0
    refused: Count = 0

    @property
    def backlog(self) -> int:
        """Entries that the province has not receipted."""
        return self.head - self.receipted


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The settings that the province may change; None: the pad's own configuration is in force."""

    window: str | None = None
    invitation_s: int | None = None
    grace_s: int | None = None
    thanks_s: int | None = None


class Desired(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The whole desired configuration; a higher `version` replaces a lower one."""

    version: Count
    settings: Settings


class Reported(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The configuration in force. `version`: of the desired one that it comes from, 0 when it is
    the pad's own. `digest`: hex SHA-256 of the canonical bytes of `settings`. `problems`: why a
    desired one was refused, in words.
    """

    version: Count
    digest: Digest
    settings: Settings
    problems: tuple[str, ...] = ()


class Order(enum.Enum):
    """What a command may order."""

    IDENTIFY = "identify"
    PAUSE = "pause"
    RESUME = "resume"
    REPORT_HEALTH = "report-health"
    INVITE = "invite"
    WITHDRAW = "withdraw"
    STANDING = "standing"


class Command(Message, frozen=True, kw_only=True, omit_defaults=True):
    """An order to a pad; the result is sent to the MQTT 5 response topic with its correlation data.

    `ask` is for the order to invite; `invitation` for those to withdraw (with a `reason`) and to
    report a standing.
    """

    order: Order
    by: By
    ask: InviteFields | None = None
    invitation: InvitationId | None = None
    reason: Reason = ""


class CommandResult(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The result of a command. `code` is a stable error code when `done` is false.

    `invitation` and `standing` are the results for a queueing system; never a level (law 7).
    """

    done: bool
    code: str | None = None
    detail: str | None = None
    invitation: str | None = None
    standing: Standing | None = None


UNIQUE_NAMES: tuple[type[Message], ...] = (Command, Desired)
"""Messages that order something: with a name that is there twice they are malformed, because
another reader may have understood another order. Of the others the last one counts."""


class Topic(enum.Enum):
    """The seven topics of a pad; the value is what follows `pad/v1/{pad}/`."""

    ENTRIES = "up/entries"
    STATE = "up/state"
    HEALTH = "up/health"
    REPORTED = "up/reported"
    RECEIPT = "down/receipt"
    DESIRED = "down/desired"
    COMMAND = "down/command"

    def of(self, pad: str) -> str:
        """The full topic for `pad`; `"+"` gives the filter for every pad."""
        return f"pad/v1/{pad}/{self.value}"


def read_topic(topic: str) -> tuple[str, Topic] | None:
    """The pad and the topic of a full topic string; None for any other string."""
    parts = topic.split("/", 3)
    if len(parts) != 4 or parts[:2] != ["pad", "v1"] or not PAD_ID.fullmatch(parts[2]):
        return None
    try:
        return parts[2], Topic(parts[3])
    except ValueError:
        return None


_encoder = msgspec.json.Encoder(order="sorted")
M = TypeVar("M", bound=Message)


def write_message(message: Message) -> bytes:
    """The canonical bytes of a message."""
    return _encoder.encode(message)


class _VersionOnly(msgspec.Struct):
    v: int


def read_message(kind: type[M], payload: bytes) -> M:
    """The message of type `kind` that `payload` encodes.

    Raises ContractError: VERSION for another `v`, MALFORMED for anything else.
    """
    if len(payload) > MAX_MESSAGE_BYTES:
        raise ContractError(
            Problem.MALFORMED, f"{kind.__name__}: {len(payload)} bytes; at most {MAX_MESSAGE_BYTES}"
        )
    try:
        version = msgspec.json.decode(payload, type=_VersionOnly).v
        if version != VERSION:
            raise ContractError(Problem.VERSION, f"v is {version}, this end speaks {VERSION}")
        message = msgspec.json.decode(payload, type=kind)
        if kind in UNIQUE_NAMES:
            check_unique_names(payload)
    except ContractError:
        raise
    except (ValueError, RecursionError) as error:  # msgspec's and those of UTF-8 are ValueErrors
        raise ContractError(Problem.MALFORMED, f"{kind.__name__}: {error}") from error
    return message


def write_batch(
    ledger: str,
    entries: Sequence[Entry],
    prev: bytes,
    *,
    hash_name: HashName = HashName.SHA256,
    torn: bool = False,
) -> bytes:
    """The NDJSON of a batch: the header, then every body, each line ended by a newline.

    `prev` is the digest before the first entry. Raises ValueError for no entries.
    """
    if not entries:
        raise ValueError("a batch carries at least one entry")
    header = BatchHeader(
        v=VERSION,
        ledger=ledger,
        first=entries[0].seq,
        count=len(entries),
        prev=prev.hex(),
        head=entries[-1].digest.hex(),
        hash=hash_name,
        torn=torn,
    )
    lines = [write_message(header), *(entry.body for entry in entries), b""]
    return b"\n".join(lines)


def read_batch(payload: bytes) -> Batch:
    """The batch in an (inflated) payload: its shape is checked here, its chain by the receiver.

    Raises ContractError: VERSION or MALFORMED.
    """
    if len(payload) > MAX_BATCH_BYTES:
        raise ContractError(Problem.MALFORMED, f"{len(payload)} bytes; at most {MAX_BATCH_BYTES}")
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise ContractError(Problem.MALFORMED, f"not UTF-8: {error.reason}") from error
    line, _, rest = payload.partition(b"\n")
    header = read_message(BatchHeader, line)
    if not payload.endswith(b"\n"):
        raise ContractError(Problem.MALFORMED, "the last line is not ended")
    if b"\r" in payload:
        raise ContractError(Problem.MALFORMED, "a carriage return; lines end with a newline only")
    _check_header(header)
    bodies = rest.split(b"\n", header.count)  # not all of them: there may be 256 Ki
    if len(bodies) <= header.count or bodies.pop():
        lines = rest.count(b"\n")
        raise ContractError(Problem.MALFORMED, f"count says {header.count}, {lines} entries follow")
    if max(map(len, bodies)) > MAX_BODY_BYTES or min(map(len, bodies)) == 0:
        raise ContractError(Problem.MALFORMED, "an entry is empty or too long")
    return Batch(header, bodies)


def _check_header(header: BatchHeader) -> None:
    """Raises ContractError for a header that contradicts itself."""
    if header.last > MAX_SEQ:
        raise ContractError(Problem.MALFORMED, "the last seq is out of range")
    if (header.first == 1) != (header.prev == GENESIS.hex()):
        raise ContractError(Problem.MALFORMED, "`prev` is all zeros before entry 1, and only there")
    if header.first == 1 and header.torn:
        raise ContractError(Problem.MALFORMED, "`torn`, and nothing comes before entry 1")


def read_digest(text: str) -> bytes:
    """The bytes of a hex digest; empty for any other text."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def deflate(payload: bytes) -> tuple[bytes, bool]:
    """The payload as it is sent, and whether it is deflated (`DEFLATE` must then be set)."""
    if len(payload) < DEFLATE_FROM_BYTES:
        return payload, False
    return zlib.compress(payload, DEFLATE_LEVEL), True


def inflate(payload: bytes) -> bytes:
    """Undo `deflate`; payload and result have `MAX_BATCH_BYTES` at most.

    Raises ContractError MALFORMED for bytes that are not zlib, are cut short, or grow too large.
    """
    if len(payload) > MAX_BATCH_BYTES:  # or zlib would copy what it cannot read
        raise ContractError(Problem.MALFORMED, f"{len(payload)} bytes; at most {MAX_BATCH_BYTES}")
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(payload, MAX_BATCH_BYTES + 1)
    except zlib.error as error:
        raise ContractError(Problem.MALFORMED, f"not deflate: {error}") from error
    if len(plain) > MAX_BATCH_BYTES:
        raise ContractError(Problem.MALFORMED, f"inflates past {MAX_BATCH_BYTES} bytes")
    if not stream.eof or stream.unused_data:
        raise ContractError(Problem.MALFORMED, "the deflate stream is cut short or has a tail")
    return plain
