"""How soon a person looked at what may be a threat."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.reports.extent import Extent, events
from modbot.store import table
from modbot.tables import Alert, Call, CaseComment, Decision, Opened, Verdict

verdicts, case_comments, decisions = table(Verdict), table(CaseComment), table(Decision)
opened, alerts, calls = table(Opened), table(Alert), table(Call)

SOON = 15.0
"""Minutes within which a person should have looked at a possible threat."""
CLAIMED = "case.claimed"
"""Logged for every state of a case that a person saw. To decide, or to answer the alert, is to look too."""
_AT_ONCE = 5_000


def minutes_to_first_look(connection: Connection, extent: Extent) -> list[float | None]:
    """One for each urgent verdict of the span, in order; None where nobody had looked when it ended."""
    rows = connection.execute(
        sa.select(verdicts.c.id, events.c.at, case_comments.c.case_id)
        .select_from(verdicts)
        .join(events, events.c.seq == verdicts.c.id)
        .outerjoin(case_comments, case_comments.c.comment_id == verdicts.c.comment_id)
        .where(extent.holds(verdicts.c.id), verdicts.c.level == "urgent")
        .order_by(verdicts.c.id)
    ).all()
    looks = _looks(connection, sorted({row.case_id for row in rows if row.case_id is not None}), extent)
    found: dict[int, list[float]] = {row.id: [] for row in rows}
    for row in rows:
        found[row.id] += [(at - row.at).total_seconds() / 60 for at in looks[row.case_id] if at >= row.at]
    return [min(each) if each else None for each in found.values()]


def _looks(connection: Connection, cases: list[int], extent: Extent) -> dict[int, list[datetime]]:
    """Case → when a person looked at it, up to the span's end."""
    found: dict[int, list[datetime]] = defaultdict(list)
    for start in range(0, len(cases), _AT_ONCE):
        some = cases[start : start + _AT_ONCE]
        entries = sa.select(events.c.at, events.c.subject).where(
            events.c.subject.in_([f"case:{case}" for case in some]),
            events.c.kind == CLAIMED,
            events.c.seq <= extent.last,
        )
        for at, subject in connection.execute(entries):
            found[int(subject.removeprefix("case:"))].append(at)
        made = sa.select(decisions.c.at, decisions.c.case_id).where(
            decisions.c.case_id.in_(some), decisions.c.id <= extent.last
        )
        seen = sa.select(opened.c.first_at, opened.c.case_id).where(
            opened.c.case_id.in_(some), opened.c.first_at < extent.end
        )
        answered = (
            sa.select(calls.c.acknowledged_at, alerts.c.case_id)
            .join(alerts, alerts.c.id == calls.c.alert_id)
            .where(alerts.c.case_id.in_(some), calls.c.acknowledged_at < extent.end)
        )
        for at, case in [
            *connection.execute(made),
            *connection.execute(seen),
            *connection.execute(answered),
        ]:
            found[case].append(at)
    return found
