"""Format 2: each rating has the channel of its invitation (`rating.channel`)."""

import sqlalchemy as sa
from alembic import context, op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Add the column; its values come from the raw entries."""
    op.add_column("rating", sa.Column("channel", sa.Text, nullable=True))
    context.config.attributes["derive_again"].add("rating")
