"""A card that fails, is full, hangs, writes short or lies: no thanks without a durable entry."""

import os
import queue
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from device.ledger.verify import verify
from sync.mqtt import BrokerAddress
from tests.rigs.disk.hostile_card import HostileCard
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.child_environment import BIN, environment
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

ROOT = Path(__file__).parents[2]
LONG = os.environ.get("RATINGPAD_LONG") == "1"
REFUSES = {
    "writes fail": "L01",
    "syncs fail": "L01",
    "full": "L02",
    "read-only": "L01",
    "hangs": "L01",
}
"""How the card is, and the fault that a press then shows."""


class CardProcess:
    """A writer on the card (`card_process`), and all that it has said."""

    def __init__(self, card: HostileCard) -> None:
        self.card = card
        self.process = subprocess.Popen(
            [*card.prefix, sys.executable, "-m", "tests.rigs.ledger.card_process", card.folder],
            cwd=ROOT,
            env={**environment(), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()
        self.opened = self.wait("opened")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())

    def order(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def wait(self, word: str) -> str:
        """The next line that begins with `word`; what comes before it is in `said`."""
        while True:
            line = self._lines.get(timeout=20)
            self.said.append(line)
            if line.startswith(word):
                return line

    def press(self) -> None:
        self.order("press")
        self.wait("thanks")

    def thanked(self) -> dict[int, str]:
        while not self._lines.empty():
            self.said.append(self._lines.get())
        parted = [line.split() for line in self.said if line.startswith("thanks")]
        return {int(seq): digest for _, _, seq, digest in parted}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def card(tmp_path: Path) -> HostileCard:
    return HostileCard(tmp_path)


@pytest.fixture
def child(card: HostileCard) -> Iterator[CardProcess]:
    process = CardProcess(card)
    yield process
    card.becomes("good")
    process.kill()


def entries(card: HostileCard) -> dict[int, str]:
    """The digest of every entry, after a check of the whole file."""
    path = card.folder / "ledger"
    assert verify(path).intact
    db = sqlite3.connect(path)
    rows = dict(db.execute("SELECT seq, hex(digest) FROM entry").fetchall())
    db.close()
    return {seq: digest.lower() for seq, digest in rows.items()}


def test_whatever_the_card_does_nobody_is_thanked_before_the_entry_is_durable(
    card: HostileCard, child: CardProcess
) -> None:
    modes = list(REFUSES) * (20 if LONG else 1)
    Random(8).shuffle(modes)
    for mode in modes:
        child.press()
        before = len(child.thanked())
        card.becomes(mode)
        child.order("press")
        child.wait(f"stuck {REFUSES[mode]}")
        assert len(child.thanked()) == before, mode
        card.becomes("short writes")  # SQLite writes the rest itself
        child.wait("thanks")
        card.becomes("good")
        assert f"free {REFUSES[mode]}" in child.said[-3:]
    thanked = child.thanked()
    child.kill()
    stored = entries(card)
    assert len(thanked) == 2 * len(modes)
    assert thanked.items() <= stored.items()
    assert len(stored) == len(thanked) + 1, "nothing is there twice, nothing was made up"


@pytest.mark.timeout(60)
def test_an_agent_that_is_stopped_while_the_card_hangs_ends_in_order(
    card: HostileCard, child: CardProcess
) -> None:
    child.press()
    card.becomes("hangs")
    child.order("press")
    child.wait("stuck L01")
    child.order("stop")
    child.wait("stopped")
    assert child.process.wait(10) == 0
    assert len(child.thanked()) == 1
    card.becomes("good")
    assert child.thanked().items() <= entries(card).items()


def test_what_a_lying_card_loses_is_seen_at_the_next_start_and_by_verify(
    card: HostileCard, child: CardProcess, tmp_path: Path
) -> None:
    for _ in range(3):
        child.press()
    durable = shutil.copytree(card.folder, tmp_path / "durable")
    card.becomes("lies")
    for _ in range(7 if not LONG else 70):
        child.press()
    until(lambda: verify(card.folder / "ledger").head == 11 + 63 * LONG, 10, "the last entry")
    child.order("press")  # its thanks tells that the note of the entry before has been written
    child.wait("thanks")
    child.kill()
    card.lose_power(durable, kept=("ledger.head",))
    found = verify(card.folder / "ledger").bad
    assert found is not None
    assert found.is_cut
    lost = 7 + 63 * LONG
    assert any(f"{n} entries are gone" in str(found) for n in (lost, lost + 1))
    card.becomes("good")
    again = CardProcess(card)
    assert " L07 " in again.opened
    assert str(found) in again.opened
    again.press()
    again.kill()
    assert verify(card.folder / "ledger").intact


@pytest.mark.parametrize("mode", REFUSES if LONG else ["syncs fail"])
@pytest.mark.timeout(300)
def test_a_pad_on_a_card_that_fails_shows_it_and_thanks_when_the_card_is_well(
    card: HostileCard, tmp_path: Path, mode: str
) -> None:
    pad = PadProcess(
        tmp_path / "pad",
        "pad-1",
        BrokerAddress("127.0.0.1", free_port()),
        ledger=card.folder / "ledger",
        launcher=(*card.prefix, str(BIN / "ratingpad")),
    )
    try:
        pad.start()
        pad.rate("case-1")
        pad.free()
        card.becomes(mode)
        pad.press("satisfied")
        pad.display.until_now(lambda shown: shown.code is not None, "the card's fault", 30)
        card.becomes("good")
        until(lambda: pad.window()["state"] == "ready", 60, "the window opens by itself")
        pad.rate("case-2")
        pad.end()
        assert verify(card.folder / "ledger").intact
        assert len(pad.thanked) == 2
    finally:
        card.becomes("good")
        pad.remove()
