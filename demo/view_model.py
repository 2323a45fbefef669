"""A stage as the page shows it. Remembers what has been tried, to give the next hint."""

import asyncio
from datetime import date
from typing import Any

import msgspec

from demo.hints import Situation, next_hint
from demo.stage import Stage, StageVerdict
from demo.staged_pad import StagedPad
from device.ui.words import load

WORDS = load(("zh", "en"))


class Tried(msgspec.Struct):
    """What the visitor has already tried at one pad."""

    pulled: bool = False
    cut_while_waiting: bool = False
    lost_time: bool = False
    rated_in_1970: bool = False


class ViewModel:
    """Turns a stage into the JSON of the page, and wakes the requests that wait for a change."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.closing = False
        self._tried: dict[str, Tried] = {}
        self._verdicts: list[StageVerdict] | None = None
        self._verifying = False
        self._verified = False
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
            self._verdicts = await self.stage.verify()
            self._verified = True
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
        return {
            "counts": counts._asdict(),
            "settled": counts.settled,
            "kept": counts.kept,
            "pads": [self._pad(pad) for pad in stage.pads.values()],
            "province": stage.province,
            "verify": {"running": self._verifying, "verdicts": self._verdicts},
        }

    def pictures(self) -> dict[str, bytes]:
        """What every OLED shows: 1024 bytes, row by row, one bit a pixel."""
        return {name: pad.picture for name, pad in self.stage.pads.items()} if self.stage else {}

    def _pad(self, pad: StagedPad) -> dict[str, Any]:
        page = pad.page
        received = self.stage.province.heads.get(page.id, 0) if self.stage and page else 0
        backlog = max(0, page.seq - received) if page else 0
        situation = self._situation(pad)
        return {
            "id": pad.name,
            "window": pad.window,
            "power": pad.power,
            "ready": pad.ready,
            "cable": pad.cable.plugged,
            "time_server": pad.time_server,
            "window_state": pad.window_state,
            "scene": pad.scene,
            "lit": pad.lit,
            "beeps": pad.beeps,
            "touch": pad.touch_url,
            "says": [words.spoken()[pad.prompt] for words in WORDS] if pad.prompt else None,
            "open": situation.open_invitation,
            "next_case": next_case(len(pad.visits) + 1, pad.window),
            "visits": [{"case": v.case, "standing": v.standing} for v in pad.visits[-6:]][::-1],
            "ledger": page and {
                "id": page.id,
                "seq": page.seq,
                "digest": page.digest,
                "delivered": received,
                "backlog": backlog,
                "entries": page.entries,
            },
            "hint": next_hint(situation),
        }  # fmt: skip

    def _situation(self, pad: StagedPad) -> Situation:
        tried = self._tried.setdefault(pad.name, Tried())
        waiting = 0
        if self.stage is not None:
            stored = self.stage.delivery_count_of(pad)
            waiting = stored.waiting
        tried.pulled |= not pad.cable.plugged
        tried.cut_while_waiting |= not pad.power and waiting > 0
        tried.lost_time |= not pad.time_server
        tried.rated_in_1970 |= any(
            entry.kind == "rated" and entry.utc is None
            for entry in (pad.page.entries if pad.page else ())
        )
        return Situation(
            power=pad.power,
            starting=pad.power and not pad.ready,
            cable=pad.cable.plugged,
            time_server=pad.time_server,
            open_invitation=bool(pad.visits) and pad.visits[-1].standing == "open",
            thanking=pad.window_state == "busy",
            thanked=len(pad.thanked),
            waiting=waiting,
            strays=sum(e.kind == "strayed" for e in (pad.page.entries if pad.page else ())),
            pulled=tried.pulled,
            cut_while_waiting=tried.cut_while_waiting,
            lost_time=tried.lost_time,
            rated_in_1970=tried.rated_in_1970,
            verified=self._verified,
        )


def next_case(number: int, window: str) -> str:
    """A case number (办件编号) that looks like one: province, date, window, serial."""
    return f"22{date.today():%Y%m%d}{window.zfill(3)}{number:04}"
