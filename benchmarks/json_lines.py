"""Talking to a child process in JSON lines."""

import json
import select
from subprocess import Popen
from typing import Any

from benchmarks.scratch import BenchError


def ask(child: "Popen[str]", request: object | None, timeout_s: float = 60.0) -> dict[str, Any]:
    """Send one line (none for None), read one line of answer.

    Raises BenchError when the child ends or does not answer in time. One answer for each request:
    the pipe's buffer must be empty in between for the time-out to hold.
    """
    if child.stdin is None or child.stdout is None:
        raise BenchError("the child has no pipes")
    if request is not None:
        child.stdin.write(json.dumps(request) + "\n")
        child.stdin.flush()
    if not select.select([child.stdout], [], [], timeout_s)[0]:
        raise BenchError(f"no answer within {timeout_s:g} s from {child.args!r}")
    line = child.stdout.readline()
    if not line:
        raise BenchError(f"{child.args!r} ended by itself")
    answer: dict[str, Any] = json.loads(line)
    return answer
