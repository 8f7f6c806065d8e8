"""The database: reachable, at the right schema, with people in it and a log that is signed."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import checkpoints, migrations
from modbot.checkups import people, reviewing
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.errors import ConfigError, ModbotError
from modbot.roles import DECIDERS
from modbot.store import Store, sqlite_file, table, utcnow
from modbot.tables import AuditEvent, AuditHead, Checkpoint, User

users, head = table(User), table(AuditHead)
events, signed = table(AuditEvent), table(Checkpoint)

AHEAD = timedelta(seconds=30)


def database(settings: Settings) -> Iterator[Finding]:
    url = settings.database_url()
    try:
        file = sqlite_file(url)
        store = Store(url)
    except ConfigError as error:
        yield wrong("database", str(error), error.remedy)
        return
    if file is not None and not file.is_file():
        yield wrong("database", f"there is no {file}", "modbot run makes it; or mend [database] url.")
        return
    try:
        yield from _schema(store, settings)
    except ModbotError as error:
        yield wrong("database", str(error), error.remedy)
    finally:
        store.close()


def _schema(store: Store, settings: Settings) -> Iterator[Finding]:
    revision = migrations.current(store.engine)
    if revision is None:
        yield wrong("database", "it is empty", "modbot run sets it up.")
    elif revision != migrations.newest():
        yield look(
            "database", f"schema {revision} is older than this modbot", "modbot run brings it forward."
        )
    else:
        with store.read() as connection:
            entries = connection.execute(sa.select(head.c.seq)).scalar_one()
            yield fine("database", f"{store.dialect}, {entries} log entries")
            yield _clock(connection)
            yield _people(connection)
            yield _age(connection, settings, entries)
        yield from people.sign_in(store, settings)
        yield from reviewing.enough(store, settings)


def _clock(connection: Connection) -> Finding:
    newest = sa.select(events.c.at).order_by(events.c.seq.desc()).limit(1)
    last = connection.execute(newest).scalar()
    if last is not None and last > utcnow() + AHEAD:
        says = f"the log's last entry is of {last:%Y-%m-%d %H:%M} UTC, which has not come yet"
        return wrong("clock", says, "Set this machine's clock, best by a time server.")
    return fine("clock", "not behind the log")


def _people(connection: Connection) -> Finding:
    able = sa.select(sa.func.count()).where(users.c.active, users.c.role.in_(DECIDERS))
    count = connection.execute(able).scalar_one()
    if count:
        return fine("people", f"{count} may decide")
    return look("people", "nobody may decide yet", "Add people with: modbot user add")


def _age(connection: Connection, settings: Settings, entries: int) -> Finding:
    row = connection.execute(sa.select(signed).order_by(signed.c.seq.desc()).limit(1)).first()
    if row is None:
        remedy = "modbot run signs one now and then; at once: modbot audit checkpoint"
        return look("checkpoints", "the log was never signed", remedy)
    due = row.at + 2 * timedelta(minutes=settings.audit.checkpoint_minutes)
    if row.seq < entries and due < utcnow():
        says = f"the last is of {row.at:%Y-%m-%d %H:%M} UTC, {entries - row.seq} entries ago"
        return look("checkpoints", says, "Is modbot running? Sign now with: modbot audit checkpoint")
    return _same_key(row, settings)


def _same_key(row: Any, settings: Settings) -> Finding:
    try:
        key = checkpoints.read_key(settings.path(settings.audit.key_file))
    except ConfigError:
        key = None  # the key's own finding tells
    known = settings.audit.earlier_public_keys
    if key is not None and row.public_key not in (checkpoints.public_hex(key), *known):
        remedy = f'If that key was yours: [audit] earlier_public_keys = ["{row.public_key}"]'
        return look("checkpoints", "the last was signed with another key", remedy)
    return fine("checkpoints", f"signed up to entry {row.seq}")


def key(settings: Settings) -> Iterator[Finding]:
    path = settings.path(settings.audit.key_file)
    try:
        checkpoints.read_key(path)
    except ConfigError as error:
        yield wrong("signing key", str(error), error.remedy)
        return
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        yield wrong("signing key", f"other users of this machine can read {path}", f"chmod 600 {path}")
    else:
        yield fine("signing key", "readable by this user alone")
    folder = settings.path(settings.audit.checkpoint_folder)
    if settings.folder.resolve() in folder.resolve().parents:
        remedy = "Set [audit] checkpoint_folder to a share that modbot's administrators cannot delete from."
        yield look("checkpoint folder", "the checkpoints lie beside the log that they prove", remedy)
