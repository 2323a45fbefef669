"""Ledger files that are lost, copied, damaged, foreign, in use or on a full card."""

import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from device.errors import PadCode
from device.events import Scene
from sync.entries import Cleared, Fault, Opened, Rated
from tests.rigs.disk.small_disk import fill, free, small_disk
from tests.rigs.pad import faulty_pad
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.deployment import WHOLE, Deployment
from tests.rigs.time.wait import until

pytestmark = pytest.mark.broker


def opened(pad: PadProcess) -> Opened:
    first = pad.bodies()[0]
    assert isinstance(first, Opened)
    return first


def remove_ledger(pad: PadProcess, *, lock: bool = False) -> None:
    for suffix in ("", "-wal", "-shm", ".head", *([".lock"] if lock else [])):
        Path(f"{pad.ledger}{suffix}").unlink(missing_ok=True)


@pytest.mark.parametrize("lock", [False, True])
def test_a_pad_that_lost_its_ledger_goes_on_and_the_province_records_an_incident(
    deployment: Deployment, lock: bool
) -> None:
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("arrived")
    deployment.prove(pad)
    old, seq, _ = pad.head()
    pad.cable.cut()
    invitation = pad.rate("not sent yet")
    pad.end()
    remove_ledger(pad, lock=lock)
    pad.cable.mend()
    pad.start()
    pad.rate("in the new ledger")
    lost = {invitation: pad.thanked.pop(invitation)}  # lost with the file, before it was sent
    deployment.prove(pad)
    assert deployment.store_reader.missing(lost) == lost
    assert pad.head()[0] != old
    assert [
        row.ledger for row in deployment.store_reader.look(lambda store: store.ledgers())
    ].count(old) == 1
    incidents = deployment.store_reader.look(lambda store: store.incidents())
    assert [(row.kind, old in row.detail) for row in incidents] == [
        ("unannounced" if lock else "vanished", True)
    ]
    head = deployment.store_reader.head(old)
    assert head is not None
    assert head[0] >= seq


