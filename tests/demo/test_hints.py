"""The hints follow the visitor and never ask for what cannot be done."""

from typing import Any

import msgspec
import pytest

from demo.hints import FREE, RULES, THANKED, Situation, next_hint

ALL_TRIED: dict[str, Any] = {
    "thanked": 1,
    "strays": 1,
    "pulled": True,
    "cut_while_waiting": True,
    "lost_time": True,
    "rated_in_1970": True,
    "verified": True,
}


def hint(**facts):
    return next_hint(Situation(**facts)).id


def test_the_story_unfolds_one_hint_after_the_other():
    facts: dict[str, Any] = {}
    told = []
    for change in (
        {},
        {"open_invitation": True, "thanking": True},
        {"open_invitation": False, "thanked": 1, "waiting": 1},
        {"waiting": 0},
        {"cable": False, "pulled": True},
        {"thanking": False},
        {"thanked": 2, "waiting": 1},
        {"power": False, "cut_while_waiting": True},
        {"power": True, "starting": True},
        {"starting": False},
        {"cable": True},
        {"waiting": 0},
        {"strays": 1},
        {"time_server": False, "lost_time": True},
        {"rated_in_1970": True},
        {"time_server": True},
        {"verified": True},
    ):
        facts |= change
        told.append(hint(**facts))
    assert " ".join(told) == (
        "invite press delivering pull thanked rate-offline cut power-on starting plug "
        "delivering stray lose-time rate-1970 find-time verify free"
    )


def test_without_power_the_only_hint_is_to_switch_it_on():
    for name in ("cable", "time_server", "open_invitation", "verified"):
        assert hint(power=False, **{name: name != "cable"}) == "power-on"


def test_every_hint_speaks_both_languages_and_aims_at_something_on_the_page():
    targets = {"power", "keys", "invite", "province", "cable", "time", "verify", ""}
    for one in [*(rule for _, rule in RULES), FREE, THANKED]:
        assert one.zh
        assert one.en
        assert one.target in targets
    assert len(msgspec.json.encode(FREE)) < 400


def test_a_sentence_tells_and_does_not_ask_and_each_is_in_its_own_language():
    for one in [*(rule for _, rule in RULES), FREE, THANKED]:
        assert "\u4e00" <= one.zh[0] <= "\u9fff", one.id
        assert one.en[0].isupper(), one.id
        assert one.en.isascii(), one.id


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "free"),
        ({"thanked": 0}, "invite"),
        ({"thanked": 2, "strays": 3}, "free"),
        ({"waiting": 2}, "delivering"),
        ({"pulled": False}, "pull"),
        ({"pulled": False, "cable": False}, "rate-offline"),
        ({"cable": False}, "rate-offline"),
        ({"cable": False, "waiting": 1}, "plug"),
        ({"cable": False, "waiting": 1, "cut_while_waiting": False}, "cut"),
        ({"cut_while_waiting": False}, "free"),
        ({"strays": 0}, "stray"),
        ({"lost_time": False}, "lose-time"),
        ({"lost_time": False, "time_server": False}, "find-time"),
        ({"rated_in_1970": False}, "free"),
        ({"rated_in_1970": False, "time_server": False}, "rate-1970"),
        ({"time_server": False}, "find-time"),
        ({"verified": False}, "verify"),
    ],
)
def test_to_who_has_tried_all_the_rest_the_one_thing_left_is_told(facts, told):
    assert hint(**{**ALL_TRIED, **facts}) == told


def test_while_it_thanks_only_what_needs_a_key_or_an_invitation_is_put_off():
    for facts, told in (
        ({"strays": 0}, "thanked"),
        ({"cable": False}, "thanked"),
        ({"pulled": False}, "pull"),
        ({"open_invitation": True}, "press"),
        ({}, "free"),
    ):
        assert hint(**{**ALL_TRIED, **facts, "thanking": True}) == told


def test_a_visit_begins_with_all_switched_on_and_nothing_tried():
    on = ("power", "cable", "time_server")
    begins = msgspec.structs.asdict(Situation())
    assert {name for name, value in begins.items() if value} == set(on)
