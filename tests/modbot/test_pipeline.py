from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import pytest
import sqlalchemy as sa

from classifiers.base import Category, Classifier, Score, Scores
from classifiers.ensemble import Ensemble
from modbot import cases, pipeline
from modbot.pipeline import Scorer
from modbot.rulings import Choice, Ruling
from modbot.store import Store, body_of, table, utcnow
from modbot.tables import Case, CaseComment, Unscored, Verdict
from modbot.tables import Score as ScoreRow
from tests.modbot.scene import LIMITS, District, Keywords, district, edited, said


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


def let_time_pass(here: District) -> None:
    """Make every pause and lease end now."""
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Unscored)).values(available_at=utcnow() - timedelta(seconds=1)))


def test_a_harmless_comment_gets_a_score_and_a_clear_verdict_and_no_case(here: District) -> None:
    here.comes_in("What time is the concert?")
    assert [row.level for row in here.rows(Verdict)] == ["clear"]
    assert [row.classifier.split("+")[0] for row in here.rows(ScoreRow)] == ["keywords:1"]
    assert here.rows(Case) == []
    assert here.rows(Unscored) == []


def test_a_comment_that_may_break_a_clause_opens_a_case_that_names_it(here: District) -> None:
    here.comes_in("Buy now, half price")
    assert [(row.state, row.clauses, row.priority) for row in here.rows(Case)] == [("open", "C7", 2)]


def test_a_threat_is_urgent_and_stands_before_everything_else(here: District) -> None:
    here.comes_in("I will hurt you")
    assert [(row.clauses, row.priority) for row in here.rows(Case)] == [("C1", 0)]


def test_the_log_keeps_the_numbers_the_threshold_the_words_and_the_policy(here: District) -> None:
    here.comes_in("Please buy now!")
    with here.store.read() as connection:
        body = body_of(connection, here.rows(ScoreRow)[0].id)
    assert body["policy"] == here.rules.sha256
    assert body["members"]["keywords"]["commercial"] == 0.95
    (finding,) = body["findings"]
    assert finding["clause"] == "C7"
    assert finding["spans"] == [[7, 14, "says so"]]


def test_nothing_is_scored_twice_when_two_workers_hold_the_same_comment(here: District) -> None:
    here.arrive(said("1", "Buy now"))
    other = pipeline.Scorer(
        here.store, here.scorer.ensemble, here.rules, here.scorer.thresholds, worker="there"
    )
    mine = here.scorer._lease()
    let_time_pass(here)
    theirs = other._lease()
    assert [each.comment_id for each in mine] == [each.comment_id for each in theirs]
    assert here.scorer._score(mine).scored == 1
    assert other._score(theirs).scored == 0
    assert len(here.rows(ScoreRow)) == 1
    assert len(here.rows(Case)) == 1


def test_a_leased_comment_is_not_given_to_another_worker(here: District) -> None:
    here.arrive(said("1", "Hello"))
    assert len(here.scorer._lease()) == 1
    assert here.scorer._lease() == []


def test_a_worker_that_was_killed_takes_its_comments_back_when_it_starts_again(here: District) -> None:
    here.arrive(said("1", "Buy now"))
    here.scorer._lease()
    scorer = here.scorer
    again = pipeline.Scorer(here.store, scorer.ensemble, here.rules, scorer.thresholds, worker="here")
    assert again.run_once().scored == 1


