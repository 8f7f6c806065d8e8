"""A district whose clock a test sets, so that weeks pass in the order in which the test tells them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from modbot import cases
from modbot import store as storing
from modbot.reports import making, weekly
from modbot.reports.weekly import Basis, Report, Version
from modbot.reports.weeks import Week, parse
from modbot.rulings import Choice, Ruling
from modbot.store import Store, table
from modbot.tables import Case, CaseComment, Comment, Page
from tests.benchmarks.simulating import Simulated
from tests.modbot.scene import District, district

ZONE = ZoneInfo("America/Los_Angeles")
PATIENCE = timedelta(minutes=15)
CLOCKS = parse("2026-W44")
"""Of 169 hours."""
pages = table(Page)


def before_the_start(store: Store) -> None:
    """The district begins in the week after."""
    Simulated(store, CLOCKS.end(ZONE) + timedelta(days=1)).read_until(CLOCKS.end(ZONE) + timedelta(days=2))


def nobody_wrote(store: Store) -> None:
    week = CLOCKS.earlier()
    district = Simulated(store, week.start(ZONE))
    district.span(week.start(ZONE), week.end(ZONE), 200)
    district.span(CLOCKS.start(ZONE), CLOCKS.end(ZONE), 0)


def first(store: Store) -> None:
    """From Wednesday on."""
    start = CLOCKS.days(ZONE)[2][1]
    Simulated(store, start).span(start, CLOCKS.end(ZONE), 90)


def one_comment(store: Store) -> None:
    Simulated(store, CLOCKS.start(ZONE), flagged=1).span(CLOCKS.start(ZONE), CLOCKS.end(ZONE), 1)


def usual(store: Store, comments: Sequence[int] = (310, 280, 420, 365, 290, 510, 330)) -> None:
    """Weeks of so many comments, the last of them CLOCKS, with a gap in it."""
    week = CLOCKS.earlier(len(comments) - 1)
    district = Simulated(store, week.start(ZONE))
    for each in comments:
        district.span(week.start(ZONE), week.end(ZONE), each)
        week = week.earlier(-1)
    day = CLOCKS.days(ZONE)[2]
    district.gap("north-high", day[1] + timedelta(hours=12), day[2] + timedelta(hours=9))


SCENARIOS: dict[str, Callable[[Store], None]] = {
    "before the start": before_the_start,
    "nobody wrote": nobody_wrote,
    "first": first,
    "one comment": one_comment,
}
"""Weeks with little in them: what a store has in each of them when the week CLOCKS has ended."""


@dataclass
class Calendar:
    """`here` is the district; `now` is read by everything that it does."""

    here: District
    now: datetime

    def at(self, text: str) -> None:
        """Set the clock: `2026-11-10 09:00`, district time."""
        self.now = datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)

    def watched(self) -> None:
        """Both pages answered now, without a gap before."""
        with self.here.store.write(logged=False) as tx:
            tx.execute(sa.update(pages).values(polled_at=self.now))

    def comes_in(self, *texts: str) -> None:
        self.watched()
        self.here.comes_in(*texts)

    def case_of(self, comment: str) -> int:
        """The newest case of a comment, by the comment's id on its page."""
        cases_of, comments = table(CaseComment), table(Comment)
        with self.here.store.read() as connection:
            found: int = connection.execute(
                sa.select(sa.func.max(cases_of.c.case_id))
                .join(comments, comments.c.id == cases_of.c.comment_id)
                .where(comments.c.native_id == comment)
            ).scalar_one()
        return found

    def hide(self, comment: str, quote: str, clause: str = "C7", by: str = "ana") -> None:
        case = self.case_of(comment)
        (version,) = (row.version for row in self.here.rows(Case) if row.id == case)
        grounds = {"clause": clause, "quote": quote, "reason": "It is an advertisement"}
        ruling = Ruling(choice=Choice.HIDE, by=by, version=version, **grounds)
        cases.decide(self.here.store, self.here.rules, case, ruling)

    def leave_up(self, comment: str, by: str = "ana") -> None:
        ruling = Ruling(choice=Choice.LEAVE_UP, by=by)
        cases.decide(self.here.store, self.here.rules, self.case_of(comment), ruling)

    def take_back(self, comment: str, by: str) -> None:
        cases.undo(self.here.store, self.here.rules, self.case_of(comment), by)

    def carry_out(self) -> None:
        """The platform confirms everything that is due."""
        self.here.confirmed("blog", self.now)

    def basis(self, week: Week) -> Basis:
        with self.here.store.read() as connection:
            return weekly.read(connection, "Test district", ZONE, week, PATIENCE)

    def report(self, week: Week, version: Version = Version.INTERNAL) -> Report:
        return weekly.version_of(self.basis(week), version)


def calendar(store: Store, monkeypatch: pytest.MonkeyPatch, start: str) -> Calendar:
    """A district that begins at this moment."""
    clock: list[Calendar] = []
    first = datetime.fromisoformat(start).replace(tzinfo=ZONE).astimezone(UTC)

    def now() -> datetime:
        return clock[0].now if clock else first

    for module in (storing, making):
        monkeypatch.setattr(module, "utcnow", now)
    clock.append(Calendar(district(store), first))
    clock[0].watched()
    return clock[0]
