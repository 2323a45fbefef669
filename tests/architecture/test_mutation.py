"""`make mutants` on a module of its own: what its tests notice, what they miss, what is argued."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.mutation.mutants import enumerations, mutants
from tests.rigs.mutation.mutation_run import (
    EQUIVALENT,
    chosen_modules,
    pure_modules,
    read_equivalents,
)
from tests.rigs.source import source_tree

MODULE = '''"""Which seats are free. Pure."""

import enum


class Seat(enum.Enum):
    FREE = 1
    TAKEN = 2


LIMIT = 3


def may_enter(count: int, seat: Seat) -> bool:
    """Whether another may enter."""
    return count < LIMIT and seat is Seat.FREE


class Door:
    """A door."""

    def __init__(self) -> None:
        self.opened = 0

    @property
    def is_used(self) -> bool:
        return self.opened > 0

    def open(self) -> None:
        self.opened += 1

    def wait(self) -> int:
        n = 0
        while n < 5:
            n += 1
        return n


def _row(seats: int) -> int:
    return seats * 10


ROWS = (_row(7),)
'''

TESTS = """from device.seats import ROWS, Door, Seat, may_enter


def test_a_free_seat():
    assert may_enter(0, Seat.FREE)
    assert not may_enter(5, Seat.FREE)
    assert not may_enter(0, Seat.TAKEN)


def test_a_door():
    door = Door()
    assert not door.is_used
    door.open()
    assert door.is_used
    assert door.wait() == 5


