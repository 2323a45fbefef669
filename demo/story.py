"""`python -m demo.story --seed 7`: the demo's story without a browser, in less than 30 s.

Three pads, one province. Citizens rate, correct a press, press without an invitation, walk away; a
cable is pulled, the power is cut in the middle of presses, a pad boots in 1970, the broker and the
receiver are killed. Then both ends verify their chains, and one line has the counts. Its words are
defined in `delivery_count.py`: *pressed* counts the invitations whose press the pad thanked for or
committed, *lost* is thanked but not stored, *doubled* is stored with more than one counted rating.
A citizen whose press was cut off before the commit saw no thanks and presses again.

The seed decides who does what. The exact moment of a power cut is real time and differs in each
run.
"""

import argparse
import asyncio
import random
import time
import unicodedata
from collections.abc import Awaitable, Callable, Sequence

from demo.control_client import ControlError
from demo.delivery_count import DeliveryCount
from demo.desk_client import DeskRefusalError
from demo.processes import StageError
from demo.stage import Stage
from demo.staged_pad import StagedPad, Timings, Visit
from sync.entries import Level

TIMINGS = Timings(
    invitation_s=4,
    grace_s=1,
    thanks_s=1,
    reconnect_max_s=1.0,
    probe_s=0.5,
    health_s=2.0,
    keepalive_s=5,
)
AT_MOST_S = 60.0
"""The story takes about 20 s; on a slow machine it ends after this time."""
ATTENTION_S = 10.0
COLUMN_CELLS = 46
"""A Chinese character takes two cells of a terminal."""
LEVELS = tuple(level.value for level in Level)
WEIGHTS = (50, 25, 12, 8, 5)


class StoryError(RuntimeError):
    """Something that the story waits for did not happen."""


