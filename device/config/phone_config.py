"""The configuration's `[phone]`, and the checks of values that depend on each other.

The key that signs tokens (`sync/phone_token.py`) is a secret that the province shares with this
pad. Only the pad's user may read its file.
"""

import re
import stat
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from device.config_errors import ConfigErrors, bounds
from sync.phone_token import LONGEST_DAYS, POLICY_DAYS, PhoneKey, read_key
from sync.regular_file import read_regular_text
from sync.sentence import Sentence
from sync.system_reasons import reason

OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""The permissions that a key file must not have: any for others, and write for the group."""

LinkUrl = Annotated[
    str,
    Meta(
        pattern=r"^[Hh][Tt][Tt][Pp][Ss]://[A-Za-z0-9.-]+(:\d{1,5})?/[!-~]*\Z",
        description='an address like "https://rate.example.cn/R/"',
    ),
]

CAPITALS = re.compile(r"[0-9A-Z$*+./:-]*")
"""The characters of a QR code's alphanumeric mode (ISO/IEC 18004, table 5). With others in the path
the code would need more modules than the display has room for.
"""


class PhoneConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Rating on the citizen's own phone, by QR codes on the display.

    `url`: the token is appended to it. Without `key_file` there are no tokens, because anybody
    could make one without a signature. `days`: how long a rating may be given, the day of the
    service not counted. `late_s`: how long the code of a lapsed invitation is still shown.
    `standby_url`: shown while there is no invitation, so it belongs to no case.
    """

    url: LinkUrl | None = None
    key_file: (
        Annotated[Path, Meta(description="the path of the key file that the province issued")]
        | None
    ) = None
    days: Annotated[int, bounds(1, LONGEST_DAYS, "a whole number of days")] = POLICY_DAYS
    late_s: Annotated[int, bounds(0, 600, "a whole number of seconds")] = 60
    standby_url: LinkUrl | None = None


def read_key_file(path: Path) -> PhoneKey:
    """The key in a file that only the pad may read. Raises OSError, and ValueError, whose text
    never contains the secret.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & OTHERS:
        raise ValueError(
            Sentence(
                "has the rights {mode:o}, so others may read or change it; chmod 640", mode=mode
            )
        )
    return read_key(read_regular_text(path))


def check_phone(values: dict[str, Any], errors: ConfigErrors) -> None:
    """Add a line to `errors` for each mistake in `[phone]`."""
    url, key_file = values.get("url"), values.get("key_file")
    if url is not None and not CAPITALS.fullmatch(url.partition("://")[2].partition("/")[2]):
        errors.wrong("url", url, "its path may have nothing but capitals, digits and $*+-./:")
    if key_file is None:
        return
    if url is None:
        errors.wrong("key_file", str(key_file), "is of no use without `url`")
    try:
        read_key_file(key_file)
    except UnicodeDecodeError:
        errors.wrong_file("key_file", str(key_file), "cannot be read: not UTF-8")
    except OSError as error:
        errors.wrong_file(
            "key_file", str(key_file), Sentence("cannot be read: {reason}", reason=reason(error))
        )
    except ValueError as error:
        errors.wrong_file("key_file", str(key_file), reason(error))


def read_own_key(path: Path, pad: str) -> PhoneKey:
    """The key of `pad` in a file. Raises OSError, and ValueError also for another pad's key: the
    province refuses tokens made with that.
    """
    key = read_key_file(path)
    if key.pad != pad:
        raise ValueError(Sentence("was issued to the pad {pad!r}", pad=key.pad))
    return key


def check_key_owner(phone: PhoneConfig, pad: str, errors: ConfigErrors) -> None:
    """Add a line to `errors` for a key that can be read (`check_phone`) and is another pad's."""
    if phone.key_file is None:
        return
    try:
        key = read_key_file(phone.key_file)
    except (OSError, ValueError):
        return
    if key.pad != pad:
        errors.wrong_file(
            "key_file", str(phone.key_file), Sentence("was issued to the pad {pad!r}", pad=key.pad)
        )
