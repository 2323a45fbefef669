"""What a running program uses, sampled over time, and whether it stays level.

Read from /proc and from file sizes, so the program is the shipped one and takes no part in it.
"""

from pathlib import Path
from statistics import median

SAMPLES_MIN = 9
"""Fewer samples do not give thirds that a median means anything for."""


def rss_kib(pid: int) -> int:
    """Resident memory of one process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"process {pid} has no memory: it has ended")


def descriptors(pid: int) -> int:
    """How many file descriptors one process has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def threads(pid: int) -> int:
    """How many threads one process has."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def size_bytes(path: Path) -> int:
    """The size of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class Levels:
    """Series of samples by name. A series is level when its last third is no higher than its middle
    third; the first third is warming up.
    """

    def __init__(self) -> None:
        self.series: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        self.series.setdefault(name, []).append(value)

    def rise(self, name: str) -> float:
        """By how much the median of the last third exceeds that of the middle third."""
        values = self.series[name]
        assert len(values) >= SAMPLES_MIN, f"{name}: only {len(values)} samples"
        third = len(values) // 3
        return median(values[-third:]) - median(values[third : 2 * third])

    def table(self) -> str:
        """First, middle, last and highest value of each series."""
        lines = [f"{'series':34} {'first':>10} {'middle':>10} {'last':>10} {'highest':>10}"]
        for name, values in sorted(self.series.items()):
            shown = (values[0], values[len(values) // 2], values[-1], max(values))
            lines.append(f"{name:34} " + " ".join(f"{value:10.0f}" for value in shown))
        return "\n".join(lines)
