"""Refused payloads, and the last state, health and configuration of pads: stored beside the
entries, never part of them.
"""

import hashlib

import msgspec
import sqlalchemy as sa

from province.rows import IncidentSeen
from province.store import bulk
from province.store.incidents import note_incident, plain
from province.store.raw import Heads
from province.store.tables import pad as pads
from province.store.tables import refusal
from sync.acceptance import Head, Refused
from sync.entries import DIGEST_BYTES
from sync.messages import (
    Health,
    Problem,
    Reported,
    State,
    Status,
    read_digest,
    write_message,
)
from sync.store_port import Arrival, Unkept

MAX_PAYLOAD_BYTES = 4096
"""Bytes of a refused payload that are kept; its SHA-256 and length are of the whole."""

MAX_REFUSALS = 200
"""Different refusals kept for each pad; what comes beyond is counted in one row."""

MAX_EVIDENCE_BYTES = 256 * 1024
"""Bytes of payloads kept for each pad; beyond that, too, refusals are only counted."""


def note_refusal(connection: sa.Connection, arrival: Arrival, refused: Refused) -> None:
    """Keep what was refused. GAP is common (a batch overtook another) and is not kept."""
    if refused.problem is Problem.GAP:
        return
    digest = hashlib.sha256(arrival.payload).digest()
    ledger = plain(arrival.batch.header.ledger) if arrival.batch is not None else ""
    payload, detail = arrival.payload[:MAX_PAYLOAD_BYTES], plain(refused.detail)
    column = refusal.c
    this = (column.pad == arrival.pad, column.problem == refused.problem.value)
    known = sa.exists().where(*this, column.payload_sha256 == digest)
    of_pad = sa.select(
        sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(column.payload)), 0)
    ).where(column.pad == arrival.pad)
    is_known = connection.execute(sa.select(known)).scalar_one()
    kept, kept_bytes = connection.execute(of_pad).one()
    if not is_known and (
        kept >= MAX_REFUSALS or int(kept_bytes) + len(payload) > MAX_EVIDENCE_BYTES
    ):
        counted = Unkept(arrival.pad, refused.problem, 1, arrival.received_ms)
        count_unkept(connection, counted)
        return
    bulk.add_missing(
        connection,
        refusal,
        [
            (
                *(arrival.pad, refused.problem.value, digest, ledger, detail),
                *(payload, len(arrival.payload), 0, arrival.received_ms, arrival.received_ms),
            )
        ],
    )
    connection.execute(
        sa.update(refusal)
        .where(*this, column.payload_sha256 == digest)
        .values(times=column.times + 1, last_ms=arrival.received_ms)
    )


def count_unkept(connection: sa.Connection, unkept: Unkept) -> None:
    """Count refusals of which nothing else is kept: one row for each pad and problem."""
    column = refusal.c
    pad, problem, times, received_ms = unkept
    detail = "beyond what is kept as evidence; these are only counted"
    row = (pad, problem.value, b"", "", detail, b"", 0, 0, received_ms, received_ms)
    bulk.add_missing(connection, refusal, [row])
    connection.execute(
        sa.update(refusal)
        .where(column.pad == pad, column.problem == problem.value, column.payload_sha256 == b"")
        .values(times=column.times + times, last_ms=received_ms)
    )


def note_state(
    connection: sa.Connection, pad: str, state: State, heads: Heads, now_ms: int
) -> None:
    """Keep a state, unless one with a later (boots, session) is known.

    A birth that has another digest than is stored, or a new one with fewer entries than are, comes
    from a restored or copied card and is an incident. One that has more entries than are stored
    cannot be compared here: the pad compares, and opens a new ledger that says so.

    A pad that lost its ledger counts its boots from 1 again, so numbers of different ledgers cannot
    be compared: then a birth is taken, and a will is not, because it may be a late one of the old
    ledger.
    """
    boots, session, ledger = connection.execute(
        sa.select(pads.c.boots, pads.c.session, pads.c.ledger).where(pads.c.pad == pad)
    ).one()
    new, known = (state.boots, state.session), (boots or 0, session or 0)
    comparable = new == known or plain(state.ledger) == ledger
    is_newer = new >= known if comparable else state.status is Status.ONLINE
    if state.status is Status.ONLINE:
        name = heads.name(pad, state.ledger)
        head = heads[name]
        kind, detail = "backwards", ""
        if head is not None and _is_another_history(state, head, heads, name):
            # Whatever its numbers are: no redelivered birth, and no late one, differs.
            kind, detail = "fork", f"another entry {state.seq} than is stored"
        elif state.boots < known[0]:
            detail = f"boot {state.boots} after boot {known[0]}"
        elif new > known and head is not None and state.seq < head.seq:
            detail = f"the pad has entries up to {state.seq}, stored are {head.seq}"
        if detail:
            note_incident(connection, IncidentSeen(pad, name, kind, detail, now_ms))
    if is_newer:
        connection.execute(
            sa.update(pads)
            .where(pads.c.pad == pad)
            .values(
                status=state.status.value,
                boots=state.boots,
                session=state.session,
                ledger=plain(state.ledger),
                state=write_message(state).decode(),
            )
        )


def _is_another_history(state: State, head: Head, heads: Heads, name: str) -> bool:
    """Whether the birth's digest contradicts the stored chain; False where nothing is stored."""
    if not 0 < state.seq <= head.seq or len(read_digest(state.digest)) != DIGEST_BYTES:
        return False
    newest = heads.newest_stored(name, state.seq)
    return newest is not None and newest[0] == state.seq and newest[1].hex() != state.digest


def note_health(connection: sa.Connection, pad: str, health: Health) -> None:
    """Keep a health report, unless a later one is known of the same ledger."""
    stored = connection.execute(sa.select(pads.c.health).where(pads.c.pad == pad)).scalar()
    if stored is not None:
        before = msgspec.json.decode(stored, type=Health)
        is_older = (health.boots, health.at.mono) < (before.boots, before.at.mono)
        if health.ledger == before.ledger and is_older:
            return
    connection.execute(
        sa.update(pads).where(pads.c.pad == pad).values(health=write_message(health).decode())
    )


def note_reported(connection: sa.Connection, pad: str, reported: Reported) -> None:
    """Keep the configuration that a pad says is in force."""
    connection.execute(
        sa.update(pads).where(pads.c.pad == pad).values(reported=write_message(reported).decode())
    )
