"""The running pad: events in, effects out.

A key, a desk, a timer or a fault becomes an event; the session says what follows; entries go to the
ledger, scenes to the display, deadlines to the loop. Every method runs on the agent's loop; drivers
call it through `loop.call_soon_threadsafe`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from device.errors import PadCode
from device.events import (
    Arm,
    ArmKeyCheck,
    Blocked,
    Bound,
    ClerkKey,
    ClerkKeyAction,
    Disarm,
    Effect,
    Event,
    Invitation,
    Invite,
    KeyCheck,
    KeyRepeats,
    Pause,
    Press,
    RatingFinal,
    Record,
    Refusal,
    Refuse,
    Resume,
    Say,
    Scene,
    Show,
    Standing,
    Stored,
    Tick,
    Unblocked,
    Withdraw,
)
from device.ledger.commit_queue import CommitQueue
from device.ledger.day_entries import DayEntries
from device.ports import DayStatus, FaultReport, Granted, OpenInvitation, WindowStatus
from device.session.cases import Cases, same_service
from device.session.session import Session
from device.session.window_day import WindowDay
from device.system.clock import TrustedClock
from device.system.health import Faults
from sync.entries import At, Body, Channel, Cleared, Entry, Fault, Level, Service
from sync.messages import Settings

log = logging.getLogger(__name__)

COMMIT_WAIT_S = 5.0
"""A desk waits so long for a slow card and is then answered with `fault`; the entry is still
written once the card answers."""

IDENTIFY_S = 5.0

KEY = "key"
"""The `source` of invitations, and the `by` of pauses, that a clerk's key makes."""

MAX_DETAIL_CHARS = 1000
"""A fault's detail may quote a library or list every gap of a damaged file; an entry may not."""


