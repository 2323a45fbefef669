"""Incidents: what a person must look at. Like ones are one row with a count, and rows are bounded.

Everything a pad sends may repeat without end, a restored card's birth for instance, and whoever
can publish may name ever new ledgers. So an incident of the same pad, kind and ledger only counts,
and one of a kind that a pad has `MAX_OF_A_KIND` rows of already is counted in one row for all.
"""

import sqlalchemy as sa

from province.rows import IncidentSeen
from province.store import bulk
from province.store.tables import incident
from province.store.tables import ledger as ledgers
from sync.entries import Opened, read_body
from sync.store_port import Arrival

MAX_OF_A_KIND = 20
"""Ledgers with an incident of one kind that are kept for each pad. By kind, so that a flood of one
kind hides none of another."""

DROPPED = f"more than {MAX_OF_A_KIND} ledgers of this pad; these are only counted"
"""The detail of the row, with ledger "", that counts the incidents beyond the bound."""

MAX_DETAIL_CHARS = 1024


def plain(text: str) -> str:
    """`text` as a database can hold it: PostgreSQL has no U+0000, and evidence is bounded."""
    return text.replace("\0", "\ufffd")[:MAX_DETAIL_CHARS]


def note_incident(connection: sa.Connection, seen: IncidentSeen) -> None:
    """Record an incident, under its pad's lock; one like a recorded one is only counted.

    `detail` stays that of the first, `last_detail` becomes that of the newest.
    """
    ledger, first_detail, detail = plain(seen.ledger), plain(seen.detail), plain(seen.detail)
    column = incident.c
    of_kind = (column.pad == seen.pad, column.kind == seen.kind)
    known = sa.exists().where(*of_kind, column.ledger == ledger)
    count = sa.select(sa.func.count()).where(*of_kind).scalar_subquery()
    is_known, kept = connection.execute(sa.select(known, count)).one()
    if not is_known and kept >= MAX_OF_A_KIND:
        detail = plain(f"ledger {ledger}: {detail}")
        ledger, first_detail = "", DROPPED
    row = (seen.pad, ledger, seen.kind, first_detail, detail, 0, seen.seen_ms, seen.seen_ms)
    bulk.add_missing(connection, incident, [row])
    connection.execute(
        sa.update(incident)
        .where(*of_kind, column.ledger == ledger)
        .values(times=column.times + 1, last_ms=seen.seen_ms, last_detail=detail)
    )


def note_opening(connection: sa.Connection, arrival: Arrival, stored_name: str) -> None:
    """Record what is wrong with a new ledger: its id is another pad's, too; its predecessor is lost
    or was another history, or is not named although the pad has had one.

    `stored_name`: under which its batches are stored.
    """
    batch = arrival.batch
    if batch is None:
        return
    if stored_name != batch.header.ledger:
        detail = f"another pad has sent a ledger of this id; this pad's is {stored_name}"
        seen = IncidentSeen(
            arrival.pad, batch.header.ledger, "claimed", detail, arrival.received_ms
        )
        note_incident(connection, seen)
    try:
        opened = read_body(batch.bodies[0]) if batch.header.first == 1 else None
    except ValueError:
        opened = None
    previous = opened.previous if isinstance(opened, Opened) else None
    kind, detail, ledger = "", "", stored_name
    if previous is None:
        before = _newest_ledger(connection, arrival.pad)
        if before is not None:
            kind = "unannounced"
            detail = f"a new ledger that does not name the one before; the last one was {before}"
    elif previous.reason == "lost":
        kind = "vanished"
        detail = f"ledger {previous.ledger} is gone; what it held and had not sent is not known"
    elif previous.reason == "cut":
        kind = "cut"
        detail = f"entries are gone from the end of ledger {previous.ledger}, in no orderly way"
    elif previous.reason == "diverged":
        kind, ledger = "fork", previous.ledger
        detail = f"the pad had another history than is stored; ledger {stored_name} follows it"
    if kind:
        seen = IncidentSeen(arrival.pad, ledger, kind, detail, arrival.received_ms)
        note_incident(connection, seen)


def _newest_ledger(connection: sa.Connection, pad: str) -> str | None:
    return connection.execute(
        sa.select(ledgers.c.ledger)
        .where(ledgers.c.pad == pad)
        .order_by(ledgers.c.last_ms.desc(), ledgers.c.ledger.desc())
        .limit(1)
    ).scalar()
