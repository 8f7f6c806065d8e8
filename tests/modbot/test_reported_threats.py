"""Somebody else's threat, reported in a comment: urgent, and nothing to hide."""

from __future__ import annotations

import pytest

from classifiers.base import Category, Score, Span
from modbot import policy
from modbot.policy import REPORT, Level
from modbot.store import Store
from modbot.tables import Case, Verdict
from tests.modbot.scene import POLICY, District, district

TOLD = "My son says a kid will bring a gun tomorrow"
RULES = policy.parse(POLICY.encode(), "policy.toml")
SEEN = Score(0.6, (Span(0, 2, "tells of it"),))


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


def judged(threat: float, reported: Score = SEEN) -> policy.Verdict:
    scores = {Category.THREATS: Score(threat)}
    return policy.judge(RULES, scores, dict.fromkeys(Category, 0.5), "text", reported)


def test_it_is_urgent_though_no_policy_file_speaks_of_it_and_names_no_clause() -> None:
    verdict = judged(0.0)
    assert (verdict.level, verdict.clauses) == (Level.URGENT, (REPORT.id,))
    assert RULES.find(REPORT.id) is None
    assert RULES.find_watch(REPORT.id) is REPORT


def test_a_threat_of_the_writers_own_is_named_before_it() -> None:
    assert judged(0.51).clauses == ("C1", REPORT.id)


def test_a_text_that_reports_nothing_is_not_urgent_for_it() -> None:
    assert judged(0.0, Score(0.0)).level is Level.CLEAR


def test_its_name_cannot_be_taken_by_a_clause() -> None:
    with pytest.raises(Exception, match="used more than once as an id: REPORT"):
        policy.parse(POLICY.replace('"C7"', '"REPORT"').encode(), "policy.toml")


def test_such_a_comment_stands_in_front_of_the_queue(here: District) -> None:
    here.comes_in("Buy now", TOLD)
    assert [(row.level, row.clauses) for row in here.rows(Verdict)] == [
        ("review", "C7"),
        ("urgent", "REPORT"),
    ]
    assert [row.priority for row in here.rows(Case)] == [2, 0]
