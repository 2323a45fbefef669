"""From a press of a key to a row at the province."""

import shutil
import signal
import sqlite3
from contextlib import closing

import pytest

from device.events import Scene
from tests.rigs.system.deployment import Deployment

pytestmark = pytest.mark.broker
LEVELS = ("very_satisfied", "satisfied", "dissatisfied")


def test_every_press_is_thanked_and_becomes_a_row_with_its_level(
    any_deployment: Deployment,
) -> None:
    any_deployment.receiver()
    pad = any_deployment.pad()
    for n, level in enumerate(LEVELS):
        pad.rate(f"case-{n}", level)
    shown = [picture.scene for picture in pad.display.seen if picture is not None]
    first = shown.index(Scene.INVITATION)
    assert shown[first : first + 2] == [Scene.INVITATION, Scene.THANKS]
    assert [pad.standing(invitation) for invitation in pad.thanked] == ["rated"] * 3
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


def test_an_invitation_without_a_press_never_becomes_a_level(deployment: Deployment) -> None:
    deployment.receiver()
    pad = deployment.pad(timings="invitation_s = 1\ngrace_s = 0\nthanks_s = 1")
    invitation = pad.invite("no press")
    pad.display.until(Scene.LAPSED)
    pad.stray(2)
    deployment.prove(pad)
    assert pad.standing(invitation) == "unrated"
    row = deployment.store_reader.ratings()[invitation]
    assert (row.standing, row.level) == ("unrated", None)
    assert deployment.store_reader.raw() == {}
    assert deployment.store_reader.look(lambda store: store.summary()).strays == 2


def test_control_the_proof_of_a_journey_finds_lost_doubled_and_changed_ratings(
    deployment: Deployment,
) -> None:
    """The control for `Deployment.prove`, which every journey calls."""
    receiver = deployment.receiver()
    pad = deployment.pad()
    invitation = pad.rate("case-1")
    deployment.prove(pad)
    receiver.kill()
    pad.end()
    good = deployment.back_up("good.db")

    def change_store(*statements: str) -> None:
        deployment.restore(good)
        with closing(sqlite3.connect(deployment.store_file, isolation_level=None)) as db:
            triggers = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for statement in [f"DROP TRIGGER {name}" for (name,) in triggers] + [*statements]:
                db.execute(statement)

    deployment.restore(good)
    assert deployment.verify().returncode == 0
    change_store("DELETE FROM batch WHERE last = (SELECT max(last) FROM batch)")
    assert deployment.verify().returncode == 1
    change_store("UPDATE rating SET level = 'dissatisfied'")
    assert deployment.store_reader.missing(pad.thanked) == {invitation: "satisfied"}
    assert deployment.verify().returncode == 1
    change_store(
        "INSERT INTO batch SELECT ledger || '2', first, last, prev, head, marks, body, received_ms"
        " FROM batch"
    )
    assert set(deployment.store_reader.doubled()) == {invitation}
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
