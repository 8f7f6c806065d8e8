"""A case's rows as whoever changes them needs them: locked, with its items, and who may do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from modbot import proposals, queue, revisions
from modbot.errors import NotAllowed, StaleCase, Words
from modbot.roles import DECIDERS
from modbot.store import Transaction, body_of, table
from modbot.tables import AuditEvent, Case, CaseComment, Comment, Page, User

cases, case_comments = table(Case), table(CaseComment)
comments, pages, users, events = table(Comment), table(Page), table(User), table(AuditEvent)

_ROLE = sa.select(users.c.role).where(users.c.name == sa.bindparam("person"), users.c.active)
_LOCKED = sa.select(cases).where(cases.c.id == sa.bindparam("case")).with_for_update()
_ITEMS = (
    sa.select(comments.c.id, comments.c.page, comments.c.native_id, comments.c.number, pages.c.platform)
    .join(case_comments, case_comments.c.comment_id == comments.c.id)
    .join(pages, pages.c.key == comments.c.page)
    .where(case_comments.c.case_id == sa.bindparam("case"))
    .order_by(comments.c.id)
)
REOPENED = "case.reopened"
REOPENED_AT = (
    sa.select(events.c.subject, sa.func.max(events.c.at).label("at"))
    .where(events.c.kind == REOPENED)
    .group_by(events.c.subject)
    .subquery()
)
"""By subject (`case:` and its number): when a case went back to the queue last."""
LEASE = timedelta(minutes=10)
"""How long a claimed case is kept for its reviewer."""


@dataclass(frozen=True, slots=True)
class Item:
    """A case's comment in its newest revision of the case."""

    comment_id: int
    page: str
    platform: str
    native_id: str


def decider(tx: Transaction, name: str) -> str:
    """The person's role, if it may decide. Raises NotAllowed."""
    role = active(tx, name)
    if role not in DECIDERS:
        raise NotAllowed(
            "%(name)s may look at cases but not decide them.", remedy="Ask a moderator.", name=name
        )
    return role


def active(tx: Transaction, name: str) -> str:
    """The role of an active person. Raises NotAllowed."""
    role = role_of(tx, name)
    if role is None:
        raise NotAllowed(
            "%(name)s is not an active user.",
            remedy="Name a person with --as NAME; an administrator adds people with: modbot user add",
            name=name or Words("Nobody"),
        )
    return role


def role_of(tx: Transaction, name: str) -> str | None:
    """None for somebody who is not, or no longer, an active user."""
    role: str | None = tx.execute(_ROLE, {"person": name}).scalar()
    return role


def locked(tx: Transaction, case_id: int) -> sa.Row[Any]:
    """The case's row, kept from others until the commit. Raises StaleCase for a number that is none."""
    row = tx.execute(_LOCKED, {"case": case_id}).first()
    if row is None:
        raise StaleCase(
            "There is no case %(case)s.", remedy="See the queue with: modbot case list", case=case_id
        )
    return row


def refuse_if_held(row: sa.Row[Any], case_id: int, by: str, now: datetime) -> None:
    """`row`: of a case or of a second look."""
    if row.claimed_by not in (None, by) and row.claimed_until and row.claimed_until > now:
        raise StaleCase(
            "Case %(case)s is being decided by %(by)s.",
            remedy="Take another one, or wait: it comes back to the queue after ten minutes.",
            case=case_id,
            by=row.claimed_by,
        )


def items(tx: Transaction, case_id: int) -> list[Item]:
    """The newest revision, within the case, of each of its items."""
    rows = tx.execute(_ITEMS, {"case": case_id})
    return [Item(row.id, row.page, row.platform, row.native_id) for row in revisions.newest(rows).values()]


def update(tx: Transaction, case_id: int, **values: Any) -> None:
    tx.execute(sa.update(cases).where(cases.c.id == case_id).values(**values))


def reopen(tx: Transaction, case_id: int, reason: str, actor: str, **values: Any) -> None:
    """Back to the queue, with every revision that came meanwhile; near-identical comments may join again."""
    tx.record(REOPENED, f"case:{case_id}", {"reason": reason}, actor=actor)
    proposals.withdraw(tx, case_id, reason, actor)
    cleared = dict.fromkeys(("claimed_by", "claimed_until", "decided_at", "closed_at"))
    update(tx, case_id, state="open", version=cases.c.version + 1, **cleared, **values)
    queue.catch_up(tx, case_id)
    first = min(item.comment_id for item in items(tx, case_id))
    body = body_of(tx.connection, first)
    if body is not None:
        queue.remember(tx, case_id, body["text"])
