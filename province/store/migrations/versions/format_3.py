"""Format 3: Alembic keeps the format's number, in `ratingpad_alembic_version`; `format` says 3 from
now on.

`format` stays for the programs from before Alembic. They read it alone and refuse a number that is
not theirs (P03), so none of them writes to tables that it does not know.
"""

from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Set the number; `upgrade.py` has copied the old one to `ratingpad_alembic_version`."""
    op.execute("UPDATE format SET version = 3")
