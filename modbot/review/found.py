"""Search through everything archived, hidden and deleted comments too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import search_words
from modbot.evidence import newest_verdict, severity_of
from modbot.review.lines import Row, case_comments, cases, comments
from modbot.review.outcomes import UNKNOWN, Outcome, outcomes
from modbot.review.proposed import ASKED_TO_HIDE, actions, asked, decisions
from modbot.review.seen import content, presences
from modbot.review.waiting import under
from modbot.store import Readable, decoded, many

_later = comments.alias()
_SUPERSEDED = sa.exists().where(
    _later.c.page == comments.c.page,
    _later.c.native_id == comments.c.native_id,
    # not by id, for which SQLite would read every later comment of the page
    _later.c.number > comments.c.number,
)
_ROWS = (
    sa.select(
        comments,
        content.c.body,
        presences.c.present,
        _SUPERSEDED.correlate(comments).label("superseded"),
        newest_verdict(comments.c.id),
    )
    .outerjoin(content, content.c.seq == comments.c.id)
    .outerjoin(presences, presences.c.comment_id == comments.c.id)
    .where(comments.c.id.in_(many("ids")))
    .order_by(presences.c.id)
)
_ASKED = (
    sa.select(actions.c.page, actions.c.native_id, actions.c.kind)
    .join(decisions, decisions.c.id == actions.c.decision_id)
    .where(
        sa.tuple_(actions.c.page, actions.c.native_id).in_(many("items")),
        actions.c.state.in_(("pending", "done")),
        ~UNKNOWN,
    )
    .order_by(actions.c.id)
)
NEWEST = 50_000
"""Log entries, of which every other one or so is a comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Empty or None: not sought by. Everything given has to hold."""

    text: str = ""
    """Words in any order; the last may be the beginning of one."""
    author: str = ""
    clause: str = ""
    """It was shown, or decided, under this clause."""
    choice: str = ""
    """It was decided so, at any time; "proposed" is what was proposed to be deleted for good."""
    page: str = ""
    since: datetime | None = None
    """Written at this time or later, by the platform's clock; aware."""
    until: datetime | None = None
    """Written before this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One archived revision; `id` is its record number."""

    id: int
    page: str
    native_id: str
    number: int
    post_title: str
    author: str
    text: str | None
    permalink: str
    created_at: datetime
    present: bool
    hidden: bool
    """By a decision of ours."""
    outcome: Outcome
    superseded: bool
    """Its author wrote something else in its place since."""
    severe: str
    """As of a `Line`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    found: tuple[Found, ...]
    more: bool


def search(store: Readable, query: Query, viewer: str = "", *, start: int = 0, limit: int = 50) -> Results:
    """Newest first. `start`: how many to leave out, to go on after an earlier slice."""
    with store.read() as connection:
        ids = _numbers(connection, query, viewer, start + limit + 1)[start:]
        return Results(found=tuple(_found(connection, ids[:limit], viewer)), more=len(ids) > limit)


def _numbers(connection: Connection, query: Query, viewer: str, most: int) -> list[int]:
    """The first `most` of the comments' numbers."""
    conditions = [*_about_the_comment(query), *_about_its_cases(query)]
    given = {"viewer": viewer} if query.clause or query.choice else {}
    matches = search_words.matching(connection.dialect.name, query.text, query.author)
    if matches is None:
        return list(connection.execute(_without_words(query, conditions).limit(most), given).scalars())
    (number,) = matches.selected_columns
    joined = matches.join(comments, comments.c.id == number) if conditions else matches
    found = joined.where(*conditions)
    if connection.dialect.name == "sqlite":  # whose word index gives the newest first by itself
        return list(connection.execute(found.order_by(number.desc()).limit(most), given).scalars())
    # PostgreSQL has to choose between the newest comments, right for a word that many hold, and its word
    # index, right for any other, and cannot tell how many hold words that begin so.
    newest = sa.select(sa.func.max(comments.c.id) - NEWEST).scalar_subquery()
    for some in (
        found.where(number > newest).order_by(number.desc()),
        found.order_by((number + 0).desc()),
    ):
        ids = list(connection.execute(some.limit(most), given).scalars())
        if len(ids) == most:
            break
    return ids


