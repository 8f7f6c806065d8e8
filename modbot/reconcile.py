"""Whether the tables still say what the log says: a row written, changed or removed behind modbot's back.

The chain proves the log; this proves that what people look at follows from it. Each check names the first row
that does not.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing

import sqlalchemy as sa
from sqlmodel import SQLModel

from modbot.errors import AuditBroken
from modbot.store import Store, table
from modbot.tables import (
    Action,
    Alert,
    AuditEvent,
    Call,
    Case,
    Comment,
    Content,
    Decision,
    Presence,
    Score,
    Unscored,
    Verdict,
)

events, contents, decisions = table(AuditEvent), table(Content), table(Decision)
comments, verdicts, unscored = table(Comment), table(Verdict), table(Unscored)

PUT_ON_RECORD: tuple[tuple[type[SQLModel], tuple[str, ...]], ...] = (
    (Comment, ("comment.seen", "comment.edited")),
    (Presence, ("comment.deleted", "comment.returned")),
    (Score, ("comment.scored",)),
    (Verdict, ("comment.scored", "comment.unscored")),
    (Case, ("case.opened",)),
    (Decision, ("decision.made",)),
    (Action, ("action.requested",)),
    (Alert, ("alert.raised",)),
    (Call, ("call.started",)),
)
"""Every kind of entry that stands for exactly one row of a table, and the row's id is the entry's number."""


def check(store: Store) -> None:
    """Raises AuditBroken at the first row or entry that has lost its other half, or tells another story."""
    with store.read() as connection:
        for model, kinds in PUT_ON_RECORD:
            _same_numbers(connection, model, kinds)
        _nothing_forgotten(connection)
        with closing(_decisions_that_differ(connection)) as differing:
            seq = next(differing, None)
        if seq is not None:
            raise AuditBroken(f"decision {seq} in the table is not the one in the log", seq=seq)


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


def _decisions_that_differ(connection: sa.Connection) -> Generator[int]:
    statement = (
        sa.select(decisions, events.c.actor, contents.c.body)
        .join(events, events.c.seq == decisions.c.id)
        .join(contents, contents.c.seq == decisions.c.id)
        .order_by(decisions.c.id)
        .execution_options(yield_per=1_000)
    )
    with closing(connection.execute(statement)) as rows:
        for row in rows:
            said = json.loads(row.body) if row.body is not None else {}
            same = all(said.get(key) == value for key, value in _told(row).items())
            if row.actor != row.decided_by or (said and not same):
                yield row.id


def _told(row: sa.Row[tuple[object, ...]]) -> dict[str, object]:
    """What the row says that the entry's content says too."""
    mapping = row._mapping
    return {
        "case": mapping["case_id"],
        "comment": mapping["comment_id"],
        "choice": mapping["choice"],
        "clause": mapping["clause"],
        "policy": mapping["policy"],
    }
