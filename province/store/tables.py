"""The province's tables, once, for SQLite and PostgreSQL.

Two kinds. *Raw* tables hold what arrived and are the truth: `batch` has the original bytes of every
accepted entry, and triggers refuse to change or delete a row; the view `entry` shows one entry a
row. *Derived* tables say what the entries mean; each of their rows can be derived again from the
raw ones (`ratingpad-province verify` does). The rest (`refusal`, `incident`) is evidence.
"""

import sqlalchemy as sa

FORMAT = "5"
"""The format of these tables: the newest revision in migrations/, kept in
`ratingpad_alembic_version`.
"""

schema = sa.MetaData()

_Number = sa.BigInteger
_Blob = sa.LargeBinary


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, _Number, nullable=nullable)


def _date_columns() -> tuple[sa.Column[str] | sa.Column[int], ...]:
    return (
        _text("boot"),
        _number("mono_ms"),
        _number("utc_ms", nullable=True),
        _text("dated_by"),
        _number("uncertainty_ms", nullable=True),
    )


alembic_version = sa.Table(
    # Not Alembic's default name: another application may keep its own number in the same database.
    "ratingpad_alembic_version",
    schema,
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="ratingpad_alembic_version_pkc"),
)
"""The store's format, one row. Alembic's own table, as Alembic creates it; it is defined here, too,
so that a store can be made, and its format read, without importing Alembic."""

format_ = sa.Table("format", schema, _number("version"))
"""What programs from before Alembic read. It holds 3 for good, which they refuse."""

FORMAT_OF_ALEMBIC = 3

# --- raw ------------------------------------------------------------------------------------------

ledger = sa.Table(
    "ledger",
    schema,
    sa.Column("ledger", sa.Text, primary_key=True),
    _text("pad"),
    _text("hash"),
    _number("seq"),
    sa.Column("digest", _Blob, nullable=False),
    _number("entries"),
    _number("first_ms"),
    _number("last_ms"),
    sa.Index("ledger_by_pad", "pad"),
)
"""How far each ledger is stored: its head. `entries`: how many are (fewer than `seq` where holes
are). `first_ms`, `last_ms`: when batches arrived."""

batch = sa.Table(
    "batch",
    schema,
    sa.Column("ledger", sa.Text, primary_key=True),
    sa.Column("first", _Number, primary_key=True, autoincrement=False),
    _number("last"),
    sa.Column("prev", _Blob, nullable=False),
    sa.Column("head", _Blob, nullable=False),
    sa.Column("marks", _Blob, nullable=False),
    sa.Column("body", _Blob, nullable=False),
    _number("received_ms"),
)
"""Accepted entries `first` … `last`. `body`: their exact bytes, each ended by a newline. `prev`,
`head`: the chain's digest before and after. `marks`: the first 4 bytes of the digest after each
entry, so that of a changed batch the first changed entry can be named."""

MARK_BYTES = 4

# --- derived --------------------------------------------------------------------------------------

rating = sa.Table(
    "rating",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    sa.Column("invitation", sa.Text, primary_key=True),
    _text("standing"),
    _text("level", nullable=True),
    sa.Column("again", sa.Boolean, nullable=False),
    _number("elapsed_ms", nullable=True),
    _text("source", nullable=True),
    _text("reason", nullable=True),
    _text("window_id", nullable=True),
    _text("clerk", nullable=True),
    _text("case_number", nullable=True),
    _text("matter_code", nullable=True),
    _text("step", nullable=True),
    _text("desk", nullable=True),
    _text("channel", nullable=True),
    _text("invited_ledger", nullable=True),
    _number("invited_seq", nullable=True),
    _text("ledger"),
    _number("seq"),
    *_date_columns(),
    sa.Index("rating_by_time", "utc_ms"),
)
"""One row for each invitation. Of a store of years, one day is found without reading all of it, and
the ratings of a window or clerk are among those of their days. Each index costs every rating that
is stored, so there are no others (rating_query.py)."""

detail = sa.Table(
    "detail",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    sa.Column("invitation", sa.Text, primary_key=True),
    _text("ledger"),
    _number("seq"),
    _text("options"),
    _text("remark", nullable=True),
)


def _at_position(
    name: str, *columns: sa.Column[str] | sa.Column[int] | sa.Column[bool]
) -> sa.Table:
    return sa.Table(
        name,
        schema,
        sa.Column("pad", sa.Text, primary_key=True),
        sa.Column("ledger", sa.Text, primary_key=True),
        sa.Column("seq", _Number, primary_key=True, autoincrement=False),
        *columns,
    )


stray = _at_position("stray", _text("key"), _text("state"), _text("source"), *_date_columns())
fault = _at_position(
    "fault",
    sa.Column("cleared", sa.Boolean, nullable=False),
    _text("code"),
    _text("detail"),
    *_date_columns(),
)
unread = _at_position("unread", _text("kind"), _text("why"))

