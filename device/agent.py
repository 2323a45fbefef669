"""The composition root: makes the running pad's parts and connects them.

Order of start: the ledger before the keys, the keys before the network. A pad without a network,
a desk or a display still takes ratings; a pad whose ledger cannot be opened shows that and takes
none. Order of stop: the keys first, the ledger last.

An unexpected exception stops the agent with its traceback, and systemd starts it again: a pad of
which a part has failed unseen would be worse.
"""

import asyncio
import contextlib
import gc
import importlib
import logging
import random
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ulid import ULID

from device.config.config import Config
from device.desk.desks import Desks
from device.drivers.registry import build_board
from device.errors import LedgerError, PadCode, PadError, by_code
from device.events import Scene
from device.ledger.day_entries import read_last_day
from device.ledger.ledger import Ledger
from device.ledger.retention import prune_regularly
from device.ledger.startup_state import (
    HOLD_S,
    QUIET_STARTS,
    StartupState,
    entries_at_start,
    read_startup_state,
)
from device.ledger.writer import Writer
from device.link.desired_config import DesiredConfig, stored_beside
from device.link.province_link import ProvinceLink
from device.loop_bridge import call_on_loop, in_daemon_thread
from device.output.display_output import DisplayOutput, unwritable
from device.output.opening_progress import OpeningProgress
from device.output.phone_codes import PhoneCodes
from device.output.signal_output import SignalOutput
from device.pad import Pad
from device.ports import Board, FaultReport
from device.retried_start import RetriedStart
from device.session.context import TOUCH_REPORT_DELAY_MS
from device.session.session import Session, Timing
from device.system.clock import TrustedClock
from device.system.health import measure, report
from device.system.recent_starts import RECENT_S, RecentStarts
from device.system.stop_deadline import StopDeadline
from device.system.systemd import SystemdNotifier, Watchdog, failed_status, status_text
from sync import __version__
from sync.entries import Booted, Trust
from sync.messages import Health

if TYPE_CHECKING:
    from device.output.touch_output import TouchOutput
    from sync.uplink import Uplink

log = logging.getLogger(__name__)

CLOCK_CHECK_S = 1.0
"""The period of looking at the wall clock: so soon is a time server that answers, or a step of the
clock, on record."""

LEDGER_RETRY_S = 3.0
"""How long the fault of a ledger that cannot be opened is shown before the next try, or before the
agent ends; a screen that went dark immediately would tell a technician nothing."""

LEDGER_LONGEST_S = 60.0
RECOVERING = (
    PadCode.LEDGER_WRITE,
    PadCode.LEDGER_FULL,
    PadCode.RIGHTS_MISSING,
    PadCode.CONFIG_WRONG,
)
"""A card is put in, files are deleted, given to the right user, put into place."""


PART_STOP_S = 3.0
"""How long the stop of one part may take: a card or a link that hangs must not keep the others from
being closed in order."""


def run(config: Config) -> None:
    """Run the pad until SIGTERM or SIGINT. Raises PadError when it cannot start."""
    board = build_board(config.profile, config.board)
    deadline = StopDeadline()
    try:
        asyncio.run(Agent(config, board, on_stop=deadline.begin).run())
    finally:
        deadline.end()


