"""Seeing urgent verdicts as they are committed. Reads rows; what judges comments knows nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.alerts import calls, raising
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.config import Settings
from modbot.policy import REPORT, Level
from modbot.store import Store, Transaction, table
from modbot.tables import Alert, Case, CaseComment, Comment, Page, Verdict, Watched

alerts, cases, case_comments, comments = table(Alert), table(Case), table(CaseComment), table(Comment)
pages, verdicts, watched = table(Page), table(Verdict), table(Watched)

WAITING = ("open", "claimed")
KEEP_PLACE = 10_000
"""Log entries after which it is noted how far this watcher has read, though nothing was urgent."""


class UrgentWatcher:
    """Starts a call for every case with an urgent verdict that nobody has decided."""

    NAME = "urgent"

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._noted = self._seen = -1

    def look(self) -> int:
        """The number of calls that were started."""
        v = verdicts.c
        with self._store.read() as connection:
            if self._seen < 0:
                self._noted = self._seen = place(connection, self.NAME)
            newest = connection.execute(sa.select(sa.func.max(v.id))).scalar() or 0
            urgent = (v.id > self._seen, v.level == Level.URGENT.value)
            found = newest > self._seen and bool(
                connection.execute(sa.select(v.id).where(*urgent).limit(1)).scalar()
            )
        started = 0
        if found:
            with self._store.write() as tx:
                newest = tx.execute(sa.select(sa.func.max(v.id))).scalar_one()
                started = sum(_call_for(tx, self._settings, row) for row in _urgent(tx, self._seen))
                keep_place(tx, self.NAME, newest)
            self._noted = newest
        elif newest - self._noted > KEEP_PLACE:
            with self._store.write(logged=False) as tx:
                keep_place(tx, self.NAME, newest)
            self._noted = newest
        self._seen = newest
        return started


def _urgent(tx: Transaction, after: int) -> Sequence[Any]:
    """Urgent verdicts after an entry of the log, with the case that waits for a decision on each."""
    v = verdicts.c
    return tx.execute(
        sa.select(
            v.clauses,
            v.comment_id,
            comments.c.page,
            comments.c.number,
            pages.c.title,
            pages.c.school,
            cases.c.id.label("case_id"),
        )
        .join(comments, comments.c.id == v.comment_id)
        .join(pages, pages.c.key == comments.c.page)
        .join(case_comments, case_comments.c.comment_id == v.comment_id)
        .join(cases, cases.c.id == case_comments.c.case_id)
        .where(v.id > after, v.level == Level.URGENT.value, cases.c.state.in_(WAITING))
        .order_by(v.id)
    ).all()


def _call_for(tx: Transaction, settings: Settings, row: Any) -> int:
    """One call for a case; another when a comment was edited after the first was answered."""
    key = f"case:{row.case_id}"
    known = tx.execute(sa.select(sa.func.count()).where(alerts.c.key == key)).scalar_one()
    if known and (row.number == 1 or raising.standing(tx, key) is not None):
        return 0
    clauses = tuple(row.clauses.split())
    news = News(
        about=About.URGENT,
        key=key if not known else f"{key}:{row.comment_id}",
        says=in_words(row.title or row.page, clauses),
        case_id=row.case_id,
        page=row.page,
        school=row.school,
        clauses=clauses,
    )
    return int(calls.start(tx, settings, news) is not None)


def in_words(page: str, clauses: Sequence[str]) -> str:
    """What is told of an urgent case. `clauses`: the surest first."""
    if list(clauses[:1]) == [REPORT.id]:
        what = "may report somebody else's threat"
    else:
        what = "may be a threat, or report somebody else's" if REPORT.id in clauses else "may be a threat"
    return f"A comment on {page} {what}. A person has to look at it now."


def place(connection: Connection, name: str) -> int:
    return connection.execute(sa.select(watched.c.seq).where(watched.c.name == name)).scalar() or 0


def keep_place(tx: Transaction, name: str, seq: int) -> None:
    moved = tx.execute(sa.update(watched).where(watched.c.name == name).values(seq=seq)).rowcount
    if not moved:
        tx.add(Watched, name=name, seq=seq)
