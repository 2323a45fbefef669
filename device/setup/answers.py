"""What a technician decides about a pad, and whether it can be right.

The pad's own reading of the file (`device/config/`) is stricter and comes later; the checks here
tell a mistake while the technician is still being asked.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from sync.sentence import Sentence

BROKER = "mqtt://127.0.0.1:1883"
LANGUAGES = ("zh", "ko", "en")
KEY_OPTIONS = ("name", "phys", "port", "model", "address")
"""The keys of `[board.keys]` that a board with its own key pad may ask for."""

WINDOW_MAX, HALL_MAX = 8, 40
ADDRESS_MAX = 127

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Answers(NamedTuple):
    """One pad. `keys`: of a key pad that the board's profile does not describe. `chip`: of an OLED.
    `px_per_mm`: of a screen that the profile does not describe.
    """

    pad_id: str
    board: str
    window: str
    hall: str = ""
    languages: tuple[str, ...] = ("zh",)
    broker: str = BROKER
    chip: str | None = None
    keys: Mapping[str, str | int] = {}
    px_per_mm: float | None = None


def wrong_id(text: str) -> Sentence | None:
    """What is wrong with a pad's id; None when nothing is."""
    if re.fullmatch(r"[a-z0-9-]{1,32}", text):
        return None
    return Sentence("must be 1 to 32 of a-z, 0-9 and -")


def wrong_window(text: str) -> Sentence | None:
    """What is wrong with a window's number; None when nothing is. Empty: not bound yet."""
    return _wrong_line(text, WINDOW_MAX)


def wrong_hall(text: str) -> Sentence | None:
    """What is wrong with a hall's name; None when nothing is."""
    return _wrong_line(text, HALL_MAX)


def wrong_broker(text: str) -> Sentence | None:
    """What is wrong with a broker's address; None when nothing is."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        return Sentence("no address: {error}", error=error)
    if parts.scheme != "mqtt" or not host or port == 0:
        return Sentence('must be an address like "{broker}"', broker=BROKER)
    if parts.path or parts.query or parts.fragment or parts.username or parts.password:
        return Sentence("must be a host and a port only")
    if host not in _LOOPBACK:
        return Sentence(
            "plain MQTT may not leave this machine; let a broker or tunnel on 127.0.0.1 carry it on"
            " with TLS"
        )
    return None


def wrong_languages(text: str) -> Sentence | None:
    """What is wrong with a list like `zh,ko`; None when nothing is."""
    named = text.split(",")
    if all(one in LANGUAGES for one in named) and len(set(named)) == len(named):
        return None
    return Sentence("must be one to three of zh, ko, en, with commas, each once")


def wrong_density(text: str) -> Sentence | None:
    """What is wrong with pixels per millimetre; None when nothing is."""
    try:
        good = 1 <= float(text) <= 30
    except ValueError:
        good = False
    return (
        None
        if good
        else Sentence("must be a number from 1 to 30: pixels of the picture by its width in mm")
    )


def wrong_address(text: str) -> Sentence | None:
    """What is wrong with the address of a serial key pad; None when nothing is."""
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= ADDRESS_MAX:
        return None
    return Sentence("must be a whole number from 0 to {most}", most=ADDRESS_MAX)


def _wrong_line(text: str, most: int) -> Sentence | None:
    if len(text) > most or not text.isprintable() or text != text.strip():
        return Sentence("must be at most {most} characters on one line", most=most)
    return None
