"""Which models score here: those that people adopted, else those that the settings name or modbot ships."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifiers import manifest
from modbot import resources
from modbot.config import Settings
from modbot.store import Store, sqlite_file, table
from modbot.tables import LearnedModel

learned = table(LearnedModel)

FOLDER = "learned"
"""In the district's folder, one folder a model: what was learned from a district's words stays with it."""
ADOPTED = "adopted"


@dataclass(frozen=True, slots=True)
class InUse:
    models: Path
    number: int | None = None
    """Of the adopted model; None: the shipped or configured ones."""
    trouble: str = ""
    """Why the adopted model cannot be used; then the shipped or configured ones score."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A learned model as it is on record: `manifest` is the SHA-256 of the manifest that was checked."""

    number: int
    folder: str
    manifest: str

    def trouble(self, settings: Settings) -> str:
        """Why it cannot be used; empty if it can."""
        return unlike(folder_of(settings, self.folder), self.manifest)


def of(settings: Settings) -> InUse:
    """Looks into the database, if there is one that knows of learned models."""
    file = sqlite_file(settings.database_url())
    if file is not None and not file.is_file():
        return InUse(configured(settings))
    store = Store(settings.database_url())
    try:
        with store.read() as connection:
            if not sa.inspect(connection).has_table(learned.name):
                return InUse(configured(settings))
            return found(connection, settings)
    finally:
        store.close()


def found(connection: Connection, settings: Settings) -> InUse:
    chosen = adopted(connection)
    if chosen is None:
        return InUse(configured(settings))
    trouble = chosen.trouble(settings)
    models = configured(settings) if trouble else folder_of(settings, chosen.folder)
    return InUse(models, chosen.number, trouble)


def adopted(connection: Connection) -> Adopted | None:
    row = connection.execute(sa.select(learned).where(learned.c.state == ADOPTED)).first()
    return None if row is None else Adopted(row.id, row.folder, row.manifest)


def unlike(folder: Path, expected: str) -> str:
    """Why what lies there is not the model that was checked; empty if it is."""
    try:
        content = (folder / manifest.MANIFEST).read_bytes()
    except OSError as error:
        return f"{folder} cannot be read ({error.strerror})"
    return "" if hashlib.sha256(content).hexdigest() == expected else f"{folder} was changed"


def configured(settings: Settings) -> Path:
    """Absolute."""
    named = settings.classifiers.models
    return (settings.path(Path(named)) if named else resources.models()).absolute()


def district_of(settings: Settings) -> Path:
    """The folder of the district's own data. Absolute."""
    return settings.path(Path(settings.classifiers.district)).absolute()


def folder_of(settings: Settings, name: str) -> Path:
    return district_of(settings) / FOLDER / name
