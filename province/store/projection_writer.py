"""Writing the rows that new entries give: merging them with the stored rows, and dating them.

Everything here runs inside the transaction that stores the entries, under the pad's lock.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from province.oddities import SALVAGE_DIFFERS
from province.precedence import merge
from province.projection import ENTRY_COLUMNS, Projection, last_given
from province.rows import Claim, IncidentSeen, Rating, RatingDetail, Salvage
from province.store import bulk, tables
from province.store.incidents import note_incident
from province.store.raw import Heads, batch_with
from province.timestamps import ANCHORS_MAX, Anchor, date_from

COPY_FROM_ROWS = 64
"""From this number of invitations on, rows are added by COPY first; below it (live ratings, not a
backlog) the stored rows are looked up first."""

Anchors = dict[str, list[Anchor]]

_CLAIMED = ("reason", "said_by")


def write(connection: sa.Connection, projection: Projection, received_ms: int) -> None:
    """Write the rows of `projection`. `received_ms`: for incidents, by the receiver's clock."""
    pad = projection.pad
    new = projection.anchors
    said = ("mono_ms", "utc_ms", "uncertainty_ms", "source")
    bulk.put_least(connection, tables.anchor, [(pad, *anchor) for anchor in new], said)
    touched = {anchor.boot for anchor in new}
    anchors = _counted_anchors(connection, pad, projection.undated_boots() | touched)
    said_now = set(new)
    touched = {boot for boot in touched if not said_now.isdisjoint(anchors.get(boot, ()))}

    _put_ratings(connection, projection, anchors)
    _put_details(connection, pad, list(projection.details.values()))
    _put_at_positions(connection, tables.stray, projection.strays(anchors))
    _put_at_positions(connection, tables.fault, projection.faults(anchors))
    _put_at_positions(connection, tables.unread, projection.unread)
    opened = ("pad", "previous", "reason", "previous_seq")
    bulk.put_least(connection, tables.opening, projection.openings, opened)
    bulk.put_least(connection, tables.hole, projection.claims, _CLAIMED)
    bulk.put_least(connection, tables.salvage, projection.salvages, ("via_ledger", "via_seq"))
    if touched:
        _date_again(connection, pad, {boot: anchors.get(boot, []) for boot in touched})
    _compare_salvages(connection, projection, received_ms)


def read_anchors(connection: sa.Connection, pad: str) -> Anchors:
    """All anchors of a pad, also those that do not count."""
    found: Anchors = {}
    for row in connection.execute(_select_anchors(pad)):
        anchor = Anchor(*row)
        found.setdefault(anchor.boot, []).append(anchor)
    return found


def _counted_anchors(connection: sa.Connection, pad: str, boots: Collection[str]) -> Anchors:
    """The anchors of some boots that count (`timestamps.counted`)."""
    table = tables.anchor.c
    ledger = bulk.by_code_point(connection, table.ledger)
    found: Anchors = {}
    for boot in boots:
        query = _select_anchors(pad).where(table.boot == boot)
        rows = connection.execute(query.order_by(ledger, table.seq).limit(ANCHORS_MAX)).all()
        if rows:
            found[boot] = [Anchor(*row) for row in rows]
    return found


def _select_anchors(pad: str) -> sa.Select[Any]:
    columns = [tables.anchor.c[name] for name in Anchor._fields]
    return sa.select(*columns).where(tables.anchor.c.pad == pad)


def note_hole(connection: sa.Connection, claim: Claim) -> None:
    """Record entries that a pad no longer has."""
    bulk.put_least(connection, tables.hole, [claim], _CLAIMED)


def _put_ratings(connection: sa.Connection, projection: Projection, anchors: Anchors) -> None:
    """Add the rows of new invitations; merge the others with the stored rows.

    An invitation whose `invited` entry is among the new ones is assumed to be new, because a
    backlog is then added four to eight times as fast. If it is not (salvaged before, or an id used
    twice), its key exists, nothing is added, and all rows are merged.
    """
    pad, added = projection.pad, False
    if len(projection.invitations) >= COPY_FROM_ROWS:
        try:
            bulk.add(connection, tables.rating, projection.ratings(anchors, complete=True))
            added = True
        except bulk.RowsExistError:
            pass  # nothing was added; all of them are merged below
    rest = list(projection.ratings(anchors, complete=False if added else None))
    for chunk in bulk.chunks(rest):
        stored = {row.invitation: row for row in _stored(connection, pad, chunk)}
        bulk.put(
            connection,
            tables.rating,
            [
                merge(stored[row.invitation], row) if row.invitation in stored else row
                for row in chunk
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
    """Add rows at their positions; of two entries at one position the row that sorts first stays,
    as in `projection.least`.
    """
    names = [column.name for column in table.columns][ENTRY_COLUMNS]
    bulk.put_least(connection, table, rows, names, dated=table in tables.DATED)


def _put_details(connection: sa.Connection, pad: str, rows: Sequence[RatingDetail]) -> None:
    table = tables.detail
    for chunk in bulk.chunks(rows):
        found = connection.execute(
            sa.select(table).where(
                table.c.pad == pad, table.c.invitation.in_([row.invitation for row in chunk])
            )
        )
        stored = {row.invitation: RatingDetail(*row) for row in found}
        newer = [
            row
            for row in chunk
            if row.invitation not in stored or last_given(stored[row.invitation], row) is row
        ]
        bulk.put(connection, table, newer)


def _date_again(connection: sa.Connection, pad: str, anchors: Mapping[str, list[Anchor]]) -> None:
    """Date the stored rows of these boots that have no date, or one by an anchor, again.

    A new anchor may be nearer to an entry, so its date may get less uncertain. Rows with the pad's
    own time are not touched.
    """
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


def salvages_that_differ(connection: sa.Connection, projection: Projection) -> Iterator[Salvage]:
    """The salvaged entries that also arrived in their chain, with other bytes."""
    heads = Heads(connection, {(row.pad, row.ledger) for row in projection.salvages})
    chained = None
    for salvage, body in zip(projection.salvages, projection.salvaged_bodies, strict=True):
        name = heads.name(salvage.pad, salvage.ledger)
        if chained is None or not chained.holds(name, salvage.seq):
            chained = batch_with(connection, name, salvage.seq)
        if chained is not None and chained.bodies[salvage.seq - chained.first] != body:
            yield salvage


def _compare_salvages(connection: sa.Connection, projection: Projection, received_ms: int) -> None:
    """Record an incident for each salvaged entry that differs from the one in its chain, as far as
    that has arrived. `verify` finds all of them, whatever arrived first.
    """
    for salvage in salvages_that_differ(connection, projection):
        detail = f"entry {salvage.seq} came in chain as another one than was salvaged"
        seen = IncidentSeen(salvage.pad, salvage.ledger, SALVAGE_DIFFERS, detail, received_ms)
        note_incident(connection, seen)
