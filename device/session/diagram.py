"""Draws `docs/session.md` from the session's table.

`python -m device.session.diagram > docs/session.md`; a test compares.
"""

import sys

from device.events import Event
from device.session import actions
from device.session.actions import Action
from device.session.guards import Guard
from device.session.states import SessionState
from device.session.transitions import ROWS, TABLE, Transition

_DRAWN_LOOPS = (actions.correct, actions.show_saving)

_HEAD = """# The rating session

Drawn from `device/session/transitions.py` by `python -m device.session.diagram > docs/session.md`;
a test compares. The theory of operation is at the top of `device/session/session.py`.

The arrows are what moves a session. What leaves it where it stands (recorded for later, ignored,
strayed or refused) is in the tables below: every state has an answer to every event. A fault closes
the window from every state; only the arrow that ends an invitation is drawn.
"""


def diagram() -> str:
    """The state diagram in Mermaid's language."""
    lines = ["stateDiagram-v2", "    [*] --> idle", "    [*] --> unbound", "    [*] --> paused"]
    for row in TABLE:
        stays = row.to == (row.state,) and row.action not in _DRAWN_LOOPS
        if stays or row.action is actions.block:
            continue
        label = f"{_event(row.event)}{_guard(row)} / {words_of(row.action)}"
        lines += [f"    {row.state.value} --> {to.value}: {label}" for to in row.to]
    return "\n".join(lines)


def document() -> str:
    """The whole of `docs/session.md`."""
    lines = [_HEAD, "```mermaid", diagram(), "```", ""]
    for state in SessionState:
        lines += [
            f"## {state.value}",
            "",
            "| event | if | what happens | then |",
            "|---|---|---|---|",
        ]
        for event in Event.__args__:
            lines += [
                f"| {_event(event)} | {words_of(row.guard) if row.guard else ''} "
                f"| {words_of(row.action)} "
                f"| {', '.join(to.value for to in row.to)} |"
                for row in ROWS[state, event]
            ]
        lines.append("")
    return "\n".join(lines)


def _event(event: type[Event]) -> str:
    return event.__name__.lower()


def _guard(row: Transition) -> str:
    return f" [{words_of(row.guard)}]" if row.guard else ""


def words_of(function: Action | Guard) -> str:
    """The first line of a docstring as part of a sentence: "Record rated." is "record rated"."""
    first_line = (function.__doc__ or "").partition("\n")[0].rstrip(".")
    return first_line[:1].lower() + first_line[1:]


if __name__ == "__main__":
    sys.stdout.write(document())
