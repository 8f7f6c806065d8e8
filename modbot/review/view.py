"""One case with everything that a person needs to decide it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.audit import Entry
from modbot.errors import StaleCase
from modbot.review.around import Earlier, Thread, earlier_cases, thread
from modbot.review.lines import First, Line, Row, cases, line
from modbot.review.proposed import Proposed, actions, decisions, deleting, proposed
from modbot.review.seen import Seen, revisions
from modbot.review.waiting import HELD, OPEN_LOOKS, looks, pages
from modbot.revisions import newest
from modbot.roles import DECIDERS
from modbot.store import Readable, bodies_of, many, table
from modbot.tables import AuditEvent, Note, User

users, written, events = table(User), table(Note), table(AuditEvent)
SAID_BEFORE = (
    "case.changed",
    "case.joined",
    "case.opened",
    "comment.deleted",
    "comment.edited",
    "comment.missed",
    "comment.returned",
    "comment.scored",
    "comment.seen",
    "comment.unscored",
)
"""What the history of a second look tells: nothing that a person did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    id: int
    comment_id: int
    at: datetime
    by: str
    choice: str
    clause: str
    deletes: bool
    """It proposes a deletion, because nothing can be hidden there."""
    quote: str
    reason: str
    reason_code: str
    referral: str
    swap_test: bool | None
    """Whether the person would decide the same of the opposite opinion in the same words; None: not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    id: int
    decision_id: int
    comment_id: int
    kind: str
    state: str
    attempts: int
    due_at: datetime
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    id: int
    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How far near-identical comments went, and how fast."""

    copies: int
    pages: tuple[str, ...]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The page that the case's first comment stands on."""

    key: str
    platform: str
    title: str
    school: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is to be decided."""

    line: Line
    revisions: tuple[Seen, ...]
    """Every archived revision in the case, oldest first."""
    second_look: int | None
    """The number of the second look that the viewer is asked for; None for an ordinary case."""

    @property
    def items(self) -> tuple[Seen, ...]:
        """The newest revision of each comment: what a decision is about."""
        return tuple(newest(self.revisions).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Subject):
    """Everything about one case. In a second look nothing is told that came after the first decision."""

    place: Place
    platforms: Mapping[str, str]
    """Of each page that the case's comments stand on, by the page's key."""
    thread: Thread
    """Around its first comment, as archived."""
    earlier: tuple[Earlier, ...]
    """The first comment's author's other cases on this page, newest first."""
    decisions: tuple[Decided, ...]
    proposals: tuple[Proposed, ...]
    """To delete for good, that wait for the records officer."""
    actions: tuple[Acted, ...]
    notes: tuple[Noted, ...]
    history: tuple[Entry, ...]

    @property
    def spread(self) -> Spread:
        times = [each.created_at for each in self.items]
        return Spread(
            copies=len(times),
            pages=tuple(dict.fromkeys(each.page for each in self.items)),
            first_at=min(times),
            last_at=max(times),
        )


def case(store: Readable, case_id: int, viewer: str = "") -> View:
    """One case as `viewer` may see it. Raises StaleCase for a number that is none."""
    with store.read() as connection:
        about = _subject(connection, case_id, viewer)
        look, seen = about.second_look, about.revisions
        made = () if look else _decisions(connection, case_id)
        first = about.items[0]
        places = _places(connection, {each.page for each in seen})
        return View(
            line=about.line,
            place=places[first.page],
            revisions=seen,
            platforms={key: each.platform for key, each in places.items()},
            thread=thread(connection, first, viewer),
            earlier=earlier_cases(connection, first.id, case_id, viewer),
            decisions=made,
            proposals=proposed(connection, case_id) if made else (),
            actions=_actions(connection, [each.id for each in made]) if made else (),
            notes=() if look else _notes(connection, case_id),
            history=_history(connection, case_id, seen, before=look),
            second_look=look,
        )


def subject(store: Readable, case_id: int, viewer: str) -> Subject:
    """What `viewer` decides about, without what stands around it. Raises StaleCase."""
    with store.read() as connection:
        return _subject(connection, case_id, viewer)


def _subject(connection: Connection, case_id: int, viewer: str) -> Subject:
    row = connection.execute(_AS_SEEN, {"case": case_id, "viewer": viewer}).first()
    if row is None:
        raise StaleCase(
            "There is no case %(case)s.", remedy="See the queue with: modbot case list", case=case_id
        )
    seen = revisions(connection, case_id)
    items = newest(seen)
    first = next(iter(items.values()))
    shown = First(first.page, first.author, first.text, first.judged, len(items))
    return Subject(
        line=line(row, shown, second_look=row.look is not None), revisions=seen, second_look=row.look
    )


def _as_seen() -> sa.Select[Any]:
    """A case's row, with the number of the second look that the viewer may take as its `look`.

    They must not know the first decision then, and who holds the look holds the case.
    """
    viewer = users.c.name == sa.bindparam("viewer")
    may = sa.exists().where(viewer, users.c.active, users.c.role.in_(DECIDERS))
    asked = sa.and_(looks.c.case_id == cases.c.id, *OPEN_LOOKS, may)
    columns = [_held(column) if column.name in HELD else column for column in cases.c]
    found = sa.select(*columns, looks.c.id.label("look")).select_from(cases.outerjoin(looks, asked))
    return found.where(cases.c.id == sa.bindparam("case"))


def _held(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    own = sa.case((looks.c.id.is_(None), column), else_=looks.c[column.name])
    return own.label(column.name)


def _places(connection: Connection, keys: Collection[str]) -> dict[str, Place]:
    rows = connection.execute(_PLACES, {"keys": list(keys)})
    return {row.key: Place(**row._mapping) for row in rows}


def _notes(connection: Connection, case_id: int) -> tuple[Noted, ...]:
    rows = connection.execute(_NOTES, {"case": case_id}).all()
    bodies = bodies_of(connection, [row.id for row in rows])
    return tuple(
        Noted(id=row.id, at=row.at, by=row.written_by, text=bodies.get(row.id, {}).get("text", ""))
        for row in rows
    )


def _decisions(connection: Connection, case_id: int) -> tuple[Decided, ...]:
    rows = connection.execute(_DECISIONS, {"case": case_id}).all()
    bodies = bodies_of(connection, [row.id for row in rows])
    final = deleting(connection, [row.id for row in rows])
    return tuple(_decided(row, bodies.get(row.id, {}), row.id in final) for row in rows)


def _decided(row: Row, body: Mapping[str, Any], deletes: bool) -> Decided:
    return Decided(
        id=row.id,
        comment_id=row.comment_id,
        at=row.at,
        by=row.decided_by,
        choice=row.choice,
        clause=row.clause,
        deletes=deletes,
        quote=body.get("quote", ""),
        reason=body.get("reason", ""),
        reason_code=body.get("reason_code", ""),
        referral=body.get("referral", ""),
        swap_test=body.get("swap_test"),
    )


def _actions(connection: Connection, made: Sequence[int]) -> tuple[Acted, ...]:
    rows = connection.execute(_ACTIONS, {"decisions": made})
    return tuple(Acted(**row._mapping) for row in rows)


def _history(
    connection: Connection, case_id: int, seen: Sequence[Seen], before: int | None
) -> tuple[Entry, ...]:
    subjects = {f"case:{case_id}", *(f"comment:{each.page}/{each.native_id}" for each in seen)}
    found, given = _HISTORY, {"subjects": sorted(subjects)}
    if before is not None:
        # The first decision, and what it asked for, stand right before the look.
        found = found.where(events.c.seq < before, events.c.kind.in_(SAID_BEFORE))
    return tuple(Entry(*row) for row in connection.execute(found, given))


_AS_SEEN = _as_seen()
_PLACES = sa.select(*(pages.c[name] for name in Place.__dataclass_fields__)).where(
    pages.c.key.in_(many("keys"))
)
_NOTES = sa.select(written).where(written.c.case_id == sa.bindparam("case")).order_by(written.c.id)
_DECISIONS = sa.select(decisions).where(decisions.c.case_id == sa.bindparam("case")).order_by(decisions.c.id)
_ACTIONS = (
    sa.select(*(actions.c[name] for name in Acted.__dataclass_fields__))
    .where(actions.c.decision_id.in_(many("decisions")))
    .order_by(actions.c.id)
)
_HISTORY = (
    sa.select(*(events.c[name] for name in Entry.__dataclass_fields__))
    .where(events.c.subject.in_(many("subjects")))
    .order_by(events.c.seq)
)
