"""A part that cannot be started is a fault, is tried again, and is over by itself."""

import asyncio
import errno
from collections.abc import Callable

import pytest

from device.errors import ConfigError, PadCode
from device.ports import FaultReport
from device.retried_start import ATTEMPT_S, LONGEST_RETRY_S, RetriedStart
from tests.rigs.time.virtual_time import now_ms, pass_s, run


class Part:
    """A part whose next attempts fail with these errors, then succeed."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.tried_ms: list[int] = []
        self.reports: list[FaultReport] = []
        self.started = RetriedStart("[desk]", PadCode.DESK_CLOSED, self.start, self.reports.append)

    async def start(self) -> None:
        self.tried_ms.append(now_ms())
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error


def test_a_part_that_starts_is_no_fault() -> None:
    async def story() -> None:
        part = Part()
        assert await part.started.start()
        await pass_s(600)
        assert (part.reports, part.tried_ms) == ([], [0])

    run(story())


def test_it_is_tried_again_ever_more_seldom_until_it_starts() -> None:
    async def story() -> None:
        part = Part(*[ConfigError("port 8600 is taken")] * 9)
        assert not await part.started.start()
        await pass_s(1000)
        waits = [b - a for a, b in zip(part.tried_ms, part.tried_ms[1:], strict=False)]
        assert waits == [2000, 4000, 8000, 16000, 32000, *[LONGEST_RETRY_S * 1000] * 4]
        gone = FaultReport(PadCode.DESK_CLOSED, True, "port 8600 is taken")
        assert part.reports == [gone, gone._replace(broken=False)]

    run(story())


def test_another_reason_takes_the_place_of_the_first() -> None:
    async def story() -> None:
        denied = PermissionError(errno.EACCES, "Permission denied", "/dev/null")
        part = Part(ConfigError("taken"), denied, ValueError("too short"))
        await part.started.start()
        await pass_s(60)
        said = [(report.broken, report.detail) for report in part.reports]
        assert said[0] == (True, "taken")
        assert said[1] == (False, "taken")
        assert said[2][1].startswith("[desk]: Permission denied: /dev/null; /dev/null belongs to")
        assert said[4:] == [(True, "[desk]: too short"), (False, "[desk]: too short")]

    run(story())


def test_an_attempt_that_does_not_answer_has_failed() -> None:
    async def story() -> None:
        reports: list[FaultReport] = []

        async def hang() -> None:
            await asyncio.Event().wait()

        started = RetriedStart("[desk]", PadCode.DESK_CLOSED, hang, reports.append)
        assert not await started.start()
        assert now_ms() == ATTEMPT_S * 1000
        assert [report.detail for report in reports] == ["[desk]: no answer within 10 s"]
        await started.stop()
        await started.stop()

    run(story())


def test_after_stop_it_is_not_tried_again() -> None:
    async def story() -> None:
        part = Part(*[ConfigError("taken")] * 9)
        await part.started.start()
        await part.started.stop()
        await pass_s(600)
        assert part.tried_ms == [0]

    run(story())


@pytest.mark.parametrize("make", [ZeroDivisionError, KeyError])
def test_a_mistake_in_the_program_is_raised(make: Callable[[], Exception]) -> None:
    async def story() -> None:
        with pytest.raises(make):  # type: ignore[call-overload]  # a class of exceptions
            await Part(make()).started.start()

    run(story())
