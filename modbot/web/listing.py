"""What became of the cases of a list while somebody looks at it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from zlib import crc32

import sqlalchemy as sa

from modbot.queue import URGENT, WAITING
from modbot.review import Filters
from modbot.review.proposed import deleting
from modbot.review.waiting import BLIND, conditions, values
from modbot.store import Readable, many, table, utcnow
from modbot.tables import AuditEvent, AuditHead, Case, Decision, User
from modbot.web.counts import Waiting

events, head = table(AuditEvent), table(AuditHead)
cases, decisions, users = table(Case), table(Decision), table(User)

_LAST = sa.select(head.c.seq)
_KEPT = sa.select(cases.c.id, cases.c.claimed_by).where(
    cases.c.id.in_(many("cases")),
    cases.c.state.in_(WAITING),
    cases.c.claimed_until > sa.bindparam("now"),
)
NEW = ("case.opened", "case.reopened")
MANY = 500
"""New cases that are counted; more are as good as this many."""
NOBODY = ("", "", False)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who has a case now (`state` claimed), or what was decided of it (`decided`) and by whom.

    `by` and `choice` are empty where the viewer may be asked for a second opinion.
    """

    id: int
    state: str
    by: str
    choice: str
    deletes: bool = False
    """The decision proposes a deletion, because nothing can be hidden there."""


def last_entry(store: Readable) -> int:
    with store.read() as connection:
        return connection.execute(_LAST).scalar_one_or_none() or 0


def changed(store: Readable, after: int, kinds: Collection[str] = ()) -> list[int]:
    """The cases that have entries (of these kinds) after entry `after`, oldest first."""
    found = sa.select(events.c.subject).where(events.c.seq > after, events.c.subject.like("case:%"))
    if kinds:
        found = found.where(events.c.kind.in_(kinds))
    with store.read() as connection:
        subjects = connection.execute(found).scalars()
        return sorted({int(subject.removeprefix("case:")) for subject in subjects})


def arrived(store: Readable, after: int, shown: Collection[int], filters: Filters) -> Waiting:
    """Cases that came, or came back, after entry `after` and wait with these filters."""
    numbers = [number for number in changed(store, after, NEW) if number not in shown][-MANY:]
    by_priority = (
        sa.select(cases.c.priority, sa.func.count())
        .where(cases.c.id.in_(numbers), *conditions(filters))
        .group_by(cases.c.priority)
    )
    with store.read() as connection:
        found = {row[0]: row[1] for row in connection.execute(by_priority, values(filters))}
    return Waiting(sum(found.values()), found.get(URGENT, 0))


def keepers(found: Iterable[tuple[int, str]]) -> str:
    """Changes with who keeps which case (`found`: cases with their holders); the log does not tell."""
    return f"{crc32(repr(sorted(found)).encode()):x}"


def held(store: Readable, shown: Collection[int]) -> str:
    """`keepers` of the cases at this moment."""
    with store.read() as connection:
        found = connection.execute(_KEPT, {"cases": shown, "now": utcnow()})
        return keepers((row.id, row.claimed_by) for row in found)


def standing(store: Readable, after: int, shown: Collection[int], viewer: str) -> list[Standing]:
    """The cases that wait, and those that were settled after entry `after`."""
    moved = set(changed(store, after))
    settled_before = sa.and_(cases.c.state.not_in(WAITING), cases.c.id.not_in(moved & set(shown)))
    with store.read() as connection:
        rows = connection.execute(
            sa.select(cases.c.id, cases.c.state, cases.c.claimed_until, users.c.full_name, BLIND)
            .select_from(cases.outerjoin(users, users.c.name == cases.c.claimed_by))
            .where(cases.c.id.in_(shown), ~settled_before)
            .order_by(cases.c.id),
            {"viewer": viewer},
        ).all()
        made = connection.execute(
            sa.select(decisions.c.id, decisions.c.case_id, decisions.c.choice, users.c.full_name)
            .select_from(decisions.join(users, users.c.name == decisions.c.decided_by))
            .where(decisions.c.case_id.in_([row.id for row in rows if row.state not in WAITING]))
            .order_by(decisions.c.id)
        ).all()
        final = deleting(connection, [row.id for row in made])
    newest = {row.case_id: (row.full_name, row.choice, row.id in final) for row in made}
    return [_standing(row, newest.get(row.id, NOBODY)) for row in rows]


def _standing(row: sa.Row[tuple[int, str, object, str, bool]], made: tuple[str, str, bool]) -> Standing:
    if row.state not in WAITING:
        return Standing(row.id, "decided", *(NOBODY if row.blind else made))
    held = row.claimed_until is not None and row.claimed_until > utcnow()
    return Standing(row.id, "claimed" if held else "open", row.full_name or "" if held else "", "")
