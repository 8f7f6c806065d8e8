"""Every version of the policy that was in force, read from the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from modbot import policy
from modbot.errors import ConfigError
from modbot.policy import Policy
from modbot.store import Store, bodies_of, body_of, table
from modbot.tables import AuditEvent, PolicyVersion
from modbot.wiring import IN_FORCE

events, versions = table(AuditEvent), table(PolicyVersion)


@dataclass(frozen=True, slots=True)
class Version:
    """A time for which one version was in force; it may come back later under another `seq`."""

    seq: int
    at: datetime
    name: str
    version: str
    sha256: str
    until: datetime | None
    """None for the one in force."""


def history(store: Store) -> list[Version]:
    """The newest first."""
    with store.read() as connection:
        loaded = sa.select(events.c.seq, events.c.at).where(events.c.subject == IN_FORCE)
        rows = connection.execute(loaded.order_by(events.c.seq)).all()
        known = {row.sha256: row for row in connection.execute(sa.select(versions))}
        bodies = bodies_of(connection, [row.seq for row in rows])
    found: list[Version] = []
    until: datetime | None = None
    for row in reversed(rows):
        sha256 = bodies.get(row.seq, {}).get("sha256", "")
        about = known.get(sha256)
        name, version = ("", "") if about is None else (about.name, about.version)
        found.append(Version(row.seq, row.at, name, version, sha256, until))
        until = row.at
    return found


def read(store: Store, seq: int) -> Policy:
    """The policy as entry `seq` put it in force. Raises ConfigError where it cannot be read any more."""
    with store.read() as connection:
        about = connection.execute(sa.select(events.c.subject).where(events.c.seq == seq)).scalar()
        body = body_of(connection, seq) if about == IN_FORCE else None
    if body is None:
        raise ConfigError("Entry %(seq)s holds no policy.", remedy="Choose a version from the list.", seq=seq)
    return policy.parse(body["text"].encode(), f"of entry {seq}")
