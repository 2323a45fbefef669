"""A stage as the page shows it. Remembers what has been seen, to give the next hint."""

import asyncio
import time
from datetime import date
from typing import Any

import msgspec

from demo.db_readers import LedgerPage
from demo.hints import PadFacts, Seen, lessons, look, next_hint
from demo.stage import Stage, StageVerdict
from demo.staged_pad import StagedPad

SHOWN_VISITS = 6


class ViewModel:
    """Turns a stage into the JSON of the page, and wakes the requests that wait for a change."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.closing = False
        self._seen = Seen()
        self._verdicts: list[StageVerdict] | None = None
        self._verified_ms = 0
        self._verifying = False
        self._condition = asyncio.Condition()
        self._version = 0
        self._announcing: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """Something has changed. Call it on the loop; cheap to call often."""
        self._version += 1
        if self._announcing is None or self._announcing.done():
            self._announcing = asyncio.get_running_loop().create_task(self._announce())

    async def _announce(self) -> None:
        async with self._condition:
            self._condition.notify_all()

    async def after(self, version: int) -> int:
        """Wait until there is something newer than `version`; its version."""
        async with self._condition:
            await self._condition.wait_for(lambda: self._version > version or self.closing)
            return self._version

    def close(self) -> None:
        """End: `after` returns to everybody who waits."""
        self.closing = True
        self.changed()

    async def verify(self) -> list[StageVerdict]:
        """Verify both ends; the verdicts are also shown on the page."""
        if self.stage is None:
            return []
        self._verifying = True
        self.changed()
        try:
            began_ms = _now_ms()
            self._verdicts = await self.stage.verify()
            self._verified_ms = began_ms
        finally:
            self._verifying = False
            self.changed()
        return self._verdicts

    def state(self) -> dict[str, Any]:
        """Everything but the pictures, ready for JSON."""
        stage = self.stage
        if stage is None:
            return {"pads": []}
        counts = stage.delivery_count()
        facts = [self._facts(pad, stage) for pad in stage.pads.values()]
        self._seen = look(
            self._seen,
            facts,
            dated=any(row.dated_by == "anchor" for row in stage.province.ratings),
            verified=self._verdicts is not None,
        )
        return {
            "counts": counts._asdict(),
            "pads": [self._pad(pad, stage) for pad in stage.pads.values()],
            "province": stage.province,
            "verify": {
                "running": self._verifying,
                "at_ms": self._verified_ms,
                "verdicts": [_shown(verdict, stage) for verdict in self._verdicts or ()],
            },
            "hint": next_hint(facts, self._seen),
            "lessons": {one.id: one.done(self._seen) for one in lessons(facts)},
        }

    def pictures(self) -> dict[str, bytes]:
        """What every OLED shows: 1024 bytes, row by row, one bit a pixel."""
        return {name: pad.picture for name, pad in self.stage.pads.items()} if self.stage else {}

    def _pad(self, pad: StagedPad, stage: Stage) -> dict[str, Any]:
        page = pad.page
        received = stage.province.heads.get(page.id, 0) if page else 0
        return {
            "id": pad.name,
            "window": pad.window,
            "power": pad.power,
            "ready": pad.ready,
            "cable": pad.cable.plugged,
            "card": pad.card,
            "time_server": pad.time_server,
            "window_state": pad.window_state,
            "scene": pad.scene,
            "lit": pad.lit,
            "beeps": pad.beeps,
            "touch": pad.touch_url,
            "clerk": pad.clerk_url,
            "prompt": pad.prompt,
            "open": pad.is_asking,
            "next_case": next_case(len(pad.visits) + 1, pad.window),
            "visits": [
                {"case": visit.case, "standing": visit.standing}
                for visit in pad.visits[-SHOWN_VISITS:][::-1]
            ],
            "ledger": page and {
                "id": page.id,
                "seq": page.seq,
                "digest": page.digest,
                "delivered": received,
                "backlog": max(0, page.seq - received),
                "entries": page.entries,
            },
        }  # fmt: skip

    def _facts(self, pad: StagedPad, stage: Stage) -> PadFacts:
        page = pad.page
        return PadFacts(
            name=pad.name,
            touch=pad.touch_url is not None,
            power=pad.power,
            starting=pad.power and not pad.ready,
            cable=pad.cable.plugged,
            time_server=pad.time_server,
            card=pad.card,
            paused=pad.window_state == "paused",
            open=pad.is_asking,
            thanking=pad.scene == "thanks",
            held_back=not pad.card and pad.is_asking and pad.scene == "fault",
            thanked=len(pad.thanked),
            waiting=stage.delivery_count_of(pad).waiting,
            strays=page.strays if page else 0,
            undated=bool(page and page.undated),
        )


def _shown(verdict: StageVerdict, stage: Stage) -> dict[str, Any]:
    """A verdict, and how many entries have come since: what it does not speak of."""
    pad = stage.pads.get(verdict.who)
    since = _since(verdict, pad.page) if pad else stage.province.entries - verdict.entries
    return {**msgspec.structs.asdict(verdict), "since": since, "window": pad.window if pad else ""}


def _since(verdict: StageVerdict, page: LedgerPage | None) -> int:
    if page is None:
        return 0
    return page.seq - (verdict.entries if page.id == verdict.ledger else 0)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def next_case(number: int, window: str) -> str:
    """A case number (办件编号) that looks like one: province, date, window, serial."""
    return f"22{date.today():%Y%m%d}{window.zfill(3)}{number:04}"
