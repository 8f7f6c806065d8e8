"""Whose training is due, by what the log said of each person when the week ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection

from modbot.reports.extent import Extent, noted
from modbot.roles import DECIDERS

AHEAD = timedelta(weeks=4)
"""Training that ends so soon is named."""


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """`until` is None for somebody who may decide and has no training on record."""

    person: str
    until: date | None


def due(connection: Connection, extent: Extent, zone: ZoneInfo) -> Iterator[Due]:
    """Active people who may decide, by name, whose training ended, ends within four weeks, or never was."""
    limit = extent.end.astimezone(zone).date() + AHEAD
    decides: dict[str, bool] = {}
    trained: dict[str, date] = {}
    ever = Extent(extent.start, extent.end, 0, extent.last)
    for each in noted(connection, ever, "user.added", "user.changed", "account.changed"):
        name, body = each.subject.removeprefix("user:"), each.body or {}
        if each.kind == "account.changed":
            if "trained_until" in body:
                trained[name] = date.fromisoformat(body["trained_until"])
        elif "role" in body:
            decides[name] = body["role"] in DECIDERS and body.get("active", True)
    for name in sorted(name for name, may in decides.items() if may):
        until = trained.get(name)
        if until is None or until <= limit:
            yield Due(name, until)
