"""Cases that wait too long for a decision, and decisions that do not come through on their platform.

Each is told with the case that waits longest. Where routes are limited to pages or schools, every page has an
alert of its own, so that it reaches whom it concerns; else one alert stands for all pages. However many cases
wait, what is read of them is a row for each page or combination of pages: the database counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

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
    """So many cases that concern the same pages, and the one of them that waits longest."""

    oldest: int
    pages: tuple[str, ...]
    many: int = 1


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that are told together. `page` is empty for several pages."""

    key: str
    page: str
    title: str
    school: str
    oldest: int
    many: int


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
    """Cases that have waited for longer than that since they were opened, or last opened again.

    Those that wait longest come first.
    """
    late = utcnow() - timedelta(hours=hours)
    again = case_rows.REOPENED_AT.c
    since = sa.func.coalesce(again.at, cases.c.opened_at)
    of_its_pages = sa.func.row_number().over(partition_by=cases.c.pages, order_by=(since, cases.c.id))
    waiting = (
        sa.select(
            cases.c.id,
            cases.c.pages,
            since.label("since"),
            sa.func.count().over(partition_by=cases.c.pages).label("many"),
            of_its_pages.label("place"),
        )
        .outerjoin(
            case_rows.REOPENED_AT, again.subject == sa.literal("case:").concat(sa.cast(cases.c.id, sa.String))
        )
        .where(cases.c.state.in_(WAITING), cases.c.opened_at < late, since < late, *conditions)
        .subquery()
    )
    w = waiting.c
    with store.read() as connection:
        rows = connection.execute(
            sa.select(w.id, w.pages, w.many).where(w.place == 1).order_by(w.since, w.id)
        )
        return [Waiting(row.id, tuple(row.pages.split()), row.many) for row in rows]


def _groups(settings: Settings, key: str, waiting: Sequence[Waiting]) -> list[Group]:
    """`waiting`: the one with the oldest case first."""
    known = {page.key: page for page in settings.page}

    def group(key: str, page: str, its: Sequence[Waiting]) -> Group:
        about = known.get(page)
        title, school = (about.title, about.school) if about else ("", "")
        return Group(key, page, title or page, school, its[0].oldest, sum(each.many for each in its))

    by_page: dict[str, list[Waiting]] = {}
    for each in waiting:
        for page in each.pages:
            by_page.setdefault(page, []).append(each)
    if any(route.pages or route.schools for route in settings.alerts.route):
        return [group(f"{key}:{page}", page, its) for page, its in by_page.items()]
    if not waiting:
        return []
    return [group(key, next(iter(by_page)) if len(by_page) == 1 else "", waiting)]


def _news(about: About, group: Group, says: str) -> News:
    return News(
        about=about,
        key=group.key,
        says=says,
        case_id=group.oldest,
        page=group.page,
        school=group.school,
    )


def _have(group: Group) -> str:
    many = "1 case" if group.many == 1 else f"{group.many} cases"
    where = f" of the page {group.title}" if group.page else ""
    return f"{many}{where} {'has' if group.many == 1 else 'have'}"


def _long(hours: float) -> str:
    return "1 hour" if hours == 1 else f"{hours:g} hours"
