"""Format 1, the first one. Nothing to do: a new store is made by `tables.py`, in the newest."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing: a store of format 1 has its tables."""
