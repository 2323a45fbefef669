"""Mistakes in a table: the value that was found, and what is allowed."""

from typing import Annotated

import msgspec
import pytest

from device.config_errors import ConfigErrors, bounds, read_struct


class Table(msgspec.Struct):
    scan_ms: Annotated[int, bounds(1, 20, "a whole number of milliseconds")] = 5
    stuck_s: Annotated[float, bounds(0.5, 86_400, "a number of seconds")] = 15.0


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("scan_ms", 0, "scan_ms = 0: must be a whole number of milliseconds from 1 to 20"),
        ("scan_ms", 21, "scan_ms = 21: must be a whole number of milliseconds from 1 to 20"),
        ("stuck_s", 0.4, "stuck_s = 0.4: must be a number of seconds from 0.5 to 86400"),
    ],
)
def test_a_number_out_of_bounds_is_reported_with_the_bounds(
    key: str, value: float, line: str
) -> None:
    problems = ConfigErrors()
    assert read_struct(Table, {key: value}, problems) is None
    assert problems.lines == [line]


@pytest.mark.parametrize(("key", "value"), [("scan_ms", 1), ("scan_ms", 20), ("stuck_s", 0.5)])
def test_the_bounds_themselves_are_allowed(key: str, value: float) -> None:
    problems = ConfigErrors()
    assert getattr(read_struct(Table, {key: value}, problems), key) == value
    assert problems.lines == []
