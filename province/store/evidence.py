"""Refused payloads, and the last state, health and configuration of pads: stored beside the
entries, never part of them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

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


class RefusedArrival(NamedTuple):
    """A refused arrival, and why."""

    arrival: Arrival
    refused: Refused


def note_refusals(connection: sa.Connection, refusals: Iterable[RefusedArrival]) -> None:
    """Keep what was refused, within each pad's bounds, and count the rest; a few statements for
    each pad, however many there are. GAP is common (a batch overtook another) and is not kept.
    """
    by_pad: dict[str, list[RefusedArrival]] = {}
    for one in refusals:
        if one.refused.problem is not Problem.GAP:
            by_pad.setdefault(one.arrival.pad, []).append(one)
    for pad, of_pad in by_pad.items():
        _note_refusals(connection, pad, of_pad)


def _note_refusals(connection: sa.Connection, pad: str, refusals: list[RefusedArrival]) -> None:
    column = refusal.c
    counted: Counter[tuple[Problem, bytes]] = Counter()
    first: dict[tuple[Problem, bytes], RefusedArrival] = {}
    for one in refusals:
        key = (one.refused.problem, hashlib.sha256(one.arrival.payload).digest())
        counted[key] += 1
        first.setdefault(key, one)
    digests = [digest for _, digest in first]
    known = {
        (problem, bytes(digest))
        for problem, digest in connection.execute(
            sa.select(column.problem, column.payload_sha256).where(
                column.pad == pad, column.payload_sha256.in_(digests)
            )
        )
    }
    kept, kept_bytes = connection.execute(
        sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(sa.func.length(column.payload)), 0)
        ).where(column.pad == pad)
    ).one()
    rows, unkept = [], Counter[Problem]()
    last_ms = max(one.arrival.received_ms for one in refusals)
    for (problem, digest), times in counted.items():
        arrival, refused = first[problem, digest]
        payload = arrival.payload[:MAX_PAYLOAD_BYTES]
        if (problem.value, digest) not in known:
            kept, kept_bytes = kept + 1, int(kept_bytes) + len(payload)
            if kept > MAX_REFUSALS or kept_bytes > MAX_EVIDENCE_BYTES:
                kept, kept_bytes = kept - 1, kept_bytes - len(payload)
                unkept[problem] += times
                continue
        ledger = plain(arrival.batch.header.ledger) if arrival.batch is not None else ""
        rows.append(
            (
                *(pad, problem.value, digest, ledger, plain(refused.detail), payload),
                *(len(arrival.payload), times, arrival.received_ms, last_ms),
            )
        )
    bulk.put_counted(connection, refusal, rows)
    for problem, times in unkept.items():
        count_unkept(connection, Unkept(pad, problem, times, last_ms))


def count_unkept(connection: sa.Connection, unkept: Unkept) -> None:
    """Count refusals of which nothing else is kept: one row for each pad and problem."""
    pad, problem, times, received_ms = unkept
    detail = "beyond what is kept as evidence; these are only counted"
    row = (pad, problem.value, b"", "", detail, b"", 0, times, received_ms, received_ms)
    bulk.put_counted(connection, refusal, [row])


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