def _without_words(query: Query, conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    """In the order of an index: of cases, of dates, or of the record."""
    if query.clause or query.choice:
        number = case_comments.c.comment_id
        found = sa.select(number).join(comments, comments.c.id == number)
        return found.where(*conditions).group_by(number).order_by(number.desc())
    found = sa.select(comments.c.id).where(*conditions)
    if query.since or query.until:
        return found.order_by(comments.c.created_at.desc(), comments.c.id.desc())
    return found.order_by(comments.c.id.desc())


def _about_the_comment(query: Query) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.page:
        found.append(comments.c.page == query.page)
    if query.since:
        found.append(comments.c.created_at >= query.since)
    if query.until:
        found.append(comments.c.created_at < query.until)
    return found


def _about_its_cases(query: Query) -> list[sa.ColumnElement[bool]]:
    """Asked of each comment, since most searches end after a few."""
    found: list[sa.ColumnElement[bool]] = []
    made = (decisions.c.comment_id == comments.c.id, ~UNKNOWN)
    if query.clause:
        held = case_comments.alias()
        joined = (held.c.comment_id == comments.c.id, cases.c.id == held.c.case_id)
        shown = sa.exists().where(*joined, under(query.clause)).correlate(comments)
        decided = sa.exists().where(*made, decisions.c.clause == query.clause).correlate(comments)
        found.append(sa.or_(shown, decided))
    if query.choice:
        found.append(sa.exists().where(*made, *_chosen(query.choice)).correlate(comments))
    return found


def _chosen(choice: str) -> list[sa.ColumnElement[bool]]:
    """A decision to hide where nothing can be hidden is a proposal to delete, and no hide."""
    if choice == "proposed":
        return [asked.c.decision_id == decisions.c.id, asked.c.comment_id == decisions.c.comment_id]
    chosen = decisions.c.choice == choice
    return [chosen, ASKED_TO_HIDE.correlate(decisions)] if choice == "hide" else [chosen]


def _found(connection: Connection, ids: Sequence[int], viewer: str) -> list[Found]:
    if not ids:
        return []
    rows = _rows(connection, ids)
    decided = outcomes(connection, ids, viewer)
    hidden = hidden_items(connection, {(row.page, row.native_id) for row in rows.values()}, viewer)
    return [_one(rows[each], decided.get(each, Outcome()), hidden) for each in ids]


def _rows(connection: Connection, ids: Sequence[int]) -> dict[int, Row]:
    """By number, with the words, whether it is still on the platform, and whether another came since."""
    # Of one that vanished and came back, the last row counts.
    return {row.id: row for row in connection.execute(_ROWS, {"ids": ids})}


def _one(row: Row, outcome: Outcome, hidden: set[tuple[str, str]]) -> Found:
    body = decoded(row.body)
    return Found(
        id=row.id,
        page=row.page,
        native_id=row.native_id,
        number=row.number,
        post_title=body.get("post_title", ""),
        author=body.get("author", ""),
        text=body.get("text"),
        permalink=body.get("permalink", ""),
        created_at=row.created_at,
        present=row.present is not False,
        hidden=(row.page, row.native_id) in hidden,
        outcome=outcome,
        superseded=row.superseded,
        severe=severity_of(row.verdict),
    )


def hidden_items(connection: Connection, items: set[tuple[str, str]], viewer: str) -> set[tuple[str, str]]:
    """Those of (page, native id) that a decision of ours keeps from readers, or is about to.

    Decisions on which the viewer may be asked for a second opinion are not told.
    """
    if not items:
        return set()
    asked = connection.execute(_ASKED, {"items": sorted(items), "viewer": viewer})
    last = {(row.page, row.native_id): row.kind for row in asked}
    return {item for item, kind in last.items() if kind != "unhide"}
