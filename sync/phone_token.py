"""The token in a QR code: which invitation may be rated by phone, and until when. Pure.

Fifty of Crockford's 32 digits, five bits each; docs/token.md has the threats and the reasons:

    1 001A M9K 01JD5Z9QWV00000000000000A1 BS6515DM6TWZ5FYV
    │ │    │   │                          └ 16: truncated HMAC over the pad's id and all before
    │ │    │   └ 26: the invitation's id, a ULID, as it stands in the ledger
    │ │    └ 3: the last day that it is good on; 000: the pad did not know the time
    │ └ 4: the number of the pad's key at the province
    └ 1: what it is good for, in this version

The MAC is made with the pad's own key. A token has one spelling only: no other text than its fifty
characters is taken for it.
"""

import enum
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from sync.entries import HashName
from sync.messages import PAD_ID
from sync.sentence import Sentence

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: a QR code's alphanumeric mode has these characters, a URL's path needs no
escapes for them, and none looks like another."""

KEY_CHARS, DAY_CHARS, INVITATION_CHARS, MAC_CHARS = 4, 3, 26, 16
CHARS = 1 + KEY_CHARS + DAY_CHARS + INVITATION_CHARS + MAC_CHARS
"""The length of every token."""

MAC_BITS = 5 * MAC_CHARS
SECRET_BYTES = 32
NUMBER_MAX = 32**KEY_CHARS - 1
POLICY_DAYS = 7
"""Natural days in which a service may be rated (policy 二(三)); its own day is not counted."""
LONGEST_DAYS = 30
AHEAD_DAYS = 1
"""A pad whose clock is a minute fast begins the next day before the province does."""

DAY_MS = 86_400_000
CHINA_MS = 8 * 3600 * 1000
"""Days begin and end in Asia/Shanghai."""

_SPELLING = re.compile(
    rf"(?P<purpose>[{DIGITS}])(?P<number>[{DIGITS}]{{{KEY_CHARS}}})(?P<day>[{DIGITS}]{{{DAY_CHARS}}})"
    rf"(?P<invitation>[0-7][{DIGITS}]{{{INVITATION_CHARS - 1}}})(?P<mac>[{DIGITS}]{{{MAC_CHARS}}})"
)
_INVITATION = re.compile(rf"[0-7][{DIGITS}]{{{INVITATION_CHARS - 1}}}")


class Purpose(enum.Enum):
    """What a token is good for; its first digit. Another version takes other digits."""

    RATE = "1"
    """A rating, once."""
    WORDS = "2"
    """Text beside the level that was pressed, never a level: a pad shows it after the press."""


class TokenRefusal(enum.Enum):
    """Why a token is not good. The first four say that no pad made it."""

    MALFORMED = "malformed"
    """Not fifty of the digits."""
    VERSION = "version"
    """Made by another version than this one."""
    UNKNOWN_KEY = "unknown-key"
    """The province has issued no key of this number, or has taken it back."""
    FORGED = "forged"
    """Not made with that key, or not by the pad that has it, or changed since."""
    EXPIRED = "expired"
    """Its last day is over."""
    NOT_YET = "not-yet"
    """Its last day is later than any pad may set it: the pad's clock is ahead."""


@dataclass(frozen=True, slots=True)
class PhoneKey:
    """The secret key that a pad and the province share. `number`: unique at the province, never
    used again.
    """

    pad: str
    number: int
    secret: bytes = field(repr=False)
    hash: HashName = HashName.SHA256


class Token(NamedTuple):
    """What a token says, once it is known to be a pad's. `last_day`: days since 1970-01-01 in
    China; None: the pad did not know the time, so the province dates it by the invitation's entry.
    """

    pad: str
    key_number: int
    invitation: str
    last_day: int | None
    purpose: Purpose = Purpose.RATE


def last_day(utc_ms: int, days: int = POLICY_DAYS) -> int | None:
    """The last day on which a service of the time `utc_ms` may be rated; None for a date that does
    not fit into a token (before 1970 or after 2059).
    """
    day = day_of(utc_ms) + days
    return day if 0 < day < 32**DAY_CHARS else None


