"""The hints follow the visitor, never ask for what cannot be done, and end when all was seen."""

from typing import Any

import msgspec
import pytest

from demo.demo_words import LANGUAGES, page_words
from demo.hints import FREE, LESSONS, PadFacts, Seen, lessons, look, next_hint

KEYS, GLASS = PadFacts(name="pad-01"), PadFacts(name="pad-02", touch=True)
ALL_SEEN = Seen(
    rated=True,
    touched=True,
    waited=True,
    cut=True,
    back=True,
    arrived=True,
    stray=True,
    held_back=True,
    saved=True,
    dated=True,
    verified=True,
    thanks=True,
)
PARTS = {
    "",
    "invite",
    "pause",
    "keys",
    "glass",
    "cable",
    "power",
    "card",
    "time",
    "province",
    "verify",
}


class Visit:
    """A visitor at two pads. `told`: the hints so far, each as `hint:pad.part`."""

    def __init__(self) -> None:
        self.pads = {"keys": KEYS, "glass": GLASS}
        self.seen, self.dated, self.verified = Seen(), False, False
        self.told: list[str] = []

    def becomes(self, which: str = "keys", **facts: Any) -> str:
        self.pads[which] = msgspec.structs.replace(self.pads[which], **facts)
        return self.tells()

    def tells(self) -> str:
        pads = list(self.pads.values())
        self.seen = look(self.seen, pads, dated=self.dated, verified=self.verified)
        hint = next_hint(pads, self.seen)
        self.told.append(f"{hint.id}:{hint.pad[-1:]}.{hint.target}")
        return hint.id

    def done(self) -> list[str]:
        return [one.id for one in lessons(list(self.pads.values())) if one.done(self.seen)]


def test_the_story_unfolds_one_hint_after_the_other():
    me = Visit()
    me.tells()
    me.becomes(open=True)
    me.becomes(open=False, thanking=True, thanked=1, waiting=1)
    me.becomes(thanking=False)
    me.becomes(waiting=0)
    me.becomes("glass", open=True)
    me.becomes("glass", open=False, thanking=True, thanked=1)
    me.becomes("glass", thanking=False)
    me.becomes(cable=False)
    me.becomes(open=True)
    me.becomes(open=False, thanked=2, waiting=1)
    me.becomes(power=False)
    me.becomes(power=True, starting=True)
    me.becomes(starting=False)
    me.becomes(cable=True)
    me.becomes(waiting=0)
    me.becomes(strays=1)
    me.becomes(open=True)
    me.becomes(card=False)
    me.becomes(held_back=True)
    me.becomes(held_back=False, card=True, open=False, thanked=3)
    me.becomes(time_server=False, starting=True)
    me.becomes(starting=False)
    me.becomes(open=True)
    me.becomes(open=False, undated=True)
    me.becomes(time_server=True)
    me.dated = True
    me.tells()
    me.verified = True
    me.tells()
    assert " ".join(me.told) == (
        "invite:1.invite press:1.keys thanked:1. delivering:.province touch:2.invite touch:2.glass "
        "pull:1.cable pull:1.cable rate-offline:1.invite rate-offline:1.keys cut:1.power "
        "power-on:1.power starting:1. plug:1.cable delivering:.province stray:1.keys "
        "invite-first:1.invite spoil-card:1.card rate-unsaved:1.keys mend-card:1.card "
        "lose-time:1.time starting:1. rate-1970:1.invite rate-1970:1.keys find-time:1.time "
        "dating:.province verify:.verify free:."
    )
    assert me.done() == [one.id for one in LESSONS]


def test_all_is_seen_only_after_everything_was_really_seen():
    fields = [name for name in Seen.__struct_fields__ if name not in ("thanking", "thanks")]
    needed = set()
    for name in fields:
        missing = msgspec.structs.replace(ALL_SEEN, **{name: False})
        if next_hint([KEYS, GLASS], missing) != FREE:
            needed.add(name)
    assert next_hint([KEYS, GLASS], ALL_SEEN) == FREE
    assert needed == set(fields) - {"cut", "held_back"}  # which only begin their lessons


