from __future__ import annotations

from collections.abc import Mapping, Sequence

from classifiers.base import Answer, Category, Question, Score, Span
from classifiers.marking import EVERYTHING, Said, marked

SURE, GUESS = Span(0, 3, "sure"), Span(4, 6, "guess")
THREATS = Category.THREATS


def said(probability: float, *spans: Span) -> Said:
    """Of a member that marks at once."""
    return Said({THREATS: Score(probability, spans)}, Answer([{THREATS: Score(probability, spans)}]), 0)


def spans(joined: float, **voices: Said) -> tuple[Span, ...]:
    (found,) = marked([{THREATS: Score(joined)}], [voices])
    assert found[THREATS].probability == joined
    return found[THREATS].spans


def test_the_words_of_those_count_that_carried_the_score() -> None:
    assert spans(0.9, encoder=said(0.9, SURE), linear=said(0.2, GUESS)) == (SURE,)
    assert spans(0.9, encoder=said(0.9, SURE), linear=said(0.6, GUESS)) == (SURE, GUESS)


def test_where_they_mark_nothing_the_words_of_the_others_do() -> None:
    assert spans(0.9, encoder=said(0.9), linear=said(0.2, GUESS)) == (GUESS,)
    assert spans(0.9, encoder=said(0.9), linear=said(0.0, GUESS)) == ()


class Later:
    """Marks words only when asked, and remembers what it was asked."""

    def __init__(self, *probabilities: float) -> None:
        self.asked: list[Question] = []
        scores = [{THREATS: Score(probability)} for probability in probabilities]
        self.answer = Answer(scores, self.explain)

    def explain(self, asked: Sequence[Question]) -> Mapping[Question, tuple[Span, ...]]:
        self.asked += asked
        return {(place, category): (Span(place, place + 1, "why"),) for place, category in asked}

    def said(self, place: int) -> Said:
        return Said(self.answer.scores[place], self.answer, place)


def test_whoever_marks_words_only_when_asked_is_asked_about_what_may_be_flagged_and_no_more() -> None:
    later = Later(0.01, 0.8, 0.7)
    joined = [{THREATS: Score(probability)} for probability in (EVERYTHING[THREATS] / 2, 0.8, 0.6)]
    # The last text comes first, as where the others were answered apart.
    voices = [{"linear": later.said(place)} for place in range(3)]
    found = marked(joined, voices)
    assert later.asked == [(1, THREATS), (2, THREATS)]
    assert [[span.start for span in one[THREATS].spans] for one in found] == [[], [1], [2]]


def test_whoever_says_which_scores_people_see_has_words_marked_for_those_alone() -> None:
    later = Later(0.3, 0.8)
    joined = [{THREATS: Score(probability)} for probability in (0.3, 0.8)]
    voices = [{"linear": later.said(place)} for place in range(2)]
    found = marked(joined, voices, {THREATS: 0.8})
    assert [len(one[THREATS].spans) for one in found] == [0, 1]
    assert not marked(joined, voices, {})[1][THREATS].spans
    assert later.asked == [(1, THREATS)]


def test_who_cannot_say_why_keeps_its_score_and_the_others_words_are_told() -> None:
    def fails(_: Sequence[Question]) -> Mapping[Question, tuple[Span, ...]]:
        raise RuntimeError("no memory")

    broken = Said({THREATS: Score(0.9)}, Answer([{THREATS: Score(0.9)}], fails), 0)
    assert spans(0.9, encoder=broken, linear=said(0.8, GUESS)) == (GUESS,)
    assert spans(0.9, encoder=broken) == ()