class Pad:
    """Carries out what a session decides; holds its clock, faults, cases and commit queue.

    `append` commits an entry (the writer's). `show` hands a scene to the display and the lights,
    `say` to lights, beeper and voice; neither blocks. `clerk_keys`: what the clerk's keys do, by
    name. `set_apart`: the keys' (`device/ports.py`). `new_id` makes invitation ids.
    """

    def __init__(
        self,
        session: Session,
        clock: TrustedClock,
        *,
        append: Callable[[Body], Awaitable[Entry]],
        show: Callable[[Scene, PadCode | None], None],
        say: Callable[[Scene], None],
        clerk_keys: Mapping[str, ClerkKeyAction] | None = None,
        set_apart: Callable[[frozenset[str]], None] = lambda _: None,
        new_id: Callable[[], str],
    ) -> None:
        self.session = session
        self.clock = clock
        self.faults = Faults()
        self.cases = Cases()
        self.window_day = WindowDay(session.standing)
        self.scene: Show = Show(Scene.STANDBY)
        self._show = show
        self._say = say
        self._observers: list[Callable[[], None]] = []
        self._commit_observers: list[Callable[[], None]] = []
        self._new_id = new_id
        self._clerk_keys = clerk_keys or {}
        self._set_apart = set_apart
        self._repeating: frozenset[str] = frozenset()
        self._key_check: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._identifying: asyncio.TimerHandle | None = None
        self._inviting: list[asyncio.Future[Entry]] = []
        self._level_observer: tuple[str, Callable[[Level], None]] | None = None
        self.commits = CommitQueue(
            append,
            on_stuck=self.raise_fault,
            on_free=self.clear_fault,
        )

    # --- observers --------------------------------------------------------------------------

    def observe(self, observer: Callable[[], None]) -> None:
        """Call `observer` after every event, when its effects are on their way; must be quick."""
        self._observers.append(observer)

    def observe_commits(self, observer: Callable[[], None]) -> None:
        """Call `observer` whenever an entry has become durable; must be quick."""
        self._commit_observers.append(observer)

    def apply_settings(self, settings: Settings) -> None:
        """Put settings into force; the session reads them at its next invitation or deadline."""
        timing = self.session.timing._replace(
            invitation_ms=(settings.invitation_s or 0) * 1000,
            grace_ms=(settings.grace_s or 0) * 1000,
            thanks_ms=(settings.thanks_s or 0) * 1000,
        )
        self.session.configure(settings.window or "", timing)
        if self.session.window:
            self.apply_event(Bound())

    def recall(self, services: Mapping[str, Service], last_day: DayEntries) -> None:
        """Take over what the ledger has of earlier invitations and of its last day, at a start."""
        for invitation, service in services.items():
            self.cases.note(invitation, service)
        self.window_day.recall(last_day.bodies, is_complete=last_day.is_complete)

    # --- events -----------------------------------------------------------------------------

    def start(self) -> None:
        """Show what the session starts with."""
        self._carry_out(self.session.start())

    def apply_event(self, event: Event) -> "list[asyncio.Future[Entry]] | Refusal":
        """Let the session answer an event: the commits that follow from it, or its refusal."""
        outcome = self._carry_out(self.session.step(event, self._at(event)))
        for observer in self._observers:
            observer()
        return outcome

    def _carry_out(self, effects: list[Effect]) -> "list[asyncio.Future[Entry]] | Refusal":
        commits: list[asyncio.Future[Entry]] = []
        refusal: Refusal | None = None
        for effect in effects:
            match effect:
                case Record(body=body):
                    self.window_day.note(body)
                    commits.append(self.commits.put(body, from_session=True))
                    commits[-1].add_done_callback(self._session_committed)
                case Show():
                    self._present(effect)
                case Arm(after_ms=after_ms):
                    self._arm(after_ms)
                case Disarm():
                    self._arm(None)
                case KeyRepeats():
                    self._key_repeats(effect)
                case ArmKeyCheck(after_ms=after_ms):
                    self._arm_key_check(after_ms)
                case Refuse(refusal=reason):
                    refusal = reason
                case Say(scene=scene):
                    self._say(scene)
                case RatingFinal(invitation=invitation, level=level):
                    if (
                        self._level_observer is not None
                        and self._level_observer[0] == invitation.source
                    ):
                        self._level_observer[1](level)
        return refusal if refusal is not None else commits

    def tell_levels(self, source: str, observer: Callable[[Level], None]) -> None:
        """Call `observer` with the level of every invitation of `source`, once it is final.

        Not part of the desk's port, and for one desk only: the one that stands in for a key pad on
        an old bus, because that key pad sent the level (law 7). Raises ValueError for a second one.
        """
        if self._level_observer is not None:
            raise ValueError(f"levels are told to {self._level_observer[0]} already")
        self._level_observer = (source, observer)

    def record(self, body: Body) -> asyncio.Future[Entry]:
        """Queue an entry that is not the session's (boot, clock, configuration, fault)."""
        self.window_day.note(body)
        commit = self.commits.put(body)
        commit.add_done_callback(self._committed)
        return commit

    def press(self, press: Press) -> None:
        """A debounced press, from the driver. Several keys at once (`a+b`) are no clerk's key."""
        does = self._clerk_keys.get(press.key) if press.level is None else None
        if does is None:
            self.apply_event(press)
            return
        invitation = Invitation(self._new_id(), KEY)
        self.apply_event(ClerkKey(press.key, does, press.source, invitation, KEY))

    def driver_fault(self, report: FaultReport) -> None:
        """A driver reports that something broke or works again."""
        if report.broken:
            self.raise_fault(report.code, report.detail)
        else:
            self.clear_fault(report.code, report.detail)

    def raise_fault(self, code: PadCode, detail: str = "") -> None:
        """Something broke: record it, log it, report it, and close the window if it blocks."""
        at, detail = self.clock.at(), detail[:MAX_DETAIL_CHARS]
        if not self.faults.raise_(code, detail, at.mono):
            return
        # Without the detail: a key that bounces may be the one that was just pressed (law 7).
        log.warning("%s %s", code.code, code.says)
        self.record(Fault(at=at, code=code.code, detail=detail))
        if code.blocks:
            self.apply_event(Blocked(code))

    def clear_fault(self, code: PadCode, detail: str = "") -> None:
        """It works again; the window opens when no other fault keeps it closed."""
        detail = detail[:MAX_DETAIL_CHARS]
        if not self.faults.clear(code, detail):
            return
        log.info("%s is over", code.code)
        self.record(Cleared(at=self.clock.at(), code=code.code, detail=detail))
        if not code.blocks:
            return
        blocking = self.faults.blocking
        self.apply_event(Blocked(blocking) if blocking else Unblocked())

    def identify(self) -> None:
        """Show for `IDENTIFY_S` which pad this is, instead of the scene."""
        if self._identifying is not None:
            self._identifying.cancel()
        self._show(Scene.IDENTIFY, None)
        self._say(Scene.IDENTIFY)
        loop = asyncio.get_running_loop()
        self._identifying = loop.call_later(IDENTIFY_S, self._identified)

    async def stop(self, timeout_s: float = 3.0) -> bool:
        """Wait until what is queued is durable; False when that takes longer than `timeout_s`."""
        self._arm(None)
        for timer in (self._identifying, self._key_check):
            if timer is not None:
                timer.cancel()
        is_durable = await self.commits.wait_until_durable(timeout_s)
        await self.commits.stop()
        return is_durable

    # --- the desk's port (device/ports.py) -------------------------------------------------

    async def invite(
        self,
        service: Service,
        clerk: str | None,
        source: str,
        *,
        again: bool = False,
        channel: Channel = Channel.HALL_PAD,
    ) -> Granted | Refusal:
        """Ask for a rating. The same case and step while it is open is the same invitation; once
        it is rated it is refused, unless `again` asks for one more, which is recorded.
        """
        current = self.session.invitation
        if (
            current is not None
            and same_service(current.service, service)
            and self.session.standing(current.id) == "open"
        ):
            refusal = await self._durable(self._inviting)
            return refusal or Granted(current.id, created=False)
        before = self.cases.of(service)
        rated = next((known for known in before if self.standing(known) == "rated"), None)
        if rated is not None and not again:
            return Refusal.RATED
        invitation = Invitation(self._new_id(), source, service, clerk, rated, channel)
        outcome = self.apply_event(Invite(invitation))
        if isinstance(outcome, Refusal):
            return outcome
        self.cases.note(invitation.id, service)
        self._inviting = outcome
        return await self._durable(outcome) or Granted(invitation.id, created=True)

    async def withdraw(self, invitation: str, reason: str) -> Refusal | None:
        """Take an invitation back."""
        return await self._request(Withdraw(invitation, reason))

    async def pause(self, by: str) -> Refusal | None:
        """Close the window."""
        return await self._request(Pause(by))

    async def resume(self, by: str) -> Refusal | None:
        """Open the window."""
        return await self._request(Resume(by))

    def standing(self, invitation: str) -> Standing | None:
        """What became of an invitation; None for one that the pad does not remember."""
        return self.session.standing(invitation)

    def window(self) -> WindowStatus:
        """What a clerk may know of the window now."""
        invitation = self.session.invitation
        return WindowStatus(
            window=self.session.window,
            state=self.session.clerk_state,
            invitation=invitation.id if invitation is not None else None,
            fault=self.faults.blocking.code if self.faults.blocking else None,
            open=self._open_invitation(),
        )

    def day(self) -> DayStatus:
        """How many were invited today, and the newest cases."""
        return self.window_day.status(self.clock.at(), is_ready=self.session.clerk_state == "ready")

    async def wait_until_durable(self, timeout_s: float, /) -> bool:
        """Wait until no entry is on its way to the card; False when that takes longer."""
        return await self.commits.wait_until_durable(timeout_s)

    # --- inside -----------------------------------------------------------------------------

    def _open_invitation(self) -> OpenInvitation | None:
        invitation = self.session.invitation
        if invitation is None or self.session.standing(invitation.id) != "open":
            return None
        now, service = self.clock.at(), invitation.service
        return OpenInvitation(
            service.case,
            service.matter,
            service.step,
            invitation.clerk,
            self.window_day.invited_ms(invitation.id),
            -(-self.session.open_left_ms(now.mono) // 1000),
        )

    async def _request(self, event: Event) -> Refusal | None:
        outcome = self.apply_event(event)
        return outcome if isinstance(outcome, Refusal) else await self._durable(outcome)

    async def _durable(self, commits: list[asyncio.Future[Entry]]) -> Refusal | None:
        """Wait for entries to be durable; the card's refusal when it takes too long."""
        if commits:
            _, waiting = await asyncio.wait(commits, timeout=COMMIT_WAIT_S)
            if waiting:
                return Refusal.FAULT
        return None

    def _at(self, event: Event) -> At:
        if isinstance(event, Press):
            return self.clock.at_mono(event.mono_ms)
        return self.clock.at()

    def _session_committed(self, commit: "asyncio.Future[Entry]") -> None:
        if _is_durable(commit):
            self.apply_event(Stored())  # thanks first, then whoever wants to send the entry
        self._committed(commit)

    def _committed(self, commit: "asyncio.Future[Entry]") -> None:
        if _is_durable(commit):
            for observer in self._commit_observers:
                observer()

    def _present(self, show: Show) -> None:
        self.scene = show
        if self._identifying is None:
            self._show(show.scene, show.code)

    def _identified(self) -> None:
        self._identifying = None
        self._show(self.scene.scene, self.scene.code)

    def _arm(self, after_ms: int | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if after_ms is not None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(after_ms / 1000, self._tick)

    def _tick(self) -> None:
        self._deadline = None
        self.apply_event(Tick())

    def _key_repeats(self, effect: KeyRepeats) -> None:
        change = frozenset((effect.key,))
        self._repeating = self._repeating | change if effect.on else self._repeating - change
        self._set_apart(self._repeating)
        self.driver_fault(FaultReport(PadCode.KEY_REPEATS, effect.on, effect.key))

    def _arm_key_check(self, after_ms: int) -> None:
        if self._key_check is not None:
            self._key_check.cancel()
        loop = asyncio.get_running_loop()
        self._key_check = loop.call_later(after_ms / 1000, self.apply_event, KeyCheck())


def _is_durable(commit: "asyncio.Future[Entry]") -> bool:
    return not commit.cancelled() and commit.exception() is None