@pytest.mark.parametrize(
    ("keys", "told", "part"),
    [
        ({"time_server": False}, "rate-1970", "invite"),
        ({"time_server": False, "open": True}, "rate-1970", "keys"),
        ({"time_server": False, "undated": True}, "find-time", "time"),
        ({"undated": True}, "dating", "province"),
        ({}, "lose-time", "time"),
        ({"power": False}, "switch-on", "power"),
        ({"starting": True}, "starting", ""),
        ({"card": False}, "mend-card", "card"),
        ({"time_server": False, "paused": True}, "resume", "pause"),
        ({"paused": True}, "lose-time", "time"),
    ],
)
def test_the_time_server_is_not_seen_before_a_rating_of_1970_was_dated(keys, told, part):
    seen = msgspec.structs.replace(ALL_SEEN, dated=False)
    hint = next_hint([msgspec.structs.replace(KEYS, **keys), GLASS], seen)
    assert (hint.id, hint.target) == (told, part)


def test_a_lesson_goes_on_at_the_pad_where_it_was_begun():
    seen = msgspec.structs.replace(ALL_SEEN, waited=False, arrived=False)
    pulled = msgspec.structs.replace(GLASS, cable=False)
    assert next_hint([KEYS, pulled], seen).pad == "pad-02"
    asked = msgspec.structs.replace(pulled, open=True)
    assert next_hint([KEYS, asked], seen).target == "glass"


def test_a_rating_that_waits_is_not_yet_seen_to_arrive():
    me = Visit()
    me.becomes(cable=False, thanked=1, waiting=1)
    me.becomes(cable=True)
    assert "arrive" not in me.done()
    assert "rate" not in me.done()
    me.becomes(waiting=0)
    assert {"rate", "offline", "arrive"} <= set(me.done())


def test_thanks_is_explained_once():
    me = Visit()
    assert me.becomes(thanking=True, thanked=1) == "thanked"
    me.becomes(thanking=False)
    assert me.becomes(thanking=True) != "thanked"


def test_a_stage_without_a_touchscreen_gives_no_lesson_on_it():
    assert [one.id for one in lessons([KEYS])] == [x.id for x in LESSONS if x.id != "touch"]
    assert [one.id for one in lessons([GLASS])] == [
        x.id for x in LESSONS if x.id not in ("rate", "stray")
    ]
    for pads in ([KEYS], [GLASS]):
        seen = Seen()
        for _ in range(2):
            assert next_hint(pads, seen).target in PARTS
            seen = msgspec.structs.replace(ALL_SEEN, verified=False)


def test_every_hint_and_lesson_has_words_in_every_language():
    source = set(page_words()["en"]["hint"])
    for language in LANGUAGES:
        words = page_words()[language]
        assert set(words["hint"]) == source
        assert {one.id for one in LESSONS} | {"progress"} == set(words["lesson"])
        for one in words["hint"].values():
            assert one["do"]


# --- what counts as seen ------------------------------------------------------------------------


def seen_of(*pads, before=None, dated=False, verified=False):
    return look(before or Seen(), pads, dated=dated, verified=verified)


def pad(which=KEYS, **facts):
    return msgspec.structs.replace(which, **facts)


@pytest.mark.parametrize(
    ("name", "pads", "is_seen"),
    [
        ("rated", [pad(thanked=1)], True),
        ("rated", [pad(thanked=1, waiting=1)], False),
        ("rated", [pad(GLASS, thanked=1)], False),
        ("touched", [pad(GLASS, thanked=1)], True),
        ("touched", [pad(thanked=1)], False),
        ("waited", [pad(waiting=1, cable=False)], True),
        ("waited", [pad(waiting=1)], False),
        ("waited", [pad(cable=False)], False),
        ("cut", [pad(thanked=1, power=False)], True),
        ("cut", [pad(power=False)], False),
        ("cut", [pad(thanked=1)], False),
        ("stray", [KEYS, pad(GLASS, strays=1)], True),
        ("held_back", [pad(held_back=True)], True),
    ],
)
def test_what_is_so_at_one_pad_is_seen(name, pads, is_seen):
    assert getattr(seen_of(*pads), name) is is_seen


