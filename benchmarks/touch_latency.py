"""A touch on the touch page: until it is acknowledged, until thanks, and what the page costs.

The same Chromium, in the same run and by turns: our page, and a page of nothing but a handler that
paints. Real agent, real ledger, touches by the browser's own input queue. A screen's controller and
a panel's delay are not in it, for they are the same for both.
"""

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.procfs import memory
from benchmarks.result_table import Reach, Row, median, number, percentile, seconds
from benchmarks.run import Run
from benchmarks.sample_ratings import SEED
from benchmarks.scratch import BenchError, scratch
from sync.mqtt import BrokerAddress
from tests.rigs.pad.pad_process import PadProcess
from tests.rigs.system.loopback import free_port
from tests.rigs.time.wait import until
from tests.rigs.web.kiosk import Kiosk, browser

TOUCHES = 12
"""A round."""
TAP_S = 0.11
"""How long a touch lasts: longer than the time in which a second one belongs to it."""
WATCH_MS = 20
"""How often we look whether it is over. By a timer: looking at every frame would begin one between
lift and thanks, and thanks would wait for the one after it."""
READ_S = 0.35
ALLOWED = 1.5
"""An acknowledgement may take so much longer than a page that does nothing else."""
WAIT_S = (0.05, 0.2)

BARE = """<!doctype html><meta charset="utf-8"><style>
html, body { height: 100%; margin: 0; touch-action: none }
button { width: 30%; height: 40% } .down { background: #0b2545 }
</style><button id="one">x</button><script>
addEventListener("pointerdown", (event) => event.target.classList.add("down"));
addEventListener("pointerup", (event) => event.target.classList.remove("down"));
</script>"""

STOPWATCH = """() => {
  window.times = {};
  const painted = (name) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => (times[name] = performance.now());
      channel.port2.postMessage(0);
    });
  addEventListener("pointerdown", (event) => {
    times.down = event.timeStamp;
    painted("acknowledged");
  });
  addEventListener("pointerup", (event) => (times.up = event.timeStamp));
  new MutationObserver(() => {
    if (document.documentElement.classList.contains("thanks")) painted("thanked");
  }).observe(document.documentElement, { attributeFilter: ["class"] });
}"""
"""Runs on both pages: a message that is posted in a frame arrives when the frame has been made."""

_TOUCH = (
    "From the browser's time stamp of the finger to the end of the frame that shows it pressed;"
    " the other page has one handler that sets a class. Same browser, by turns, 11 touches a round"
    " or more; a panel's own delay is in neither."
)
_THANKS = (
    "From the time stamp of the finger's lifting (0.11 s after it came down) to the end of the"
    " frame that says thanks, against 1.5 of the bare page's frames plus `Ledger.append` of a"
    " rating in the same run on the same disk."
)


@dataclass
class Samples:
    """Seconds, a list for each round; bytes of each session."""

    ours: list[list[float]] = field(default_factory=list)
    bare: list[list[float]] = field(default_factory=list)
    thanks: list[list[float]] = field(default_factory=list)
    commit: list[list[float]] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)


def rows(run: Run) -> list[Row]:
    """Acknowledgement, thanks, memory, bytes, and the way back after a restart."""
    rng = random.Random(SEED)
    samples = Samples()
    with scratch("touch") as folder, _window(folder) as (pad, chromium):
        bare = Kiosk(chromium, _bare_page(folder))
        ours = Kiosk(chromium, pad.entry)
        ours.see("standby")
        wire = _Wire(ours.page)
        for kiosk in (bare, ours):
            kiosk.page.evaluate(STOPWATCH)
        ledger = _Ledger(folder / "ledger.db")
        _bare_touch(bare, Samples([[]], [[]], [[]], [[]]))  # what is lazy is now loaded
        for turn in range(run.rounds):
            run.say(f"touch: round {turn + 1}/{run.rounds}")
            for kept in (samples.ours, samples.bare, samples.thanks, samples.commit):
                kept.append([])
            for count in range(TOUCHES):
                threading.Event().wait(rng.uniform(*WAIT_S))
                before = wire.bytes
                for turned in (count % 2, not count % 2):
                    if turned:
                        _bare_touch(bare, samples)
                    else:
                        _touch(pad, ours, samples)
                samples.bytes.append(wire.bytes - before)
                samples.commit[-1].append(ledger.append())
        heap = ours.page.evaluate("performance.memory.usedJSHeapSize")
        whole = memory(_browser_pid(chromium, folder)).pss_kib
        for _ in range(3):
            samples.back_s.append(_restart(pad, ours))
    return _rows(samples, heap, whole)


def _rows(samples: Samples, heap: int, whole_kib: int) -> list[Row]:
    flat = {
        name: [value for part in getattr(samples, name) for value in part]
        for name in ("ours", "bare", "thanks", "commit")
    }
    limits = [
        [ALLOWED * a + b for a, b in zip(bare, commit, strict=True)]
        for bare, commit in zip(samples.bare, samples.commit, strict=True)
    ]
    flat_limit = [value for part in limits for value in part]

    ratio = median([median(a) / median(b) for a, b in zip(samples.ours, samples.bare, strict=True)])
    thanks = median([median(a) / median(b) for a, b in zip(samples.thanks, limits, strict=True)])
    return [
        _against(
            Row("touch → painted acknowledgement", "", "a bare handler", "", ratio, note=_TOUCH),
            flat["ours"],
            flat["bare"],
            ALLOWED,
        ),
        _against(
            Row(
                "lift → durable → painted thanks",
                "",
                "1.5 × a bare handler + the commit",
                "",
                thanks,
                note=_THANKS,
            ),
            flat["thanks"],
            flat_limit,
            1.0,
        ),
        Row("touch page, JavaScript heap", f"{heap / 1024:,.0f} KiB", "", ""),
        Row("touch page, its whole browser", f"{whole_kib / 1024:,.0f} MiB PSS", "", ""),
        Row(
            "a session over loopback, invitation to standby",
            f"{median(samples.bytes):,.0f} bytes of messages",
            "",
            "",
        ),
        Row(
            "agent killed → page in standby again",
            f"{seconds(max(samples.back_s))} at most",
            "the page's part after the port is open",
            "",
        ),
    ]


