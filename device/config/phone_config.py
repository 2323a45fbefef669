"""What the pad is told in the configuration's `[phone]`, and what does not fit together there.

The key that signs tokens (`sync/phone_token.py`) is the province's secret in this pad's keeping:
its file is for the pad to read and for nobody else in the house.
"""

import re
import stat
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from device.config_errors import ConfigErrors, bounds
from sync.phone_token import LONGEST_DAYS, POLICY_DAYS, PhoneKey, read_key

OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""Rights that a key's file gives to nobody: any to others, and writing to the group."""

LinkUrl = Annotated[
    str,
    Meta(
        pattern=r"^[Hh][Tt][Tt][Pp][Ss]://[A-Za-z0-9.-]+(:\d{1,5})?/[!-~]*\Z",
        description='an address like "https://rate.example.cn/R/"',
    ),
]

CAPITALS = re.compile(r"[0-9A-Z$*+./:-]*")
"""What a path may have so that a token still fits behind it (ISO/IEC 18004, table 5)."""


class PhoneConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Rating on the citizen's own phone, by QR codes on the display.

    `url`: a token is put behind it; without `key_file` there are none, for one without a signature
    could be made by anybody. `days`: how long a rating may be given, the day of service not
    counted. `late_s`: how long the code of a lapsed invitation still stands there. `standby_url`:
    shown while nobody is asked, so it can belong to no case.
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
    """The key in a file that only the pad can read. Raises OSError and ValueError, which never
    quotes the secret.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & OTHERS:
        raise ValueError(f"has the rights {mode:o}, so others may read or change it; chmod 640")
    return read_key(path.read_text("utf-8"))


def check_phone(values: dict[str, Any], problems: ConfigErrors) -> None:
    """Name what does not fit together in `[phone]`; one line for each mistake."""
    url, key_file = values.get("url"), values.get("key_file")
    if url is not None and not CAPITALS.fullmatch(url.partition("://")[2].partition("/")[2]):
        problems.wrong("url", url, "its path may have nothing but capitals, digits and $*+-./:")
    if key_file is None:
        return
    if url is None:
        problems.wrong("key_file", str(key_file), "is of no use without `url`")
    try:
        read_key_file(key_file)
    except UnicodeDecodeError:
        problems.wrong("key_file", str(key_file), "cannot be read: not UTF-8")
    except OSError as error:
        problems.wrong("key_file", str(key_file), f"cannot be read: {error.strerror}")
    except ValueError as error:
        problems.wrong("key_file", str(key_file), str(error))


def check_key_owner(phone: PhoneConfig, pad: str, problems: ConfigErrors) -> None:
    """The province issued this key to this pad: with another's no token would ever be taken."""
    if phone.key_file is None:
        return
    key = read_key_file(phone.key_file)
    if key.pad != pad:
        problems.wrong("key_file", str(phone.key_file), f"was issued to the pad {key.pad!r}")
