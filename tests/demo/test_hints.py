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