class Weighing(Keywords):
    """Keeps how many texts it was handed at once."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[int] = []

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        self.loads.append(len(texts))
        return super().classify(texts)


def test_however_much_waits_a_lease_takes_at_most_one_batch(here: District) -> None:
    member = Weighing()
    ensemble = Ensemble([member])
    ensemble.load()
    scorer = Scorer(here.store, ensemble, here.rules, LIMITS, worker="there", batch=3)
    here.arrive(*(said(str(n), f"Comment number {n} of an evening") for n in range(8)))
    left = []
    while scorer.run_once().scored:
        left.append(len(here.rows(Unscored)))
    assert left == [5, 2, 0]
    assert max(member.loads) <= 3
    assert sum(member.loads) == 8


def test_a_batch_whose_result_could_not_be_stored_is_scored_at_the_next_round(here: District) -> None:
    here.arrive(said("1", "Buy now"))
    sa.event.listen(here.store.engine, "before_execute", _refuse_scores)
    with pytest.raises(ConnectionError):
        here.scorer.run_once()
    sa.event.remove(here.store.engine, "before_execute", _refuse_scores)
    assert here.scorer.run_once().scored == 1


def _refuse_scores(_connection: object, statement: object, *_: object) -> None:
    if isinstance(statement, sa.Insert) and statement.table is table(ScoreRow):
        raise ConnectionError("the line went dead")


def test_without_a_working_classifier_every_comment_goes_to_a_person_as_not_scored(here: District) -> None:
    here.member.broken = True
    here.arrive(said("1", "Hello"))
    outcome = here.scorer.run_once()
    assert (outcome.not_scored, outcome.scored) == (1, 0)
    assert "out of order" in outcome.failure
    assert [(row.reason, row.state) for row in here.rows(Case)] == [("not_scored", "open")]
    assert [(row.level, row.score_id) for row in here.rows(Verdict)] == [("review", None)]


def test_a_comment_that_stays_unscored_is_queued_only_once(here: District) -> None:
    here.member.broken = True
    here.arrive(said("1", "Hello"))
    for _ in range(3):
        here.scorer.run_once()
        let_time_pass(here)
    assert len(here.rows(Case)) == 1
    assert here.kinds().count("comment.unscored") == 1


def test_when_the_classifier_works_again_a_harmless_comment_leaves_the_queue(here: District) -> None:
    here.member.broken = True
    here.arrive(said("1", "Hello"))
    here.scorer.run_once()
    here.member.broken = False
    let_time_pass(here)
    here.score()
    assert [row.state for row in here.rows(Case)] == ["closed"]
    assert here.rows(Unscored) == []


def test_when_the_classifier_works_again_a_threat_moves_to_the_front(here: District) -> None:
    here.member.broken = True
    here.arrive(said("1", "I will hurt you"))
    here.scorer.run_once()
    here.member.broken = False
    let_time_pass(here)
    here.score()
    assert [(row.state, row.reason, row.priority, row.clauses) for row in here.rows(Case)] == [
        ("open", "flagged", 0, "C1")
    ]


def test_near_identical_comments_share_one_case_in_one_batch_and_across_batches(here: District) -> None:
    text = (
        "Buy now from Evergreen Lawn Care: the first cut is free for every family at Cedar Grove Elementary"
    )
    here.comes_in(text, text.upper(), text + "!!!")
    here.comes_in(text.replace("every", "each"))
    assert len(here.rows(Case)) == 1
    assert len(here.rows(CaseComment)) == 4
    assert len(here.rows(Verdict)) == 4


def test_two_hundred_and_twenty_six_copies_are_one_case_and_as_many_records(here: District) -> None:
    here.comes_in(*["Buy now and save at the grand opening on Elm Street"] * 226)
    assert len(here.rows(Case)) == 1
    assert len(here.rows(CaseComment)) == 226
    assert here.kinds().count("comment.seen") == 226
    assert here.kinds().count("comment.scored") == 226


def test_different_comments_open_different_cases(here: District) -> None:
    here.comes_in("Buy now: prom dresses", "Roof leaking? Buy now from Ed")
    assert len(here.rows(Case)) == 2


def test_an_edit_joins_the_case_of_the_text_before_it(here: District) -> None:
    here.comes_in("Buy now, half price")
    here.arrive(edited("1", "I will hurt you"))
    here.score()
    (case,) = here.rows(Case)
    assert (case.clauses, case.priority) == ("C7 C1", 0)
    assert len(here.rows(CaseComment)) == 2
    assert case.version > 1


def test_an_edit_that_takes_the_words_out_joins_the_case_so_that_the_reviewer_sees_it(here: District) -> None:
    here.comes_in("Buy now, half price")
    here.arrive(edited("1", "Lovely concert"))
    here.score()
    assert len(here.rows(CaseComment)) == 2
    assert [row.level for row in here.rows(Verdict)] == ["review", "clear"]


def test_an_edit_of_a_harmless_comment_that_stays_harmless_opens_nothing(here: District) -> None:
    here.comes_in("Helo")
    here.arrive(edited("1", "Hello"))
    here.score()
    assert here.rows(Case) == []


def test_near_identical_texts_that_break_different_clauses_are_different_cases(here: District) -> None:
    shared = "Cedar Grove families deserve better than this, so tell every neighbour on your street and "
    here.comes_in(shared + "buy now", shared + "vote yes", shared + "hurt you")
    assert sorted(row.clauses for row in here.rows(Case)) == ["C1", "C6", "C7"]


def test_a_case_that_became_urgent_stays_urgent_when_a_copy_joins(here: District) -> None:
    here.arrive(said("1", "Buy now"), edited("1", "Buy now or I hurt you"), said("2", "Buy now"))
    here.score()
    assert min(row.priority for row in here.rows(Case) if "C1" in row.clauses) == 0


def test_a_comment_left_up_unscored_is_queued_again_when_it_turns_out_to_be_a_threat(here: District) -> None:
    here.member.broken = True
    here.arrive(said("1", "I will hurt you"))
    here.scorer.run_once()
    ruling = Ruling(choice=Choice.LEAVE_UP, by="ana")
    cases.decide(here.store, here.rules, here.rows(Case)[0].id, ruling)
    here.member.broken = False
    let_time_pass(here)
    here.score()
    assert [(row.state, row.priority) for row in here.rows(Case)] == [("closed", 2), ("open", 0)]


class Fragile(Keywords):
    """Breaks over one text, whatever else is in the batch."""

    name = "fragile"

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        if any("poison" in text for text in texts):
            raise ZeroDivisionError
        return super().classify(texts)


def with_members(here: District, *members: Classifier) -> pipeline.Scorer:
    return pipeline.Scorer(here.store, Ensemble(members), here.rules, here.scorer.thresholds, worker="here")


def test_one_text_that_breaks_a_classifier_does_not_blind_it_for_the_others(here: District) -> None:
    here.arrive(said("1", "poison"), said("2", "I will hurt you"), said("3", "Hello"))
    outcome = with_members(here, Fragile()).run_once()
    assert (outcome.scored, outcome.not_scored) == (2, 1)
    assert sorted((row.reason, row.priority) for row in here.rows(Case)) == [
        ("flagged", 0),
        ("not_scored", 2),
    ]


class OnlyCommercial(Keywords):
    name = "commercial"
    categories = frozenset({Category.COMMERCIAL})

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return [{Category.COMMERCIAL: found[Category.COMMERCIAL]} for found in super().classify(texts)]


def test_a_comment_is_not_clear_while_nobody_judges_a_part_of_the_policy(here: District) -> None:
    here.member.broken = True
    here.arrive(said("1", "I will hurt you"), said("2", "Buy now"))
    outcome = with_members(here, here.member, OnlyCommercial()).run_once()
    assert "nobody judged political, threats" in outcome.failure
    assert sorted((row.reason, row.clauses) for row in here.rows(Case)) == [
        ("flagged", "C7"),
        ("not_scored", ""),
    ]


class Dreamer(Keywords):
    name = "dreamer"

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return [{Category.THREATS: Score(float("nan"))} for _ in texts]


def test_a_comment_in_another_language_goes_to_a_person_once_and_is_never_called_clear(
    here: District,
) -> None:
    here.arrive(said("1", "Waan ku mahadsanahay caawinta, carruurtaydu iskuulka aad bay u jecel yihiin"))
    here.arrive(said("2", "What time is the concert?"))
    outcome = here.scorer.run_once()
    assert (outcome.scored, outcome.not_scored, outcome.failure) == (1, 1, "")
    assert [(row.reason, row.state) for row in here.rows(Case)] == [("not_scored", "open")]
    with here.store.read() as connection:
        found = next(row.id for row in here.rows(Verdict) if row.level == "review")
        assert body_of(connection, found)["failure"] == "language not covered"
    let_time_pass(here)
    assert here.scorer.run_once().not_scored == 0


def test_a_probability_that_is_none_counts_as_a_failure_of_the_classifier(here: District) -> None:
    here.arrive(said("1", "Hello"))
    assert with_members(here, Dreamer()).run_once().not_scored == 1
    assert [row.reason for row in here.rows(Case)] == ["not_scored"]


def test_a_comment_scored_without_one_of_the_classifiers_is_shown_to_a_person(here: District) -> None:
    here.arrive(said("1", "poison"), said("2", "Hello"))
    outcome = with_members(here, here.member, Fragile()).run_once()
    assert (outcome.scored, outcome.not_scored, outcome.failure) == (1, 1, "absent: fragile")
    assert [row.reason for row in here.rows(Case)] == ["not_scored"]


class Listening(Keywords):
    """Keeps what it was told of the posts above the comments."""

    topics: ClassVar[list[str]] = []

    def classify_under(self, texts: Sequence[str], topics: Sequence[str]) -> list[Scores]:
        self.topics.extend(topics)
        return self.classify(texts)


def test_classifiers_are_told_the_title_of_the_post_above_a_comment_and_nothing_else(here: District) -> None:
    here.arrive(said("1", "please vote for it", post_title="Measure 4"), said("2", "hello", post_title=""))
    ensemble = Ensemble([Listening()])
    ensemble.load()
    Listening.topics.clear()
    assert Scorer(here.store, ensemble, here.rules, LIMITS, worker="listening").run_once().scored == 2
    assert Listening.topics == ["Measure 4", ""]
