from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers import joining, manifest
from classifiers.base import Category, ModelMissing, ModelTampered, Score, Scores
from classifiers.joining import HIGHEST, Rule, Rules
from classifiers.training import weighing

NAMES = ("encoder", "linear", "patterns", "stranger")
SAID = st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1), max_size=4)
RULE = Rule({"encoder": 0.8, "linear": 0.4}, -0.5)
RULES = Rules(
    {
        frozenset({"encoder", "linear"}): dict.fromkeys(Category, RULE),
        frozenset({"linear"}): dict.fromkeys(Category, Rule({"linear": 1.0}, 0.0)),
    },
    {"patterns": frozenset({Category.THREATS})},
)


def of(said: Mapping[str, float]) -> dict[str, Scores]:
    return {name: {Category.THREATS: Score(probability)} for name, probability in said.items()}


def joined(rules: Rules, found: Mapping[str, Scores]) -> Score:
    return rules.join([Category.THREATS], found)[Category.THREATS]


@pytest.mark.parametrize("rules", [HIGHEST, RULES])
@given(said=SAID, name=st.sampled_from(NAMES), more=st.floats(0, 1))
def test_a_surer_member_never_lowers_the_joined_score(
    rules: Rules, said: dict[str, float], name: str, more: float
) -> None:
    surer = said | {name: max(more, said[name])} if name in said else said
    before = joined(rules, of(said)).probability
    assert joined(rules, of(surer)).probability >= before


@pytest.mark.parametrize("rules", [HIGHEST, RULES])
@given(said=SAID)
def test_the_joined_score_does_not_depend_on_the_order_of_members(
    rules: Rules, said: dict[str, float]
) -> None:
    backwards = dict(reversed(said.items()))
    assert joined(rules, of(said)) == joined(rules, of(backwards))


def test_without_rules_the_highest_counts_and_nobody_means_nothing() -> None:
    assert joined(HIGHEST, of({"encoder": 0.3, "linear": 0.6})).probability == 0.6
    assert joined(HIGHEST, {}) == Score(0.0)


def test_a_rule_is_the_sum_that_it_says() -> None:
    found = joined(RULES, of({"encoder": 0.9, "linear": 0.2})).probability
    total = -0.5 + 0.8 * joining.logit(0.9) + 0.4 * joining.logit(0.2)
    assert found == pytest.approx(1 / (1 + np.exp(-total)), abs=1e-6)


def test_without_one_member_the_rule_for_the_others_counts() -> None:
    assert joined(RULES, of({"linear": 0.7})).probability == pytest.approx(0.7)
    assert joined(RULES, of({"stranger": 0.4})).probability == 0.4


@pytest.mark.parametrize("name", ["patterns", "stranger"])
def test_a_certain_hit_is_not_averaged_away(name: str) -> None:
    said = {"encoder": 0.01, "linear": 0.01, name: 0.98}
    assert joined(RULES, of(said)).probability == 0.98


def test_it_is_averaged_where_it_is_not_certain() -> None:
    members = frozenset({"linear", "patterns"})
    rules = Rules(
        {members: dict.fromkeys(Category, Rule({"linear": 1.0, "patterns": 0.1}, 0.0))}, RULES.certain
    )
    said = {name: dict.fromkeys(Category, Score(one)) for name, one in (("linear", 0.01), ("patterns", 0.98))}
    found = rules.join(Category, said)
    assert found[Category.THREATS].probability == 0.98
    assert all(score.probability < 0.02 for one, score in found.items() if one is not Category.THREATS)


def learned() -> Rules:
    """Of two members one knows the truth of every category and the other tosses a coin."""
    chance = np.random.default_rng(5)
    truth = (chance.random((600, len(Category))) < 0.3).astype(float)
    knows = np.clip(0.75 * truth + 0.25 * chance.random(truth.shape), 0.01, 0.99)
    return weighing.fit({"knows": knows, "guesses": chance.random(truth.shape)}, truth)


def test_the_member_that_knows_gets_the_weight_and_no_weight_is_negative() -> None:
    rules = learned()
    assert rules.by_members.keys() == {
        frozenset({"knows"}),
        frozenset({"guesses"}),
        frozenset({"knows", "guesses"}),
    }
    for rule in rules.by_members[frozenset({"knows", "guesses"})].values():
        assert rule.weights["knows"] > 3 * rule.weights["guesses"] >= 0


def test_rules_are_read_as_they_were_written(tmp_path: Path) -> None:
    rules = learned()
    manifest.record(tmp_path, joining.NAME, {joining.FILE: weighing.as_json(rules)})
    read = joining.load(tmp_path)
    assert replace(read, version="") == rules
    assert len(read.version) == 12


def test_missing_or_changed_rules_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        joining.load(tmp_path)
    manifest.record(tmp_path, joining.NAME, {joining.FILE: json.dumps({"rules": []}).encode()})
    with pytest.raises(ModelTampered):
        joining.load(tmp_path)


def test_the_costly_member_is_spared_only_where_all_the_others_see_nothing() -> None:
    rules = replace(RULES, spared={"encoder": 0.03})
    assert rules.spares("encoder", of({"linear": 0.02}))
    assert not rules.spares("encoder", of({"linear": 0.04}))
    assert not rules.spares("encoder", of({"linear": 0.02, "stranger": 0.5}))
    assert not rules.spares("encoder", of({"stranger": 0.0}))
    assert not RULES.spares("encoder", of({"linear": 0.0}))


def test_sparing_is_learned_only_as_far_as_no_found_breach_is_lost() -> None:
    chance = np.random.default_rng(6)
    truth = (chance.random((400, len(Category))) < 0.05).astype(float)
    good = np.clip(0.9 * truth + 0.01, 0, 1)
    blind = np.zeros_like(truth)
    limits = np.full(len(Category), 0.3)
    for linear, spared in ((good, True), (blind, False)):
        opinions = {"encoder": good, "linear": linear}
        fitted = weighing.fit(opinions, truth)
        assert bool(weighing.sparing(fitted, opinions, truth, limits, opinions).spared) == spared


def test_sparing_changes_hardly_a_verdict_on_texts_from_elsewhere_either() -> None:
    chance = np.random.default_rng(6)
    truth = (chance.random((400, len(Category))) < 0.05).astype(float)
    good, blind = np.clip(0.9 * truth + 0.01, 0, 1), np.full_like(truth, 0.009)
    limits = np.full(len(Category), 0.05)
    opinions = {"encoder": good, "linear": good}
    fitted = weighing.fit(opinions, truth)
    elsewhere = {"encoder": good, "linear": blind}
    assert not weighing.sparing(fitted, opinions, truth, limits, elsewhere).spared
    none = {name: scores[:0] for name, scores in opinions.items()}
    assert weighing.sparing(fitted, opinions, truth, limits, none).spared
