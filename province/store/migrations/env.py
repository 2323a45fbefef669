"""What Alembic runs for an upgrade: the migrations, on the connection that `upgrade.py` opened.

Alembic executes this file itself; importing it outside of Alembic raises. The connection is in a
transaction already, so Alembic neither begins nor commits one (its "external transaction").
"""

from alembic import context

from province.store.tables import alembic_version

context.configure(
    connection=context.config.attributes["connection"], version_table=alembic_version.name
)
with context.begin_transaction():
    context.run_migrations()
