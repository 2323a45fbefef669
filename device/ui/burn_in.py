"""Protects an OLED that shows the same for hours from burn-in. Pure.

An OLED's pixels lose brightness by the hours that they are lit. So the standby screen is moved over
the display in small steps, its parts change places, and it is dimmed after a time without a
citizen.
"""

STEP_MS = 60_000
"""One step of one pixel a minute: nobody notices it, and it costs one picture on the bus."""

TURN_STEPS = 20
"""The parts of a screen change places after so many steps."""

DIM_SHARE = 0.15
"""Share of the full contrast; readable from the chair at the window, even by day."""


def place(step: int, free: tuple[int, int]) -> tuple[int, int]:
    """Where content stands at `step` if it has `free` pixels of room across and down.

    It moves down and up by one pixel a step, and one pixel to the side at each end, so that it is
    equally long at every place.
    """
    return _to_and_fro(step // (free[1] + 1), free[0]), _to_and_fro(step, free[1])


def turned(step: int) -> bool:
    """Whether the parts have changed places at this step."""
    return step // TURN_STEPS % 2 == 1


def leaning(step: int) -> float:
    """How short rows are aligned with long ones: 0 is left, 0.5 centred, 1 right."""
    return (0.0, 0.5, 1.0)[step // (2 * TURN_STEPS) % 3]


ARRANGEMENTS = tuple(range(0, 6 * TURN_STEPS, TURN_STEPS))
"""One step for each arrangement of places and alignment."""


def brightness(rest_s: float, *, dim_min: int, sleep_min: int) -> float:
    """The brightness, 0 to 1, after `rest_s` seconds of the same scene; 0 minutes mean never."""
    if sleep_min and rest_s >= 60 * sleep_min:
        return 0.0
    if dim_min and rest_s >= 60 * dim_min:
        return DIM_SHARE
    return 1.0


def _to_and_fro(step: int, free: int) -> int:
    """0, 1, … free, free, … 1, 0, 0, 1 …: each value equally often."""
    phase = step % (2 * free + 2)
    return min(phase, 2 * free + 1 - phase)
