"""The configuration's `[touch]`, and the checks of values that depend on each other.

The page is served on loopback only. Whoever can read `entry_file` can open it, so only the kiosk's
user may read that file.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from device.board.profile import TouchscreenProfile
from device.config_errors import ConfigErrors, bounds
from sync.sentence import Sentence
from sync.system_reasons import reason
from web.origins import is_origin

SHOWN_S = 10
"""How often a page reports that it is on a screen (`device/ui/touch/static/touch.js`)."""

INVITATION_S = 60
"""The default of `invitation_s` with a touchscreen: reading five faces takes longer than finding a
key.
"""

PHOTO_KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
MAX_PHOTO_BYTES = 2 * 1024 * 1024

_ONE_LINE = r"^[^\x00-\x1f\x7f]*\Z"


class CardConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The clerk at this window, as shown on the standby page."""

    name: Annotated[
        str, Meta(min_length=1, max_length=20, pattern=_ONE_LINE, description="1 to 20 characters")
    ]
    number: Annotated[
        str, Meta(max_length=20, pattern=_ONE_LINE, description="at most 20 characters")
    ] = ""
    photo: Annotated[Path, Meta(description="the path of a .jpg or .png file")] | None = None


class TouchConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The touch page; without this section there is none. Port 0 takes any free port.

    `faces`: "plain", one colour for all five, or "coloured", from blue to orange. `entry_file`: the
    page that the kiosk's browser opens first; the agent writes it. `px_per_mm`:
    the screen's density, where the board's profile has none. `framed_by`: origins of pages that may
    show the touch page in a frame, such as a self-service terminal's. `watch_s`: after so long
    without a page on a screen there is a fault; 0 switches that off, for a terminal that shows the
    page only at times.
    """

    entry_file: Annotated[Path, Meta(description="the path of an .html file for the kiosk")]
    port: Annotated[int, bounds(0, 65_535, "a port")] = 8610
    px_per_mm: Annotated[float, bounds(1, 30, "pixels per millimetre,")] | None = None
    notices: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=60, pattern=_ONE_LINE)], ...],
        Meta(max_length=12, description="a list of at most 12 lines of 1 to 60 characters"),
    ] = ()
    notice_s: Annotated[int, bounds(5, 600, "a whole number of seconds")] = 10
    watch_s: Annotated[int, bounds(0, 3_600, "a whole number of seconds")] = 30
    faces: Annotated[Literal["plain", "coloured"], Meta(description='"plain" or "coloured"')] = (
        "plain"
    )
    reasons: bool = True
    reasons_s: Annotated[int, bounds(10, 600, "a whole number of seconds")] = 15
    framed_by: Annotated[
        tuple[str, ...], Meta(max_length=8, description='a list like ["https://kiosk.hall.lan"]')
    ] = ()
    card: CardConfig | None = None


def check_card(values: dict[str, Any], errors: ConfigErrors) -> None:
    """The photo must be a format that browsers show, and small, because each reload sends it
    again.
    """
    photo: Path | None = values.get("photo")
    if photo is None:
        return
    if photo.suffix.lower() not in PHOTO_KINDS:
        errors.wrong("photo", str(photo), "must be a .jpg or .png file")
        return
    try:
        size = photo.stat().st_size
    except OSError as error:
        errors.wrong_file(
            "photo", str(photo), Sentence("cannot be read: {reason}", reason=reason(error))
        )
        return
    if size > MAX_PHOTO_BYTES:
        errors.wrong_file(
            "photo",
            str(photo),
            Sentence("{size} bytes; at most {most}", size=size, most=MAX_PHOTO_BYTES),
        )


def check_touch(values: dict[str, Any], errors: ConfigErrors) -> None:
    """Check `[touch]`. The entry file must end in .html, by which a browser knows its type.
    `watch_s` must span two reports, so that one late report is not a fault.
    """
    watch_s = values.get("watch_s", 0)
    if 0 < watch_s < 2 * SHOWN_S:
        errors.wrong(
            "watch_s",
            watch_s,
            Sentence("must be 0, for never, or at least {least}", least=2 * SHOWN_S),
        )
    entry: Path | None = values.get("entry_file")
    if entry is not None and entry.suffix != ".html":
        errors.wrong("entry_file", str(entry), "must end in .html")
    for origin in values.get("framed_by", ()):
        if not is_origin(origin):
            errors.wrong("framed_by", origin, 'must be an origin like "https://kiosk.hall.lan"')


def check_screen(
    touch: TouchConfig, screen: TouchscreenProfile | None, errors: ConfigErrors
) -> None:
    """The board must have a touchscreen; its density must be given once, here or in the profile."""
    if screen is None:
        errors.add("", "the board has no touchscreen")
    elif screen.px_per_mm is None and touch.px_per_mm is None:
        errors.add("px_per_mm", "missing; the board takes any screen, so measure this one")
    elif screen.px_per_mm is not None and touch.px_per_mm is not None:
        errors.wrong("px_per_mm", touch.px_per_mm, "the board's profile says it already")
