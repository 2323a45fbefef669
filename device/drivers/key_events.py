"""What the keys' drivers deliver: presses and faults, in one sequence. Pure."""

from collections.abc import Iterable

from device.events import Press
from device.ports import FaultReport, OnFault, OnPress

KeyEvent = Press | FaultReport


def deliver(events: Iterable[KeyEvent], on_press: OnPress, on_fault: OnFault) -> None:
    """Call `on_press` or `on_fault` for each event, in order."""
    for event in events:
        if isinstance(event, Press):
            on_press(event)
        else:
            on_fault(event)
