"""Writing what entries mean: merge with what is there, date, note what a person must see.

Everything here runs inside the transaction that stores the entries, under the pad's lock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from province.precedence import merge
from province.projection import OF_ENTRY, Projection
from province.rows import Claim, Rating, RatingDetail, Sighting
from province.store import bulk, tables
from province.store.raw import batch_with
from province.timestamps import Anchor, date_from

COPY_FROM_ROWS = 64
"""Fewer new rows than this are looked up and put one by one: a live rating, not a backlog."""

Anchors = dict[str, list[Anchor]]


def write(connection: sa.Connection, derivation: Projection, received_ms: int) -> None:
    """Write all that `derivation` says about its pad."""
    pad = derivation.pad
    bulk.add_missing(connection, tables.anchor, [(pad, *anchor) for anchor in derivation.anchors])
    touched = {anchor.boot for anchor in derivation.anchors}
    anchors = read_anchors(connection, pad, derivation.undated_boots() | touched)

    _put_ratings(connection, derivation, anchors)
    _put_details(connection, pad, list(derivation.details.values()))
    _put_at_positions(connection, tables.stray, derivation.strays(anchors))
    _put_at_positions(connection, tables.fault, derivation.faults(anchors))
    _put_at_positions(connection, tables.unread, derivation.unread)
    bulk.add_missing(connection, tables.opening, derivation.openings)
    bulk.add_missing(connection, tables.hole, derivation.claims)
    bulk.add_missing(connection, tables.salvage, derivation.salvages)
    if touched:
        _date_again(connection, pad, {boot: anchors.get(boot, []) for boot in touched})
    _compare_salvages(connection, derivation, received_ms)


def read_anchors(
    connection: sa.Connection, pad: str, boots: Collection[str] | None = None
) -> Anchors:
    """The anchors of some boots of a pad, or of all."""
    columns = [tables.anchor.c[name] for name in Anchor._fields]
    of_pad = sa.select(*columns).where(tables.anchor.c.pad == pad)
    if boots is None:
        queries = [of_pad]
    else:
        queries = [
            of_pad.where(tables.anchor.c.boot.in_(some)) for some in bulk.chunks(sorted(boots))
        ]
    found: Anchors = {}
    for query in queries:
        for row in connection.execute(query):
            anchor = Anchor(*row)
            found.setdefault(anchor.boot, []).append(anchor)
    return found


def note_hole(connection: sa.Connection, claim: Claim) -> None:
    """Record entries that a pad no longer has."""
    bulk.add_missing(connection, tables.hole, [claim])


def note_incident(connection: sa.Connection, seen: Sighting) -> None:
    """Record what a person must look at, once however often it is seen."""
    row = (*seen[:4], 0, seen.seen_ms, seen.seen_ms)
    bulk.add_missing(connection, tables.incident, [row])
    incident = tables.incident.c
    connection.execute(
        sa.update(tables.incident)
        .where(
            incident.pad == seen.pad,
            incident.ledger == seen.ledger,
            incident.kind == seen.kind,
            incident.detail == seen.detail,
        )
        .values(times=incident.times + 1, last_ms=seen.seen_ms)
    )


def _put_ratings(connection: sa.Connection, derivation: Projection, anchors: Anchors) -> None:
    """Add new invitations by the fast way, merge the others with what is stored.

    An invitation whose `invited` entry is among the new ones is taken to be new; should that be
    wrong (salvaged before, or an id used twice), the rows are looked up after all.
    """
    pad, added = derivation.pad, False
    if len(derivation.trails) >= COPY_FROM_ROWS:
        try:
            bulk.add(connection, tables.rating, derivation.ratings(anchors, complete=True))
            added = True
        except bulk.RowsExistError:
            pass  # nothing was added; all of them are merged below
    rest = list(derivation.ratings(anchors, complete=False if added else None))
    for some in bulk.chunks(rest):
        stored = {row.invitation: row for row in _stored(connection, pad, some)}
        bulk.put(
            connection,
            tables.rating,
            [
                merge(stored[row.invitation], row) if row.invitation in stored else row
                for row in some
            ],
        )


def _stored(connection: sa.Connection, pad: str, rows: Iterable[Rating]) -> list[Rating]:
    wanted = [row.invitation for row in rows]
    found = connection.execute(
        sa.select(tables.rating).where(
            tables.rating.c.pad == pad, tables.rating.c.invitation.in_(wanted)
        )
    )
    return [Rating(*row) for row in found]


def _put_at_positions(connection: sa.Connection, table: sa.Table, rows: Sequence[bulk.Row]) -> None:
    """Add rows at their positions; of two different entries at one, as `least` has it."""
    bulk.put_least(connection, table, rows, [c.name for c in table.columns][OF_ENTRY])


def _put_details(connection: sa.Connection, pad: str, rows: Sequence[RatingDetail]) -> None:
    table = tables.detail
    for some in bulk.chunks(rows):
        stored = {
            row.invitation: (row.ledger, row.seq)
            for row in connection.execute(
                sa.select(table.c.invitation, table.c.ledger, table.c.seq).where(
                    table.c.pad == pad, table.c.invitation.in_([row.invitation for row in some])
                )
            )
        }
        newer = [
            row
            for row in some
            if row.invitation not in stored or (row.ledger, row.seq) > stored[row.invitation]
        ]
        bulk.put(connection, table, newer)


def _date_again(connection: sa.Connection, pad: str, anchors: Mapping[str, list[Anchor]]) -> None:
    """Date what waited for these boots' anchors, or had less sure ones."""
    for table in tables.DATED:
        keys = [column.name for column in table.primary_key if column.name != "pad"]
        rows = connection.execute(
            sa.select(
                *(table.c[key] for key in keys),
                *(table.c.boot, table.c.mono_ms),
                *(table.c.utc_ms, table.c.dated_by, table.c.uncertainty_ms),
            ).where(
                table.c.pad == pad,
                table.c.boot.in_(sorted(anchors)),
                table.c.dated_by.in_(("anchor", "unknown")),
            )
        ).all()
        changes = []
        for *key, boot, mono_ms, utc_ms, dated_by, uncertainty_ms in rows:
            dated = date_from(mono_ms, anchors[boot])
            if dated != (utc_ms, dated_by, uncertainty_ms):
                named = {f"key_{name}": value for name, value in zip(keys, key, strict=True)}
                changes.append(
                    {"new_utc": dated.utc_ms, "new_by": dated.by, "new_off": dated.uncertainty_ms}
                    | named
                )
        if changes:
            connection.execute(
                sa.update(table)
                .where(
                    table.c.pad == pad,
                    *(table.c[key] == sa.bindparam(f"key_{key}") for key in keys),
                )
                .values(
                    utc_ms=sa.bindparam("new_utc"),
                    dated_by=sa.bindparam("new_by"),
                    uncertainty_ms=sa.bindparam("new_off"),
                ),
                changes,
            )


def _compare_salvages(connection: sa.Connection, derivation: Projection, received_ms: int) -> None:
    """An entry that came in chain and as salvaged must be the same one."""
    chained = None
    for salvage, body in zip(derivation.salvages, derivation.salvaged_bodies, strict=True):
        if chained is None or not chained.holds(salvage.ledger, salvage.seq):
            chained = batch_with(connection, salvage.ledger, salvage.seq)
        if chained is None or chained.bodies[salvage.seq - chained.first] == body:
            continue
        detail = f"entry {salvage.seq} came in chain as another one than was salvaged"
        seen = Sighting(salvage.pad, salvage.ledger, "salvage-differs", detail, received_ms)
        note_incident(connection, seen)
