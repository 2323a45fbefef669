"""Format 5: ratings are found by time (`rating_by_time`)."""

from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Make the index; the database sorts what is stored."""
    op.create_index("rating_by_time", "rating", ["utc_ms"])