def test_an_older_copy_of_a_card_diverges_and_the_ratings_of_both_reach_the_province(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("before the copy")
    deployment.prove(pad)
    pad.end(signal.SIGTERM)
    copy = pad.folder / "copy.db"
    shutil.copy(pad.ledger, copy)
    pad.start()
    pad.rate("after the copy")
    deployment.prove(pad)
    old = pad.head()[0]
    pad.cable.cut()
    pad.end(signal.SIGTERM)
    remove_ledger(pad)
    shutil.copy(copy, pad.ledger)
    pad.start()
    pad.rate("on the older card")
    pad.stray(3)
    pad.cable.mend()
    aside = Path(f"{pad.ledger}.superseded-1")
    until(lambda: aside.exists() and pad.ledger.exists(), 20, "a new ledger")
    pad.rate("in the new ledger")
    deployment.prove(pad)
    assert len(deployment.store_reader.ratings()) == len(pad.thanked) == 4
    assert PadCode.LEDGER_DIVERGED.code in deployment.store_reader.faults()
    before = opened(pad).previous
    assert before is not None
    assert (before.ledger, before.reason) == (old, "diverged")
    incidents = deployment.store_reader.look(lambda store: store.incidents())
    assert ("fork", old) in {(row.kind, row.ledger) for row in incidents}
    assert pad.verify(aside).returncode == 0
    assert deployment.store_reader.look(lambda store: store.summary()).lost == 0
    shown = pad.display.until_now(lambda seen: seen.code is not None, "the fault in standby")
    assert shown.code is PadCode.LEDGER_DIVERGED


def test_a_second_agent_on_the_same_ledger_is_refused_and_damages_nothing(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad, second = deployment.pad(), deployment.pad("pad-2", start=False)
    pad.rate("before")
    text = second.config.read_text().replace('id = "pad-2"', 'id = "pad-1"')
    second.config.write_text(text.replace(str(second.ledger), str(pad.ledger)))
    second.start(ready=False)
    second.look().until(Scene.FAULT)
    assert second.outcome() == 1
    assert "L04" in second.last_words()
    assert str(pad.process.pid if pad.process else "") in second.last_words()
    pad.rate("after")
    deployment.prove(pad)


def test_a_damaged_ledger_is_set_aside_and_its_readable_entries_are_salvaged(
    deployment: Deployment,
) -> None:
    deployment.receiver()
    pad = deployment.pad()
    pad.rate("arrived")
    deployment.prove(pad)
    pad.cable.cut()
    pad.rate("not sent yet")
    pad.stray(12)
    pad.end(signal.SIGTERM)
    seqs = [n for n, body in enumerate(pad.bodies(), 1) if isinstance(body, Rated)]
    damage(pad.ledger)
    assert pad.verify().returncode != 0  # control: it is damaged
    damaged = pad.ledger.read_bytes()
    pad.start()
    assert Path(f"{pad.ledger}.damaged-1").read_bytes() == damaged  # set aside unchanged
    seen = pad.display.until_now(lambda seen: seen.code is not None, "the fault in standby")
    assert (seen.scene, seen.code) == (Scene.STANDBY, PadCode.LEDGER_DAMAGED)
    pad.cable.mend()
    pad.rate("in the new ledger")
    deployment.caught_up(pad)
    assert deployment.store_reader.doubled() == {}
    assert deployment.verify().returncode in WHOLE
    assert pad.verify().returncode in WHOLE, "3: an entry without proof"
    before = opened(pad).previous
    assert before is not None
    assert before.reason == "damaged"
    missing = {seq for first, last in before.missing for seq in range(first, last + 1)}
    lost = deployment.store_reader.look(lambda store: store.summary()).lost
    assert len(deployment.store_reader.missing(pad.thanked)) <= len(missing & set(seqs))
    assert lost <= len(missing)
    health = until(
        lambda: next(
            (
                p.health
                for p in deployment.store_reader.look(lambda store: store.pads())
                if p.health
            ),
            None,
        ),
        5,
        "health",
    )
    assert PadCode.LEDGER_DAMAGED.code in health


def damage(ledger: Path) -> None:
    """A bad page in the middle of the file."""
    with ledger.open("r+b") as file:
        file.seek(2048 * 3)
        file.write(b"\xa5" * 2048)


def test_a_file_that_is_no_ledger_of_this_pad_is_not_changed(deployment: Deployment) -> None:
    pad, other = deployment.pad(start=False), deployment.pad("pad-2", start=False)
    pad.ledger.write_bytes(b"somebody's photograph" * 500)
    before = pad.ledger.read_bytes()
    pad.start(ready=False)
    pad.look().until(Scene.FAULT)
    assert pad.outcome() == 1
    assert "L06" in pad.last_words()
    assert pad.ledger.read_bytes() == before
    other.start()
    other.end(signal.SIGTERM)
    shutil.copy(other.ledger, pad.ledger)
    pad.start(ready=False)
    assert pad.outcome() == 1
    assert "L06" in pad.last_words()
    assert "pad-2" in pad.last_words()
    assert pad.ledger.read_bytes() == other.ledger.read_bytes()
    assert not Path(f"{pad.ledger}.damaged-1").exists()


def test_a_full_card_closes_the_window_and_the_window_opens_when_there_is_room(
    deployment: Deployment,
) -> None:
    with small_disk() as card:
        deployment.receiver()
        pad = deployment.pad(ledger=card / "ledger.db")
        try:
            pad.rate("while there is room")
            invitation = press_on_a_full_card(pad, card)
            assert pad.display.now == (Scene.FAULT, PadCode.LEDGER_FULL, "")
            assert pad.standing(invitation) == "open"
            assert pad.window()["state"] == "fault"
            refused = pad.desk.post("/v1/invitations", json={"case": "another"})
            assert (refused.status_code, refused.json()["error"]) == (409, "fault")
            assert rated(pad).get(invitation) is None
            seen = len(pad.display.seen)
            free(card)
            until(lambda: pad.standing(invitation) == "rated", 10, "the waiting rating is stored")
            until(lambda: pad.window()["fault"] is None, 10, "the window opens")
            assert not pad.display.saw(Scene.FAULT, after=seen)
            pad.rate("room again")
            deployment.prove(pad)
            assert rated(pad)[invitation] == 1
            assert deployment.store_reader.raw()[invitation] == {"satisfied": 1}
            kinds = [type(body) for body in pad.bodies()]
            assert kinds.index(Rated) < kinds.index(Fault) < kinds.index(Cleared)
        finally:
            pad.end()


def test_a_card_that_is_full_at_the_start_is_shown_and_used_when_there_is_room(
    deployment: Deployment,
) -> None:
    with small_disk() as card:
        fill(card)
        pad = deployment.pad(ledger=card / "ledger.db", start=False).start(ready=False)
        try:
            pad.look().until(Scene.FAULT)
            assert pad.display.now == (Scene.FAULT, PadCode.LEDGER_FULL, "")
            free(card)
            pad.be_ready()
            pad.rate("room again")
            assert pad.verify().returncode == 0
        finally:
            pad.end()


def rated(pad: PadProcess) -> Counter[str]:
    return Counter(body.invitation for body in pad.bodies() if isinstance(body, Rated))


def press_on_a_full_card(pad: PadProcess, card: Path) -> str:
    """Fill the card between invitation and press; the invitation whose press found no room.

    The WAL may still have a free page. Then the press is stored and thanked, and the next one is
    tried.
    """
    for n in range(8):
        pad.free()
        invitation, seen = pad.invite(f"full {n}"), len(pad.display.seen)
        fill(card)
        pad.press("satisfied")
        shown = pad.display.until_now(
            lambda now: now.scene in (Scene.THANKS, Scene.FAULT), "thanks or the fault"
        )
        if shown.scene is Scene.FAULT:
            assert not pad.display.saw(Scene.THANKS, after=seen)  # law 2
            return invitation
        pad.thanked[invitation] = "satisfied"
        free(card)
    raise AssertionError("the card was never full")


def test_control_a_pad_that_thanks_on_a_full_card_is_noticed(deployment: Deployment) -> None:
    with small_disk() as card:
        pad = deployment.pad(
            ledger=card / "ledger.db",
            launcher=faulty_pad.launcher("commit-after-thanks"),
        )
        try:
            fill(card)
            for n in range(8):
                invitation = pad.rate(f"full {n}")
                if invitation not in rated(pad):
                    return
            raise AssertionError("the card was never full")
        finally:
            pad.end()
