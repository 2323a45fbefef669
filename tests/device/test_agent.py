"""The agent as a process, without a broker: how it starts, runs and ends."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from device.drivers.sim.client import SimClient
from device.errors import PadCode
from device.events import Scene
from sync.entries import Booted, Cleared, Fault, Invited, Paused, Rated, Strayed, Withdrawn
from sync.mqtt import BrokerAddress
from tests.rigs.pad import faulty_pad
from tests.rigs.pad.faulty_pad import COLLECTION_SIZE
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until


@pytest.fixture
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., PadProcess]]:
    """Makes pads whose province never answers."""
    made: list[PadProcess] = []

    def make_pad(**options: Any) -> PadProcess:
        folder = tmp_path_factory.mktemp("p") / "pad"
        made.append(PadProcess(folder, "pad-1", BrokerAddress("127.0.0.1", free_port()), **options))
        return made[-1]

    yield make_pad
    for pad in made:
        pad.remove()


def test_an_invitation_that_was_open_at_a_power_cut_is_withdrawn(
    make: Callable[..., PadProcess],
) -> None:
    pad = make().start()
    done = pad.rate("done")
    pad.free()
    cut = pad.invite("cut")
    pad.end()
    pad.start()
    assert pad.standing(cut) == "withdrawn"
    assert pad.standing(done) == "rated"
    (withdrawn,) = [body for body in pad.bodies() if isinstance(body, Withdrawn)]
    assert (withdrawn.invitation, withdrawn.reason) == (cut, "restart")
    pad.end(signal.SIGTERM)
    pad.start()
    assert len([body for body in pad.bodies() if isinstance(body, Withdrawn)]) == 1
    assert [body.boots for body in pad.bodies() if isinstance(body, Booted)] == [1, 2, 3]


def test_a_rated_case_is_known_after_a_restart_and_a_second_invitation_is_recorded(
    make: Callable[..., PadProcess],
) -> None:
    pad = make().start()
    done = pad.rate("done")
    pad.free()
    pad.end()
    pad.start()
    ask = {"case": "done"}
    assert pad.desk.post("/v1/invitations", json=ask).json()["error"] == "already-rated"
    again = pad.desk.post("/v1/invitations", json={**ask, "again": True})
    assert again.status_code == 201
    asked = [body for body in pad.bodies() if isinstance(body, Invited)]
    assert [body.rated_before for body in asked] == [None, done]


def test_a_paused_window_is_still_paused_after_the_power_came_back(
    make: Callable[..., PadProcess],
) -> None:
    pad = make().start()
    assert pad.desk.post("/v1/window/pause", json={"by": "c7"}).json()["state"] == "paused"
    pad.end()
    pad.start()
    assert pad.window()["state"] == "paused"
    pad.display.until(Scene.PAUSED)
    assert pad.desk.post("/v1/invitations", json={"case": "x"}).json()["error"] == "paused"
    assert pad.desk.post("/v1/window/resume").json()["state"] == "ready"
    pad.end()
    pad.start()
    pad.display.until(Scene.STANDBY)
    pad.rate("open again")
    paused = [body.by for body in pad.bodies() if isinstance(body, Paused)]
    assert paused == ["desk: c7"] * 2  # by the clerk, and recorded again at the next start


def test_no_garbage_collection_examines_all_objects_while_the_pad_serves(
    make: Callable[..., PadProcess],
) -> None:
    pad = make(launcher=faulty_pad.launcher("collection-size")).start()
    pad.rate("c1")
    assert pad.process is not None
    pad.process.send_signal(signal.SIGUSR1)
    until(lambda: COLLECTION_SIZE in pad.last_words(), 10, "the pad has counted its objects")
    counts = next(line for line in pad.last_words().splitlines() if COLLECTION_SIZE in line)
    examined, frozen = map(int, re.findall(r"\d+", counts))
    assert examined < 10_000 < frozen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_pad_stops_in_order_on_a_signal(
    make: Callable[..., PadProcess], number: signal.Signals
) -> None:
    pad = make().start()
    pad.rate("before")
    assert pad.end(number) == 0
    assert pad.display.now is None  # the display is dark
    assert not Path(f"{pad.ledger}-wal").exists()
    assert pad.verify().returncode == 0
    assert "Traceback" not in pad.last_words()


def test_a_pad_without_a_desk_or_a_display_cable_still_records_every_press(
    make: Callable[..., PadProcess],
) -> None:
    pad = make()
    text = pad.config.read_text()
    pad.config.write_text(text.replace('[desk]\nport = 0\ntoken_file = "token"\n', ""))
    pad.start(ready=False)
    until(lambda: "takes keys" in pad.last_words(), 20, "the pad takes keys")
    with SimClient(pad.control) as board:
        board.display(False)
    until(lambda: any(isinstance(body, Fault) for body in pad.bodies()), 10, "D01 is recorded")
    pad.stray(2)
    assert pad.end(signal.SIGTERM) == 0
    assert len([body for body in pad.bodies() if isinstance(body, Strayed)]) == 2


def test_a_rating_is_taken_while_the_display_is_unplugged_and_the_fault_is_recorded(
    make: Callable[..., PadProcess],
) -> None:
    pad = make().start()
    invitation = pad.invite("blind")
    with SimClient(pad.control) as board:
        board.display(False)
        pad.press_until(lambda: pad.standing(invitation) == "rated", "satisfied", "rated")
        board.display(True)
    code = PadCode.DISPLAY_GONE.code
    until(
        lambda: any(isinstance(b, Cleared) and b.code == code for b in pad.bodies()),
        10,
        "the fault is over",
    )
    pad.display.until(Scene.STANDBY)
    assert code in {body.code for body in pad.bodies() if isinstance(body, Fault)}
    assert [body.invitation for body in pad.bodies() if isinstance(body, Rated)] == [invitation]


def test_an_unexpected_exception_ends_the_agent_with_a_traceback_and_a_closed_ledger(
    make: Callable[..., PadProcess],
) -> None:
    pad = make(launcher=faulty_pad.launcher("press-raises")).start()
    pad.stray(2)
    pad.press("satisfied")
    assert pad.outcome() == 1
    assert "ZeroDivisionError: a part of the agent failed" in pad.last_words()
    assert not Path(f"{pad.ledger}-wal").exists()  # it was closed in order
    assert pad.verify().returncode == 0
