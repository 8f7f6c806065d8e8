"""Late cases by the thousand: what is told of them, and that the database counts them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from psycopg.rows import tuple_row

from modbot import case_rows
from modbot.alerts import overdue
from modbot.store import Store, table, utcnow
from modbot.tables import Case, Page
from tests.alerts.scenery import NOBODY, Scene, channel, settings

ROUTES = {"route": [{"to": ["phone"], "pages": ["blog"]}, {"to": ["phone"], "pages": ["news"]}]}


@pytest.fixture
def scene(store: Store, tmp_path: Path) -> Scene:
    return Scene(store, settings(tmp_path, channel("phone", NOBODY)))


def wait(store: Store, many: int, pages: str, opened: datetime, reason: str = "flagged") -> list[int]:
    """The numbers of so many new cases, the first of which waits longest."""
    with store.write() as tx:
        numbers = [tx.record("case.opened", "case:{seq}", {"case": n}) for n in range(many)]
        about: dict[str, Any] = {"state": "open", "reason": reason, "priority": 2, "clauses": "C7"}
        about |= {"pages": pages, "escalated": False, "version": 1}
        for place, number in enumerate(numbers):
            tx.add(Case, id=number, opened_at=opened + timedelta(seconds=place), **about)
    return numbers


@contextmanager
def rows_read(store: Store) -> Iterator[list[int]]:
    """One for each row that the database hands over meanwhile."""
    read: list[int] = []

    def counted(row: Any) -> Any:
        read.append(1)
        return row

    def count(connection: Any, *_: object) -> None:
        if store.dialect == "sqlite":
            connection.row_factory = lambda _, row: counted(row)
        else:
            connection.row_factory = lambda cursor: lambda values: counted(tuple_row(cursor)(values))

    sa.event.listen(store.engine, "checkout", count)
    yield read
    sa.event.remove(store.engine, "checkout", count)


def told(scene: Scene) -> dict[str, tuple[int | None, str]]:
    """By key: the case and the words."""
    return {news.key: (news.case_id, news.says) for news in overdue.of_queue(scene.store, scene.settings)}


def test_late_cases_are_counted_and_the_one_that_waits_longest_is_linked(
    scene: Scene, tmp_path: Path
) -> None:
    now = utcnow()
    blog = wait(scene.store, 4, "blog", now - timedelta(hours=30))
    news = wait(scene.store, 2, "news", now - timedelta(hours=40))
    both = wait(scene.store, 1, "blog news", now - timedelta(hours=50))
    wait(scene.store, 3, "blog", now - timedelta(hours=1))
    assert told(scene) == {
        "queue_late": (both[0], "7 cases have waited for a decision for more than 24 hours.")
    }
    scene.settings = settings(tmp_path, channel("phone", NOBODY), alerts=ROUTES)
    with scene.store.write() as tx:
        tx.execute(sa.update(table(Case)).where(table(Case).c.id == both[0]).values(state="closed"))
    much = "have waited for a decision for more than 24 hours."
    assert told(scene) == {
        "queue_late:blog": (blog[0], f"4 cases of the page The blog {much}"),
        "queue_late:news": (news[0], f"2 cases of the page The news {much}"),
    }


def test_a_case_that_went_back_to_the_queue_stands_behind_those_that_wait_longer(scene: Scene) -> None:
    now = utcnow()
    first, second, third = wait(scene.store, 3, "blog", now - timedelta(days=9))
    with scene.store.write(now=now - timedelta(hours=25)) as tx:
        tx.record(case_rows.REOPENED, f"case:{first}", {"reason": "an appeal"})
    with scene.store.write() as tx:
        tx.record(case_rows.REOPENED, f"case:{second}", {"reason": "an appeal"})
    assert told(scene) == {
        "queue_late": (
            third,
            "2 cases of the page The blog have waited for a decision for more than 24 hours.",
        )
    }


def test_ten_times_as_many_late_cases_are_no_more_rows_to_read(scene: Scene) -> None:
    then = utcnow() - timedelta(days=2)

    def read() -> int:
        with rows_read(scene.store) as rows:
            overdue.of_queue(scene.store, scene.settings)
        return len(rows)

    for pages in ("blog", "news"):
        wait(scene.store, 5, pages, then)
        wait(scene.store, 5, pages, then, reason="not_scored")
    few = read()
    for pages in ("blog", "news"):
        wait(scene.store, 50, pages, then)
        wait(scene.store, 50, pages, then, reason="not_scored")
    assert read() == few <= 6
    (every, unscored) = told(scene).values()
    assert every[1].startswith("220 cases have waited")
    assert unscored[1].startswith("110 cases have waited")


def test_a_page_that_is_in_no_settings_any_more_is_told_by_its_key(scene: Scene, tmp_path: Path) -> None:
    scene.settings = settings(tmp_path, channel("phone", NOBODY), alerts=ROUTES, page=[])
    wait(scene.store, 1, "blog", utcnow() - timedelta(days=2))
    assert [row.key for row in scene.here.rows(Page)] == ["blog", "news"]
    assert told(scene)["queue_late:blog"][1].startswith("1 case of the page blog has waited")
