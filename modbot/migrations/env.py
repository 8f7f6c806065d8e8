"""Run by alembic: online only, on the connection that `modbot.migrations` or a developer's command gives."""

from alembic import context
from sqlalchemy import create_engine
from sqlmodel import SQLModel

import modbot.tables  # noqa: F401 - fills the metadata


def run(connection) -> None:  # type: ignore[no-untyped-def]
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(context.config.get_main_option("sqlalchemy.url") or "").begin() as fresh:
        run(fresh)
