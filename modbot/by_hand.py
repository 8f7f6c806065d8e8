"""Tasks: decided changes that no program can make. A person makes them on the platform and says so.

What a platform offers no program is an action that failed (`outbox.py`); here it is settled. Nobody can read
it back, so the record names who said it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

import platforms
from modbot import case_rows, outbox, standing
from modbot.errors import StaleCase
from modbot.evidence import newest_verdict, severity_of
from modbot.store import Store, bodies_of, table
from modbot.tables import Action, AuditEvent, Decision, Page
from platforms.base import ActionKind, Visibility

actions, decisions, pages, events = table(Action), table(Decision), table(Page), table(AuditEvent)

MOST = 200
REACHED = {
    ActionKind.HIDE: Visibility.HIDDEN,
    ActionKind.UNHIDE: Visibility.VISIBLE,
    ActionKind.DELETE: Visibility.GONE,
}


class Outcome(StrEnum):
    DONE = "done"
    GONE = "gone"
    """The comment was no longer there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """`what` says in words what is to be done. `text` is None where the words were lawfully disposed of."""

    id: int
    case_id: int
    page: str
    platform: str
    page_title: str
    kind: str
    decided_by: str
    since: datetime
    what: str
    text: str | None
    severe: str
    """What makes the words hard to read, in words; empty when nothing does."""
    author: str
    link: str


def only_people(platform: str, kind: str) -> bool:
    """Whether the platform offers this action to people alone, so that waiting for one is no failure."""
    try:
        able = platforms.load(platform).capabilities
    except KeyError:
        # Of an installed package that is no longer there.
        return False
    return kind in able.by_hand and kind not in able.actions


def tasks(store: Store) -> list[Task]:
    """What waits, the oldest first; at most 200."""
    found = (
        sa.select(actions, decisions.c.case_id, decisions.c.decided_by, pages.c.platform, events.c.at)
        .add_columns(pages.c.title, pages.c.url, newest_verdict(actions.c.comment_id))
        .join(decisions, decisions.c.id == actions.c.decision_id)
        .join(pages, pages.c.key == actions.c.page)
        .join(events, events.c.seq == actions.c.id)
        .where(actions.c.state == "failed")
        .order_by(actions.c.id)
        .limit(MOST)
    )
    with store.read() as connection:
        rows = connection.execute(found).all()
        bodies = bodies_of(connection, [row.comment_id for row in rows])
    return [_task(row, bodies.get(row.comment_id, {})) for row in rows]


def _task(row: sa.Row[tuple[object, ...]], body: dict[str, str]) -> Task:
    return Task(
        id=row.id,
        case_id=row.case_id,
        page=row.page,
        platform=row.platform,
        page_title=row.title or row.page,
        kind=row.kind,
        decided_by=row.decided_by,
        since=row.at,
        what=row.failure,
        text=body.get("text"),
        severe=severity_of(row.verdict),
        author=body.get("author", ""),
        link=body.get("permalink") or row.url,
    )


def settle(store: Store, action_id: int, by: str, outcome: Outcome) -> int:
    """Note that a person did it, or found the comment gone; the entry's number.

    Raises NotAllowed, or StaleCase for what is no open task (any more).
    """
    with store.write() as tx:
        case_rows.decider(tx, by)
        open_task = sa.select(actions).where(actions.c.id == action_id, actions.c.state == "failed")
        row = tx.execute(open_task.with_for_update()).first()
        if row is None:
            raise StaleCase(
                "%(task)s is no open task: somebody settled it, or took the decision back.",
                remedy="See what is open with: modbot task list",
                task=action_id,
            )
        subject = f"comment:{row.page}/{row.native_id}"
        body = {"action": row.id, "kind": row.kind}
        if outcome is Outcome.DONE:
            body["visibility"] = REACHED[ActionKind(row.kind)].value
            seq = tx.record("action.by_hand", subject, body, actor=by)
        else:
            why = "a person found it gone"
            seq = tx.record("action.gone", subject, body | {"why": why}, actor=by)
        settled = {"state": outcome.value, "receipt": seq, "failure": ""}
        tx.execute(sa.update(actions).where(actions.c.id == row.id).values(**settled))
        outbox.close_if_done(tx, standing.case_of(tx, row.id))
    return seq