class StoryRunner:
    """Runs the story on one stage.

    `chosen`: what citizens pressed, (invitation, whether it was a correction) → level.
    """

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage = stage
        self.dice = random.Random(seed)
        self.began = time.monotonic()
        self.chosen: dict[tuple[str, bool], str] = {}
        self.cut_short = 0

    def say(self, zh: str, en: str) -> None:
        """Print one line: seconds since the start, Chinese, English."""
        cells = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in zh)
        gap = " " * max(2, COLUMN_CELLS - cells)
        print(f"{time.monotonic() - self.began:5.1f} s  {zh}{gap}{en}", flush=True)

    # --- what people do -------------------------------------------------------------------------

    async def invite(self, pad: StagedPad) -> Visit:
        """The clerk asks, and the display shows the invitation."""
        await self._until(lambda: pad.scene == "standby", f"{pad.name} is at rest")
        visit = await pad.invite(f"22{pad.window.zfill(3)}{len(pad.visits) + 1:04}")
        await self._until(lambda: pad.scene == "invitation", f"{pad.name} asks")
        return visit

    async def rate(self, pad: StagedPad, *, again: bool = False) -> None:
        """One rating; `again`: the citizen corrects it inside the grace time."""
        visit, level = await self.invite(pad), self._level()
        await self._press_until_thanked(pad, visit, level)
        self.chosen[visit.id, False] = level
        if again:
            self.chosen[visit.id, True] = self._level()
            await pad.press(self.chosen[visit.id, True])
        await self._until(lambda: visit.standing == "rated", f"{pad.name} tells its clerk")

    async def rate_through_a_power_cut(self, pad: StagedPad) -> None:
        """A press, and a power cut around the commit; the clerk does what the desk then says."""
        visit, level = await self.invite(pad), self._level()
        await pad.control.press(level)
        await asyncio.sleep(self.dice.uniform(0.0, 0.07))
        await pad.power_off()
        thanked = visit.id in pad.thanked
        await pad.power_on()
        await self._until(lambda: visit.standing != "open", f"{pad.name} remembers")
        if visit.standing == "rated":
            self.chosen[visit.id, False] = level
            return
        if thanked:
            raise StoryError(f"{pad.name} thanked for {visit.id} and forgot it")
        self.cut_short += 1
        await self.rate(pad)

    async def lapse(self, pad: StagedPad) -> None:
        """The citizen walks away: unrated, never a level."""
        visit = await self.invite(pad)
        await self._until(lambda: visit.standing == "unrated", f"{pad.name} gives up")

    async def stray(self, pad: StagedPad) -> None:
        """A press without an invitation."""
        await self._until(lambda: pad.scene == "standby", f"{pad.name} is at rest")
        await pad.press(self._level())

    async def two_keys(self, pad: StagedPad) -> None:
        """Two keys at once are no level; the citizen then presses one."""
        visit, level = await self.invite(pad), self._level()
        await pad.press(LEVELS[0], LEVELS[4])
        await self._press_until_thanked(pad, visit, level)
        self.chosen[visit.id, False] = level

    async def _press_until_thanked(self, pad: StagedPad, visit: Visit, level: str) -> None:
        await pad.press(level)
        await self._until(lambda: visit.id in pad.thanked_by_screen, f"{pad.name} thanks")

    def _level(self) -> str:
        return self.dice.choices(LEVELS, WEIGHTS)[0]

    async def _until(self, fact: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + ATTENTION_S
        while not fact():
            if self.stage.watching_failed:
                raise StoryError("the stage sees nothing any more")
            if time.monotonic() > deadline:
                raise StoryError(f"waited {ATTENTION_S:g} s in vain: {what}")
            await asyncio.sleep(0.02)

    # --- chapters -------------------------------------------------------------------------------

    async def an_ordinary_day(self, pad: StagedPad) -> None:
        """A few ratings, one correction, one stray."""
        await self.rate(pad)
        await self.stray(pad)
        await self.rate(pad, again=True)

    async def no_network(self, pad: StagedPad) -> None:
        """A pulled cable, and the power too."""
        pad.cable.pull()
        self.say(f"窗口 {pad.window} 网线被拔", f"window {pad.window} loses its network cable")
        await self.rate(pad)
        await self.rate_through_a_power_cut(pad)
        await self.rate(pad, again=True)
        pad.cable.plug()
        self.say(f"窗口 {pad.window} 网线插回", f"window {pad.window} is plugged in again")

    async def bad_power(self, pad: StagedPad) -> None:
        """Power cuts in the middle of presses, one after the other."""
        for _ in range(4):
            await self.rate_through_a_power_cut(pad)
        self.say(
            f"窗口 {pad.window} 按键途中断电 4 次", f"window {pad.window} lost power in 4 presses"
        )

    async def in_1970(self, pad: StagedPad) -> None:
        """A walk-away, two keys at once, and a boot that does not know the time."""
        await self.lapse(pad)
        self.say(f"窗口 {pad.window} 有人没评就走了", f"window {pad.window}: one walked away")
        await pad.lose_time()
        self.say(f"窗口 {pad.window} 重启，以为是 1970 年", f"window {pad.window} boots in 1970")
        await self.two_keys(pad)
        await self.rate(pad)
        await pad.find_time()
        self.say(
            f"窗口 {pad.window} 找到了时间服务器", f"window {pad.window} finds the time server"
        )

    async def bad_luck_at_the_province(self) -> None:
        """The broker dies and comes back, then the receiver."""
        await asyncio.sleep(self.dice.uniform(2.0, 3.0))
        await self.stage.broker.kill()
        self.say("消息服务器被杀", "the broker is killed")
        await asyncio.sleep(1.0)
        await self.stage.broker.start()
        await self.stage.broker_ready()
        self.say("消息服务器回来了", "the broker is back")
        await asyncio.sleep(self.dice.uniform(1.5, 2.5))
        await self.stage.receiver.kill()
        self.say("省级系统接收程序被杀", "the receiver is killed")
        await asyncio.sleep(1.0)
        await self.stage.receiver.start()
        self.say("省级系统接收程序回来了", "the receiver is back")

    async def run(self) -> list[str]:
        """The whole story; returns what went wrong. Raises StoryError when it cannot go on."""
        first, second, third = list(self.stage.pads.values())[:3]
        self.say("三台评价器、一个省级系统已就绪", "three pads and a province are ready")
        await _together(*(self.an_ordinary_day(pad) for pad in (first, second, third)))
        self.say(
            "平常的一天：评价、改按、无效按键", "an ordinary day: ratings, second thoughts, strays"
        )
        await _together(
            self.no_network(first),
            self.bad_power(second),
            self.in_1970(third),
            self.bad_luck_at_the_province(),
        )
        await self._until(self._arrived, "everything has arrived")
        self.say("积压全部送达", "every backlog has arrived")
        await self._until(self._dated, "the ratings of 1970 have got their dates")
        return await self._prove()

    def _arrived(self) -> bool:
        heads = self.stage.province.heads
        pages = [pad.page for pad in self.stage.pads.values()]
        return self.stage.delivery_count().settled and all(
            page is not None and heads.get(page.id) == page.seq for page in pages
        )

    def _dated(self) -> bool:
        return all(row.utc is not None for row in self.stage.province.ratings)

    async def _prove(self) -> list[str]:
        province = self.stage.province
        wrong = [
            f"{row.case} of {row.pad}: stored as {row.level}, which nobody chose"
            for row in province.ratings
            if row.standing == "rated"
            and self.chosen.get((row.invitation, bool(row.again))) != row.level
        ]
        dated = sum(row.dated_by == "anchor" for row in province.ratings)
        unrated = province.standings.get("unrated", 0)
        by_clerk = sum(len(pad.thanked_by_clerk) for pad in self.stage.pads.values())
        self.say(f"1970 年的评价已补算时间：{dated} 次", f"{dated} ratings of 1970 got their dates")
        self.say(f"无效按键 {province.strays} 次，不计入", f"{province.strays} strays, not counted")
        self.say(f"没评就走 {unrated} 次，不计入", f"{unrated} walked away, not counted")
        self.say(
            f"存盘前断电 {self.cut_short} 次，都没致谢，都重评了",
            f"{self.cut_short} presses cut before the commit: not thanked, made again",
        )
        self.say(
            f"存盘后断电 {by_clerk} 次，来电后由窗口工作人员转达致谢",
            f"{by_clerk} cut after the commit: thanked by the clerk, whom the pad told",
        )
        for verdict in await self.stage.verify():
            who = "省级系统" if verdict.who == "province" else verdict.who
            sign = "完整" if verdict.ok else "有问题"
            self.say(f"核验 {who}：{sign}", verdict.says.splitlines()[-1].strip())
            if not verdict.ok:
                wrong.append(f"verify {verdict.who}: {verdict.says}")
        return wrong


async def _together(*steps: Awaitable[None]) -> None:
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(_alone(step))


async def _alone(step: Awaitable[None]) -> None:
    await step


async def run_story(seed: int, pads: int = 3) -> int:
    """Run it; 0 when no rating was lost or doubled. Raises StageError when the stage does not
    start."""
    async with Stage(max(3, pads), TIMINGS) as stage:
        runner = StoryRunner(stage, seed)
        try:
            async with asyncio.timeout(AT_MOST_S):
                wrong = await runner.run()
        except* (StoryError, TimeoutError, DeskRefusalError, ControlError, StageError) as stuck:
            wrong = [str(error) or "the story took too long" for error in stuck.exceptions]
        await stage.refresh()
        counts = stage.delivery_count()
    for line in wrong:
        print(f"  ✗ {line}")
    print(counts.line(), flush=True)
    return exit_code(counts, wrong)


def exit_code(counts: DeliveryCount, wrong: Sequence[str]) -> int:
    """0 when something was stored, all of it settled, and nothing else was wrong."""
    return 0 if counts.settled and counts.stored and not wrong else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the story; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo.story", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="who does what (default 7)")
    return asyncio.run(run_story(parser.parse_args(arguments).seed))


if __name__ == "__main__":
    raise SystemExit(main())
