"""What became of the cases of a list while somebody looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from modbot.queue import WAITING
from modbot.store import Store, table, utcnow
from modbot.tables import AuditEvent, AuditHead, Case, Decision, User

events, head = table(AuditEvent), table(AuditHead)
cases, decisions, users = table(Case), table(Decision), table(User)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has a case now (`state` open or claimed), or what was decided of it and by whom."""

    id: int
    state: str
    by: str
    choice: str


def changed(store: Store, after: int) -> tuple[int, list[int]]:
    """The log's last entry, and the cases that have entries after `after`, oldest first."""
    with store.read() as connection:
        last = connection.execute(sa.select(head.c.seq)).scalar_one_or_none() or 0
        subjects = connection.execute(
            sa.select(events.c.subject).where(events.c.seq > after, events.c.subject.like("case:%"))
        ).scalars()
        return last, sorted({int(subject.removeprefix("case:")) for subject in subjects})


def standing(store: Store, numbers: Sequence[int]) -> list[Standing]:
    columns = (cases.c.id, cases.c.state, cases.c.claimed_until, users.c.full_name)
    with store.read() as connection:
        rows = connection.execute(
            sa.select(*columns)
            .select_from(cases.outerjoin(users, users.c.name == cases.c.claimed_by))
            .where(cases.c.id.in_(numbers))
            .order_by(cases.c.id)
        ).all()
        made = connection.execute(
            sa.select(decisions.c.case_id, decisions.c.choice, users.c.full_name)
            .select_from(decisions.join(users, users.c.name == decisions.c.decided_by))
            .where(decisions.c.case_id.in_(numbers))
            .order_by(decisions.c.id)
        ).all()
    newest = {row.case_id: row for row in made}
    return [_standing(row, newest.get(row.id)) for row in rows]


def _standing(row: sa.Row[tuple[int, str, object, str]], decided: object) -> Standing:
    if row.state not in WAITING:
        choice, by = getattr(decided, "choice", ""), getattr(decided, "full_name", "")
        return Standing(row.id, "decided", by, choice)
    held = row.state == "claimed" and row.claimed_until is not None and row.claimed_until > utcnow()
    return Standing(row.id, "claimed" if held else "open", row.full_name or "" if held else "", "")
