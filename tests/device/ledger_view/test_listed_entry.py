"""What tells a level is withheld, wherever it stands in an entry."""

import msgspec
import pytest

from device.ledger_view.listed_entry import WITHHELD, listed
from sync.entries import KINDS, Level, write_body
from tests.rigs.ledger.told_ledger import ToldClock, bodies

TOLD = {body.__struct_config__.tag: write_body(body) for body in bodies(ToldClock())}
OTHER = {
    body.__struct_config__.tag: write_body(body)
    for body in bodies(ToldClock(), Level.VERY_DISSATISFIED, ("115",), "slow", "very_dissatisfied")
}


def test_the_story_has_every_kind_but_the_first() -> None:
    assert {*TOLD, "opened"} == set(KINDS)


@pytest.mark.parametrize("kind", TOLD)
def test_without_levels_entries_that_differ_by_a_level_are_alike(kind: str) -> None:
    one, other = (listed(1, raw[kind], levels=False) for raw in (TOLD, OTHER))
    assert one.fields == other.fields
    assert one.withheld == tuple(sorted(WITHHELD.get(str(kind), ())))


@pytest.mark.parametrize("kind", TOLD)
def test_with_levels_all_of_it_is_there(kind: str) -> None:
    entry = listed(1, TOLD[kind], levels=True)
    assert (entry.fields, entry.withheld) == (msgspec.json.decode(TOLD[kind]), ())
    differs = listed(1, OTHER[kind], levels=True).fields != entry.fields
    assert differs is (kind in WITHHELD)


def test_of_a_salvaged_entry_what_it_carries_is_shown() -> None:
    entry = listed(40, TOLD["salvaged"], levels=False)
    assert entry.carried is not None
    assert (entry.carried.seq, entry.carried.kind) == (71, "rated")
    assert entry.fields["carried"]["elapsed_ms"] == 300
    assert "level" not in entry.fields["carried"]
    assert entry.itself is entry.carried.body


def test_of_a_newer_kind_the_time_is_shown_and_nothing_else() -> None:
    raw = b'{"at":{"utc":5},"kind":"asked_again","level":"satisfied"}'
    entry = listed(3, raw, levels=False)
    assert (entry.kind, entry.body, entry.utc_ms) == ("asked_again", None, 5)
    assert (set(entry.fields), entry.withheld) == ({"at", "kind"}, ("level",))
    assert listed(3, raw, levels=True).fields["level"] == "satisfied"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"[]",
        b"7",
        b"[" * 100_000,
        b'{"kind":5}',
        b'{"kind":"rated","at":{"utc":"x"}}',
    ],
)
def test_any_bytes_are_an_entry_or_said_to_be_none(raw: bytes) -> None:
    entry = listed(3, raw, levels=False)
    assert entry.body is None
    assert entry.utc_ms is None
    assert entry.boot is None
