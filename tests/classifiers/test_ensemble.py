from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from classifiers.base import Category, Classifier, ClassifierFailed, ModelTampered, Score, Scores, Span
from classifiers.ensemble import Ensemble
from classifiers.joining import Rule, Rules
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
    assert made.version.startswith("fixed:1+tampered:absent+second_hand:")


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


class Costly(Fixed):
    """Counts what it is asked, as the encoder would cost."""

    name = "costly"
    asked: ClassVar[list[str]] = []

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        self.asked.extend(texts)
        return super().classify(texts)


class Sees(Fixed):
    name = "sees"

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return [{Category.THREATS: Score(0.5 if "gun" in text else 0.0)} for text in texts]


def test_a_costly_member_is_asked_where_the_others_leave_doubt_and_is_not_absent_elsewhere() -> None:
    rule = dict.fromkeys(Category, Rule({"costly": 1.0, "sees": 1.0}, 0.0))
    alone = dict.fromkeys(Category, Rule({"sees": 1.0}, 0.0))
    rules = Rules({frozenset({"costly", "sees"}): rule, frozenset({"sees"}): alone}, spared={"costly": 0.03})
    made = Ensemble([Costly(NOWHERE), Sees(NOWHERE)], rules)
    made.load()
    texts = ["a lovely day", "he has a gun", "thanks"]
    Costly.asked.clear()
    together = made.assess(texts)
    assert Costly.asked == ["he has a gun"]
    assert [set(one.members) for one in together] == [{"sees"}, {"sees", "costly"}, {"sees"}]
    assert all(one.absent == () for one in together)
    assert together == [made.assess([text])[0] for text in texts]


class Advises(Fixed):
    """Sees something in every text, and does not count."""

    name = "advises"
    advisory = True


def test_what_does_not_count_has_nobody_asked() -> None:
    alone = dict.fromkeys(Category, Rule({"sees": 1.0}, 0.0))
    rules = Rules({frozenset({"sees"}): alone}, spared={"costly": 0.03})
    made = Ensemble([Costly(NOWHERE), Sees(NOWHERE), Advises(NOWHERE)], rules)
    made.load()
    Costly.asked.clear()
    [assessed] = made.assess(["a lovely day"])
    assert Costly.asked == []
    assert set(assessed.members) == {"sees", "advises"}


def test_the_rules_are_part_of_the_version() -> None:
    made = Ensemble([Fixed(NOWHERE)], Rules({}, version="abc"))
    made.load()
    assert made.version.startswith("fixed:1+rules:abc+second_hand:")


class Listens(Fixed):
    """Says what it was told of each text's post."""

    name = "listens"

    def classify_under(self, texts: Sequence[str], topics: Sequence[str]) -> list[Scores]:
        if "bad" in texts and len(texts) > 1:
            raise ClassifierFailed("one of them")
        return [{Category.THREATS: Score(0.9 if "gun" in topic else 0.1)} for topic in topics]


def test_each_text_is_judged_under_its_own_topic_and_without_topics_under_none() -> None:
    made = ensemble(Listens)
    texts, topics = ["a", "bad", "c"], ["a gun show", "", "another gun show"]
    told = [one.scores[Category.THREATS].probability for one in made.assess(texts, topics)]
    assert told == [0.9, 0.1, 0.9]
    assert [one.scores[Category.THREATS].probability for one in made.assess(texts)] == [0.1, 0.1, 0.1]
