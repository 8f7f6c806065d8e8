"""One case with everything that a person needs to decide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.audit import Entry
from modbot.errors import StaleCase
from modbot.evidence import Judged, judged
from modbot.review.around import Earlier, Thread, earlier_cases, thread
from modbot.review.lines import Line, Row, case_comments, cases, comments, lines
from modbot.review.proposed import Proposed, actions, decisions, deleting, proposed
from modbot.review.waiting import looks, open_looks, pages
from modbot.revisions import newest
from modbot.roles import DECIDERS
from modbot.store import Store, bodies_of, table
from modbot.tables import AuditEvent, Note, Presence, User

presences, users, written, events = table(Presence), table(User), table(Note), table(AuditEvent)
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
class Seen:
    """One archived revision; `id` is its record number."""

    id: int
    page: str
    native_id: str
    number: int
    kind: str
    post: str
    post_title: str
    parent: str | None
    author: str
    permalink: str
    created_at: datetime
    archived_at: datetime
    text: str | None
    present: bool
    """False once the comment is no longer on the platform."""
    judged: Judged | None


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


def case(store: Store, case_id: int, viewer: str = "") -> View:
    """One case as `viewer` may see it. Raises StaleCase for a number that is none."""
    with store.read() as connection:
        about = _subject(connection, case_id, viewer)
        look, revisions = about.second_look, about.revisions
        made = () if look else _decisions(connection, case_id)
        first = about.items[0]
        return View(
            line=about.line,
            place=_place(connection, first.page),
            revisions=revisions,
            platforms=_platforms(connection, {each.page for each in revisions}),
            thread=thread(connection, first.id, viewer),
            earlier=earlier_cases(connection, first.id, case_id, viewer),
            decisions=made,
            proposals=() if look else proposed(connection, case_id),
            actions=_actions(connection, [each.id for each in made]),
            notes=() if look else _notes(connection, case_id),
            history=_history(connection, case_id, revisions, before=look),
            second_look=look,
        )


def subject(store: Store, case_id: int, viewer: str) -> Subject:
    """What `viewer` decides about, without what stands around it. Raises StaleCase."""
    with store.read() as connection:
        return _subject(connection, case_id, viewer)


def _subject(connection: Connection, case_id: int, viewer: str) -> Subject:
    row = connection.execute(sa.select(cases).where(cases.c.id == case_id)).first()
    if row is None:
        raise StaleCase(f"There is no case {case_id}.", remedy="See the queue with: modbot case list")
    look = _asked_of(connection, case_id, viewer)
    return Subject(
        line=_line(connection, row, look),
        revisions=_revisions(connection, case_id),
        second_look=look.id if look else None,
    )


def _asked_of(connection: Connection, case_id: int, viewer: str) -> Row | None:
    """The second look that this person may take, and so must not know the first decision."""
    role = sa.select(users.c.role).where(users.c.name == viewer, users.c.active)
    if connection.execute(role).scalar() not in DECIDERS:
        return None
    return connection.execute(sa.select(looks).where(looks.c.case_id == case_id, *open_looks(viewer))).first()


def _line(connection: Connection, row: Row, look: Row | None) -> Line:
    if look is None:
        return lines(connection, [row])[0]
    columns = [
        (
            sa.literal(getattr(look, column.name), column.type)
            if column.name.startswith("claimed_")
            else column
        ).label(column.name)
        for column in cases.c
    ]
    blind = connection.execute(sa.select(*columns).where(cases.c.id == row.id)).one()
    return lines(connection, [blind], second_look=True)[0]


def _place(connection: Connection, key: str) -> Place:
    columns = [pages.c[name] for name in Place.__dataclass_fields__]
    return Place(**connection.execute(sa.select(*columns).where(pages.c.key == key)).one()._mapping)


def _platforms(connection: Connection, keys: set[str]) -> dict[str, str]:
    found = sa.select(pages.c.key, pages.c.platform).where(pages.c.key.in_(keys))
    return {row.key: row.platform for row in connection.execute(found)}


def _notes(connection: Connection, case_id: int) -> tuple[Noted, ...]:
    rows = connection.execute(
        sa.select(written).where(written.c.case_id == case_id).order_by(written.c.id)
    ).all()
    bodies = bodies_of(connection, [row.id for row in rows])
    return tuple(
        Noted(id=row.id, at=row.at, by=row.written_by, text=bodies.get(row.id, {}).get("text", ""))
        for row in rows
    )


def _revisions(connection: Connection, case_id: int) -> tuple[Seen, ...]:
    rows = connection.execute(
        sa.select(comments)
        .join(case_comments, case_comments.c.comment_id == comments.c.id)
        .where(case_comments.c.case_id == case_id)
        .order_by(comments.c.id)
    ).all()
    ids = [row.id for row in rows]
    bodies, opinions = bodies_of(connection, ids), judged(connection, ids)
    last = sa.select(presences.c.comment_id, presences.c.present).where(presences.c.comment_id.in_(ids))
    present = {row.comment_id: row.present for row in connection.execute(last.order_by(presences.c.id))}
    return tuple(
        _seen(row, bodies.get(row.id, {}), opinions.get(row.id), present.get(row.id, True)) for row in rows
    )


def _seen(row: Row, body: Mapping[str, Any], opinion: Judged | None, present: bool) -> Seen:
    return Seen(
        id=row.id,
        page=row.page,
        native_id=row.native_id,
        number=row.number,
        kind=row.kind,
        post=row.post,
        post_title=body.get("post_title", ""),
        parent=row.parent,
        author=body.get("author", ""),
        permalink=body.get("permalink", ""),
        created_at=row.created_at,
        archived_at=row.archived_at,
        text=body.get("text"),
        present=present,
        judged=opinion,
    )


def _decisions(connection: Connection, case_id: int) -> tuple[Decided, ...]:
    rows = connection.execute(
        sa.select(decisions).where(decisions.c.case_id == case_id).order_by(decisions.c.id)
    ).all()
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
    columns = [actions.c[name] for name in Acted.__dataclass_fields__]
    rows = connection.execute(
        sa.select(*columns).where(actions.c.decision_id.in_(made)).order_by(actions.c.id)
    )
    return tuple(Acted(**row._mapping) for row in rows)


def _history(
    connection: Connection, case_id: int, revisions: Sequence[Seen], before: int | None
) -> tuple[Entry, ...]:
    subjects = {f"case:{case_id}", *(f"comment:{each.page}/{each.native_id}" for each in revisions)}
    columns = [events.c[name] for name in Entry.__dataclass_fields__]
    found = sa.select(*columns).where(events.c.subject.in_(sorted(subjects)))
    if before is not None:
        # The first decision, and what it asked for, stand right before the look.
        found = found.where(events.c.seq < before, events.c.kind.in_(SAID_BEFORE))
    return tuple(Entry(*row) for row in connection.execute(found.order_by(events.c.seq)))
