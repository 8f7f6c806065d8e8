"""How long cases took, and what still waited when a span of the log ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.reports.counting import SETTLING
from modbot.reports.extent import Extent, events
from modbot.store import table
from modbot.tables import Case, Decision

cases, decisions = table(Case), table(Decision)
STATES = ("case.opened", "case.reopened", "case.closed")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Cases nobody had decided. `oldest` is the number of the one that waited longest, `since` when it was
    opened or last reopened."""

    cases: int
    oldest: int | None
    since: datetime | None


def opened(connection: Connection, extent: Extent) -> int:
    found: int = connection.execute(
        sa.select(sa.func.count()).select_from(cases).where(extent.holds(cases.c.id))
    ).scalar_one()
    return found


def hours_to_decision(connection: Connection, extent: Extent) -> list[float]:
    """One for each case that got its first settling decision in the span, shortest first."""
    earlier = decisions.alias()
    before = (
        sa.select(earlier.c.id)
        .where(
            earlier.c.case_id == decisions.c.case_id,
            earlier.c.id <= extent.after,
            earlier.c.choice.in_(SETTLING),
        )
        .exists()
    )
    firsts = (
        sa.select(decisions.c.case_id, sa.func.min(decisions.c.id).label("id"))
        .where(extent.holds(decisions.c.id), decisions.c.choice.in_(SETTLING), ~before)
        .group_by(decisions.c.case_id)
        .subquery()
    )
    rows = connection.execute(
        sa.select(cases.c.opened_at, decisions.c.at)
        .select_from(firsts)
        .join(decisions, decisions.c.id == firsts.c.id)
        .join(cases, cases.c.id == firsts.c.case_id)
    ).all()
    return sorted((at - since).total_seconds() / 3600 for since, at in rows)


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of the values do not exceed."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]


def at_end(connection: Connection, extent: Extent) -> Waiting:
    """As it stood then: what was decided, closed or reopened since does not count."""
    conditions = (
        cases.c.id <= extent.last,
        _later(cases.c.decided_at, extent.end),
        _later(cases.c.closed_at, extent.end),
    )
    reopened = _reopened(connection)
    after = {case for case, seqs in reopened.items() if seqs[-1] > extent.last}
    plain = set(connection.execute(sa.select(cases.c.id).where(*conditions)).scalars()) - after
    left = plain | {case for case in after if case <= extent.last and _waited(connection, case, extent.last)}
    # A case is numbered by the entry that opened it, so entries tell which waits longest.
    begun = {
        case: max((seq for seq in reopened.get(case, ()) if seq <= extent.last), default=case)
        for case in left
    }
    if not begun:
        return Waiting(0, None, None)
    oldest = min(begun, key=lambda case: begun[case])
    since = connection.execute(sa.select(events.c.at).where(events.c.seq == begun[oldest])).scalar_one()
    return Waiting(len(left), oldest, since)


def _later(moment: Any, end: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(moment.is_(None), moment >= end)


def _reopened(connection: Connection) -> dict[int, list[int]]:
    """Case → the entries that sent it back to the queue, in order. Of one that went back after the span's end
    the row no longer tells how it stood then."""
    rows = connection.execute(
        sa.select(events.c.subject, events.c.seq)
        .where(events.c.kind == "case.reopened")
        .order_by(events.c.seq)
    )
    found: dict[int, list[int]] = {}
    for subject, seq in rows.all():
        found.setdefault(int(subject.removeprefix("case:")), []).append(seq)
    return found


def _waited(connection: Connection, case: int, last: int) -> bool:
    """Whether the case waited for a decision at entry `last`, by its own entries."""
    states = sa.select(sa.func.max(events.c.seq)).where(
        events.c.subject == f"case:{case}", events.c.kind.in_(STATES), events.c.seq <= last
    )
    state = connection.execute(states).scalar_one()
    kind = connection.execute(sa.select(events.c.kind).where(events.c.seq == state)).scalar_one()
    decided = connection.execute(
        sa.select(sa.func.max(decisions.c.id)).where(
            decisions.c.case_id == case, decisions.c.choice.in_(SETTLING), decisions.c.id <= last
        )
    ).scalar()
    return kind != "case.closed" and (decided is None or decided < state)
