"""Public-records requests in a span of the log, and what waited at its end."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.records.requests import ANSWERED, RECEIVED
from modbot.reports.extent import Extent, events
from modbot.reports.figures import Key, Value


def figures(connection: Connection, extent: Extent) -> Iterator[tuple[Key, Value]]:
    yield Key("requests_received"), _count(connection, RECEIVED, after=extent.after, last=extent.last)
    yield Key("requests_answered"), _count(connection, ANSWERED, after=extent.after, last=extent.last)
    received, answered = (_count(connection, kind, last=extent.last) for kind in (RECEIVED, ANSWERED))
    yield Key("requests_waiting"), received - answered


def _count(connection: Connection, kind: str, *, last: int, after: int = 0) -> int:
    e = events.c
    found: int = connection.execute(
        sa.select(sa.func.count()).where(e.kind == kind, e.seq > after, e.seq <= last)
    ).scalar_one()
    return found
