from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from classifiers.base import Category, Score, Span
from modbot import policy, resources
from modbot.errors import ConfigError
from modbot.policy import Level, Mode

LIMITS = dict.fromkeys(Category, 0.5)
CLAUSE = '[[clause]]\nid = "C1"\ntitle = "T"\ntext = "Threats"\nmode = "advise"\ncategories = ["threats"]\n'
YELM = "716fd6c5298b52222c0192816d3bd1a1d6a2c6efd05342b6d4195afe33caa750"
"""SHA-256 of Procedure 4007P's words as adopted: the eight clauses, the viewpoint sentence and the notice."""
HEAD = '[policy]\nname = "P"\nversion = "1"\n'


def parsed(body: str) -> policy.Policy:
    return policy.parse((HEAD + body).encode(), "p.toml")


def problem(body: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parsed(body)
    assert "modbot policy check" in caught.value.remedy
    return str(caught.value)


def judged(body: str, scores: dict[Category, float], text: str = "text") -> policy.Verdict:
    return policy.judge(parsed(body), {name: Score(p) for name, p in scores.items()}, LIMITS, text)


def test_a_score_at_its_threshold_brings_the_clause_up() -> None:
    verdict = judged(CLAUSE, {Category.THREATS: 0.5})
    assert (verdict.level, verdict.clauses) == (Level.REVIEW, ("C1",))


def test_a_score_below_its_threshold_is_clear() -> None:
    assert judged(CLAUSE, {Category.THREATS: 0.499}).level is Level.CLEAR


def test_a_category_that_the_clause_calls_urgent_makes_the_verdict_urgent() -> None:
    assert judged(CLAUSE + 'urgent = ["threats"]', {Category.THREATS: 0.9}).level is Level.URGENT


def test_a_clauses_own_threshold_counts_before_the_measured_one() -> None:
    assert judged(CLAUSE + "thresholds = { threats = 0.9 }", {Category.THREATS: 0.8}).level is Level.CLEAR


def test_a_clause_that_is_off_is_never_named() -> None:
    assert judged(CLAUSE.replace("advise", "off"), {Category.THREATS: 1.0}).level is Level.CLEAR


def test_a_category_that_no_classifier_scored_raises_nothing() -> None:
    assert judged(CLAUSE, {}).level is Level.CLEAR


def test_a_watch_shows_the_comment_without_naming_a_clause_to_hide_under() -> None:
    body = '\n[[watch]]\nid = "W1"\ncategory = "student_privacy"\ntitle = "T"\nnote = "N"\n'
    verdict = judged(CLAUSE + body, {Category.STUDENT_PRIVACY: 0.7})
    assert verdict.level is Level.REVIEW
    assert parsed(CLAUSE + body).find(verdict.clauses[0]) is None


@pytest.mark.parametrize("mode", [Mode.ADVISE, Mode.OFF])
def test_words_are_wanted_from_just_that_score_on_from_which_a_category_is_a_finding(mode: Mode) -> None:
    watched = '\n[[watch]]\nid = "W1"\ncategory = "student_privacy"\ntitle = "T"\nnote = "N"\n'
    stricter = CLAUSE.replace("C1", "C2") + "thresholds = { threats = 0.3 }\n"
    rules = parsed(CLAUSE + stricter.replace("advise", mode) + watched)
    least = policy.least(rules, LIMITS)
    for category in Category:
        found = [
            bool(policy.judge(rules, {category: Score(probability)}, LIMITS, "text").findings)
            for probability in (least.get(category, 1.1) - 0.01, least.get(category, 1.0))
        ]
        assert found == [False, category in least]
    assert least[Category.THREATS] == (0.3 if mode is Mode.ADVISE else 0.5)


def test_a_word_list_brings_a_comment_to_review_and_never_further() -> None:
    body = '\n[[word_list]]\nclause = "C1"\nreason = "Slang for a weapon at school"\nterms = ["zip gun"]\n'
    verdict = judged(CLAUSE + 'urgent = ["threats"]' + body, {}, "He has a ZIP GUN")
    assert (verdict.level, verdict.clauses) == (Level.REVIEW, ("C1",))
    assert verdict.findings[0].spans == (Span(9, 16, "on the word list: Slang for a weapon at school"),)


def test_urgent_findings_come_first_then_the_surest() -> None:
    body = (
        CLAUSE + 'urgent = ["threats"]\n' + CLAUSE.replace('"C1"', '"C2"').replace('"threats"', '"political"')
    )
    verdict = judged(body, {Category.THREATS: 0.6, Category.POLITICAL: 0.99})
    assert verdict.clauses == ("C1", "C2")


def test_enforce_without_a_name_and_a_date_is_refused() -> None:
    assert "signed_off_by" in problem(CLAUSE.replace("advise", "enforce"))
    assert "signed_off_by" in problem(CLAUSE.replace("advise", "enforce") + 'signed_off_by = "Counsel"')
    signed = 'signed_off_by = "Counsel"\nsigned_off_on = 2026-09-01\n'
    assert parsed(CLAUSE.replace("advise", "enforce") + signed).clause[0].mode is Mode.ENFORCE


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "clause"),
        (CLAUSE + 'colour = "red"', "clause 1 colour: is not a key"),
        (CLAUSE + CLAUSE, "more than once as an id: C1"),
        (CLAUSE.replace('"threats"', '"rudeness"'), "clause 1 categories 1"),
        (CLAUSE + 'urgent = ["obscene"]', "obscene is not among this clause's categories"),
        (CLAUSE + "thresholds = { threats = 1.5 }", "less than or equal to 1"),
        (CLAUSE + '\n[[word_list]]\nclause = "C9"\nreason = "long enough"\nterms = ["ab"]', "C9"),
        ("[[clause]\n", "line 4"),
    ],
)
def test_a_broken_policy_is_refused_with_the_place_and_the_problem(body: str, words: str) -> None:
    assert words in problem(body)


def test_a_policy_that_is_not_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="not UTF-8"):
        policy.parse(b"\xff\xfe", "p.toml")


def test_a_missing_policy_file_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        policy.load(tmp_path / "nowhere.toml")


def test_the_hash_names_the_file_byte_for_byte() -> None:
    assert parsed(CLAUSE).sha256 != parsed(CLAUSE + "\n").sha256


def test_the_shipped_policy_enforces_nothing_until_the_district_signs() -> None:
    shipped = policy.parse(resources.policy("yelm-4007p.toml"), "yelm-4007p.toml")
    assert {clause.mode for clause in shipped.clause} == {Mode.ADVISE}
    assert [clause.id for clause in shipped.clause] == [f"C{number}" for number in range(1, 9)]
    words = [*(clause.text for clause in shipped.clause), shipped.policy.viewpoint, shipped.policy.notice]
    assert hashlib.sha256("\n".join(words).encode()).hexdigest() == YELM
    assert "forum" in shipped.policy.forum
    covered = {category for clause in shipped.clause for category in clause.categories}
    assert covered | {watch.category for watch in shipped.watch} == set(Category)
