from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import classifiers
from classifiers import joining, manifest, patterns, thresholds
from classifiers.base import Category, Classifier, Score, Scores
from classifiers.ensemble import Ensemble
from classifiers.linear import Linear
from classifiers.patterns import Patterns
from classifiers.training import (
    choosing,
    crossing,
    evaluate,
    fitting,
    hits,
    measures,
    measuring,
    reading,
    running,
    train,
    unseen,
    vocabulary,
)
from classifiers.training.choosing import Budget
from classifiers.training.reading import Row
from tests.classifiers.small_data import public_data, some_of_the_corpus

NOTHING = dict.fromkeys(Category, False)
FILES = (
    "manifest.json",
    "joining.json",
    "thresholds.json",
    "linear/model.skops",
    "linear/heldout.json",
    "linear/CARD.md",
)


def row(text: str, *breaches: Category, **facts: object) -> Row:
    labels = NOTHING | dict.fromkeys(breaches, True)
    made = Row(text=text, labels=labels, weights=dict.fromkeys(labels, 1.0), source=reading.OWN, family="a")
    return replace(made, **facts)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    """Two trainings from the same data and seed, and the data."""
    root = tmp_path_factory.mktemp("training")
    corpus, data = some_of_the_corpus(root / "corpus", 400, 1), public_data(root / "data")
    for name in ("one", "two"):
        (root / name).mkdir()
        train(data, root / name, seed=3, corpus=corpus)
    return root / "one", root / "two", data, corpus


def test_training_twice_gives_the_same_bytes(trained: Sequence[Path]) -> None:
    one, two, *_ = trained
    for file in FILES:
        assert (one / file).read_bytes() == (two / file).read_bytes(), file


def test_what_was_trained_loads_and_scores(trained: Sequence[Path]) -> None:
    ensemble = Ensemble([Patterns(trained[0]), Linear(trained[0])], joining.load(trained[0]))
    ensemble.load()
    assert ensemble.absent == {}
    [assessed] = ensemble.assess(["Vote NO on Measure 4!"])
    point = thresholds.load(trained[0])[Category.POLITICAL]
    assert assessed.scores[Category.POLITICAL].probability > 0
    assert point.goal.startswith("most recall with at most")


def test_only_sources_that_may_ship_are_learned_from(trained: Sequence[Path]) -> None:
    used = manifest.read(trained[0])["linear"]["sources"]
    assert used == {"corpus": 400, "edos": 90}


def test_evaluating_again_gives_the_same_report_and_it_is_json(trained: Sequence[Path]) -> None:
    first, second = (
        replace(evaluate(trained[0], trained[2], corpus=trained[3]), seconds=0.0) for _ in range(2)
    )
    assert first == second
    told = json.loads(first.to_json())
    assert {one["category"] for one in told["categories"]} == {category.value for category in Category}
    assert told["false_flags"]["n"] > 150
    assert told["public_viewpoints"][0]["name"] == "vaccine_stance"


def test_no_side_of_a_pair_and_no_issue_is_in_two_folds() -> None:
    rows = list(reading.corpus())
    fold = fitting.folds(rows, seed=7)
    by_family: dict[str, set[int]] = {}
    for one, number in zip(rows, fold, strict=True):
        by_family.setdefault(one.family, set()).add(int(number))
    assert all(len(numbers) == 1 for numbers in by_family.values())
    assert len(set(fold.tolist())) == fitting.FOLDS


def test_every_corpus_row_has_all_labels_and_its_own_id() -> None:
    rows = list(reading.corpus())
    assert len(rows) >= 5000
    assert len({one.id for one in rows}) == len(rows)
    assert all(set(one.labels) == set(Category) for one in rows)


def test_a_missing_label_is_unknown_and_a_weak_one_counts_half() -> None:
    source = reading.Source("x", "MIT", "train", weight=0.2)
    entry = {"id": 1, "text": "t", "labels": {"threats": 1, "obscene": 0}, "meta": {"weak": ["obscene"]}}
    one = reading._public(entry, source)
    assert one.labels == {Category.THREATS: True, Category.OBSCENE: False}
    assert one.weights == {Category.THREATS: 0.2, Category.OBSCENE: 0.1}
    assert not one.permissible


def test_hate_against_a_group_is_read_as_discrimination() -> None:
    source = reading.Source("x", "MIT", "train", reads="group")
    hateful = reading._public({"id": 1, "text": "t", "labels": {"harassment": 1}}, source)
    clean = reading._public({"id": 1, "text": "t", "labels": {"harassment": 0}}, source)
    assert hateful.labels == {Category.DISCRIMINATION: True}
    assert clean.labels == {Category.DISCRIMINATION: False, Category.HARASSMENT: False}


