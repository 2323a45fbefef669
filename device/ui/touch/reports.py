"""What the touch page reports: fingers, wishes about how things look, that it is seen. Pure.

Everything has bounds: whoever sits behind the WebSocket may be a broken page. `age_ms` is how long
ago it happened when it was sent, by the page's own clock.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Pointer = Annotated[int, Meta(ge=-1, le=2**31)]
Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
Number = Annotated[int, Meta(ge=0, le=2**53)]
Word = Annotated[str, Meta(max_length=32, pattern=r"^[a-z0-9_]*\Z")]


class PointerDown(msgspec.Struct, frozen=True, tag="down", forbid_unknown_fields=True):
    """A finger came down on a face, under the question `number` that had been on the screen for
    `seen_ms`.
    """

    number: Number
    pointer: Pointer
    key: Word
    age_ms: Milliseconds
    seen_ms: Milliseconds


class PointerUp(msgspec.Struct, frozen=True, tag="up", forbid_unknown_fields=True):
    """It has gone: `there`, still on its face, or elsewhere, which takes the touch back."""

    pointer: Pointer
    there: bool


class Do(msgspec.Struct, frozen=True, tag="do", forbid_unknown_fields=True):
    """One of the other buttons was touched."""

    number: Number
    do: Word


class Pick(msgspec.Struct, frozen=True, tag="pick", forbid_unknown_fields=True):
    """A reason was chosen, or is no more."""

    number: Number
    code: Word


class Shown(msgspec.Struct, frozen=True, tag="shown", forbid_unknown_fields=True):
    """The page is on a screen: the browser draws a frame."""


Report = PointerDown | PointerUp | Do | Pick | Shown

_DECODER: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def read(text: str) -> Report:
    """A report. Raises msgspec.DecodeError for anything else."""
    return _DECODER.decode(text)
