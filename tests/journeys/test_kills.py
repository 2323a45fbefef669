"""Power cuts at random moments: every thanked rating is stored, once."""

import os
import random
from collections import Counter
from threading import Event

import pytest

from device.events import Scene
from tests.rigs.pad import faulty_pad
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.deployment import Deployment

pytestmark = pytest.mark.broker

LONG = os.environ.get("RATINGPAD_LONG") == "1"
KILLS = int(os.environ.get("RATINGPAD_KILLS", "120" if LONG else "15"))
SEED = int(os.environ.get("RATINGPAD_SEED", "20190612"))
KEYS = ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")

DEBOUNCE_S = (0.012, 0.030)
"""A press becomes an entry 20 ms after its edge; most cuts fall around that."""


def cut_the_power(pad: PadProcess, rng: random.Random, case: str) -> str:
    """Invite, press, and kill at a random point; the point, or `thanked` if thanks was shown."""
    pad.free()
    seen = len(pad.display.seen)
    where = rng.choice(["invited", "pressed", "committing", "committing", "committing", "thanked"])
    invitation, key = pad.invite(case), rng.choice(KEYS)
    if where != "invited":
        pad.press(key)
    if where == "thanked":
        pad.display.until(Scene.THANKS, after=seen)
    wait_s = rng.uniform(*DEBOUNCE_S) if where == "committing" else rng.uniform(0, 0.02)
    Event().wait(wait_s)  # a real wait: the test is about the moment
    pad.end()
    if pad.display.saw(Scene.THANKS, after=seen):
        pad.thanked[invitation] = key
        return "thanked"
    return where


@pytest.mark.timeout(60 + 10 * KILLS)
def test_no_power_cut_loses_or_doubles_a_thanked_rating(deployment: Deployment) -> None:
    rng = random.Random(SEED)
    deployment.receiver()
    pad = deployment.pad()
    cuts: Counter[str] = Counter()
    for n in range(KILLS):
        if n % 3 == 0:
            pad.rate(f"whole-{n}", rng.choice(KEYS))
        if n % 5 == 1:
            pad.cable.cut()
        cuts[cut_the_power(pad, rng, f"cut-{n}")] += 1
        if n % 5 == 3:
            pad.cable.mend()
        if n % 4 == 2:
            pad.start(ready=False)
            Event().wait(rng.uniform(0.05, 0.6))
            pad.end()
            cuts["starting"] += 1
        verdict = pad.verify()
        assert verdict.returncode == 0, verdict.stdout
        pad.start()
    pad.cable.mend()
    print(f"{cuts.total()} kills: {dict(cuts)}, thanked {len(pad.thanked)}")
    deployment.prove(pad)
    summary = deployment.store_reader.look(lambda store: store.summary())
    assert (summary.lost, summary.doubled, summary.open) == (0, 0, 0)
    assert summary.rated >= len(pad.thanked)
    assert summary.rated + summary.withdrawn == summary.invitations
    assert summary.ledgers == 1
    assert cuts["thanked"] > 0
    assert cuts["thanked"] < KILLS


def test_control_a_pad_that_thanks_before_it_has_stored_is_noticed(deployment: Deployment) -> None:
    deployment.receiver()
    pad = deployment.pad(launcher=faulty_pad.launcher("commit-long-after-thanks"))
    invitation = pad.rate("case-1")
    pad.end()
    pad.launcher = deployment.pad("pad-2", start=False).launcher
    pad.start()
    deployment.caught_up(pad)
    assert deployment.store_reader.missing(pad.thanked) == {invitation: "satisfied"}
