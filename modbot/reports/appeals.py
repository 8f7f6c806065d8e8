"""Appeals that came in and were decided, one way or the other, in a span of the log, and what waited then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.appeals import OVERTURNED
from modbot.reports.extent import Extent
from modbot.reports.figures import Key, Value
from modbot.store import table
from modbot.tables import Appeal

appeals = table(Appeal)


def figures(connection: Connection, extent: Extent) -> Iterator[tuple[Key, Value]]:
    filed, decided = appeals.c.id, appeals.c.decided
    granted = appeals.c.state == OVERTURNED
    in_span = extent.holds(decided)
    waits = sa.or_(decided.is_(None), decided > extent.last)
    yield Key("appeals_filed"), _count(connection, extent.holds(filed))
    yield Key("appeals_decided"), _count(connection, in_span)
    yield Key("appeals_overturned"), _count(connection, in_span, granted)
    yield Key("appeals_upheld"), _count(connection, in_span, ~granted)
    yield Key("appeals_waiting"), _count(connection, filed <= extent.last, waits)


def _count(connection: Connection, *conditions: Any) -> int:
    number: int = connection.execute(
        sa.select(sa.func.count()).select_from(appeals).where(*conditions)
    ).scalar_one()
    return number
