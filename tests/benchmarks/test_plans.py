"""What SQLite reads for each statement of the main path: rows by their key, never a table or a whole page.

A walk costs nothing on a test's ten rows and everything on a million, so the plan is what is tested.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import cases, openings, review, second_looks, skips
from modbot.records import rechecking
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store, utcnow
from modbot.tables import Case, Comment
from tests.modbot.scene import district, edited, said

SMALL = {"audit_head", "page", "policy_version", "unscored", "user"}
"""Tables that do not grow with the archive; `unscored` holds what waits for its score."""
GROWS = re.compile(
    r"SCAN (action|audit_event|authored|case|case_comment|comment|content|decision|score|verdict)\b"
)
"""Beside these, SQLite also calls the values of a list a scan."""
WALK = re.compile(r"SCAN (?P<table>\w+)|\(page=\? AND id>\?\)")


@pytest.fixture
def plans(migrated_file: Path, tmp_path: Path) -> tuple[Store, dict[str, list[str]]]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    plans: dict[str, list[str]] = {}

    @sa.event.listens_for(store.engine, "before_cursor_execute")
    def explain(
        connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool
    ) -> None:
        if not many and statement.startswith(("SELECT", "UPDATE", "DELETE")) and statement not in plans:
            driver: sqlite3.Connection = connection.connection.dbapi_connection
            rows = driver.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans[statement] = [row[3] for row in rows]

    return store, plans


def walks(plan: list[str]) -> list[str]:
    return [step for step in plan if (found := WALK.search(step)) and found["table"] not in SMALL]


def test_no_statement_of_the_main_path_walks_through_what_is_archived(
    plans: tuple[Store, dict[str, list[str]]],
) -> None:
    store, seen = plans
    here = district(store)
    seen.clear()
    texts = ("Hello", "Buy now, half price", "BUY NOW, half price!", "I will hurt you")
    here.arrive(*(said(str(number + 1), text) for number, text in enumerate(texts)))
    here.score()
    here.arrive(edited("2", "Buy now, cheaper"), edited("1", "Hello again"))
    here.score()
    main_path = dict(seen)
    case = here.rows(Case)[0]
    seen.clear()
    ruling = Ruling(choice=Choice.LEAVE_UP, by="ana", version=case.version)
    cases.decide(store, here.rules, case.id, ruling)
    main_path |= seen
    assert len(main_path) > 20
    assert {statement: walks(plan) for statement, plan in main_path.items() if walks(plan)} == {}


def test_a_walk_would_be_found(plans: tuple[Store, dict[str, list[str]]]) -> None:
    store, seen = plans
    here = district(store)
    seen.clear()
    rechecking.due(store, "blog", timedelta(days=14))
    here.rows(Comment)
    assert [walks(plan) for plan in seen.values()] == [
        [],
        ["SEARCH comment USING INDEX ix_comment_page_id (page=? AND id>?)"],
        ["SCAN comment"],
    ]


def test_no_statement_of_the_screens_walks_through_what_is_archived(
    plans: tuple[Store, dict[str, list[str]]],
) -> None:
    store, seen = plans
    here = district(store)
    texts = ("Hello", "Buy now, half price", "BUY NOW, half price!", "I will hurt you")
    here.arrive(*(said(str(number + 1), text, parent="1") for number, text in enumerate(texts)))
    here.score()
    offer, threat = (row.id for row in here.rows(Case))
    seen.clear()
    cases.claim(store, threat, "ana")
    ruling = Ruling(choice=Choice.LEAVE_UP, by="ana")
    cases.decide(store, here.rules, threat, ruling, sampling=Sampling(share=1))
    second_looks.claim(store, threat, "ben")
    skips.skip(store, offer, "ana")
    review.queue(store, review.Filters(clause="C7", page="blog", reason="flagged", held_by="ana"))
    review.second_looks(store, "ben")
    review.count(store, "ana")
    review.next_for(store, "ana")
    review.decided(store, "ana", review.Sought(by="ana"))
    for case_id in (offer, threat):
        review.case(store, case_id, "ben")
    openings.severe_since(store, "ana", utcnow())
    review.search(store, review.Query(text="half price", author="pat", page="blog"))
    screens = {statement: plan for statement, plan in seen.items() if "comment_words" not in statement}
    assert len(seen) - len(screens) == 1
    assert len(screens) > 40
    walked = {
        statement: [step for step in walks(plan) if "SCAN " not in step or GROWS.search(step)]
        for statement, plan in screens.items()
    }
    assert {statement: steps for statement, steps in walked.items() if steps} == {}
