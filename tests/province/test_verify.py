"""Every change of a store's contents is found and named. On both backends."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from province.cli import main
from province.store import ProvinceStore
from province.store.tables import batch
from province.verify import BadEntry, verify
from sync.entries import Detailed, Fault, Predecessor, Salvaged, Strayed
from sync.store_port import Told, read_arrival
from tests.rigs.ledger.ledger_builder import (
    NOON_MS,
    LedgerBuilder,
    at,
    clock,
    invited,
    lapsed,
    rated,
    without_time,
)

Open = Callable[[], ProvinceStore]

DROP_TRIGGERS = {
    "sqlite": ["DROP TRIGGER batch_is_never_updated", "DROP TRIGGER batch_is_never_deleted"],
    "postgresql": ["ALTER TABLE batch DISABLE TRIGGER ALL"],
}


def a_day() -> LedgerBuilder:
    pad = LedgerBuilder()
    for n in range(30):
        pad.add(invited(f"i{n}", at(n * 100)), rated(f"i{n}", when=at(n * 100 + 50)))
    pad.add(Strayed(at=without_time(4), key="satisfied", state="idle", source="keys"))
    pad.add(clock(5000, 1_790_000_005_000), Fault(at=at(6), code="K01", detail="satisfied"))
    pad.add(b'{"kind":"future-thing","what":[1]}', Detailed(at=at(7), invitation="i1", text="好"))
    return pad.add(lapsed("never-invited", without_time(90)))


def change(store: ProvinceStore, *statements: str | sa.Update | sa.Delete) -> None:
    with store.engine.begin() as connection:
        for trigger in DROP_TRIGGERS[store.engine.dialect.name]:
            connection.exec_driver_sql(trigger)
        for statement in statements:
            connection.execute(sa.text(statement) if isinstance(statement, str) else statement)


def test_an_unchanged_store_is_sound(store: ProvinceStore) -> None:
    for arrival in a_day().arrivals(7):
        store.take([arrival])
    verdict = verify(store)
    assert verdict.sound, verdict
    counted = (verdict.entries, verdict.ratings, verdict.lost, verdict.doubled)
    assert counted == (67, 30, 0, 0)


def test_a_changed_entry_is_named(store: ProvinceStore) -> None:
    store.take(a_day().arrivals(20))
    with store.engine.connect() as connection:
        body = bytes(
            connection.execute(sa.select(batch.c.body).where(batch.c.first == 21)).scalar_one()
        )
    better = body.replace(b'"satisfied"', b'"very_satisfied"', 1)
    assert better != body
    change(store, sa.update(batch).where(batch.c.first == 21).values(body=better))
    verdict = verify(store)
    assert not verdict.sound
    assert verdict.bad_entries == [BadEntry("01LEDGER-A", 21, "is not what was received")]
    assert "level is 'satisfied'" in verdict.bad_rows[0].problem


def test_a_line_that_was_inserted_or_removed_is_named(store: ProvinceStore) -> None:
    store.take(a_day().arrivals(20))
    change(store, sa.update(batch).where(batch.c.first == 41).values(body=b'{"kind":"x"}\n'))
    [bad] = verify(store).bad_entries
    assert bad.seq == 41


def test_a_batch_that_was_removed_is_named(store: ProvinceStore) -> None:
    store.take(a_day().arrivals(20))
    change(store, "DELETE FROM batch WHERE first = 21")
    [bad] = verify(store).bad_entries
    assert (bad.seq, bad.problem) == (21, "is missing, as are all before 41")


def test_a_batch_that_was_removed_at_the_end_is_named(store: ProvinceStore) -> None:
    store.take(a_day().arrivals(20))
    change(store, "DELETE FROM batch WHERE first = 61")
    [bad] = verify(store).bad_entries
    assert bad.seq == 61


def test_a_recomputed_chain_in_one_batch_does_not_fit_the_next_batch(store: ProvinceStore) -> None:
    store.take(a_day().arrivals(20))
    forged = LedgerBuilder().add(*(lapsed(f"x{n}") for n in range(19)))
    arrival = forged.arrival(1, 20)
    marks = b"".join(entry.digest[:4] for entry in forged.entries)
    body = b"".join(entry.body + b"\n" for entry in forged.entries)
    change(
        store,
        sa.update(batch)
        .where(batch.c.first == 1)
        .values(body=body, marks=marks, head=forged.digest(20)),
    )
    assert arrival.batch is not None
    [bad] = verify(store).bad_entries
    assert (bad.seq, bad.problem) == (21, "does not continue the entry before it")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE rating SET level = 'very_satisfied' WHERE invitation = 'i3'", "i3: level is"),
        ("DELETE FROM rating WHERE invitation = 'i7'", "i7: is missing"),
        (
            "UPDATE rating SET invitation = 'i99' WHERE invitation = 'i7'",
            "i99: no entry is behind it",
        ),
        ("UPDATE rating SET pad = 'ghost' WHERE invitation = 'i7'", "ghost"),
        ("UPDATE rating SET utc_ms = 1 WHERE invitation = 'never-invited'", "utc_ms is 1"),
        ("DELETE FROM stray", "stray"),
        ("UPDATE fault SET code = 'K02'", "fault"),
        ("UPDATE detail SET remark = NULL", "detail"),
        ("DELETE FROM unread", "unread"),
        ("UPDATE anchor SET utc_ms = 1", "anchor"),
    ],
)
def test_a_changed_derived_row_is_named(store: ProvinceStore, statement: str, named: str) -> None:
    store.take(a_day().arrivals(20))
    assert verify(store).sound
    change(store, statement)
    verdict = verify(store)
    assert not verdict.sound
    assert verdict.bad_entries == []
    shown = [f"{row.table} {row.pad} {row.key}: {row.problem}" for row in verdict.bad_rows]
    assert any(named in line for line in shown), shown


def test_the_command_prints_sound_or_names_what_is_not(
    store: ProvinceStore, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.take(a_day().arrivals(20))
    assert main(["verify", "--store", store_url]) == 3
    *look, verdict = capsys.readouterr().out.splitlines()
    assert look == [
        "look at: pad pad-1, ledger 01LEDGER-A, unread: entry 65: future-thing: unknown kind",
        "look at: pad pad-1, ledger 01LEDGER-A, not-invited: entry 67: invitation never-invited",
    ]
    words = "ratings 30, lost 0, doubled 0: a person must look (需人工核查)"
    assert verdict.endswith(words)
    change(store, "UPDATE rating SET level = 'satisfied', standing = 'rated' WHERE seq = 67")
    assert main(["verify", "--store", store_url]) == 1
    out = capsys.readouterr().out
    assert "P07" in out
    assert "never-invited: standing is 'rated', the entries say 'unrated'" in out
    assert "NOT SOUND" in out


def test_the_command_prints_what_is_lost_and_what_a_person_must_examine(
    store: ProvinceStore, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.take([LedgerBuilder(ledger="01A").arrival()])
    damaged = Predecessor(ledger="01A", reason="damaged", seq=1, missing=((2, 4),))
    store.take([LedgerBuilder(ledger="01B", previous=damaged).arrival()])
    store.take(
        [LedgerBuilder(ledger="01C", previous=Predecessor(ledger="01B", reason="lost")).arrival()]
    )
    assert main(["verify", "--store", store_url]) == 3
    lost, incident, verdict = capsys.readouterr().out.splitlines()
    assert lost == "lost: pad pad-1, ledger 01A, entries 2-4 (missing)"
    assert incident.startswith("look at: pad pad-1, ledger 01C, vanished: ledger 01B is gone")
    assert verdict.endswith("lost 3, doubled 0: a person must look (需人工核查)")


def test_the_command_says_sound_only_where_nobody_must_look(
    store: ProvinceStore, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pad = LedgerBuilder().add(invited("i1"), rated("i1"))
    store.take([pad.arrival()])
    assert main(["verify", "--store", store_url]) == 0
    said = capsys.readouterr().out
    when = r"checked at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(UTC\+8\) in \d+\.\d s: pads 1"
    assert re.match(when, said)
    assert said.endswith("ratings 1, lost 0, doubled 0: sound\n")
    for boots in (2, 3, 4):
        store.take([], [Told(pad.pad, pad.birth(boots, seq=1))])
    store.take([read_arrival("pad-1", b"\x1b[2J\nforged: sound", False, NOON_MS)])
    assert main(["verify", "--store", store_url]) == 3
    incident, refused, verdict = capsys.readouterr().out.splitlines()
    assert incident.startswith("look at: pad pad-1, ledger 01LEDGER-A, backwards: the pad has")
    assert "(3 times, " in incident
    assert refused.startswith("look at: pad pad-1, refused: malformed, 1 times, the last at 2026-")
    assert verdict.endswith(": a person must look (需人工核查)")


def test_a_pad_whose_clock_is_in_2100_is_named(
    store: ProvinceStore, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ahead = at(0, 4_102_444_800_000)
    pad = LedgerBuilder().add(invited("i1", ahead), rated("i1", when=ahead))
    store.take([pad.arrival()])
    assert verify(store).sound
    assert main(["verify", "--store", store_url]) == 3
    [look, _] = capsys.readouterr().out.splitlines()
    assert look == (
        "look at: pad pad-1, ledger 01LEDGER-A, dated-ahead: entries 2-3:"
        " the first is dated 2100-01-01T00:00:00Z"
    )


def test_a_salvage_that_differs_from_its_chain_is_named_whatever_arrived_first(
    store: ProvinceStore, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for pad, is_first in (("pad-1", True), ("pad-2", False)):
        old = LedgerBuilder(pad, f"01A{pad}").add(rated("i1"), rated("i2"), rated("i3"))
        forged = LedgerBuilder(pad, old.id).add(rated("i1"), lapsed("i2"), lapsed("i3"))
        new = LedgerBuilder(
            pad, f"01B{pad}", previous=Predecessor(ledger=old.id, reason="damaged", seq=1)
        )
        for seq in (2, 3, 4, 4):
            entry = forged.entries[seq - 1]
            body = entry.body.decode()
            new.add(Salvaged(at=at(9), ledger=old.id, seq=seq, digest="ab", body=body))
        for ledger in (old, new) if is_first else (new, old):
            store.take([ledger.arrival()])
    found = [odd for odd in verify(store).oddities if odd.kind == "salvage-differs"]
    assert [(odd.pad, odd.first, odd.last, odd.entries) for odd in found] == [
        ("pad-1", 3, 4, 2),
        ("pad-2", 3, 4, 2),
    ]
    assert main(["verify", "--store", store_url]) == 3
    lines = capsys.readouterr().out.splitlines()
    said = [line.replace("pad-2", "pad-1") for line in lines if "salvage-differs" in line]
    assert len(said) == 2
    assert said[0] == said[1]


def test_the_status_counts_what_gives_no_row(
    store: ProvinceStore, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.take([a_day().arrival()])
    assert main(["status", "--store", store_url]) == 0
    lines = capsys.readouterr().out.splitlines()
    counts = {line.split()[0]: line.split()[1] for line in lines}
    assert all(len(line.split()) > 2 for line in lines), "each number says what it counts"
    assert (counts["entries"], counts["rated"], counts["unread"]) == ("67", "30", "1")
    assert (counts["lost"], counts["refusals"], counts["incidents"]) == ("0", "0", "0")
    assert main(["status", "--store", store_url, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {name: str(number) for name, number in document.items()} == counts


def test_the_commands_explain_an_error(store_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ratings", "--store", "mysql://x"]) == 2
    assert "P01" in capsys.readouterr().err
    assert main(["receive", "--store", store_url, "--broker", "mqtt://203.0.113.1"]) == 2
    assert "P08" in capsys.readouterr().err


def test_the_command_ends_with_0_when_a_person_has_looked_at_all_there_is(
    store: ProvinceStore, store_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.take(a_day().arrivals(20))
    file = tmp_path / "looked-at.txt"
    command = ["verify", "--store", store_url, "--looked-at", str(file)]
    assert main(command) == 2
    assert "P22" in capsys.readouterr().err
    assert main(["verify", "--store", store_url]) == 3
    first, second, _ = capsys.readouterr().out.splitlines()
    file.write_text(f"# 2026-12-01: newer software\n{first}\n{second}\n", "utf-8")
    assert main(command) == 0
    *look, verdict = capsys.readouterr().out.splitlines()
    assert look == [f"looked at (2026-12-01: newer software): {line}" for line in (first, second)]
    assert verdict.endswith("doubled 0, looked at 2: sound")
    store.take([read_arrival("pad-1", b"no batch", False, NOON_MS)])
    assert main(command) == 3, "a new finding is not hidden by the old ones"
    assert capsys.readouterr().out.startswith("look at: pad pad-1, refused: malformed, 1 times")
    change(store, "UPDATE rating SET level = 'satisfied', standing = 'rated' WHERE seq = 67")
    assert main(command) == 1, "what is wrong cannot be looked away"
