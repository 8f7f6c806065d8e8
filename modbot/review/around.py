"""Around a comment: what it answers, what was said before and after, and its author's other cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.review.found import hidden_items
from modbot.review.lines import Row, case_comments, cases, comments
from modbot.review.proposed import decisions, deleting
from modbot.review.waiting import looks, open_looks
from modbot.revisions import newest
from modbot.store import bodies_of, table
from modbot.tables import Authored

authored = table(Authored)

NEIGHBOURS = 4
"""Comments shown before, and after, under the same post."""
ANCESTORS = 3
MOST = 300
"""An author's newest comments that are looked through for earlier cases."""
COUNTED = 500
"""Comments under a post that are counted; counting all of a post with thousands would take longest of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A comment of the thread in its newest revision; `id` is its record number."""

    id: int
    native_id: str
    author: str
    text: str | None
    created_at: datetime
    hidden: bool
    """By a decision of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """As archived, each part oldest first."""

    answers: tuple[Said, ...]
    """The comments that it answers: the parent last."""
    before: tuple[Said, ...]
    """Under the same post, right before it."""
    after: tuple[Said, ...]
    post_comments: int
    """How many comments are archived under the post; `COUNTED` + 1 for any more."""

    @property
    def is_long(self) -> bool:
        return self.post_comments > COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Another case of the same author. No choice is told while it waits, for anybody or for the viewer."""

    case: int
    opened_at: datetime
    state: str
    text: str | None
    choice: str
    clause: str
    deletes: bool
    """The choice proposed a deletion, because nothing can be hidden there."""
    decided_at: datetime | None


def thread(connection: Connection, comment_id: int, viewer: str) -> Thread:
    """Around one comment, by its record number."""
    here = connection.execute(sa.select(comments).where(comments.c.id == comment_id)).one()
    answers = _ancestors(connection, here)
    known = {here.native_id, *(row.native_id for row in answers)}
    before = _beside(connection, here, known, later=False)
    after = _beside(connection, here, known, later=True)
    rows = [*answers, *before, *after]
    bodies = bodies_of(connection, [row.id for row in rows])
    hidden = hidden_items(connection, {(row.page, row.native_id) for row in rows}, viewer)
    said = {row.id: _said(row, bodies.get(row.id, {}), hidden) for row in rows}
    return Thread(
        answers=tuple(said[row.id] for row in answers),
        before=tuple(said[row.id] for row in before),
        after=tuple(said[row.id] for row in after),
        post_comments=_many(connection, here),
    )


def earlier_cases(
    connection: Connection, comment_id: int, case_id: int, viewer: str, limit: int = 10
) -> tuple[Earlier, ...]:
    """The author's other cases on the page, newest first."""
    newest = _newest_by_case(comment_id, case_id, limit).subquery()
    blind = sa.exists().where(looks.c.case_id == cases.c.id, *open_looks(viewer)).correlate(cases)
    rows = connection.execute(
        sa.select(cases, newest.c.comment_id, blind.label("blind"))
        .join(newest, newest.c.case_id == cases.c.id)
        .order_by(cases.c.id.desc())
    ).all()
    made = _choices(connection, [row.id for row in rows])
    bodies = bodies_of(connection, [row.comment_id for row in rows])
    final = deleting(connection, [row.id for row in made.values()])
    return tuple(_earlier(row, made.get(row.id), bodies.get(row.comment_id, {}), final) for row in rows)


def _ancestors(connection: Connection, here: Row) -> list[Row]:
    found: list[Row] = []
    parent = here.parent
    while parent is not None and len(found) < ANCESTORS:
        row = connection.execute(
            sa.select(comments)
            .where(comments.c.page == here.page, comments.c.native_id == parent)
            .order_by(comments.c.number.desc())
            .limit(1)
        ).first()
        if row is None or row.native_id in {here.native_id, *(each.native_id for each in found)}:
            break
        found.insert(0, row)
        parent = row.parent
    return found


def _beside(connection: Connection, here: Row, known: set[str], *, later: bool) -> list[Row]:
    c = comments.c
    aside, order = (c.id > here.id, c.id) if later else (c.id < here.id, c.id.desc())
    # An edited comment has several rows; the newest of those read stands for it.
    rows = connection.execute(
        sa.select(comments)
        .where(c.page == here.page, c.post == here.post, aside)
        .order_by(order)
        .limit(3 * (NEIGHBOURS + len(known)))
    ).all()
    shown = newest(row for row in rows if row.native_id not in known)
    found = sorted(shown.values(), key=lambda each: each.id)
    return found[:NEIGHBOURS] if later else found[-NEIGHBOURS:]


def _many(connection: Connection, here: Row) -> int:
    first = (comments.c.page == here.page, comments.c.post == here.post, comments.c.number == 1)
    some = sa.select(comments.c.id).where(*first).limit(COUNTED + 1).subquery()
    return connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()


def _said(row: Row, body: Mapping[str, Any], hidden: set[tuple[str, str]]) -> Said:
    return Said(
        id=row.id,
        native_id=row.native_id,
        author=body.get("author", ""),
        text=body.get("text"),
        created_at=row.created_at,
        hidden=(row.page, row.native_id) in hidden,
    )


def _newest_by_case(comment_id: int, case_id: int, limit: int) -> sa.Select[Any]:
    """The author's newest cases but this one, each with the newest of their comments in it."""
    own, other = authored.alias(), authored
    theirs = (
        sa.select(other.c.comment_id)
        .join(own, sa.and_(own.c.page == other.c.page, own.c.author == other.c.author))
        .where(own.c.comment_id == comment_id)
        .order_by(other.c.comment_id.desc())
        .limit(MOST)
        .subquery()
    )
    c = case_comments.c
    return (
        sa.select(c.case_id, sa.func.max(c.comment_id).label("comment_id"))
        .join(theirs, theirs.c.comment_id == c.comment_id)
        .where(c.case_id != case_id)
        .group_by(c.case_id)
        .order_by(c.case_id.desc())
        .limit(limit)
    )


def _choices(connection: Connection, case_ids: Sequence[int]) -> dict[int, Row]:
    rows = connection.execute(
        sa.select(decisions.c.id, decisions.c.case_id, decisions.c.choice, decisions.c.clause)
        .where(decisions.c.case_id.in_(case_ids))
        .order_by(decisions.c.id)
    )
    return {row.case_id: row for row in rows}


def _earlier(row: Row, made: Row | None, body: Mapping[str, Any], final: set[int]) -> Earlier:
    told = made if row.decided_at is not None and not row.blind else None
    return Earlier(
        case=row.id,
        opened_at=row.opened_at,
        state="open" if row.blind else row.state,
        text=body.get("text"),
        choice="" if told is None else told.choice,
        clause="" if told is None else told.clause,
        deletes=told is not None and told.id in final,
        decided_at=None if told is None else row.decided_at,
    )
