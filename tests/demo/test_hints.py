"""The hints follow the visitor and never ask for what cannot be done."""

from typing import Any

import msgspec

from demo.hints import FREE, RULES, Situation, next_hint


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
    for one in [*(rule for _, rule in RULES), FREE]:
        assert one.zh
        assert one.en
        assert one.target in targets
    assert len(msgspec.json.encode(FREE)) < 400
