"""The schema's history, run by alembic from the installed package.

Every start asks which revision the database has. Alembic, which takes a tenth of a start to import, is there
only for bringing it forward.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from modbot.errors import ConfigError
from modbot.store import answering

VERSIONS = Path(__file__).parent / "versions"
"""One file per revision, whose name begins with it."""


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema; does nothing when it is there already."""
    if current(engine) == newest():
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "modbot:migrations")
    with answering(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two workers that start together must not both build the schema.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4007)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(engine: Engine) -> str | None:
    """The database's schema revision; None for an empty one. Raises ConfigError for one from the future."""
    with answering(), engine.connect().execution_options(reading=True) as connection:
        revision = _revision(connection)
    if revision is not None and revision not in revisions():
        raise ConfigError(
            f"The database was made by a newer modbot (schema {revision}).",
            remedy="Install that version of modbot again, or restore the backup from before it.",
        )
    return revision


def newest() -> str:
    return revisions()[-1]


def revisions() -> list[str]:
    """Oldest first."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return revision