@pytest.mark.parametrize(
    ("name", "before", "pads", "is_seen"),
    [
        ("back", {"cut": True}, [KEYS], True),
        ("back", {"cut": True}, [pad(power=False)], False),
        ("back", {"cut": True}, [pad(starting=True)], False),
        ("arrived", {"waited": True}, [KEYS, GLASS], True),
        ("arrived", {"waited": True}, [pad(waiting=1)], False),
        ("arrived", {"waited": True}, [KEYS, pad(GLASS, cable=False)], False),
        ("arrived", {}, [KEYS], False),
        ("saved", {"held_back": True}, [KEYS], True),
        ("saved", {"held_back": True}, [pad(card=False)], False),
        ("saved", {"held_back": True}, [pad(held_back=True)], False),
        ("saved", {}, [KEYS], False),
        ("thanks", {"thanking": True}, [KEYS], True),
        ("thanks", {"thanking": True}, [pad(thanking=True)], False),
        ("thanks", {}, [KEYS], False),
    ],
)
def test_what_ends_a_lesson_is_seen_once_it_has_begun(name, before, pads, is_seen):
    assert getattr(seen_of(*pads, before=Seen(**before)), name) is is_seen


def test_the_province_and_the_check_are_told_from_outside():
    assert (seen_of(KEYS, dated=True).dated, seen_of(KEYS).dated) == (True, False)
    assert (seen_of(KEYS, verified=True).verified, seen_of(KEYS).verified) == (True, False)


def test_what_was_seen_stays_seen():
    """Also while a pad has no power, network or card, and holds everything back."""
    gone = {"power": False, "cable": False, "card": False, "waiting": 1, "held_back": True}
    after = seen_of(pad(**gone), pad(GLASS, **gone), before=ALL_SEEN)
    assert after == ALL_SEEN


# --- at which pad, and what comes first ---------------------------------------------------------


def hint_for(lesson, *pads, **seen):
    """The hint when only this lesson is left, as `hint:pad.part`."""
    left = {
        "rate": {"rated"},
        "offline": {"waited"},
        "cut": {"cut", "back"},
        "arrive": {"arrived"},
        "stray": {"stray"},
        "card": {"held_back", "saved"},
        "time": {"dated"},
    }[lesson]
    facts = dict.fromkeys(left, False) | seen
    hint = next_hint(pads, msgspec.structs.replace(ALL_SEEN, **facts))
    return f"{hint.id}:{hint.pad[-1:]}.{hint.target}"


@pytest.mark.parametrize(
    ("lesson", "pads", "told"),
    [
        ("rate", [pad(thanked=1, waiting=1, cable=False)], "plug:1.cable"),
        ("rate", [pad(GLASS), pad(thanked=1, waiting=1)], "delivering:."),
        ("cut", [KEYS, pad(GLASS, waiting=1)], "cut:2.power"),
        ("cut", [pad(card=False, waiting=1)], "cut:1.power"),
        ("arrive", [KEYS, pad(GLASS, cable=False)], "plug:2.cable"),
        ("stray", [pad(open=True)], "press:1.keys"),
        ("stray", [pad(paused=True)], "resume:1.pause"),
        ("stray", [pad(power=False)], "switch-on:1.power"),
        ("card", [KEYS, pad(GLASS, open=True)], "spoil-card:2.card"),
        ("card", [KEYS, pad(GLASS, card=False)], "mend-card:2.card"),
        ("card", [KEYS, pad(GLASS, card=False, open=True)], "rate-unsaved:2.glass"),
        ("time", [KEYS, pad(GLASS, time_server=False)], "rate-1970:2.invite"),
        ("time", [KEYS, pad(GLASS, time_server=False, undated=True)], "find-time:2.time"),
        ("time", [KEYS, pad(GLASS, undated=True)], "dating:."),
    ],
)
def test_the_hint_is_about_the_pad_where_the_lesson_is_going_on(lesson, pads, told):
    expected = f"{told}province" if told.endswith(":.") else told
    assert hint_for(lesson, *pads) == expected


def test_after_the_cut_the_pad_without_power_is_told_of_and_then_waited_for():
    off, starting = pad(GLASS, power=False), pad(GLASS, starting=True)
    assert hint_for("cut", KEYS, off, cut=True) == "power-on:2.power"
    assert hint_for("cut", KEYS, starting, cut=True) == "starting:2."


def test_a_card_that_held_a_rating_back_is_mended_even_without_power():
    off = pad(card=False, power=False)
    assert hint_for("card", off, held_back=True) == "mend-card:1.card"
