"""From a finger on a key to a row at the province."""

import shutil
import signal
import sqlite3
from contextlib import closing

import pytest

from device.events import Scene
from tests.rigs.system.deployment import Deployment

pytestmark = pytest.mark.broker
LEVELS = ("very_satisfied", "satisfied", "dissatisfied")


def test_every_press_is_thanked_for_and_becomes_a_row_as_it_was_pressed(
    any_deployment: Deployment,
) -> None:
    any_deployment.receiver()
    pad = any_deployment.pad()
    for n, level in enumerate(LEVELS):
        pad.rate(f"case-{n}", level)
    shown = [one.scene for one in pad.display.seen if one is not None]
    first = shown.index(Scene.INVITATION)
    assert shown[first : first + 2] == [Scene.INVITATION, Scene.THANKS]
    assert [pad.standing(one) for one in pad.thanked] == ["rated"] * 3
    any_deployment.prove(pad)
    rows = any_deployment.store_reader.ratings()
    assert {row.case_number: row.level for row in rows.values()} == {
        f"case-{n}": level for n, level in enumerate(LEVELS)
    }
    assert {(row.pad, row.window_id, row.clerk, row.dated_by) for row in rows.values()} == {
        ("pad-1", "3", "c7", "ntp")
    }
    assert pad.end(signal.SIGTERM) == 0
    assert any_deployment.receivers[0].kill(signal.SIGTERM) == 0
    any_deployment.prove(pad)


def test_an_invitation_that_nobody_answers_never_becomes_a_level(deployment: Deployment) -> None:
    deployment.receiver()
    pad = deployment.pad(timings="invitation_s = 1\ngrace_s = 0\nthanks_s = 1")
    one = pad.invite("nobody")
    pad.display.until(Scene.LAPSED)
    pad.stray(2)
    deployment.prove(pad)
    assert pad.standing(one) == "unrated"
    row = deployment.store_reader.ratings()[one]
    assert (row.standing, row.level) == ("unrated", None)
    assert deployment.store_reader.raw() == {}
    assert deployment.store_reader.look(lambda store: store.summary()).strays == 2


def test_the_proof_of_a_journey_sees_what_is_lost_doubled_or_changed(
    deployment: Deployment,
) -> None:
    """The control of every journey here."""
    receiver = deployment.receiver()
    pad = deployment.pad()
    one = pad.rate("case-1")
    deployment.prove(pad)
    receiver.kill()
    pad.end()
    good = deployment.back_up("good.db")

    def spoil(*statements: str) -> None:
        deployment.restore(good)
        with closing(sqlite3.connect(deployment.store_file, isolation_level=None)) as db:
            triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for statement in [f"DROP TRIGGER {name}" for (name,) in triggers] + [*statements]:
                db.execute(statement)

    deployment.restore(good)
    assert deployment.verify().returncode == 0
    spoil("DELETE FROM batch WHERE last = (SELECT max(last) FROM batch)")
    assert deployment.verify().returncode == 1
    spoil("UPDATE rating SET level = 'dissatisfied'")
    assert deployment.store_reader.missing(pad.thanked) == {one: "satisfied"}
    assert deployment.verify().returncode == 1
    spoil(
        "INSERT INTO batch SELECT ledger || '2', first, last, prev, head, marks, body, received_ms"
        " FROM batch"
    )
    assert set(deployment.store_reader.doubled()) == {one}
    copy = pad.folder / "copy.db"
    shutil.copy(pad.ledger, copy)
    shutil.copy(f"{pad.ledger}-wal", f"{copy}-wal")
    assert pad.verify(copy).returncode == 0
    with closing(sqlite3.connect(copy, isolation_level=None)) as db:
        db.execute("DROP TRIGGER entry_is_never_updated")
        db.execute(
            "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'satisfied', 'dissatisfied')"
            " AS BLOB)"
        )
    assert pad.verify(copy).returncode == 1
