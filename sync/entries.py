"""The kinds of ledger entry and their canonical bytes. Pure.

A body is one line of canonical JSON: UTF-8, keys sorted, no spaces, optional fields left out
when they have their default. The pad commits these bytes, the digest chain covers them, and they
are sent; an entry is encoded once and never again.

Reading is tolerant, because a province must never lose what a newer pad says: an unknown kind,
or an unknown field of a known kind, is stored as it came (`read_body` returns `None` for a kind
this version does not know, and raises for a known kind that breaks its own type).
"""

import enum
import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

FORMAT = 1
"""Version of the entry format, named in `opened`."""

DIGEST_BYTES = 32
GENESIS = bytes(DIGEST_BYTES)
"""The digest before the first entry of every ledger."""

MAX_BODY_BYTES = 16 * 1024
"""No single entry is longer; the longest legal one is `detailed` with its text."""

Id = Annotated[str, Meta(max_length=128)]
"""A name by which entries are found: index keys have a bound in every database. A ULID has 26."""
MAX_NUMBER = 2**53
"""Larger integers are neither times nor counts, and some JSON readers round them."""
Number = Annotated[int, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]


class Level(enum.Enum):
    """The five levels (policy 二(三)). Official numbers are in `sync/codes/levels.toml` only."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    BASICALLY_SATISFIED = "basically_satisfied"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"


class Trust(enum.Enum):
    """What the pad knew about its wall clock when something happened."""

    NTP = "ntp"
    """Synchronised with a time server since this boot."""
    RTC = "rtc"
    """Taken from a battery-backed clock at boot, not confirmed since."""
    HELD = "held"
    """Was synchronised in this boot; the server has not answered since."""
    NONE = "none"
    """Not known; `utc` is null and the province dates the entry from the boot's anchor."""


class Channel(enum.Enum):
    """Through which channel a rating was given; their numbers are in `sync/codes/channels.toml`
    only. A rating pad is `HALL_PAD`, at a window, or part of a `HALL_TERMINAL`, and nothing else.
    """

    PC = "pc"
    MOBILE = "mobile"
    QR = "qr"
    HALL_PAD = "hall_pad"
    HALL_TERMINAL = "hall_terminal"


HASTY_MS = 500
"""A person must see that something has changed (one look, 0.2 s) and move a finger that waits on
the key (0.2 s at best); to read four words and to choose among five takes a second. The pad of a
touchscreen takes nothing at all in the first 0.3 s."""


class HashName(enum.Enum):
    """The digest functions a ledger may name; both are in `hashlib`."""

    SHA256 = "sha256"
    SM3 = "sm3"