anchor = sa.Table(
    "anchor",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    sa.Column("boot", sa.Text, primary_key=True),
    _number("mono_ms"),
    _number("utc_ms"),
    _number("uncertainty_ms"),
    _text("source"),
    sa.Column("ledger", sa.Text, primary_key=True),
    sa.Column("seq", _Number, primary_key=True, autoincrement=False),
)
"""What `clock` entries say: at `mono_ms` of `boot` it was `utc_ms` (timestamps.py)."""

salvage = sa.Table(
    "salvage",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    sa.Column("ledger", sa.Text, primary_key=True),
    sa.Column("seq", _Number, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.Text, primary_key=True),
    _text("via_ledger"),
    _number("via_seq"),
)

opening = sa.Table(
    "opening",
    schema,
    _text("pad"),
    sa.Column("ledger", sa.Text, primary_key=True),
    _text("previous"),
    _text("reason"),
    _number("previous_seq", nullable=True),
)

hole = sa.Table(
    "hole",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    sa.Column("ledger", sa.Text, primary_key=True),
    sa.Column("first", _Number, primary_key=True, autoincrement=False),
    sa.Column("last", _Number, primary_key=True, autoincrement=False),
    _text("reason"),
    _text("said_by"),
)
"""Entries that a pad once had and cannot send. One that arrives as `salvaged` is no longer lost."""

DATED = (rating, stray, fault)
"""The tables whose rows are dated again when an anchor arrives."""

for _table in DATED:
    _undated = _table.c.dated_by.in_(("anchor", "unknown"))
    sa.Index(
        f"{_table.name}_by_boot",
        _table.c.pad,
        _table.c.boot,
        postgresql_where=_undated,
        sqlite_where=_undated,
    )

# --- presence and evidence ------------------------------------------------------------------------

pad = sa.Table(
    "pad",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    _text("status", nullable=True),
    _number("boots", nullable=True),
    _number("session", nullable=True),
    _text("ledger", nullable=True),
    _text("state", nullable=True),
    _text("health", nullable=True),
    _text("reported", nullable=True),
)
"""The newest state, health report and configuration of each pad, as JSON. Its row is the lock under
which everything of a pad is written."""

refusal = sa.Table(
    "refusal",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    sa.Column("problem", sa.Text, primary_key=True),
    sa.Column("payload_sha256", _Blob, primary_key=True),
    _text("ledger"),
    _text("detail"),
    sa.Column("payload", _Blob, nullable=False),
    _number("payload_bytes"),
    _number("times"),
    _number("first_ms"),
    _number("last_ms"),
)
"""What was refused, and why: the payload's beginning as evidence, one row however often it came."""

incident = sa.Table(
    "incident",
    schema,
    sa.Column("pad", sa.Text, primary_key=True),
    sa.Column("ledger", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    _text("detail"),
    _text("last_detail"),
    _number("times"),
    _number("first_ms"),
    _number("last_ms"),
)
"""What a person must look at: `fork`, `backwards`, `claimed`, `cut`, `unannounced`, `vanished`,
`salvage-differs`; one row for all that are alike (incidents.py). `detail`: of the first,
`last_detail`: of the last.
"""

# --- what SQLAlchemy cannot express ---------------------------------------------------------------

_SQLITE = (
    """CREATE TRIGGER batch_is_never_updated BEFORE UPDATE ON batch
       BEGIN SELECT RAISE(ABORT, 'raw entries are never changed'); END""",
    """CREATE TRIGGER batch_is_never_deleted BEFORE DELETE ON batch
       BEGIN SELECT RAISE(ABORT, 'raw entries are never deleted'); END""",
    """CREATE VIEW entry AS
       WITH RECURSIVE line(ledger, seq, body, rest) AS (
         SELECT ledger, first - 1, NULL, body FROM batch
         UNION ALL
         SELECT ledger, seq + 1, substr(rest, 1, instr(rest, x'0a') - 1),
                substr(rest, instr(rest, x'0a') + 1)
         FROM line WHERE length(rest) > 0)
       SELECT ledger, seq, body FROM line WHERE body IS NOT NULL""",
)

_POSTGRESQL = (
    """CREATE FUNCTION raw_entries_are_never_changed() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'raw entries are never changed or deleted'; END $$""",
    """CREATE TRIGGER batch_is_never_changed BEFORE UPDATE OR DELETE ON batch
       FOR EACH ROW EXECUTE FUNCTION raw_entries_are_never_changed()""",
    """CREATE TRIGGER batch_is_never_truncated BEFORE TRUNCATE ON batch
       FOR EACH STATEMENT EXECUTE FUNCTION raw_entries_are_never_changed()""",
    # `encode` to escape and `decode` back: a body need not be UTF-8, and bytea cannot be split.
    r"""CREATE VIEW entry AS
       SELECT batch.ledger, batch.first + line.n - 1 AS seq, decode(line.text, 'escape') AS body
       FROM batch, unnest(string_to_array(encode(
              substr(batch.body, 1, length(batch.body) - 1), 'escape'), E'\n'))
            WITH ORDINALITY AS line(text, n)""",
)

BACKEND_DDL = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
