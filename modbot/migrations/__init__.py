"""The schema's history, run by alembic from the installed package."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Engine

from modbot.errors import ConfigError
from modbot.store import answering


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "modbot:migrations")
    return config


def upgrade(engine: Engine) -> None:
    """Bring the database to the newest schema; does nothing when it is there already."""
    if current(engine) == newest():
        return
    config = _config()
    with answering(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two workers that start together must not both build the schema.
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4007)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(engine: Engine) -> str | None:
    """The database's schema revision; None for an empty one. Raises ConfigError for one from the future."""
    with answering(), engine.connect().execution_options(reading=True) as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise ConfigError(
            f"The database was made by a newer modbot (schema {revision}).",
            remedy="Install that version of modbot again, or restore the backup from before it.",
        )
    return revision


def newest() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None  # noqa: S101 - the package ships at least one migration
    return head
