"""What keeps a display that shows the same for hours from burning in. Pure.

An OLED's pixels grow dim by the hours that they are lit. So what stands there at rest goes its way
over the glass, changes its places, and grows dim when nobody has come for a while.
"""

STEP_MS = 60_000
"""One step to the next pixel a minute: nobody sees it, and it costs the bus one picture."""

TURN_STEPS = 20
"""After so many steps what can change places does."""

DIM_SHARE = 0.15
"""Of the full contrast; readable from the chair at the window, even by day."""


def place(step: int, free: tuple[int, int]) -> tuple[int, int]:
    """Where content stands that has `free` pixels of room across and down: it goes down and up by
    single steps, and one to the side at each end, so that it is everywhere equally long.
    """
    return _to_and_fro(step // (free[1] + 1), free[0]), _to_and_fro(step, free[1])


def turned(step: int) -> bool:
    """Whether places are changed at this step."""
    return step // TURN_STEPS % 2 == 1


def leaning(step: int) -> float:
    """Where short rows stand beside long ones: 0 on the left, 1 on the right, or between."""
    return (0.0, 0.5, 1.0)[step // (2 * TURN_STEPS) % 3]


WAYS = tuple(range(0, 6 * TURN_STEPS, TURN_STEPS))
"""A step for each way in which places are changed."""


def brightness(rest_s: float, *, dim_min: int, sleep_min: int) -> float:
    """How bright a scene is that has been there for so long; 0 minutes mean never."""
    if sleep_min and rest_s >= 60 * sleep_min:
        return 0.0
    if dim_min and rest_s >= 60 * dim_min:
        return DIM_SHARE
    return 1.0


def _to_and_fro(step: int, free: int) -> int:
    """0, 1, … free, free, … 1, 0, 0, 1 …: each as often as any other."""
    phase = step % (2 * free + 2)
    return min(phase, 2 * free + 1 - phase)
