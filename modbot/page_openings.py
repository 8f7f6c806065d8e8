"""For which district, as which account and in which version modbot works on a page, on record by its changes.

What took a comment in, and what a decision was sent by, is what the last such entry before it says. A page
that is no longer in the settings is retired: that is on record too, so that nobody thinks it is watched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import platforms
from modbot.records import page_state
from modbot.records.page_state import REGISTERED, RETIRED
from modbot.store import Store, body_of, table
from modbot.tables import AuditEvent, Page
from platforms.base import Identity

events, pages = table(AuditEvent), table(Page)

OPENED = "page.opened"
_LAST = sa.select(sa.func.max(events.c.seq)).where(
    events.c.subject == sa.bindparam("subject"), events.c.kind == sa.bindparam("kind")
)
_NEWEST = (
    sa.select(sa.func.max(events.c.seq))
    .where(events.c.kind.in_((REGISTERED, RETIRED)))
    .group_by(events.c.subject)
)


def note(store: Store, page: str, platform: str, identity: Identity, district: str) -> None:
    """Put on record what differs from the last time, and a page that is back.

    The clock's difference is the one of that moment.
    """
    now = {
        "district": district,
        "account": identity.account,
        "platform": platform,
        "adapter_version": adapter_version(platform),
        "modbot": version("modbot"),
    }
    with store.read() as connection:
        is_back = _last(connection, page, RETIRED) > _last(connection, page, OPENED)
        before = {} if is_back else last(connection, page)
    if any(before.get(key) != value for key, value in now.items()):
        skew = {"clock_skew_seconds": round(identity.clock_skew.total_seconds(), 3)}
        with store.write() as tx:
            tx.record(OPENED, _subject(page), now | skew)


def last(connection: Connection, page: str) -> Mapping[str, Any]:
    """What was noted last; empty for a page that was never opened."""
    seq = _last(connection, page, OPENED)
    body: Mapping[str, Any] | None = body_of(connection, seq) if seq else None
    return body or {}


def _last(connection: Connection, page: str, kind: str) -> int:
    """The number of the page's last entry of this kind; 0 where there is none."""
    return connection.execute(_LAST, {"subject": _subject(page), "kind": kind}).scalar() or 0


def retired(connection: Connection) -> dict[str, datetime]:
    """By page: since when it is on record that it is no longer in the settings."""
    out = sa.select(events.c.subject, events.c.at).where(events.c.seq.in_(_NEWEST), events.c.kind == RETIRED)
    return {row.subject.removeprefix("page:"): row.at for row in connection.execute(out)}


def retire(store: Store, configured: Collection[str], settings_in: str, unread: timedelta) -> list[str]:
    """Put on record, once, which pages of the register are not `configured` any more, and return them.

    A page that could not be read for longer than `unread` before has that gap on record as well.
    """
    with store.write() as tx:
        gone = retired(tx.connection)
        rows = tx.execute(sa.select(pages).where(pages.c.key.not_in(configured)).order_by(pages.c.key))
        left = [row for row in rows if row.key not in gone]
        for row in left:
            page_state.mark_retired(tx, row, unread)
            tx.record(RETIRED, _subject(row.key), {"settings": settings_in, "pages": sorted(configured)})
    return [row.key for row in left]


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