def test_a_remark_on_a_candidate_is_not_read_as_advocacy() -> None:
    source = reading.Source("x", "MIT", "train", reads="express")
    entry = {"id": 1, "text": "t", "labels": {"political": 1}}
    assert reading._public(entry, source).labels == {Category.POLITICAL: True}
    assert reading._public({**entry, "meta": {"weak": ["political"]}}, source).labels == {}


def test_every_source_states_a_licence_and_copyleft_ones_are_only_measured() -> None:
    for source in reading.sources().values():
        assert source.use in ("train", "measure")
        if any(word in source.licence for word in ("GPL", "SA", "NC", "none")):
            assert source.use == "measure", source.name


def test_the_threshold_keeps_both_budgets_and_gives_no_recall_away() -> None:
    permissible, opinions = np.linspace(0, 0.8, 1000), np.linspace(0, 0.5, 1000)
    threshold = choosing.choose(Budget(0.01, 0.02), permissible, opinions)
    assert (permissible >= threshold).sum() <= 10
    assert (permissible >= threshold - 0.001).sum() >= 10
    assert choosing.choose(Budget(0.01, 0.02), permissible, np.linspace(0, 0.95, 1000)) > threshold


def test_budgets_name_every_category_and_add_up_to_less_than_one_in_ten() -> None:
    budgets = choosing.budgets()
    assert set(budgets) == set(Category)
    assert sum(budget.permissible for budget in budgets.values()) < 0.1
    assert budgets[Category.POLITICAL].opinions <= 0.01


def test_a_point_tells_what_other_thresholds_would_do() -> None:
    rows = [row("x", Category.THREATS) if n % 2 else row("y") for n in range(100)]
    point = choosing.point(Category.THREATS, rows, np.linspace(0.01, 0.99, 100), np.zeros(10))
    assert [one.recall for one in point.curve] == sorted((one.recall for one in point.curve), reverse=True)
    assert point.at(0.5).recall == pytest.approx(0.5, abs=0.03)
    assert point.at(0.5).false_flags == pytest.approx(0.5, abs=0.03)
    assert point.opinions.n == 10


@pytest.mark.parametrize(
    ("right", "n", "low", "high"), [(0, 20, 0.0, 0.1611), (10, 20, 0.2993, 0.7007), (0, 0, 0, 1)]
)
def test_a_share_has_wilsons_interval(right: int, n: int, low: float, high: float) -> None:
    share = measures.share(right, n)
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-3)


def test_calibration_error_is_the_mean_gap_over_bins() -> None:
    assert measures.calibration_error([True] * 5 + [False] * 5, np.full(10, 0.5)) == 0.0
    assert measures.calibration_error([True] * 10, np.full(10, 0.9)) == pytest.approx(0.1)


def test_a_model_that_leans_to_one_side_shows_in_the_parity() -> None:
    rows = [row("x", pair=f"p{n}", side=side, viewpoint=True) for n in range(100) for side in ("pro", "con")]
    scores = np.zeros((200, len(Category)))
    scores[::2, 0] = [0.9 if n < 20 else 0.1 for n in range(100)]
    parity = measuring.report("v", rows, scores, dict.fromkeys(Category, 0.5)).parity["permissible"]
    assert (parity.pairs, parity.only_pro, parity.only_con) == (100, 20, 0)
    assert parity.low > 0.05


def test_false_flags_of_a_source_with_few_labels_are_among_those_that_deny_this_one() -> None:
    some = {Category.THREATS: False}
    rows = [replace(row("a"), labels=some), replace(row("b"), labels=some), row("c", Category.OBSCENE)]
    rows += [replace(row("d"), labels={Category.THREATS: True}), replace(row("e"), labels={})]
    scores = np.full((5, len(Category)), 0.9)
    scores[1] = 0.1
    found = measuring.one_category(Category.THREATS, rows, scores, dict.fromkeys(Category, 0.5))
    assert (found.false_flags.right, found.false_flags.n) == (1, 2)


def test_each_members_calibration_is_told_for_all_and_for_what_is_not_english() -> None:
    rows = [row("a", Category.THREATS), row("b"), row("c", Category.THREATS, lang="es"), row("d", lang="es")]
    column = list(Category).index(Category.THREATS)
    scores = np.zeros((4, len(Category)))
    scores[:, column] = [1.0, 0.0, 0.9, 0.9]
    [threats] = [one for one in measuring.calibrations(rows, {"linear": scores}) if one.category == "threats"]
    assert threats.member == "linear"
    assert (threats.error, threats.not_english) == pytest.approx((0.2, 0.4), abs=0.06)


def test_what_breaks_a_clause_is_no_protected_opinion_whatever_its_source_says() -> None:
    for (source, name), breaks in reading.judged().items():
        one = row("x", viewpoint=True, source=source, id=name)
        assert running._shall_stay(one) == (not breaks), (source, name)
    assert any(reading.judged().values())


