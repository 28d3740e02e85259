"""What Alembic runs: the connection comes from `registratura.adapters.sql.schema`, never from a file."""

from alembic import context

from registratura.adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a column in place.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
