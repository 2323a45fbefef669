"""What the touch page reports: touches, buttons, and that it is on a screen. Pure.

Every value has bounds, because the page at the other end of the WebSocket may be broken. `age_ms`:
how long ago it happened when it was sent, by the page's own clock. `number`: of the question that
was on the screen.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from device.ui.touch.sizes import SCREEN_MM

Pointer = Annotated[int, Meta(ge=-1, le=2**31)]
"""-1: a click without a pointer, by keys or a screen reader."""
Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
Millimetres = Annotated[float, Meta(ge=0, le=100_000)]
Name = Annotated[str, Meta(max_length=32, pattern=r"^[a-z0-9_]*\Z")]


class PointerDown(msgspec.Struct, frozen=True, tag="down", forbid_unknown_fields=True):
    """A finger came down on the face `key`. `seen_ms`: how long the question had been on the
    screen.
    """

    number: Number
    pointer: Pointer
    key: Name
    age_ms: Milliseconds
    seen_ms: Milliseconds


class PointerUp(msgspec.Struct, frozen=True, tag="up", forbid_unknown_fields=True):
    """It lifted. `there`: on its face; elsewhere takes the touch back."""

    pointer: Pointer
    there: bool


class ButtonTouched(msgspec.Struct, frozen=True, tag="do", forbid_unknown_fields=True):
    """One of the other buttons was touched: the one whose `do` this is."""

    number: Number
    do: Name


class TopicToggled(msgspec.Struct, frozen=True, tag="pick", forbid_unknown_fields=True):
    """A topic was chosen, or its choice undone."""

    number: Number
    topic: Name


class PageShown(msgspec.Struct, frozen=True, tag="shown", forbid_unknown_fields=True):
    """The page is on a screen: the browser has drawn a frame. `width_mm`, `height_mm`: the screen's
    size by its `px_per_mm`. `clipped`: a text was too long for its place.
    """

    width_mm: Millimetres
    height_mm: Millimetres
    clipped: bool = False

    @property
    def misfit(self) -> str:
        """Why not everything has the size and the place that it needs; "" when it has."""
        long, short = SCREEN_MM
        sides = sorted((self.width_mm, self.height_mm))
        if sides[0] < short or sides[1] < long:
            size = f"{self.width_mm:.0f} x {self.height_mm:.0f} mm"
            return f"{size} by px_per_mm; at least {long:.0f} x {short:.0f} mm"
        return "a text is too long for its place" if self.clipped else ""

    @property
    def fits(self) -> bool:
        """Whether everything has the size and the place that it needs."""
        return not self.misfit


Report = PointerDown | PointerUp | ButtonTouched | TopicToggled | PageShown

_DECODER: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def read(text: str) -> Report:
    """A report. Raises msgspec.DecodeError for anything else."""
    return _DECODER.decode(text)
