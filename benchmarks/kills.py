"""SIGKILL, again and again: of pads in the middle of a press, of receivers, of the broker.

Two pads are pressed without end while one process after another is killed at random moments and
started again. In the end every rating that a pad gave thanks for must be at the province once,
with its level, and the province must find its own store sound.
"""

import contextlib
import json
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

from benchmarks.backlog_drain import receive_command
from benchmarks.result_table import Row
from benchmarks.run import Run
from benchmarks.sample_ratings import SEED
from benchmarks.scratch import BenchError, kill, running, scratch
from benchmarks.servers import mosquitto, postgres
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until

PADS = 2
PAUSE_S = 0.02
BETWEEN_S = (0.05, 0.5)
VICTIMS = {"pad": 2, "receiver": 3, "broker": 2}
SETTLE_S = 90.0

_NOTE = (
    "Two pads pressed without end (session, writer and uplink as shipped), a receiver on a store,"
    " mosquitto without persistence; SIGKILL of one of them every 0.05 to 0.5 s. Every thanks that"
    " a pad printed is then looked for at the province, with its level, and `ratingpad-province"
    " verify` checks the stored chains."
)


Start = Callable[[int], contextlib.AbstractContextManager[Callable[[], None]]]
"""Starts a process for the time of a block, given how often it was started; yields its kill."""


class Victim:
    """A process that is started again whenever it is killed."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._stack = contextlib.ExitStack()
        self.starts = 0
        self.again()

    def again(self) -> None:
        """Start it (once more)."""
        self.starts += 1
        self._stack.close()
        self._kill = self._stack.enter_context(self._start(self.starts))

    def kill(self) -> None:
        """SIGKILL, and nothing else."""
        self._kill()

    def close(self) -> None:
        """Stop it for good."""
        self._stack.close()


class PressedPad(Victim):
    """A pad that is pressed, and what it gave thanks for in all its lives."""

    def __init__(self, place: Path, name: str, port: int) -> None:
        self.name = name
        self.thanked: dict[str, str] = {}
        self.refused: list[str] = []
        self.head: int | None = None
        self.ready = False
        self._listener: threading.Thread | None = None
        self._command = [sys.executable, "-m", "benchmarks.pads.pressed_pad"]
        self._command += [str(place / f"{name}.db"), name, str(port)]
        self._log = place / f"{name}.log"
        super().__init__(self._run)

    @contextlib.contextmanager
    def _run(self, start: int) -> Iterator[Callable[[], None]]:
        command = [*self._command, str(start), str(PAUSE_S)]
        self.ready = False
        with running(command, cwd=Path.cwd(), log=self._log) as process:
            self._listener = threading.Thread(target=self._listen, args=(process,), daemon=True)
            self._listener.start()
            self.process = process
            yield lambda: kill(process)
        self._listener.join(10)

    def _listen(self, process: "Popen[str]") -> None:
        for line in process.stdout or ():
            with contextlib.suppress(json.JSONDecodeError):  # the kill cut the line: no thanks
                message = json.loads(line)
                if "thanked" in message:
                    self.thanked[message["thanked"]] = message["level"]
                elif "refused" in message:
                    self.refused.append(message["refused"])
                elif "ready" in message:
                    self.ready = True
                elif "head" in message:
                    self.head = message["head"]

    def kill(self) -> None:
        """SIGKILL, then read the rest of its output."""
        super().kill()
        if self._listener is not None:
            self._listener.join(10)


def rows(run: Run) -> list[Row]:
    """Losses and doubles after `run.kills` kills."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scratch("kills"))
        store = f"sqlite:///{place}/province.db"
        with contextlib.suppress(BenchError):
            store = stack.enter_context(postgres()).create("kills")
        killed, pads = ordeal(run, place, store)
        return [report(killed, pads, store)]


def ordeal(run: Run, place: Path, store: str) -> tuple[Counter[str], list[PressedPad]]:
    """Kill and start again until there were enough, then let everything come to rest."""
    rng, port = random.Random(SEED), free_port()
    killed: Counter[str] = Counter()

    @contextlib.contextmanager
    def broker(_: int) -> Iterator[Callable[[], None]]:
        with mosquitto(place, "persistence false", port=port) as started:
            yield started.kill

    @contextlib.contextmanager
    def receiver(_: int) -> Iterator[Callable[[], None]]:
        command = receive_command(store, port)
        with running(command, cwd=Path.cwd(), log=place / "receiver.log") as process:
            yield lambda: kill(process)

    with contextlib.ExitStack() as stack:
        everybody: list[tuple[str, Victim]] = [("broker", Victim(broker))]
        stack.callback(everybody[0][1].close)
        everybody.append(("receiver", Victim(receiver)))
        stack.callback(everybody[1][1].close)
        pads = []
        for number_ in range(PADS):
            pads.append(PressedPad(place, f"pad-{number_ + 1}", port))
            stack.callback(pads[-1].close)
        everybody += [("pad", pad) for pad in pads]
        weights = [VICTIMS[kind] for kind, _ in everybody]
        for turn in range(run.kills):
            threading.Event().wait(rng.uniform(*BETWEEN_S))
            kind, victim = rng.choices(everybody, weights)[0]
            victim.kill()
            killed[kind] += 1
            victim.again()
            if turn % 20 == 19:
                run.say(f"kills: {turn + 1}, {sum(len(pad.thanked) for pad in pads)} thanked")
        until(lambda: all(pad.ready for pad in pads), SETTLE_S, "the pads' last starts")
        for pad in pads:
            pad.process.terminate()  # no more citizens; it leaves when all is receipted
        until(lambda: all(pad.head is not None for pad in pads), SETTLE_S, "the last receipts")
    return killed, pads


def report(killed: Counter[str], pads: list[PressedPad], store: str) -> Row:
    """What the province has of what was thanked for."""
    from province.store import open_store
    from province.verify import verify

    province = open_store(store, read_only=True)
    try:
        stored = {
            (rating.pad, rating.invitation): rating.level for rating in province.ratings(None)
        }
        verdict = verify(province)
    finally:
        province.close()
    thanked = {(pad.name, key): level for pad in pads for key, level in pad.thanked.items()}
    lost = sum(key not in stored for key in thanked)
    wrong = sum(stored.get(key, level) != level for key, level in thanked.items())
    refused = sum(len(pad.refused) for pad in pads)
    ours = f"{lost} lost, {verdict.doubled} doubled of {len(thanked):,} thanked"
    if wrong or refused or not verdict.sound:
        ours += f"; {wrong} with another level, {refused} refused, books sound: {verdict.sound}"
    kinds = ", ".join(f"{count} {kind}" for kind, count in killed.most_common())
    return Row(
        f"ratings lost or doubled, {killed.total()} SIGKILLs ({kinds})", ours, "", "", note=_NOTE
    )