class At(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When something happened, as the pad knew it then.

    `utc`: milliseconds since 1970-01-01T00:00Z, or None when the clock could not be trusted.
    `mono`: CLOCK_BOOTTIME in milliseconds. `boot`: the boot that `mono` counts from.
    """

    utc: Number | None
    mono: Number
    boot: Id
    trust: Trust


class Service(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The service being rated: case number (办件编号), matter code (事项编码), step.

    Lengths from GB/T 39046-2020 table 9 and the live interfaces.
    """

    case: str | None = None
    matter: str | None = None
    step: str | None = None


class Predecessor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ledger before this one, as far as it is known, and why it ended.

    `seq` and `digest` (hex) are the last entry that could be read in chain; entries after it that
    survived out of chain follow as `salvaged`. `missing` lists closed ranges of seq that are lost.
    """

    ledger: Id
    reason: str
    seq: Number | None = None
    digest: Id | None = None
    missing: tuple[tuple[Number, Number], ...] = ()


class Body(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", gc=False
):
    """What every entry carries."""

    at: At


class Opened(Body, frozen=True, kw_only=True, omit_defaults=True, tag="opened"):
    """The first entry of a ledger."""

    ledger: Id
    pad: Id
    hash: HashName
    format: Number
    previous: Predecessor | None = None


class Booted(Body, frozen=True, kw_only=True, omit_defaults=True, tag="booted"):
    """The agent started. `boots` counts the starts of this pad since its first ledger, without
    those in a restart loop that ended within a minute and recorded nothing.
    """

    agent: str
    board: str
    boots: Number


class Clock(Body, frozen=True, kw_only=True, omit_defaults=True, tag="clock"):
    """The clock's quality changed: at `mono` of this boot it was `utc`, give or take."""

    utc: Number
    mono: Number
    source: str
    uncertainty_ms: Number


class Invited(Body, frozen=True, kw_only=True, omit_defaults=True, tag="invited"):
    """A rating was asked for.

    `rated_before`: the invitation in which the same case and step had been rated already; the desk
    knew it and asked again. `channel`: of the rating that may follow.
    """

    invitation: Id
    window: str
    source: str
    service: Service = Service()
    clerk: str | None = None
    rated_before: Id | None = None
    channel: Channel = Channel.HALL_PAD


class Rated(Body, frozen=True, kw_only=True, omit_defaults=True, tag="rated"):
    """A level key was pressed for an open invitation.

    `elapsed_ms` counts from the invitation. `again` marks a press inside the grace time: it
    replaces the one before (law 4: one invitation, one rating).

    A rating counts however soon it came. One within 500 ms came sooner than anybody reads, and is
    shown as hasty.
    """

    invitation: Id
    level: Level
    source: str
    elapsed_ms: Number
    again: bool = False

    @property
    def is_hasty(self) -> bool:
        """Whether it was pressed within `HASTY_MS` of the invitation: by a key that presses by
        itself, or a hand that was there already.
        """
        return self.elapsed_ms < HASTY_MS


class Detailed(Body, frozen=True, kw_only=True, omit_defaults=True, tag="detailed"):
    """Reasons or text that a citizen chose to add after the level (policy 三(三)).

    `options`: official codes, or topics (`sync/codes/`).
    """

    invitation: Id
    options: tuple[str, ...] = ()
    text: str | None = None


class Lapsed(Body, frozen=True, kw_only=True, omit_defaults=True, tag="lapsed"):
    """The invitation timed out: unrated, never a level (law 1)."""

    invitation: Id


class Withdrawn(Body, frozen=True, kw_only=True, omit_defaults=True, tag="withdrawn"):
    """The desk took the invitation back, or the pad lost power while it was open."""

    invitation: Id
    reason: str


class Strayed(Body, frozen=True, kw_only=True, omit_defaults=True, tag="strayed"):
    """A press without an open invitation: kept and tagged, never counted. `state`: the state of the
    rating session at that moment.
    """

    key: str
    state: str
    source: str


class Paused(Body, frozen=True, kw_only=True, omit_defaults=True, tag="paused"):
    """The window closed."""

    by: str


class Resumed(Body, frozen=True, kw_only=True, omit_defaults=True, tag="resumed"):
    """The window opened again."""

    by: str


class Configured(Body, frozen=True, kw_only=True, omit_defaults=True, tag="configured"):
    """A desired configuration was applied. `digest` is the hex SHA-256 of the canonical bytes of
    the settings that are in force since then, as in `reported`; not of the desired document.
    """

    version: Number
    digest: Id


class Fault(Body, frozen=True, kw_only=True, omit_defaults=True, tag="fault"):
    """A fault began. `code` is one of the stable codes in `docs/errors.md`."""

    code: str
    detail: str = ""


class Cleared(Body, frozen=True, kw_only=True, omit_defaults=True, tag="cleared"):
    """The fault has ended."""

    code: str
    detail: str = ""


class Salvaged(Body, frozen=True, kw_only=True, omit_defaults=True, tag="salvaged"):
    """An entry of an earlier ledger of this pad that could not be delivered in its own chain.

    `body` is the old entry's exact text; `digest` (hex) is its digest in the old file. The province
    treats it as the old entry, once, even when that one also arrived in its own chain.

    `unproven`: the entry before it in the old ledger is lost, so no digest proves its `body`: a
    damaged card may have changed it. It counts for nothing by itself.
    """

    ledger: Id
    seq: Number
    digest: Id
    body: str
    unproven: bool = False


AnyBody = (
    Opened
    | Booted
    | Clock
    | Invited
    | Rated
    | Detailed
    | Lapsed
    | Withdrawn
    | Strayed
    | Paused
    | Resumed
    | Configured
    | Fault
    | Cleared
    | Salvaged
)

KINDS: dict[str, type[Body]] = {str(kind.__struct_config__.tag): kind for kind in AnyBody.__args__}
"""Every kind this version writes and understands."""


class Entry(NamedTuple):
    """One row of a ledger: `seq` from 1 without gaps, the body's exact bytes, its digest."""

    seq: int
    body: bytes
    digest: bytes


_encoder = msgspec.json.Encoder(order="sorted")
_decoder: msgspec.json.Decoder[AnyBody] = msgspec.json.Decoder(AnyBody)


class _KindOnly(msgspec.Struct):
    kind: str = ""


_kind_decoder = msgspec.json.Decoder(_KindOnly)


def write_body(body: Body) -> bytes:
    """The canonical bytes of a body.

    Raises ValueError when they would be longer than `MAX_BODY_BYTES`.
    """
    raw = _encoder.encode(body)
    if len(raw) > MAX_BODY_BYTES:
        raise ValueError(f"entry of {len(raw)} bytes; at most {MAX_BODY_BYTES} are allowed")
    return raw


def read_body(raw: bytes) -> AnyBody | None:
    """The body that `raw` encodes; None for a kind that this version does not know.

    Raises ValueError for bytes that are no JSON object with a `kind`, and for a known kind
    whose fields break its type.
    """
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError as error:
        kind = kind_of(raw)
        if kind and kind not in KINDS:
            return None
        raise ValueError(f"entry of kind {kind or '(none)'}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"entry is not JSON: {error}") from error


def kind_of(raw: bytes) -> str:
    """The `kind` in `raw`; an empty string when there is none that can be read."""
    try:
        return _kind_decoder.decode(raw).kind
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def next_digest(name: HashName, previous: bytes, body: bytes) -> bytes:
    """One step of the chain: H(previous ‖ body)."""
    return hashlib.new(name.value, previous + body).digest()


def walk_chain(name: HashName, previous: bytes, bodies: Iterable[bytes]) -> Iterator[bytes]:
    """The digest after each body, starting from `previous`."""
    if name is HashName.SHA256:  # twice as fast as hashlib.new for the drain of a backlog
        sha256 = hashlib.sha256
        for body in bodies:
            previous = sha256(previous + body).digest()
            yield previous
        return
    for body in bodies:
        previous = next_digest(name, previous, body)
        yield previous
