"""Where Alembic runs: on the connection that `adapters.database` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="auth")
context.run_migrations()
