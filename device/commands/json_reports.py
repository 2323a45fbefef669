"""What the commands of `ratingpad` print with `--json`, as types. `LedgerReport`, of `verify`, is
in `device/ledger_report.py`.

The keys are a promise: none changes its name or meaning, new ones may come. `make schema` writes
them to docs/contract/. Imported by a command that prints one, and by no other.
"""

import msgspec

from sync.error_report import ErrorReport


class CheckReport(msgspec.Struct, frozen=True):
    """What `ratingpad check --json` prints. `pad` and `board` are "" where the file cannot be
    read as a configuration.
    """

    file: str
    in_order: bool
    pad: str
    board: str
    problems: list[ErrorReport]


class WireReport(msgspec.Struct, frozen=True):
    """A wire. `line`: such as GPIO5, "" for power; `note`: what sits between."""

    part: str
    wire: str
    pin: int
    line: str
    note: str


class WiringReport(msgspec.Struct, frozen=True):
    """What `ratingpad wiring --json` prints."""

    board: str
    title: str
    wires: list[WireReport]


class StepReport(msgspec.Struct, frozen=True):
    """The result of a step: passed, FAILED or skipped. `code`: its fault, "" for none."""

    about: str
    outcome: str
    says: str
    code: str


class SelftestReport(msgspec.Struct, frozen=True):
    """What `ratingpad selftest --json` prints when it is over."""

    passed: bool
    pad: str
    window: str
    hall: str
    board: str
    machine: str
    versions: str
    date: str
    steps: list[StepReport]
