"""A start that takes long is shown; a short one is not."""

import asyncio
from pathlib import Path

import pytest

from demo.scene_reader import DisplayReading
from device.events import Scene
from device.ledger.ledger import OpeningStep
from device.output.opening_progress import OpeningProgress
from sync.mqtt import BrokerAddress
from tests.rigs.ledger import big_ledger
from tests.rigs.pad import faulty_pad
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until


def test_only_what_takes_more_than_a_second_is_shown_once_a_second() -> None:
    async def main() -> None:
        now, shown = [100.0], list[int]()
        progress = OpeningProgress(now_s=lambda: now[0])
        progress.show_on(shown.append)
        progress.use(asyncio.get_running_loop())
        for quarter in range(20):
            now[0] = 100 + quarter / 4
            progress.tell(OpeningStep.CHECK, quarter / 20)
            await asyncio.sleep(0)
        assert shown == [20, 40, 60, 80]
        assert progress.status() == "ledger: check, 80 %"

    asyncio.run(main())


def test_a_short_start_shows_nothing() -> None:
    shown: list[int] = []
    progress = OpeningProgress(now_s=lambda: 5.0)
    progress.show_on(shown.append)
    progress.tell(OpeningStep.CHECK, 0.5)
    assert (shown, progress.status()) == ([], "")


@pytest.mark.timeout(120)
def test_a_pad_with_a_large_damaged_ledger_shows_how_far_it_is_and_then_serves(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    path = big_ledger.make(folder, 50_000)
    big_ledger.flip(path)
    pad = PadProcess(
        tmp_path / "p",
        "pad-1",
        BrokerAddress("127.0.0.1", free_port()),
        launcher=faulty_pad.launcher("progress-each-time"),
    )
    path.rename(pad.ledger)
    try:
        pad.start(ready=False)
        display = pad.look()
        until(lambda: len(percents(display.seen)) > 1, 60, "some progress")
        pad.display.until(Scene.STANDBY, 60)
        assert percents(display.seen) <= set(range(101))
        pad.be_ready()
        pad.rate("case-1")
        assert pad.ledger.with_name("ledger.db.damaged-1").exists()
    finally:
        pad.remove()


def percents(seen: list[DisplayReading | None]) -> set[int]:
    checking = [r for r in seen if r is not None and r.scene is Scene.CHECKING]
    return {int(reading.time_text[:-2]) for reading in checking}
