from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from classifiers.base import Category
from classifiers.training import examining
from classifiers.training.reading import OWN, Row
from classifiers.training.report import Detail, Details

HALF = dict.fromkeys(Category, 0.5)
THREATS = list(Category).index(Category.THREATS)


def row(text: str, family: str, *breaches: Category) -> Row:
    labels = dict.fromkeys(Category, False) | dict.fromkeys(breaches, True)
    return Row(text=text, labels=labels, weights=dict.fromkeys(labels, 1.0), source=OWN, family=family)


def threats(count: int, families: int) -> list[Row]:
    """Every third is a threat."""
    breaches = (Category.THREATS,)
    return [row(f"text {n}", f"issue {n % families}", *breaches[: n % 3 == 0]) for n in range(count)]


def only(scores: Sequence[float]) -> np.ndarray:
    """Of threats; every other category scores nothing."""
    found = np.zeros((len(scores), len(Category)))
    found[:, THREATS] = scores
    return found


def of_threats(details: Details) -> Detail:
    return details.categories[THREATS]


def test_the_interval_holds_the_figure_and_one_draw_of_every_issue_is_the_figure_itself() -> None:
    rows = threats(300, 20)
    true = np.array([n % 3 == 0 for n in range(300)])
    scores = np.round(np.random.default_rng(1).random(300) * 0.6 + 0.3 * true, 2)
    found = of_threats(examining.details(rows, only(scores.tolist()), HALF))
    assert found.auc is not None
    assert found.average_precision is not None
    assert found.auc.low < roc_auc_score(true, scores) < found.auc.high
    assert found.average_precision.low < average_precision_score(true, scores) < found.average_precision.high
    alone, average = examining._ranked(np.ones((1, 300), dtype=np.int64), true, scores)
    assert alone is not None
    assert average is not None
    assert alone.low == pytest.approx(roc_auc_score(true, scores), abs=1e-4)
    assert average.low == pytest.approx(average_precision_score(true, scores), abs=1e-4)


def test_comments_that_are_alike_within_their_issue_make_a_figure_less_sure() -> None:
    rows = threats(300, 10)
    apart = [float(n % 7 != 0) for n in range(300)]
    by_issue = [float(n % 10 < 8) for n in range(300)]
    spread = of_threats(examining.details(rows, only(apart), HALF)).recall
    bunched = of_threats(examining.details(rows, only(by_issue), HALF)).recall
    assert spread is not None
    assert bunched is not None
    assert bunched.high - bunched.low > 1.3 * (spread.high - spread.low)


def test_where_every_draw_agrees_wilsons_interval_remains() -> None:
    found = of_threats(examining.details(threats(60, 10), only([1.0] * 60), HALF))
    assert found.recall is not None
    assert (found.recall.low, found.recall.high) == pytest.approx((0.839, 1.0), abs=1e-3)


def test_a_category_that_hardly_an_issue_has_gets_no_interval() -> None:
    rows = [*threats(30, 5), row("sold", "one issue", Category.COMMERCIAL)]
    found = examining.details(rows, only([0.0] * 31), HALF)
    commercial = found.categories[list(Category).index(Category.COMMERCIAL)]
    assert commercial.auc is commercial.average_precision is commercial.recall is None
    assert found.issues == 6


def test_a_step_of_scores_tells_how_many_of_its_comments_are_breaches() -> None:
    found = of_threats(examining.details(threats(90, 9), only([0.35] * 60 + [1.0] * 30), HALF))
    assert [(one.low, one.high, one.breaches.right, one.breaches.n) for one in found.bins] == [
        (0.3, 0.4, 20, 60),
        (0.9, 1.0, 10, 30),
    ]
    assert found.bins[0].score == pytest.approx(0.35)


def test_a_lower_threshold_finds_more() -> None:
    scores = [0.9 if n % 3 == 0 and n < 60 else n / 200 for n in range(120)]
    recall = [one for one, _ in of_threats(examining.details(threats(120, 6), only(scores), HALF)).tradeoff]
    assert recall == sorted(recall)
    assert recall[0] == 0
    assert recall[-1] == 1


def test_the_surest_mistakes_are_shown_one_of_an_issue() -> None:
    rows = [
        row("a threat that is missed", "buses", Category.THREATS),
        row("another one of them", "buses", Category.THREATS),
        row("a threat that is found", "gym", Category.THREATS),
        row("a nice day", "gym"),
        row("a very nice day", "roof"),
    ]
    found = of_threats(examining.details(rows, only([0.3, 0.1, 0.9, 0.6, 0.8]), HALF))
    assert [(one.text, one.score) for one in found.missed] == [("another one of them", 0.1)]
    assert [one.text for one in found.wrongly_flagged] == ["a very nice day", "a nice day"]
    assert found.wrongly_flagged[0].flags == ("threats",)
    assert found.missed[0].labels == ("threats",)


def test_what_is_taken_for_what_is_counted() -> None:
    rows = [row("x", "a", Category.ILLEGAL), row("y", "b", Category.THREATS), row("z", "c")]
    confusion = {one.truth: one for one in examining.details(rows, only([0.9, 0.9, 0.0]), HALF).confusion}
    assert confusion["illegal"].flagged["threats"] == 1
    assert confusion["illegal"].flagged["illegal"] == 0
    assert confusion["threats"].flagged["threats"] == 1
    assert confusion["nothing"].flagged["nothing"] == 1
    assert confusion["nothing"].comments == 1
