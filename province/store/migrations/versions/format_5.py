"""Format 5: ratings are found by time and by case number (`rating_by_time`, `rating_by_case`)."""

from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    """Make the indexes; the database sorts what is stored."""
    op.create_index("rating_by_time", "rating", ["utc_ms"])
    op.create_index("rating_by_case", "rating", ["case_number"])
