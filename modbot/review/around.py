"""Around a comment: what it answers, what was said before and after, and its author's other cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.evidence import newest_verdict, severity_of
from modbot.review.found import hidden_items
from modbot.review.lines import Row, case_comments, cases, comments
from modbot.review.proposed import decisions, deleting
from modbot.review.seen import Seen, content
from modbot.review.waiting import BLIND
from modbot.revisions import newest
from modbot.store import decoded, many, table
from modbot.tables import Authored

authored = table(Authored)

NEIGHBOURS = 4
"""Comments shown before, and after, under the same post."""
ANCESTORS = 3
SHOWN = 10
"""Earlier cases of an author."""
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
    severe: str
    """As of a `Line`."""


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
    severe: str
    """As of a `Line`."""
    choice: str
    clause: str
    deletes: bool
    """The choice proposed a deletion, because nothing can be hidden there."""
    decided_at: datetime | None


def thread(connection: Connection, here: Seen, viewer: str) -> Thread:
    answers = _ancestors(connection, here)
    known = {here.native_id, *(row.native_id for row in answers)}
    before, after = _beside(connection, here, known)
    rows = [*answers, *before, *after]
    hidden = hidden_items(connection, {(row.page, row.native_id) for row in rows}, viewer)
    return Thread(
        answers=tuple(_said(row, hidden) for row in answers),
        before=tuple(_said(row, hidden) for row in before),
        after=tuple(_said(row, hidden) for row in after),
        post_comments=_many(connection, here),
    )


def earlier_cases(connection: Connection, comment_id: int, case_id: int, viewer: str) -> tuple[Earlier, ...]:
    """The author's other cases on the page, newest first, the first `SHOWN` of them."""
    given = {"comment": comment_id, "case": case_id, "viewer": viewer}
    rows = connection.execute(_EARLIER, given).all()
    made = _choices(connection, [row.id for row in rows])
    final = deleting(connection, [row.id for row in made.values()])
    return tuple(_earlier(row, made.get(row.id), final) for row in rows)


def _ancestors(connection: Connection, here: Seen) -> list[Row]:
    found: list[Row] = []
    parent = here.parent
    while parent is not None and len(found) < ANCESTORS:
        row = connection.execute(_BY_NAME, {"page": here.page, "native_id": parent}).first()
        if row is None or row.native_id in {here.native_id, *(each.native_id for each in found)}:
            break
        found.insert(0, row)
        parent = row.parent
    return found


def _beside(connection: Connection, here: Seen, known: set[str]) -> tuple[list[Row], list[Row]]:
    """Under the same post, right before it and right after it."""
    # An edited comment has several rows; the newest of those read stands for it.
    some = 3 * (NEIGHBOURS + len(known))
    given = {"page": here.page, "post": here.post, "comment": here.id, "some": some}
    rows = [row for row in connection.execute(_BESIDE, given) if row.native_id not in known]
    before = _by_age(row for row in rows if row.id < here.id)
    after = _by_age(row for row in rows if row.id > here.id)
    return before[-NEIGHBOURS:], after[:NEIGHBOURS]


def _by_age(rows: Iterable[Row]) -> list[Row]:
    return sorted(newest(rows).values(), key=lambda each: each.id)


def _many(connection: Connection, here: Seen) -> int:
    given = {"page": here.page, "post": here.post, "most": COUNTED + 1}
    return connection.execute(_MANY, given).scalar_one()


def _said(row: Row, hidden: set[tuple[str, str]]) -> Said:
    body = decoded(row.body)
    return Said(
        id=row.id,
        native_id=row.native_id,
        author=body.get("author", ""),
        text=body.get("text"),
        created_at=row.created_at,
        hidden=(row.page, row.native_id) in hidden,
        severe=severity_of(row.verdict),
    )


def _newest_by_case() -> sa.Select[Any]:
    """The author's newest cases but this one, each with the newest of their comments in it."""
    own, other = authored.alias(), authored
    theirs = (
        sa.select(other.c.comment_id)
        .join(own, sa.and_(own.c.page == other.c.page, own.c.author == other.c.author))
        .where(own.c.comment_id == sa.bindparam("comment"))
        .order_by(other.c.comment_id.desc())
        .limit(MOST)
        .subquery()
    )
    c = case_comments.c
    return (
        sa.select(c.case_id, sa.func.max(c.comment_id).label("comment_id"))
        .join(theirs, theirs.c.comment_id == c.comment_id)
        .where(c.case_id != sa.bindparam("case"))
        .group_by(c.case_id)
        .order_by(c.case_id.desc())
        .limit(SHOWN)
    )


def _choices(connection: Connection, case_ids: Sequence[int]) -> dict[int, Row]:
    if not case_ids:
        return {}
    return {row.case_id: row for row in connection.execute(_CHOICES, {"cases": case_ids})}


def _earlier(row: Row, made: Row | None, final: set[int]) -> Earlier:
    told = made if row.decided_at is not None and not row.blind else None
    return Earlier(
        case=row.id,
        opened_at=row.opened_at,
        state="open" if row.blind else row.state,
        text=decoded(row.body).get("text"),
        severe=severity_of(row.verdict),
        choice="" if told is None else told.choice,
        clause="" if told is None else told.clause,
        deletes=told is not None and told.id in final,
        decided_at=None if told is None else row.decided_at,
    )


def _earlier_cases() -> sa.Select[Any]:
    newest = _newest_by_case().subquery()
    said = (content.c.body, newest_verdict(newest.c.comment_id))
    found = sa.select(cases, newest.c.comment_id, *said, BLIND)
    joined = found.join(newest, newest.c.case_id == cases.c.id)
    return joined.outerjoin(content, content.c.seq == newest.c.comment_id).order_by(cases.c.id.desc())


def _beside_it() -> sa.CompoundSelect[Any]:
    here: sa.BindParameter[int] = sa.bindparam("comment")
    c = comments.c
    its = (c.page == sa.bindparam("page"), c.post == sa.bindparam("post"))
    some = _WRITTEN.where(*its).limit(sa.bindparam("some"))
    sides = (some.where(c.id < here).order_by(c.id.desc()), some.where(c.id > here).order_by(c.id))
    return sa.union_all(*(sa.select(side.subquery()) for side in sides))


_WRITTEN = sa.select(
    *(comments.c[name] for name in ("id", "page", "native_id", "number", "parent", "created_at")),
    content.c.body,
    newest_verdict(comments.c.id),
).outerjoin(content, content.c.seq == comments.c.id)
"""What `Said` is made of."""
_BY_NAME = (
    _WRITTEN.where(comments.c.page == sa.bindparam("page"), comments.c.native_id == sa.bindparam("native_id"))
    .order_by(comments.c.number.desc())
    .limit(1)
)
_BESIDE = _beside_it()
_FIRST_OF_POST = (
    sa.select(comments.c.id)
    .where(
        comments.c.page == sa.bindparam("page"),
        comments.c.post == sa.bindparam("post"),
        comments.c.number == 1,
    )
    .limit(sa.bindparam("most"))
)
_MANY = sa.select(sa.func.count()).select_from(_FIRST_OF_POST.subquery())
_EARLIER = _earlier_cases()
_CHOICES = (
    sa.select(*(decisions.c[name] for name in ("id", "case_id", "choice", "clause")))
    .where(decisions.c.case_id.in_(many("cases")))
    .order_by(decisions.c.id)
)
