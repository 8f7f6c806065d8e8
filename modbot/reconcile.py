"""Whether the tables still say what the log says: a row written, changed or removed behind modbot's back.

The chain proves the log; this proves that what people look at follows from it. Each check names the first row
that does not.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from modbot import accounts
from modbot.errors import AuditBroken
from modbot.store import Store, table
from modbot.tables import (
    Account,
    Action,
    Alert,
    Appeal,
    AuditEvent,
    Call,
    Case,
    Comment,
    Content,
    Decision,
    Note,
    Presence,
    Release,
    Score,
    SecondLook,
    SecondOpinion,
    Session,
    Unscored,
    User,
    Verdict,
)

events, contents = table(AuditEvent), table(Content)
comments, verdicts, unscored = table(Comment), table(Verdict), table(Unscored)

PUT_ON_RECORD: tuple[tuple[type[SQLModel], tuple[str, ...]], ...] = (
    (Comment, ("comment.seen", "comment.edited")),
    (Presence, ("comment.deleted", "comment.returned")),
    (Score, ("comment.scored",)),
    (Verdict, ("comment.scored", "comment.unscored")),
    (Case, ("case.opened",)),
    (Decision, ("decision.made",)),
    (Action, ("action.requested",)),
    (Note, ("case.noted",)),
    (SecondLook, ("second.asked",)),
    (SecondOpinion, ("second.given",)),
    (Release, ("deletion.released",)),
    (Appeal, ("appeal.filed",)),
    (Alert, ("alert.raised",)),
    (Call, ("call.started",)),
)
"""Every kind of entry that stands for exactly one row of a table, and the row's id is the entry's number."""

SAID: tuple[tuple[type[SQLModel], str, Mapping[str, str]], ...] = (
    (
        Decision,
        "decided_by",
        {
            "case": "case_id",
            "comment": "comment_id",
            "choice": "choice",
            "clause": "clause",
            "policy": "policy",
        },
    ),
    (SecondOpinion, "given_by", {"look": "look_id", "choice": "choice", "clause": "clause"}),
    (Release, "released_by", {"decision": "decision_id"}),
    (Note, "written_by", {"case": "case_id"}),
)
"""Where a person speaks: whose column names them, and what the entry's content and the row both say."""


def check(store: Store) -> None:
    """Raises AuditBroken at the first row or entry that has lost its other half, or tells another story."""
    with store.read() as connection:
        for model, kinds in PUT_ON_RECORD:
            _same_numbers(connection, model, kinds)
        _nothing_forgotten(connection)
        _people_as_told(connection)
        _sessions_as_told(connection)
        for model, by, said in SAID:
            with closing(_rows_that_differ(connection, model, by, said)) as differing:
                seq = next(differing, None)
            if seq is not None:
                what = table(model).name
                raise AuditBroken(f"{what} {seq} in the table is not the one in the log", seq=seq)


def _same_numbers(connection: sa.Connection, model: type[SQLModel], kinds: tuple[str, ...]) -> None:
    rows = table(model)
    both = rows.c.id == events.c.seq
    invented = sa.select(sa.func.min(rows.c.id)).where(
        ~sa.exists().where(both, events.c.kind.in_(kinds)).correlate(rows)
    )
    removed = sa.select(sa.func.min(events.c.seq)).where(
        events.c.kind.in_(kinds), ~sa.exists().where(both).correlate(events)
    )
    for statement, what in ((invented, "stands in no entry"), (removed, "is missing from its table")):
        seq = connection.execute(statement).scalar()
        if seq is not None:
            raise AuditBroken(f"{rows.name} {seq} {what} of the log", seq=seq)


def _nothing_forgotten(connection: sa.Connection) -> None:
    """Every comment has a verdict, or waits for one."""
    lost = sa.select(sa.func.min(comments.c.id)).where(
        ~sa.exists().where(verdicts.c.comment_id == comments.c.id).correlate(comments),
        ~sa.exists().where(unscored.c.comment_id == comments.c.id).correlate(comments),
        sa.exists().where(contents.c.seq == comments.c.id, contents.c.body.is_not(None)).correlate(comments),
    )
    seq = connection.execute(lost).scalar()
    if seq is not None:
        raise AuditBroken(f"comment {seq} has no verdict and does not wait for one", seq=seq)


def _people_as_told(connection: sa.Connection) -> None:
    """Roles, access and means of signing in are those that the log last told of each person."""
    told = _last_told(connection, "user.added", "user.changed")
    ways = _last_told(connection, "account.changed")
    rows = {row.name: row for row in connection.execute(sa.select(table(Account)))}
    people = {row.name: row for row in connection.execute(sa.select(table(User)))}
    for name in sorted(told.keys() - people.keys()):
        raise AuditBroken(f"user {name} is missing from its table", seq=told[name][0])
    for name, person in people.items():
        seq, body = told.get(name, (0, None))
        values = {"active": True} | body if body else {}
        if not seq or any(value != person._mapping[key] for key, value in values.items()):
            raise AuditBroken(f"user {name} in the table is not the one in the log", seq=seq or person.added)
        row = rows.get(name)
        last, said = ways.get(name, (0, {"means": accounts.means(None)}))
        if person.active and said and said["means"] != accounts.means(row):
            raise AuditBroken(f"how {name} signs in was changed, and the log does not know of it", seq=last)


def _sessions_as_told(connection: sa.Connection) -> None:
    """Nobody is signed in whose session the log did not see begin, with this token and at this time."""
    rows = table(Session)
    joined = rows.outerjoin(events, events.c.seq == rows.c.id).outerjoin(
        contents, contents.c.seq == rows.c.id
    )
    statement = sa.select(rows, events.c.kind, events.c.subject, events.c.at, contents.c.body)
    for row in connection.execute(statement.select_from(joined)):
        said = json.loads(row.body).get("fingerprint") if row.body else row.token
        told = (row.kind, row.subject, row.at, said)
        if told != ("session.started", f"user:{row.name}", row.started_at, row.token):
            raise AuditBroken(f"session {row.id} of {row.name} is not one that the log saw begin", seq=row.id)


def _last_told(connection: sa.Connection, *kinds: str) -> dict[str, tuple[int, dict[str, Any] | None]]:
    """Name → number and content of the last such entry about this person; None where it was disposed of."""
    last = (
        sa.select(sa.func.max(events.c.seq).label("seq"))
        .where(events.c.kind.in_(kinds))
        .group_by(events.c.subject)
        .subquery()
    )
    statement = (
        sa.select(events.c.seq, events.c.subject, contents.c.body)
        .join(last, last.c.seq == events.c.seq)
        .outerjoin(contents, contents.c.seq == events.c.seq)
    )
    return {
        row.subject.removeprefix("user:"): (row.seq, json.loads(row.body) if row.body else None)
        for row in connection.execute(statement)
    }


def _rows_that_differ(
    connection: sa.Connection, model: type[SQLModel], by: str, said: Mapping[str, str]
) -> Generator[int]:
    rows = table(model)
    statement = (
        sa.select(rows, events.c.actor, contents.c.body)
        .join(events, events.c.seq == rows.c.id)
        .join(contents, contents.c.seq == rows.c.id)
        .order_by(rows.c.id)
        .execution_options(yield_per=1_000)
    )
    with closing(connection.execute(statement)) as found:
        for row in found:
            body = json.loads(row.body) if row.body is not None else {}
            same = all(body.get(key) == row._mapping[column] for key, column in said.items())
            if row.actor != row._mapping[by] or (body and not same):
                yield row.id
