"""Format 4: like incidents are one row, with the first and the last detail (`last_detail`).

Before, each detail was a row, and a pad could add rows without end. The key is now pad, ledger and
kind, with 20 ledgers of a kind for each pad; what is beyond them is summed up in one row with
ledger "". The new table is filled by the database itself: there may be millions of rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"

_MERGE = """
INSERT INTO incident_4 (pad, ledger, kind, detail, last_detail, times, first_ms, last_ms)
WITH ordered AS (
  SELECT pad, ledger, kind, times, first_ms, last_ms,
         first_value(detail) OVER (
           PARTITION BY pad, ledger, kind ORDER BY first_ms, detail) AS detail,
         first_value(detail) OVER (
           PARTITION BY pad, ledger, kind ORDER BY last_ms DESC, detail DESC) AS last_detail
  FROM incident),
alike AS (
  SELECT pad, ledger, kind, min(detail) AS detail, min(last_detail) AS last_detail,
         sum(times) AS times, min(first_ms) AS first_ms, max(last_ms) AS last_ms
  FROM ordered GROUP BY pad, ledger, kind),
counted AS (
  SELECT alike.*, row_number() OVER (PARTITION BY pad, kind ORDER BY first_ms, ledger) AS place
  FROM alike),
bounded AS (
  SELECT pad, CASE WHEN place <= 20 THEN ledger ELSE '' END AS ledger, kind,
         CASE WHEN place <= 20 THEN detail
              ELSE 'more than 20 ledgers of this pad; these are only counted' END AS detail,
         last_detail, times, first_ms, last_ms
  FROM counted)
SELECT pad, ledger, kind, min(detail), max(last_detail), sum(times), min(first_ms), max(last_ms)
FROM bounded GROUP BY pad, ledger, kind
"""


def upgrade() -> None:
    """Merge the incidents into a new table, which takes the old one's place."""
    op.create_table(
        "incident_4",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("pad", "ledger", "kind")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("detail", "last_detail")),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("times", "first_ms", "last_ms")
        ),
    )
    op.execute(_MERGE)
    op.drop_table("incident")
    op.rename_table("incident_4", "incident")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX incident_4_pkey RENAME TO incident_pkey")