def day_of(utc_ms: int) -> int:
    """The day in China at `utc_ms`, counted from 1970-01-01."""
    return (utc_ms + CHINA_MS) // DAY_MS


def issue(key: PhoneKey, invitation: str, last: int | None, purpose: Purpose = Purpose.RATE) -> str:
    """The token of an invitation, good until the end of the day `last`; None: no day is known.

    Raises ValueError for an id that is no ULID, and for a day that does not fit.
    """
    if not _INVITATION.fullmatch(invitation):
        raise ValueError(f"{invitation!r} is no ULID")
    if last is not None and not 0 < last < 32**DAY_CHARS:
        raise ValueError(f"day {last} does not fit")
    signed = purpose.value + _digits(key.number, KEY_CHARS) + _digits(last or 0, DAY_CHARS)
    signed += invitation
    return signed + _mac(key, signed)


def check(text: str, find: Callable[[int], PhoneKey | None], now_ms: int) -> Token | TokenRefusal:
    """What a token says, or why it is not good at `now_ms` (UTC), which is the province's time.

    `find`: the key of a number, None for one that is not in force. Whether the invitation has been
    rated already is not decided here: see `province/phone_ratings.py`.
    """
    found = _SPELLING.fullmatch(text)
    if found is None:
        return TokenRefusal.MALFORMED
    try:
        purpose = Purpose(found["purpose"])
    except ValueError:
        return TokenRefusal.VERSION
    key = find(_number(found["number"]))
    if key is None:
        return TokenRefusal.UNKNOWN_KEY
    if not hmac.compare_digest(found["mac"], _mac(key, text[:-MAC_CHARS])):
        return TokenRefusal.FORGED
    last = _number(found["day"])
    token = Token(key.pad, key.number, found["invitation"], last or None, purpose)
    return _untimely(last, day_of(now_ms)) or token


def _untimely(last: int, today: int) -> TokenRefusal | None:
    if last and last < today:
        return TokenRefusal.EXPIRED
    return TokenRefusal.NOT_YET if last > today + LONGEST_DAYS + AHEAD_DAYS else None


def _mac(key: PhoneKey, signed: str) -> str:
    """The first 80 bits of the HMAC. The pad's id is in it, so that a key is good for one pad."""
    message = f"ratingpad phone {key.pad} {signed}".encode()
    digest = hmac.new(key.secret, message, key.hash.value).digest()
    return _digits(int.from_bytes(digest[: MAC_BITS // 8], "big"), MAC_CHARS)


def _digits(number: int, chars: int) -> str:
    return "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(chars)))


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number << 5 | DIGITS.index(digit)
    return number


# --- the key's file ------------------------------------------------------------------------------


class _KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that the province issues to a pad."""

    pad: Annotated[str, Meta(pattern=f"^{PAD_ID.pattern}\\Z")]
    number: Annotated[int, Meta(ge=0, le=NUMBER_MAX)]
    hash: HashName = HashName.SHA256
    secret: Annotated[str, Meta(pattern=rf"^[0-9a-f]{{{2 * SECRET_BYTES}}}\Z")]


def read_key(text: str) -> PhoneKey:
    """The key in a file's text. Raises ValueError, which never quotes the secret."""
    try:
        file = msgspec.toml.decode(text, type=_KeyFile)
    except msgspec.ValidationError as error:
        raise ValueError(Sentence("is no key file: {error}", error=error)) from None
    except msgspec.DecodeError:
        raise ValueError(Sentence("is no key file: not TOML")) from None
    return PhoneKey(file.pad, file.number, bytes.fromhex(file.secret), file.hash)


def write_key(key: PhoneKey) -> str:
    """The text of a key's file."""
    return (
        f'pad = "{key.pad}"\nnumber = {key.number}\nhash = "{key.hash.value}"\n'
        f'secret = "{key.secret.hex()}"\n'
    )