def _against(row: Row, ours: list[float], theirs: list[float], reach: float) -> Row:
    late, late_other = percentile(ours, 99), percentile(theirs, 99)
    return replace(
        row,
        ours=f"p50 {seconds(median(ours))}, p99 {seconds(late)}",
        theirs=f"p50 {seconds(median(theirs))}, p99 {seconds(late_other)}",
        sense=f"at p50, {number(late / late_other)}× at p99",
        reach=Reach("≤", reach),
    )


def _touch(pad: Any, kiosk: Any, samples: Samples) -> None:
    """One citizen, from the invitation to standby."""
    pad.free()
    pad.invite(f"case-{time.monotonic_ns()}")
    kiosk.see("invitation")
    threading.Event().wait(READ_S)
    times = _tap(kiosk, kiosk.middle("satisfied"), "thanked")
    samples.ours[-1].append((times["acknowledged"] - times["down"]) / 1000)
    samples.thanks[-1].append((times["thanked"] - times["up"]) / 1000)
    kiosk.see("standby")


def _bare_touch(kiosk: Any, samples: Samples) -> None:
    threading.Event().wait(READ_S)
    times = _tap(kiosk, (100, 100), "up")
    samples.bare[-1].append((times["acknowledged"] - times["down"]) / 1000)


def _tap(kiosk: Any, where: tuple[float, float], last: str) -> dict[str, float]:
    kiosk.page.bring_to_front()
    kiosk.page.evaluate("window.times = {}")
    kiosk.fingers("touchStart", where)
    threading.Event().wait(TAP_S)
    kiosk.fingers("touchEnd")
    kiosk.page.wait_for_function(
        "(last) => times[last] && times.acknowledged", arg=last, polling=WATCH_MS
    )
    found: dict[str, float] = kiosk.page.evaluate("times")
    return found


class _Wire:
    """Counts what goes over the page's WebSocket."""

    def __init__(self, page: Any) -> None:
        self.bytes = 0
        page.on("websocket", self._follow)
        page.reload()
        page.wait_for_selector("html.standby")

    def _follow(self, socket: Any) -> None:
        for way in ("framesent", "framereceived"):
            socket.on(way, self._count)

    def _count(self, payload: str | bytes) -> None:
        self.bytes += len(payload.encode() if isinstance(payload, str) else payload)


class _Ledger:
    """A ledger of our own on the same disk, for the time of a commit."""

    def __init__(self, path: Path) -> None:
        from benchmarks.pads.press_pad import PAD
        from device.drivers.kernel_clocks import KernelBoot, KernelWall
        from device.ledger.ledger import Ledger
        from device.system.clock import TrustedClock

        self._clock = TrustedClock(KernelBoot(), KernelWall(has_rtc=True))
        self._ledger = Ledger.open(
            path, PAD, at=self._clock.at, hash_name=_hash_name(), new_id=lambda: "A" * 26
        )

    def append(self) -> float:
        """Commit a rating; seconds."""
        from sync.entries import Level, Rated

        body = Rated(
            at=self._clock.at(),
            invitation="A" * 26,
            level=Level.SATISFIED,
            source="touch",
            elapsed_ms=4210,
        )
        start = time.perf_counter()
        self._ledger.append(body)
        return time.perf_counter() - start


def _hash_name() -> Any:
    from sync.entries import HashName

    return HashName.SHA256


@contextlib.contextmanager
def _window(folder: Path) -> Iterator[tuple[Any, Any]]:
    """A pad with a touchscreen, and a browser for its kiosk."""
    address = BrokerAddress("127.0.0.1", free_port())
    pad = PadProcess(
        folder / "pad",
        "touch-1",
        address,
        timings="grace_s = 0\nthanks_s = 1",
        touch="reasons = false\n",
    )
    try:
        pad.start()
        with browser(folder / "browser") as chromium:
            yield pad, chromium
    except (AssertionError, StopIteration) as error:
        raise BenchError(f"the touch page: {error}") from error
    finally:
        pad.remove()


def _bare_page(folder: Path) -> Path:
    page = folder / "bare.html"
    page.write_text(BARE, encoding="utf-8")
    return page


def _restart(pad: Any, kiosk: Any) -> float:
    """Kill the agent and start it; seconds from its open port to the page that stands."""
    pad.end()
    kiosk.see("lost")
    pad.start(ready=False)
    until(lambda: "the touch page is served" in pad.last_words() or None, 20, "the agent", 0.002)
    start = time.monotonic()
    kiosk.see("standby")
    took = time.monotonic() - start
    pad.be_ready()
    return took


def _browser_pid(chromium: Any, folder: Path) -> int:
    """The browser's first process: the one that was given our folder's fonts."""
    marked = f"FONTCONFIG_FILE={folder}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marked in (process / "environ").read_bytes():
                found.append(int(process.name))
    if not found or chromium is None:
        raise BenchError("the browser's processes are not to be found")
    return min(found)
