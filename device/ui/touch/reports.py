"""What the touch page reports: touches, buttons, and that it is on a screen. Pure.

Every value has bounds, because the page at the other end of the WebSocket may be broken. `age_ms`:
how long ago it happened when it was sent, by the page's own clock. `number`: of the question that
was on the screen.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Pointer = Annotated[int, Meta(ge=-1, le=2**31)]
"""-1: a click without a pointer, by keys or a screen reader."""
Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
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


class ReasonToggled(msgspec.Struct, frozen=True, tag="pick", forbid_unknown_fields=True):
    """A reason was chosen, or its choice undone. `code`: its official code."""

    number: Number
    code: Name


class PageShown(msgspec.Struct, frozen=True, tag="shown", forbid_unknown_fields=True):
    """The page is on a screen: the browser has drawn a frame."""


Report = PointerDown | PointerUp | ButtonTouched | ReasonToggled | PageShown

_DECODER: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def read(text: str) -> Report:
    """A report. Raises msgspec.DecodeError for anything else."""
    return _DECODER.decode(text)