class Agent:
    """One pad, from its board to the province."""

    def __init__(
        self, config: Config, board: Board, *, on_stop: Callable[..., None] = lambda **_: None
    ) -> None:
        """`on_stop` is called when the agent begins to stop, with `failed` when it was not told."""
        self.config = config
        self.board = board
        self.clock = TrustedClock(board.boot, board.wall)
        path = config.ledger.path
        self.desired_config = DesiredConfig(
            stored_beside(path), config, lambda text: unwritable(config, text)
        )
        self._opening = OpeningProgress()
        self.writer = Writer(
            lambda: Ledger.open(
                path,
                config.pad.id,
                at=self.clock.at,
                hash_name=config.ledger.hash,
                new_id=_new_id,
                progress=self._opening.tell,
            )
        )
        self.stopping = asyncio.Event()
        self._display = DisplayOutput(config, board, self.clock)
        self._opening.show_on(self._display.show_progress)
        self._signals = SignalOutput(config, board)
        self._pad: Pad | None = None
        self._watchdog = Watchdog(
            SystemdNotifier(), dead=self._dead_part, on_dead=self._part_died, status=self._status
        )
        self._early: list[FaultReport] = list(board.missing)
        """Faults that outputs reported before there was a pad."""
        self._touch: TouchOutput | None = None
        self._running = False
        self._start_failure = ""
        self._boots = 0
        self._desks: Desks | None = None
        self._failure: BaseException | None = None
        self._on_stop = on_stop

    async def run(self) -> None:
        """Start, run until SIGTERM or SIGINT, stop. Raises the failure that made it stop, if
        any.
        """
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failed)
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, self._stop)
        async with AsyncExitStack() as stack:
            await self._run(stack)
        if self._failure is not None:
            raise self._failure

    def _stop(self) -> None:
        """A signal: stop in order, within the deadline."""
        self._on_stop()
        self.stopping.set()

    def _fail(self, failure: BaseException) -> None:
        """Stop in order and end with this failure; systemd starts the agent again."""
        self._on_stop(failed=True)
        if isinstance(failure, PadError) and failure.code is not PadCode.INTERNAL:
            failure = PadError(str(failure))  # no reason to say that it cannot start
        if self._failure is None:
            self._failure = failure
        self.stopping.set()

    async def _run(self, stack: AsyncExitStack) -> None:
        loop = asyncio.get_running_loop()
        self._opening.use(loop)
        self._watchdog.start()
        stack.callback(self._watchdog.stop)
        self.board.start()
        stack.callback(self.board.stop)
        display = self._display
        display.start(lambda fault: call_on_loop(loop, self._output_fault, fault))
        stack.callback(display.stop)
        self._signals.start(lambda fault: call_on_loop(loop, self._output_fault, fault))
        stack.callback(self._signals.stop)
        if self.config.touch is not None:
            await self._open_touch(stack)
        if not await self._open_ledger():
            return
        stack.push_async_callback(_within, self.writer.stop, "the ledger")
        memory = await self.writer.run(read_startup_state)
        pad = self._make_pad(memory)
        pad.recall(memory.services, await self.writer.run(read_last_day))
        stack.push_async_callback(pad.stop)
        self._begin(pad, memory)
        self.board.keys.start(
            on_press=lambda press: call_on_loop(loop, pad.press, press),
            on_fault=lambda fault: call_on_loop(loop, pad.driver_fault, fault),
        )
        stack.callback(self.board.keys.stop)
        self._running = True
        self._watchdog.ready()
        log.info("pad %s takes keys, ledger %s", self.config.pad.id, self.writer.ledger_id)
        self._display.warm()
        await self._serve(stack, pad, memory)

    async def _open_ledger(self) -> bool:
        """Open the ledger; False when the agent is to stop meanwhile. While it cannot be opened the
        fault is shown and it is tried again, what does not recover by itself ever more
        seldom; without systemd that is raised.
        """
        shown: PadCode | None = None
        wait_s = LEDGER_RETRY_S
        while True:
            try:
                return await self._before_stop(self.writer.start())
            except LedgerError as error:
                is_raised = not self._watchdog.is_enabled and error.code not in RECOVERING
                if error.code is not shown and not is_raised:  # else who catches it says so
                    log.error("%s", error)
                shown = error.code
                self._start_failure = failed_status(shown.code, error.detail)
                self._show(Scene.FAULT, shown)
                self._watchdog.ready()  # or systemd would not start the browser that shows it
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), wait_s)
                    return False
                if shown in RECOVERING:
                    continue
                if is_raised:
                    raise
                wait_s = min(2 * wait_s, LEDGER_LONGEST_S)

    async def _before_stop(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do `work` unless the agent is to stop meanwhile: opening a damaged ledger takes minutes.
        Raises what it raises; False when it was given up.
        """
        doing, stop = asyncio.ensure_future(work), asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({doing, stop}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
            return doing.done()
        finally:
            for task in (doing, stop):
                task.cancel()
            await asyncio.gather(doing, stop, return_exceptions=True)

    def _make_pad(self, memory: StartupState) -> Pad:
        self._boots = memory.boots + 1
        window, touch = self.desired_config.settings.window or "", self.config.touch
        timing = Timing()
        if touch is not None:
            timing = Timing(
                details_ms=touch.reasons_s * 1000, report_delay_ms=TOUCH_REPORT_DELAY_MS
            )
        session = Session(
            window,
            timing,
            details=touch is not None and touch.reasons,
            bound=bool(window),
            paused=memory.paused_by is not None,
        )
        for invitation, standing in memory.standings.items():
            session.remember(invitation, standing)
        pad = Pad(
            session,
            self.clock,
            append=self.writer.append,
            show=self._show,
            say=self._signals.say,
            clerk_keys=self.config.clerk_keys,
            set_apart=self.board.keys.set_apart,
            new_id=_new_id,
        )
        if self._touch is not None:
            self._touch.bind(session, pad.apply_event, self._phone_code, pad.driver_fault)
            pad.observe(self._touch.changed)
        return pad

    def _phone_code(self) -> str | None:
        return self._display.code()  # another function once the phone's key has been read

    def _show(self, scene: Scene, code: PadCode | None) -> None:
        self._display.show(scene, code)
        self._signals.show(scene)
        if self._touch is not None:
            self._touch.show(scene, code)

    def _begin(self, pad: Pad, memory: StartupState) -> None:
        """Record the first entries of this boot, and those that the last one could not write."""
        self._pad = pad
        self.desired_config.observe(self._display.apply_settings)
        self.desired_config.observe(pad.apply_settings)
        if self._touch is not None:
            self.desired_config.observe(self._touch.apply_settings)
        at = self.clock.at()
        if memory.quiet_starts >= QUIET_STARTS:
            pad.commits.hold(HOLD_S)
        pad.record(Booted(at=at, agent=__version__, board=self.board.name, boots=self._boots))
        for body in entries_at_start(memory, at):
            pad.record(body)
        for invitation in memory.left_open:
            pad.session.remember(invitation, "withdrawn")
        if self.writer.opened_because is not None:
            pad.raise_fault(self.writer.opened_code, self.writer.opened_because)
        self._note_restarts(pad)
        self._check_clock(pad)
        pad.start()
        for fault in self._early:
            pad.driver_fault(fault)

    def _note_restarts(self, pad: Pad) -> None:
        """An agent that is started again and again is a fault, until this one has run for long."""
        starts = RecentStarts(self.config.ledger.path)
        if starts.is_loop:
            pad.raise_fault(
                PadCode.RESTARTED_OFTEN, f"{starts.earlier} times in {RECENT_S // 60} minutes"
            )
            loop = asyncio.get_running_loop()
            loop.call_later(RECENT_S, pad.clear_fault, PadCode.RESTARTED_OFTEN)

    def _output_fault(self, fault: FaultReport) -> None:
        if self._pad is None:
            self._early.append(fault)
        else:
            self._pad.driver_fault(fault)

    async def _serve(self, stack: AsyncExitStack, pad: Pad, memory: StartupState) -> None:
        """Start what may come late (network, desk, periodic tasks); run until the agent is to
        stop.
        """
        await self._start_side_parts(stack, pad)
        # On a thread: it takes seconds on a small board, and presses are taken already.
        await in_daemon_thread(partial(importlib.import_module, "sync.uplink"), "import")
        uplink, link = self._uplink(pad)
        stack.push_async_callback(_within, link.stop, "the link")
        if self.desired_config.version not in (0, memory.configured):
            link.record_configured()  # stored before a stop or a power cut, and not yet on record
        stack.push_async_callback(_within, uplink.stop, "the uplink")
        self._desks = Desks(self.config, pad, stack)
        await self._desks.open()
        # What has been made so far lives as long as the agent, so the garbage collector need not
        # look at it again: a full collection (7 ms on a PC, ten times that on a small board) would
        # delay a press.
        gc.freeze()
        retention = timedelta(days=self.config.ledger.retention_days)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(pad.commits.once_released(uplink.start)),
                group.create_task(self._watch(pad, link)),
                group.create_task(self.writer.watch_files(pad.raise_fault, pad.clear_fault)),
                group.create_task(self._report_health(pad, uplink)),
                group.create_task(prune_regularly(self.writer, self.clock.at, retention)),
            ]
            await self.stopping.wait()
            self._watchdog.stopping()
            for task in tasks:
                task.cancel()

    async def _start_side_parts(self, stack: AsyncExitStack, pad: Pad) -> None:
        """Files that the pad can do without: read now, or a fault (S05) until they can be read."""

        async def read_phone_key() -> None:
            make = partial(PhoneCodes, self.config, self.clock, pad.session)
            self._display.code = (await in_daemon_thread(make, "phone-key")).now

        for part, start in (
            ("[phone]", read_phone_key),
            ("the stored settings", self.desired_config.read_again),
        ):
            reading = RetriedStart(part, PadCode.FILE_UNUSED, start, pad.driver_fault)
            stack.push_async_callback(reading.stop)
            await reading.start()

    def _uplink(self, pad: Pad) -> "tuple[Uplink, ProvinceLink]":
        from sync.mqtt import BrokerAddress
        from sync.uplink import Uplink

        province = self.config.province
        link = ProvinceLink(
            pad, self.writer, self.desired_config, health=partial(self._health, pad)
        )
        uplink = Uplink(
            BrokerAddress(province.host, province.port),
            self.config.pad.id,
            self.writer,
            link,
            boots=self._boots,
            agent=__version__,
            board=self.board.name,
            keepalive_s=province.keepalive_s,
            reconnect_max_s=province.reconnect_max_s,
            probe_s=province.probe_s,
        )
        link.attach(uplink)
        pad.observe_commits(uplink.entries_added)
        return uplink, link

    async def _open_touch(self, stack: AsyncExitStack) -> None:
        """Before the ledger is opened, so that a fault of it is shown on the touch page too."""
        await in_daemon_thread(
            partial(importlib.import_module, "device.ui.touch.page_start"), "import"
        )
        from device.output.touch_output import TouchOutput

        speak = self._signals.say_again if self.board.voice is not None else None
        self._touch = TouchOutput(self.config, self.clock, speak)
        self._opening.show_on(self._touch.show_progress)
        stack.push_async_callback(_within, self._touch.stop, "the touch page")
        await self._touch.open(self.desired_config.settings.window or "", self._output_fault)

    # --- periodic tasks -----------------------------------------------------------------------

    async def _watch(self, pad: Pad, link: ProvinceLink) -> None:
        while True:
            self._check_clock(pad)
            link.watch()
            self._refresh(pad)
            await asyncio.sleep(CLOCK_CHECK_S)

    def _check_clock(self, pad: Pad) -> None:
        anchor = self.clock.check()
        if anchor is not None:
            pad.record(anchor)
        if self.clock.trust is Trust.NONE:
            pad.raise_fault(PadCode.CLOCK_UNKNOWN)
        else:
            pad.clear_fault(PadCode.CLOCK_UNKNOWN)

    def _refresh(self, pad: Pad) -> None:
        """Show the minute, and in standby the oldest fault that does not close the window."""
        faults = pad.faults.now
        self._display.note = by_code(faults[0].code) if faults else None
        self._display.again()
        if self._touch is not None:
            self._touch.again(self._display.note)

    async def _report_health(self, pad: Pad, uplink: "Uplink") -> None:
        jitter = random.SystemRandom()
        while True:
            await asyncio.sleep(self.config.province.health_s * jitter.uniform(0.8, 1.2))
            uplink.publish_health(self._health(pad))

    def _health(self, pad: Pad) -> Health:
        return report(
            at=self.clock.at(),
            boots=self._boots,
            ledger=self.writer.ledger_id,
            head=self.writer.head_seq,
            receipted=self.writer.receipted,
            faults=pad.faults.now,
            measured=measure(self.config.ledger.path.parent),
            strays=pad.session.strays_dropped,
            refused=self._desks.refused if self._desks else 0,
        )

    def _status(self) -> str:
        pad = self._pad
        if pad is None or not self._running:
            return self._start_failure or self._opening.status() or "starting"
        return status_text(
            "stopping" if self.stopping.is_set() else pad.session.clerk_state,
            pad.session.window,
            self.writer.head_seq - self.writer.receipted,
            [fault.code for fault in pad.faults.now],
        )

    def _dead_part(self) -> str | None:
        """The thread that has ended without being stopped, if there is one."""
        if self.writer.died:
            return "the ledger's thread"
        if not self._running or self.stopping.is_set():
            return None
        if not self.board.keys.alive:
            return "the keys' thread"
        return "the display's thread" if self._display.died else None

    def _part_died(self, part: str) -> None:
        """A dead thread never comes back."""
        self._fail(PadError(f"{part} has ended"))

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The loop's exception handler: a callback raised."""
        loop.default_exception_handler(context)
        error = context.get("exception")
        if isinstance(error, BaseException):
            self._fail(error)


async def _within(stop: Callable[[], Awaitable[None]], part: str) -> None:
    """Stop a part, for `PART_STOP_S` at most."""
    try:
        async with asyncio.timeout(PART_STOP_S):
            await stop()
    except TimeoutError:
        log.error("%s did not stop within %g s", part, PART_STOP_S)


def _new_id() -> str:
    return str(ULID())
