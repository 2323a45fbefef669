"""The time of day in China, as people read and type it. Pure.

All of China has Beijing's time, eight hours ahead of UTC, without summer time since 1992. Wherever
a machine reads, times are UTC; this is for a person's eyes and hands.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from sync.sentence import Sentence
from sync.shown_text import EPOCH

BEIJING = timezone(timedelta(hours=8), "UTC+08:00")
_TYPED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_DAY_MS, _MINUTE_MS, _SECOND_MS = 86_400_000, 60_000, 1000


def shown_beijing(utc_ms: int) -> str:
    """`2026-11-30 16:00:00` for milliseconds since 1970 in UTC; the number itself beyond the years
    that a date can have (1 to 9999).
    """
    moment = _moment(utc_ms)
    if moment is None:
        return f"{utc_ms} ms"
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")


def beijing_timestamp(utc_ms: int) -> str | None:
    """The same in the form of RFC 3339, `2026-11-30T16:00:00+08:00`; None beyond those years."""
    moment = _moment(utc_ms)
    return None if moment is None else moment.isoformat(timespec="seconds")


def beijing_day(utc_ms: int) -> str:
    """The day, `2026-11-30`; "" beyond those years."""
    moment = _moment(utc_ms)
    return "" if moment is None else moment.date().isoformat()


def _moment(utc_ms: int) -> datetime | None:
    try:
        return (EPOCH + timedelta(milliseconds=utc_ms)).astimezone(BEIJING)
    except OverflowError:
        return None


def first_ms(text: str) -> int:
    """The first millisecond of a day or moment that was typed: `2026-11-30`, `2026-11-30 14:30`,
    `2026-11-30T14:30:05`. In UTC since 1970. Raises ValueError with what is wrong.
    """
    return _typed(text)[0]


def last_ms(text: str) -> int:
    """The last millisecond of it: of the day, of the minute or of the second that was typed."""
    start_ms, length_ms = _typed(text)
    return start_ms + length_ms - 1


def _typed(text: str) -> tuple[int, int]:
    """When it begins, and how long it lasts."""
    match = _TYPED.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            Sentence("{text!r} is no date like 2026-11-30 or 2026-11-30 14:30", text=text)
        )
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=BEIJING)
        start_ms = (moment.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise ValueError(Sentence("there is no {text}", text=text.strip())) from error
    if match[4] is None:
        return start_ms, _DAY_MS
    return start_ms, _MINUTE_MS if match[6] is None else _SECOND_MS
