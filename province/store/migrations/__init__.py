"""The store's migrations, run by Alembic from `upgrade.py`, and how to write one.

env.py       what Alembic runs: the migrations, on the connection that it was given
versions/    one module for each format of the store

A change of the tables takes four steps:

1. Change `tables.py` and give `FORMAT` there the next number.
2. Add `versions/format_N.py`: `revision` is the new number, `down_revision` the one before. Write
   out what changes; do not import `tables.py`, which later changes again.
3. Where a derived table changes its columns or its meaning, add its name to
   `context.config.attributes["derive_again"]` instead of filling it in the migration.
4. Add the new format's DDL to `tests/province/store/formats/`. A test compares what the
   migrations make with `tables.py`, on both backends.

There is no way back to an older format (`downgrade`): the database's backup is the way back.
"""
