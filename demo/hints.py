"""What the visitor may try next. Pure: what is so at the pads, and what was seen, in; one hint out.

A lesson is something about the product that a visitor should have seen with his own eyes. The next
hint belongs to the first lesson that is not done, at the pad where it has begun. The words of hints
and lessons are in `strings/`.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec


class PadFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is so at one pad now.

    `touch`: it has a touchscreen in place of keys. `paused`: its window takes no invitations.
    `open`: an invitation waits for its citizen.
    `held_back`: a level was pressed, and the card does not take it. `waiting`: ratings that the
    province has not confirmed. `undated`: a rating of this boot was committed without a date.
    """

    name: str
    touch: bool = False
    power: bool = True
    starting: bool = False
    cable: bool = True
    time_server: bool = True
    card: bool = True
    paused: bool = False
    open: bool = False
    thanking: bool = False
    held_back: bool = False
    thanked: int = 0
    waiting: int = 0
    strays: int = 0
    undated: bool = False


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the visitor has seen so far, at whichever pad."""

    rated: bool = False
    touched: bool = False
    waited: bool = False
    cut: bool = False
    back: bool = False
    arrived: bool = False
    stray: bool = False
    held_back: bool = False
    saved: bool = False
    dated: bool = False
    verified: bool = False
    thanking: bool = False
    thanks: bool = False


class Hint(msgspec.Struct, frozen=True):
    """`id`: of its words. `target`: the part of the page that it is about, at `pad` if named."""

    id: str
    target: str = ""
    pad: str = ""


def look(seen: Seen, pads: Sequence[PadFacts], *, dated: bool, verified: bool) -> Seen:
    """What has been seen when the pads stand like this. `dated`: the province has dated a rating
    from a later anchor. `verified`: both ends have been verified.
    """
    waiting = any(pad.waiting for pad in pads)
    thanking = any(pad.thanking for pad in pads)
    lit = all(pad.power and not pad.starting for pad in pads)
    waited = seen.waited or any(pad.waiting and not pad.cable for pad in pads)
    cut = seen.cut or any(pad.thanked and not pad.power for pad in pads)
    held_back = seen.held_back or any(pad.held_back for pad in pads)
    return Seen(
        rated=seen.rated or any(p.thanked and not p.waiting and not p.touch for p in pads),
        touched=seen.touched or any(pad.thanked and pad.touch for pad in pads),
        waited=waited,
        cut=cut,
        back=seen.back or (cut and lit),
        arrived=seen.arrived or (waited and not waiting and all(pad.cable for pad in pads)),
        stray=seen.stray or any(pad.strays for pad in pads),
        held_back=held_back,
        saved=seen.saved or (held_back and all(p.card and not p.held_back for p in pads)),
        dated=seen.dated or dated,
        verified=seen.verified or verified,
        thanking=thanking,
        thanks=seen.thanks or (seen.thanking and not thanking),
    )


# --- the lessons --------------------------------------------------------------------------------


def _rate(pads: Sequence[PadFacts], _: Seen) -> Hint:
    pad = _keyed(pads)
    if pad.open:
        return Hint("press", "keys", pad.name)
    if not pad.thanked:
        return Hint("invite", "invite", pad.name)
    return Hint("delivering", "province") if pad.cable else Hint("plug", "cable", pad.name)


def _touch(pads: Sequence[PadFacts], _: Seen) -> Hint:
    pad = _first(pads, lambda pad: pad.touch)
    return Hint("touch", "glass" if pad.open else "invite", pad.name)


def _offline(pads: Sequence[PadFacts], _: Seen) -> Hint:
    pad = _first(pads, lambda pad: not pad.cable)
    return Hint("pull", "cable", pad.name) if pad.cable else _asked("rate-offline", pad)


def _cut(pads: Sequence[PadFacts], seen: Seen) -> Hint:
    if seen.cut:
        pad = _first(pads, lambda pad: not pad.power or pad.starting)
        return Hint("power-on", "power", pad.name)
    pad = _first(pads, lambda pad: bool(pad.waiting))
    return Hint("cut", "power", pad.name)


def _arrive(pads: Sequence[PadFacts], _: Seen) -> Hint:
    pad = _first(pads, lambda pad: not pad.cable)
    return Hint("delivering", "province") if pad.cable else Hint("plug", "cable", pad.name)


def _stray(pads: Sequence[PadFacts], _: Seen) -> Hint:
    pad = _keyed(pads)
    return Hint("press" if pad.open else "stray", "keys", pad.name)


def _card(pads: Sequence[PadFacts], seen: Seen) -> Hint:
    pad = _first(pads, lambda pad: pad.open or not pad.card)
    if seen.held_back:
        return Hint("mend-card", "card", pad.name)
    if not pad.open:
        return Hint("invite-first", "invite", pad.name)
    return Hint("spoil-card", "card", pad.name) if pad.card else _asked("rate-unsaved", pad)


def _time(pads: Sequence[PadFacts], _: Seen) -> Hint:
    pad = _first(pads, lambda pad: not pad.time_server or pad.undated)
    if pad.time_server:
        return Hint("dating", "province") if pad.undated else Hint("lose-time", "time", pad.name)
    return Hint("find-time", "time", pad.name) if pad.undated else _asked("rate-1970", pad)


def _verify(_pads: Sequence[PadFacts], _seen: Seen) -> Hint:
    return Hint("verify", "verify")


class Lesson(msgspec.Struct, frozen=True):
    """`id`: of its words. `done`: whether it has been seen. `hint`: what to do until then."""

    id: str
    done: Callable[[Seen], bool]
    hint: Callable[[Sequence[PadFacts], Seen], Hint]
    keyed: bool = False
    """Whether it needs a pad with keys."""
    touch: bool = False
    """Whether it needs a pad with a touchscreen."""


LESSONS = (
    Lesson("rate", lambda seen: seen.rated, _rate, keyed=True),
    Lesson("touch", lambda seen: seen.touched, _touch, touch=True),
    Lesson("offline", lambda seen: seen.waited, _offline),
    Lesson("cut", lambda seen: seen.back, _cut),
    Lesson("arrive", lambda seen: seen.arrived, _arrive),
    Lesson("stray", lambda seen: seen.stray, _stray, keyed=True),
    Lesson("card", lambda seen: seen.saved, _card),
    Lesson("time", lambda seen: seen.dated, _time),
    Lesson("verify", lambda seen: seen.verified, _verify),
)

FREE = Hint("free")
"""When all of it has been seen."""


def lessons(pads: Sequence[PadFacts]) -> list[Lesson]:
    """The lessons that these pads can give, in their order."""
    keyed, touch = any(not pad.touch for pad in pads), any(pad.touch for pad in pads)
    return [one for one in LESSONS if (keyed or not one.keyed) and (touch or not one.touch)]


def next_hint(pads: Sequence[PadFacts], seen: Seen) -> Hint:
    """What to do next. A pad that cannot do it is put in order first."""
    lesson = next((one for one in lessons(pads) if not one.done(seen)), None)
    if lesson is None:
        return FREE
    if not seen.thanks and (thanking := [pad for pad in pads if pad.thanking]):
        return Hint("thanked", "", thanking[0].name)
    hint = lesson.hint(pads, seen)
    pad = next((pad for pad in pads if pad.name == hint.pad), None)
    return hint if pad is None else _possible(hint, pad)


def _possible(hint: Hint, pad: PadFacts) -> Hint:
    """The same hint, or what must be done at its pad before."""
    if pad.starting:
        return Hint("starting", "", pad.name)
    if hint.id in ("power-on", "mend-card"):
        return hint
    if not pad.power:
        return Hint("switch-on", "power", pad.name)
    if not pad.card and hint.id not in ("rate-unsaved", "cut"):
        return Hint("mend-card", "card", pad.name)
    if pad.paused and hint.target in ("invite", "keys"):
        return Hint("resume", "pause", pad.name)
    return hint


def _asked(name: str, pad: PadFacts) -> Hint:
    """Rate at this pad: as the clerk first, then as the citizen."""
    if not pad.open:
        return Hint(name, "invite", pad.name)
    return Hint(name, "glass" if pad.touch else "keys", pad.name)


def _keyed(pads: Sequence[PadFacts]) -> PadFacts:
    return _first(pads, lambda pad: not pad.touch)


def _first(pads: Iterable[PadFacts], fits: Callable[[PadFacts], bool]) -> PadFacts:
    """The first pad that fits, or the first of all."""
    all_of_them = list(pads)
    return next((pad for pad in all_of_them if fits(pad)), all_of_them[0])
