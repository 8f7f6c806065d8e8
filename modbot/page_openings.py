"""For which district, as which account and in which version modbot works on a page, on record by its changes.

What took a comment in, and what a decision was sent by, is what the last such entry before it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import platforms
from modbot.store import Store, body_of, table
from modbot.tables import AuditEvent
from platforms.base import Identity

events = table(AuditEvent)

OPENED = "page.opened"
_LAST = sa.select(sa.func.max(events.c.seq)).where(
    events.c.subject == sa.bindparam("subject"), events.c.kind == OPENED
)


def note(store: Store, page: str, platform: str, identity: Identity, district: str) -> None:
    """Put on record what differs from the last time. The clock's difference is the one of that moment."""
    now = {
        "district": district,
        "account": identity.account,
        "platform": platform,
        "adapter_version": adapter_version(platform),
        "modbot": version("modbot"),
    }
    with store.read() as connection:
        before = last(connection, page)
    if any(before.get(key) != value for key, value in now.items()):
        skew = {"clock_skew_seconds": round(identity.clock_skew.total_seconds(), 3)}
        with store.write() as tx:
            tx.record(OPENED, _subject(page), now | skew)


def last(connection: Connection, page: str) -> Mapping[str, Any]:
    """What was noted last; empty for a page that was never opened."""
    seq = connection.execute(_LAST, {"subject": _subject(page)}).scalar()
    body: Mapping[str, Any] | None = None if seq is None else body_of(connection, seq)
    return body or {}


def adapter_version(platform: str) -> str:
    """The package that the adapter came with, and its version: "modbot 0.1.0", or a third party's."""
    came_with = None if platform in platforms.BUILTIN else _installed(platform)
    if came_with is None or came_with.dist is None:
        return f"modbot {version('modbot')}"
    return f"{came_with.dist.name} {came_with.dist.version}"


def _installed(platform: str) -> EntryPoint | None:
    found = entry_points(group=platforms.ENTRY_POINTS, name=platform)
    return next(iter(found), None)


def _subject(page: str) -> str:
    return f"page:{page}"
