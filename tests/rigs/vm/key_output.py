"""What a driver inside a machine tells (`tell_keys.py`), as it is read outside."""

import json
from typing import Any

from tests.rigs.vm.channel import Command


def told(said: str) -> list[dict[str, Any]]:
    """What the driver inside has told, among its log."""
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def wait_for(keys: Command, count: int, timeout_s: float) -> dict[str, Any]:
    """The newest thing told, once there are so many."""
    keys.wait_until(lambda said: len(told(said)) >= count, timeout_s, f"{count} things told")
    assert len(told(keys.output)) == count
    return told(keys.output)[-1]
