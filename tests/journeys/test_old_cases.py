"""A ledger from before there was a canonical form of case numbers, after an update of the agent."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from sync.entries import Body, HashName, Level, next_digest, write_body
from tests.rigs.ledger.ledger_builder import invited, rated
from tests.rigs.pad.desk_pad import desk_pad

OLD = ("T-1 ", "\u200bT-2", "T\u20113", "Ｔ－４")


def append(ledger: Path, bodies: Sequence[Body]) -> None:
    """Append entries to a ledger's file as an older agent did."""
    with closing(sqlite3.connect(ledger)) as connection, connection:
        seq, digest = connection.execute(
            "SELECT seq, digest FROM entry ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        for raw in map(write_body, bodies):
            seq, digest = seq + 1, next_digest(HashName.SHA256, digest, raw)
            connection.execute(
                "INSERT INTO entry(seq, body, digest, receipted) VALUES (?, ?, ?, 0)",
                (seq, raw, digest),
            )


@pytest.mark.parametrize("again", [False, True])
def test_cases_of_an_older_ledger_meet_their_equals(tmp_path: Path, again: bool) -> None:
    with desk_pad(tmp_path / "pad") as pad:
        pad.end()
        bodies: list[Body] = []
        for number, case in enumerate(OLD):
            bodies += [invited(f"old-{number}", case=case), rated(f"old-{number}", Level.SATISFIED)]
        append(pad.ledger, bodies)
        pad.start()
        for number in range(len(OLD)):
            wish = {"case": f"T-{number + 1}", "again": again}
            answer = pad.desk.post("/v1/invitations", json=wish)
            if again:
                assert (answer.status_code, answer.json()["case"]) == (201, wish["case"])
                invitation = answer.json()["invitation"]
                pad.desk.post(f"/v1/invitations/{invitation}/withdraw")
            else:
                assert answer.json()["error"] == "already-rated"
        assert pad.desk.post("/v1/invitations", json={"case": "T-5"}).status_code == 201  # control
        # Law 5: what was stored is as it was.
        assert set(map(write_body, bodies)) <= set(map(write_body, pad.bodies()))
