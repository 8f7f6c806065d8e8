"""What the pages' own platforms filter, put on record when it changes.

A filter of a platform's keeps words from readers and from modbot alike: nobody here decided it, and nobody
sees what it stops. So the record tells at least which filters were in force, and since when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.store import Store, body_of, table
from modbot.tables import AuditEvent
from platforms.base import Filter, NotAuthorised, Platform

events = table(AuditEvent)
READ = "page.filters"


@dataclass(frozen=True, slots=True)
class InForce:
    """As they were found at `since` and at every look afterwards."""

    since: datetime
    filters: Sequence[Filter]
    unreadable: str
    """Why they could not be read, in words; empty where they could."""


async def look(store: Store, page: str, platform: Platform) -> bool:
    """Read the page's filters; whether they differ from what is on record. Raises PlatformError."""
    if not platform.capabilities.filters:
        return False
    try:
        body = {"filters": [asdict(each) for each in await platform.filters()], "unreadable": ""}
    except NotAuthorised as error:
        # Only a person can change that, and meanwhile the report has to say so.
        body = {"filters": [], "unreadable": str(error)}
    return await asyncio.to_thread(_keep, store, page, body)


def _keep(store: Store, page: str, body: Mapping[str, Any]) -> bool:
    with store.write() as tx:
        last = _newest(tx.connection, page)
        if last is not None and body_of(tx.connection, last) == body:
            return False
        tx.record(READ, f"page:{page}", body)
    return True


def in_force(connection: Connection, page: str, until: int | None = None) -> InForce | None:
    """What is on record of a page, up to an entry of the log; None where nothing was read."""
    seq = _newest(connection, page, until)
    if seq is None:
        return None
    at = connection.execute(sa.select(events.c.at).where(events.c.seq == seq)).scalar_one()
    body = body_of(connection, seq) or {"filters": [], "unreadable": "the record was disposed of"}
    return InForce(at, [Filter(**each) for each in body["filters"]], body["unreadable"])


def _newest(connection: Connection, page: str, until: int | None = None) -> int | None:
    e = events.c
    mine = [e.subject == f"page:{page}", e.kind == READ, *([] if until is None else [e.seq <= until])]
    found: int | None = connection.execute(sa.select(sa.func.max(e.seq)).where(*mine)).scalar()
    return found
