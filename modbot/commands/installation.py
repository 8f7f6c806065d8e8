"""What most commands begin with: the settings and the database that they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from modbot import config, migrations
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.store import Store, sqlite_file


@dataclass(frozen=True, slots=True)
class Installation:
    settings: Settings
    store: Store

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.district.timezone)


@contextmanager
def opened(given: Path | None) -> Iterator[Installation]:
    """The installation as it stands. Raises ConfigError where its database is not there or not up to date.

    A command that looks must not change the schema; `modbot run` and `modbot init` do that.
    """
    settings = config.load(config.find(given))
    store = Store(settings.database_url())
    _refuse_missing_file(settings.database_url())
    try:
        _refuse_other_schema(store)
        yield Installation(settings, store)
    finally:
        store.close()


def _refuse_missing_file(url: str) -> None:
    """SQLite would make an empty database of a mistyped name."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise ConfigError(
            f"There is no database {file} yet.",
            remedy="modbot run makes it, or set [database] url in modbot.toml to the one you have.",
        )


def _refuse_other_schema(store: Store) -> None:
    if migrations.current(store.engine) != migrations.newest():
        raise ConfigError(
            "The database was made by an older modbot.",
            remedy="Start modbot run once: it brings the database forward and says so. Back it up before.",
        )