def test_the_shipped_card_tells_how_many_comments_were_learned_from_and_how_many_held_out() -> None:
    models = Path(classifiers.__file__).parent.parent / "models"
    card = (models / "encoder" / "CARD.md").read_text()
    held_out = json.loads(manifest.verified(models, "encoder", "encoder/heldout.json"))
    learned = manifest.read(models)["encoder"]["sources"]["corpus"]
    since = len(list(reading.corpus())) - learned - len(held_out)
    assert since >= 0
    assert f"{learned:,} comments of the project's own corpus" in card
    assert f"{len(held_out):,} comments are held out" in card
    assert (f"nor from {since:,} that came after" in card) == (since > 0)
    assert "of 0)" not in card.split("## Figures on public sources")[1].split("| protected opinions")[0]


def test_the_report_counts_what_it_says() -> None:
    rows = [row("a", Category.THREATS), row("b", Category.THREATS), row("c"), row("d", viewpoint=True)]
    scores = np.zeros((4, len(Category)))
    column = list(Category).index(Category.THREATS)
    scores[:, column] = [0.9, 0.1, 0.8, 0.2]
    report = measuring.report("v", rows, scores, dict.fromkeys(Category, 0.5))
    [threats] = [one for one in report.categories if one.category == "threats"]
    assert (threats.precision.right, threats.precision.n) == (1, 2)
    assert (threats.recall.right, threats.recall.n) == (1, 2)
    assert (report.false_flags.right, report.false_flags.n) == (1, 2)
    assert (report.viewpoints.right, report.viewpoints.n) == (0, 1)
    assert threats.auc == 0.5


def test_counting_hits_changes_nothing_but_the_counts(tmp_path: Path) -> None:
    path = tmp_path / "patterns.toml"
    path.write_text(patterns.RULES.read_text(encoding="utf-8"), encoding="utf-8")
    before = patterns.rules(path)
    counts = hits.measure([row("kys loser", Category.HARASSMENT), row("vote yes on the levy")], before)
    assert counts["self-harm"] == (1, 1)
    assert counts["vote-on-measure"] == (0, 1)
    path.write_text(hits.rewritten(path.read_text(encoding="utf-8"), counts), encoding="utf-8")
    after = patterns.rules(path)
    assert [asdict(replace(rule, measured=(0, 0))) for rule in after] == [
        asdict(replace(rule, measured=(0, 0))) for rule in before
    ]
    assert {rule.id: rule.measured for rule in after if rule.find} == {
        k: v for k, v in counts.items() if k != "contact"
    }


def test_a_word_of_the_vocabulary_is_one_that_is_used() -> None:
    found = vocabulary.words(
        ["the bus, the bus", "a bus soooo late"], ["Levy levy"] * 4 + ["@late www.bus.org"] * 9
    )
    assert found == ["bus", "levy"]


def test_what_is_chosen_on_one_half_is_measured_on_the_other() -> None:
    rows = [row for row in reading.corpus() if row.lang == "en"][::12]
    truth = np.array([[float(row.labels[category]) for category in Category] for row in rows])
    said = {"linear": np.where(truth > 0, 0.9, 0.1)}
    nobody = dict.fromkeys(Category, np.zeros(0, dtype=bool))
    found = crossing.flags(rows, said, nobody, {"linear": np.zeros((0, len(Category)))})
    assert (found == (truth > 0)).mean() > 0.99
    assert "threats found" in crossing.told(rows, found)


class Asks(Classifier):
    """A member that somebody adds: it takes every question for a harmless text, and is not calibrated."""

    name = "asks"
    version = "1"
    categories = frozenset(Category)
    advisory = True

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return [dict.fromkeys(Category, Score(0.01 if "?" in text else 0.4)) for text in texts]


def test_without_a_member_to_train_only_what_joins_them_is_made_anew(
    trained: Sequence[Path], tmp_path: Path
) -> None:
    shutil.copytree(trained[0], tmp_path / "models")
    (tmp_path / "models" / "linear" / "CARD.md").unlink()
    manifest.record(tmp_path / "models", joining.NAME, {joining.FILE: b"{}"})
    train(trained[2], tmp_path / "models", seed=3, corpus=trained[3], only=())
    for file in FILES:
        assert (tmp_path / "models" / file).read_bytes() == (trained[0] / file).read_bytes(), file


def test_a_member_that_is_added_to_what_is_measured_is_weighed_and_counts(
    trained: Sequence[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unseen, "ALWAYS", (*unseen.ALWAYS, Asks))
    shutil.copytree(trained[0], tmp_path / "models")
    train(trained[2], tmp_path / "models", corpus=trained[3], only=())
    rules = joining.load(tmp_path / "models")
    assert rules.known == {"patterns", "linear", "asks"}
    ensemble = Ensemble(unseen.members(tmp_path / "models"), rules)
    ensemble.load()
    [assessed] = ensemble.assess(["Where is the gym?"])
    assert assessed.uncounted == ()
    assert set(assessed.members) == {"patterns", "linear", "asks"}
