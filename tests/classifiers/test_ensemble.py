from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from classifiers.base import Category, Classifier, ClassifierFailed, ModelTampered, Score, Scores, Span
from classifiers.ensemble import Ensemble
from classifiers.linear import FILE, Linear
from classifiers.patterns import Patterns

NOWHERE = Path("nowhere")


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
