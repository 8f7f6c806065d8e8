from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classifiers.normalize import normalize
from classifiers.patterns import rules
from classifiers.required import Prefilter, clauses, flat

EXPRESSIONS = [expression for rule in rules() for expression in rule.find]
PREFILTER = Prefilter(EXPRESSIONS)
CODEBOOK = Path(__file__).parents[1] / "data" / "codebook.jsonl"


def test_a_flat_text_has_its_words_and_emoji_apart() -> None:
    assert flat("Watch, your--back!") == " Watch your back "
    assert flat("año🔫nuevo") == " año 🔫 nuevo "


@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        (r"\bbe a shame if\b", [{" be a shame if "}]),
        (r"(?:go|went) home", [{"go home", "went home"}]),
        (r"know\b[^.]{0,9}\bwhere", [{"know "}, {" where"}]),
        (r"fuck\w{0,6}\b", [{"fuck"}]),
        (r"don'?t\s{1,2}(?:come|go)", [{"dont come", "dont go", "don t come", "don t go"}]),
        (r"gun(?:s)?[🔫🔪]", [{"gun 🔫 ", "guns 🔫 ", "gun 🔪 ", "guns 🔪 "}]),
        (r"(?:die\b[^.]{0,9}|kill )now", [{"die ", "kill "}, {"now"}]),
        (r"(?:kill|[a-z]{3}) him", [{" him"}]),
        (r"(?!never)kill", [{"kill"}]),
    ],
)
def test_what_an_expression_needs_is_read_from_it(expression: str, needed: list[set[str]]) -> None:
    assert [set(clause) for clause in clauses(re.compile(expression))] == needed


@pytest.mark.parametrize("expression", [r"(?i)kill", r"(?i:kill)", r"[a-z]{3}", r"(?:kill)*", r"\w\Bx|kill"])
def test_where_nothing_is_certain_nothing_is_needed(expression: str) -> None:
    assert clauses(re.compile(expression)) == ()


def test_expressions_that_need_nothing_are_always_possible() -> None:
    assert Prefilter([re.compile("[a-z]{3}"), re.compile("kill")]).possible("hm") == [0]
    assert Prefilter([re.compile("[a-z]{3}")]).possible("hm") == [0]
    assert Prefilter([]).possible("hm") == []


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_a_text_made_to_match_an_expression_is_never_spared_it(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(EXPRESSIONS) - 1))
    matching = data.draw(st.from_regex(EXPRESSIONS[number]))
    assert number in PREFILTER.possible(matching)


def test_no_match_in_the_codebook_is_missed_and_few_expressions_are_tried() -> None:
    texts = [normalize(json.loads(line)["text"]).text for line in CODEBOOK.read_text("utf-8").splitlines()]
    tried = 0
    for text in texts:
        possible = PREFILTER.possible(text)
        tried += len(possible)
        matching = [number for number, expression in enumerate(EXPRESSIONS) if expression.search(text)]
        assert set(matching) <= set(possible)
    assert tried < 3 * len(texts)
