from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.base import Category, Classifier, ClassifierFailed, ModelTampered, Score, Scores, Span
from classifiers.ensemble import Ensemble, join
from classifiers.linear import FILE, Linear
from classifiers.patterns import Patterns

NOWHERE = Path("nowhere")
SCORES = st.lists(st.builds(Score, st.floats(0, 1)), max_size=4)


class Fixed(Classifier):
    """Says the same of every text: a stranger's classifier, kept small."""

    name = "fixed"
    categories = frozenset({Category.THREATS, Category.POLITICAL})
    version = "1"
    answer: ClassVar[Scores] = {
        Category.THREATS: Score(0.7, (Span(0, 4, "fixed"),)),
        Category.POLITICAL: Score(0.1),
    }

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return [self.answer for _ in texts]


class Failing(Fixed):
    name = "failing"

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        raise ZeroDivisionError(texts[0])


class Short(Fixed):
    name = "short"

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return [{}]


class Tampered(Fixed):
    name = "tampered"

    def load(self) -> None:
        raise ModelTampered("restore it")


def ensemble(*members: type[Classifier]) -> Ensemble:
    made = Ensemble([member(NOWHERE) for member in members])
    made.load()
    return made


def test_every_category_gets_a_joined_score_and_members_are_kept_apart() -> None:
    [assessed] = ensemble(Fixed, Patterns).assess(["kys loser"])
    assert set(assessed.scores) == set(Category)
    assert set(assessed.members) == {"fixed", "patterns"}
    assert assessed.scores[Category.THREATS] == Score(0.7, (Span(0, 4, "fixed"),))
    assert assessed.scores[Category.HARASSMENT].probability > 0.5
    assert assessed.scores[Category.OBSCENE] == Score(0.0)
    assert assessed.absent == ()


def test_a_member_that_fails_is_named_and_the_others_go_on() -> None:
    for broken in (Failing, Short):
        made = ensemble(Fixed, broken)
        first, second = made.assess(["one", "two"])
        assert first.absent == second.absent == (broken.name,)
        assert first.scores[Category.THREATS].probability == 0.7
        assert made.absent == {}


def test_a_member_that_cannot_be_loaded_is_absent_with_its_reason() -> None:
    made = ensemble(Fixed, Tampered)
    assert made.absent == {"tampered": "ModelTampered: restore it"}
    assert made.assess(["x"])[0].absent == ("tampered",)
    assert made.version == "fixed:1+tampered:absent"


def test_a_model_that_is_not_installed_is_absent_and_never_scores(tmp_path: Path) -> None:
    made = Ensemble([Patterns(tmp_path), Linear(tmp_path)])
    made.load()
    assert list(made.absent) == ["linear"]
    assert "ModelMissing" in made.absent["linear"]
    assert set(made.assess(["kys"])[0].members) == {"patterns"}
    assert FILE.split("/")[0] in made.version


def test_nobody_left_is_an_error_that_does_not_quote_the_comment() -> None:
    with pytest.raises(ClassifierFailed) as caught:
        ensemble(Failing, Tampered).assess(["a secret comment"])
    assert "secret" not in str(caught.value)
    assert "failing: ZeroDivisionError" in str(caught.value)


def test_no_texts_need_no_classifier() -> None:
    assert ensemble(Failing).assess([]) == []


@given(SCORES, st.integers(0, 3), st.floats(0, 1))
def test_a_surer_member_never_lowers_the_joined_score(scores: list[Score], place: int, more: float) -> None:
    if not scores:
        assert join(scores) == Score(0.0)
        return
    place %= len(scores)
    raised = [*scores]
    raised[place] = Score(max(more, scores[place].probability))
    assert join(raised).probability >= join(scores).probability


@given(SCORES.flatmap(st.permutations))
def test_the_joined_score_does_not_depend_on_the_order_of_members(scores: list[Score]) -> None:
    assert join(scores) == join(scores[::-1])


def test_spans_come_from_the_members_that_carried_the_score() -> None:
    strong, weak = Span(0, 3, "sure"), Span(4, 6, "guess")
    assert join([Score(0.9, (strong,)), Score(0.2, (weak,))]) == Score(0.9, (strong,))
    assert join([Score(0.9, (strong,)), Score(0.6, (weak,))]).spans == (strong, weak)