def test_a_table_that_a_function_makes_while_the_module_loads():
    assert ROWS == (70,)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in (("device/seats.py", MODULE), ("tests/device/test_seats.py", TESTS)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "setup.cfg").write_text(
        "[tool:pytest]\naddopts = --import-mode=importlib\npythonpath = .\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def test_a_planted_gap_is_reported_with_what_else_is_not_noticed_and_the_checkout_is_not_changed(
    checkout: Path,
) -> None:
    told = checkout / "told.json"
    command = [sys.executable, "-m", "tests.rigs.mutation.mutation_run", "device.seats"]
    done = subprocess.run(
        [*command, "--json", str(told)],
        cwd=checkout,
        env={"PYTHONPATH": str(source_tree.ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    outcomes = json.loads(told.read_text())
    missed = {
        (row["line"], f"{row['before']} -> {row['after']}")
        for row in outcomes
        if row["outcome"] == "unnoticed"
    }
    assert missed == {
        (8, "2 -> 3"),
        (11, "3 -> 4"),
        (11, "3 -> 2"),
        (16, "count < LIMIT -> count <= LIMIT"),  # the planted one
        (30, "1 -> 2"),
        (33, "0 -> 1"),
    }
    assert any(row["outcome"] == "timed out" for row in outcomes)  # a loop without an end
    assert "| device.seats |" in done.stdout
    assert (checkout / "device" / "seats.py").read_text() == MODULE


def test_what_an_earlier_run_found_is_not_run_again_and_what_it_missed_is(checkout: Path) -> None:
    kept = checkout / "kept"
    judge_seats(checkout, kept)
    before = kept.read_text().splitlines()
    assert len(before) == len(dict.fromkeys(before))
    kept.write_text("\n".join(before) + "\n" + before[0][:20])  # the last run was killed
    (checkout / "tests/device/test_seats.py").write_text(
        "from device.seats import Seat, may_enter\n\n"
        "def test_a_limit():\n    assert not may_enter(3, Seat.FREE)\n"
    )
    told = judge_seats(checkout, kept)
    assert "count < LIMIT -> count <= LIMIT" in {
        f"{row['before']} -> {row['after']}" for row in told if row["outcome"] == "found"
    }
    assert len(kept.read_text().splitlines()) > len(before)


def judge_seats(checkout: Path, kept: Path) -> list[dict[str, str]]:
    told = checkout / "told.json"
    command = [sys.executable, "-m", "tests.rigs.mutation.mutation_run", "device.seats"]
    subprocess.run(
        [*command, "--keep", str(kept), "--json", str(told)],
        cwd=checkout,
        env={"PYTHONPATH": str(source_tree.ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    rows: list[dict[str, str]] = json.loads(told.read_text())
    return rows


def test_a_sample_of_each_module_is_the_same_with_other_modules_beside_it(checkout: Path) -> None:
    command = [sys.executable, "-m", "tests.rigs.mutation.mutation_run", "--list", "--each", "3"]
    (checkout / "device/doors.py").write_text(MODULE)
    lists = [
        subprocess.run(
            [*command, "--seed", seed, *modules],
            cwd=checkout,
            env={"PYTHONPATH": str(source_tree.ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for seed, modules in (
            ("10", ["device.seats"]),
            ("10", ["device.doors", "device.seats"]),
            ("11", ["device.seats"]),
        )
    ]
    assert len(lists[0]) == 3
    assert lists[1][3:] == lists[0]
    assert lists[2] != lists[0]


def changes(source: str, *members: str) -> set[str]:
    found = mutants(source, {"Level": list(members)})
    for mutant in found:
        ast.parse(mutant.source)
    return {f"{mutant.before} -> {mutant.after}" for mutant in found}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a < b", {"a < b -> a <= b", "a < b -> a >= b"}),
        ("a is None", {"a is None -> a is not None"}),
        ("a and b", {"a and b -> a or b", "a and b -> a", "a and b -> b"}),
        ("not a", {"not a -> a"}),
        ("x = True", {"True -> False"}),
        ("x = 7", {"7 -> 8", "7 -> 6"}),
        ('x.execute("ROLLBACK")', {"'ROLLBACK'", "left out"}),
        ("x = Level.ONE", {"Level.ONE -> Level.TWO"}),
        ("x = a + b", {"a + b -> a - b"}),
        ("x += b", {"x += b -> x -= b"}),
        ("x = a if b else c", {"a if b else c -> a if not b else c"}),
        ("def f(n=3):\n    return n", {"3 -> 4", "3 -> 2", "return n -> return None"}),
        ("x: Annotated[int, Meta(ge=5)]", {"5 -> 6", "5 -> 4"}),
    ],
)
def test_one_place_is_changed_at_a_time(source: str, wanted: set[str]) -> None:
    found = changes(source, "ONE", "TWO")
    if "ROLLBACK" in source:
        assert found == {"\"ROLLBACK\" -> '?ROLLBACK'", 'x.execute("ROLLBACK") -> pass'}
        return
    assert found - {f"{source} -> pass"} == wanted


@pytest.mark.parametrize(
    "source",
    [
        '"""Words."""',
        "import a",
        "x: int | None",
        "X = int | None",
        'def f(a: "int" = b) -> "str": ...',
        "if TYPE_CHECKING:\n    x = 1",
        '__all__ = ["a"]',
        'log.warning("%s", a)',
        'x = f"{a} of 3"',
        "@decorated(3)\nclass A(B, tag=3): ...",
    ],
)
def test_what_no_test_can_see_is_left_alone(source: str) -> None:
    assert changes(source) == set()


def test_a_change_names_the_outermost_function_that_it_is_in() -> None:
    source = "A = 1\nclass C:\n    def f(self, n=2):\n        return lambda: 3\n"
    assert [(one.line, one.function) for one in mutants(source, {}) if one.kind == "number"] == [
        (1, ""),
        (3, ""),
        (3, ""),
        (4, "C.f"),
        (4, "C.f"),
    ]


def test_enumerations_are_found_with_their_members() -> None:
    assert enumerations({"a": MODULE}) == {"Seat": ["FREE", "TAKEN"]}


def test_by_default_the_pure_modules_and_the_ledger_are_changed() -> None:
    chosen = chosen_modules(source_tree.ROOT, [])
    assert {"device.ledger.salvage", "device.session.guards", "sync.entries"} <= set(chosen)
    assert "device.agent" not in chosen
    assert set(chosen_modules(source_tree.ROOT, ["device.session"])) >= {"device.session.guards"}
    assert set(pure_modules(source_tree.ROOT)) >= {"device.session.guards"}


def test_every_argued_mutant_is_still_there_and_has_a_reason() -> None:
    sources = {
        str(path): (source_tree.ROOT / path).read_text("utf-8")
        for path in source_tree.sources(*source_tree.PACKAGES)
    }
    members = enumerations(sources)
    for (module, line, change), reason in read_equivalents(EQUIVALENT).items():
        source = sources[module.replace(".", "/") + ".py"]
        there = {
            (source.splitlines()[one.line - 1].strip(), f"{one.before} -> {one.after}")
            for one in mutants(source, members)
        }
        assert (line, change) in there, (module, line, change)
        assert len(reason.split()) > 3, (module, line)
