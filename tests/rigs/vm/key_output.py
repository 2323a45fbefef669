"""What `print_keys.py` has printed inside a machine, as it is read outside."""

import json
from typing import Any

from tests.rigs.vm.channel import Command


def printed_keys(output: str) -> list[dict[str, Any]]:
    """The presses and faults in its output; its log lines are left out."""
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def wait_for(keys: Command, count: int, timeout_s: float) -> dict[str, Any]:
    """Wait until exactly so many are printed; the newest. Raises AssertionError."""
    keys.wait_until(
        lambda output: len(printed_keys(output)) >= count, timeout_s, f"{count} presses and faults"
    )
    assert len(printed_keys(keys.output)) == count
    return printed_keys(keys.output)[-1]
