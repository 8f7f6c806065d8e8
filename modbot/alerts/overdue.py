"""Cases that wait too long for a decision, and decisions that do not come through on their platform.

Each is told with the case that waits longest. Where routes are limited to pages or schools, every page has an
alert of its own, so that it reaches whom it concerns; else one alert stands for all pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from modbot import case_rows
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.alerts.watching import WAITING
from modbot.config import Settings
from modbot.store import Store, table, utcnow
from modbot.tables import Case

cases = table(Case)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case, and the keys of the pages that it concerns."""

    case_id: int
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that are told together, the one that waits longest first. `page` is empty for several pages."""

    key: str
    page: str
    title: str
    school: str
    cases: tuple[int, ...]


def of_queue(store: Store, settings: Settings) -> list[News]:
    """All cases, and those in which no classifier would have found a threat, which may wait for less long."""
    given = settings.alerts
    found = []
    for group in _groups(settings, "queue_late", _late(store, given.queue_hours)):
        says = f"{_have(group)} waited for a decision for more than {_long(given.queue_hours)}."
        found.append(_news(About.QUEUE_LATE, group, says))
    unscored = _late(store, given.not_scored_hours, cases.c.reason == "not_scored")
    for group in _groups(settings, "queue_late:not_scored", unscored):
        says = (
            f"{_have(group)} waited for more than {_long(given.not_scored_hours)} that no classifier could "
            "score. There may be a threat among them: they stand in the queue under Not scored."
        )
        found.append(_news(About.QUEUE_LATE, group, says))
    return found


def of_actions(settings: Settings, stuck: Sequence[tuple[int, str]]) -> list[News]:
    """`stuck`: the case and the page of each, the oldest first."""
    waiting = [Waiting(case_id, (page,)) for case_id, page in stuck]
    found = []
    for group in _groups(settings, "action_stuck", waiting):
        where = f"on the page {group.title}" if group.page else "on its platform"
        says = f"A decision does not come through {where}. Health tells more."
        found.append(_news(About.ACTION_STUCK, group, says))
    return found


def _late(store: Store, hours: float, *conditions: sa.ColumnElement[bool]) -> list[Waiting]:
    """Cases that have waited for longer than that since they were opened, or last opened again."""
    late = utcnow() - timedelta(hours=hours)
    waits = (cases.c.state.in_(WAITING), cases.c.opened_at < late, *conditions)
    with store.read() as connection:
        rows = connection.execute(sa.select(cases.c.id, cases.c.pages, cases.c.opened_at).where(*waits)).all()
        again = case_rows.reopened_at(connection, [row.id for row in rows])
    since: dict[int, datetime] = {row.id: again.get(row.id, row.opened_at) for row in rows}
    left = [row for row in rows if since[row.id] < late]
    return [Waiting(row.id, tuple(row.pages.split())) for row in sorted(left, key=lambda row: since[row.id])]


def _groups(settings: Settings, key: str, waiting: Sequence[Waiting]) -> list[Group]:
    by_page: dict[str, dict[int, None]] = {}
    for each in waiting:
        for page in each.pages:
            by_page.setdefault(page, {})[each.case_id] = None
    known = {page.key: page for page in settings.page}
    titles = {page: known[page].title if page in known else "" for page in by_page}
    schools = {page: known[page].school if page in known else "" for page in by_page}
    if any(route.pages or route.schools for route in settings.alerts.route):
        return [
            Group(f"{key}:{page}", page, titles[page] or page, schools[page], tuple(its))
            for page, its in by_page.items()
        ]
    if not waiting:
        return []
    page = next(iter(by_page)) if len(by_page) == 1 else ""
    return [
        Group(
            key,
            page,
            titles.get(page, "") or page,
            schools.get(page, ""),
            tuple(dict.fromkeys(each.case_id for each in waiting)),
        )
    ]


def _news(about: About, group: Group, says: str) -> News:
    return News(
        about=about,
        key=group.key,
        says=says,
        case_id=group.cases[0],
        page=group.page,
        school=group.school,
    )


def _have(group: Group) -> str:
    many = "1 case" if len(group.cases) == 1 else f"{len(group.cases)} cases"
    where = f" of the page {group.title}" if group.page else ""
    return f"{many}{where} {'has' if len(group.cases) == 1 else 'have'}"


def _long(hours: float) -> str:
    return "1 hour" if hours == 1 else f"{hours:g} hours"
