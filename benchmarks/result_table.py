"""The table of figures: rows, the medians behind them, and how they are printed."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BEGIN = "<!-- figures: written by `python -m benchmarks --peers --write` -->"
END = "<!-- /figures -->"


@dataclass(frozen=True)
class Reach:
    """What a row is to reach: its ratio at most or at least this."""

    sign: str
    value: float

    def met(self, ratio: float) -> bool:
        """Whether a ratio reaches it."""
        return ratio <= self.value if self.sign == "≤" else ratio >= self.value

    def __str__(self) -> str:
        """As it stands in the table."""
        return f"{self.sign} {number(self.value)}×"


@dataclass(frozen=True)
class Row:
    """One comparison. `ratio` is what `reach` judges; `sense` says which way it was divided."""

    what: str
    ours: str
    against: str
    theirs: str
    ratio: float | None = None
    sense: str = ""
    reach: Reach | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """yes, NO, or nothing when there is nothing to reach."""
        if self.reach is None or self.ratio is None:
            return ""
        return "yes" if self.reach.met(self.ratio) else "**no**"

    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        ratio = "" if self.ratio is None else f"{number(self.ratio)}× {self.sense}".strip()
        reach = "" if self.reach is None else str(self.reach)
        return (self.what, self.ours, self.against, self.theirs, ratio, reach, self.verdict)


HEAD = ("what", "ours", "against", "theirs", "ratio", "reach", "reached")


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def seconds(value: float) -> str:
    """A duration in the unit that fits it."""
    if value < 0.001:
        return f"{number(value * 1e6)} µs"
    return f"{number(value * 1e3)} ms" if value < 1 else f"{number(value)} s"


def rate(per_s: float, unit: str) -> str:
    """How many a second."""
    return f"{per_s:,.0f} {unit}/s"


def median(values: Sequence[float]) -> float:
    """The median. Raises statistics.StatisticsError for none."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile. Raises IndexError for none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def spread(values: Sequence[float]) -> str:
    """Lowest and highest round, three digits each."""
    return f"{number(min(values))} to {number(max(values))}"


def markdown(rows: Sequence[Row]) -> str:
    """The table, with the notes numbered below it."""
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    notes: list[str] = []
    for row in rows:
        what, *rest = row.cells()
        if row.note:
            if row.note not in notes:
                notes.append(row.note)
            what += f" ({notes.index(row.note) + 1})"
        lines.append("| " + " | ".join((what, *rest)) + " |")
    lines += ["", *(f"{place}. {note}" for place, note in enumerate(notes, 1))]
    return "\n".join(lines).rstrip()


def write_between_markers(path: Path, text: str) -> None:
    """Replace what stands between the markers in `path`. Raises ValueError without markers."""
    page = path.read_text(encoding="utf-8")
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no markers {BEGIN} … {END}")
    path.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")
