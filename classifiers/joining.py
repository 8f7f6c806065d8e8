"""How the members' opinions become one: a rule a category that anybody can read, add up and check.

    joined = sigmoid(bias + weight of encoder * logit(encoder) + weight of linear * logit(linear) + ...)

No weight is negative, so that no member's rising score can lower the joined one. There is a rule for every
set of members that may be present. A member that no rule knows, and one that counts as certain of a category,
is not averaged away: the joined score is at least what it says. A costly member is spared where the others
see so little that its word would hardly change a verdict; how often it does was measured.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import exp, fsum, log
from pathlib import Path

from classifiers import manifest
from classifiers.base import Category, ModelTampered, Score, Scores

NAME = "joining"
FILE = "joining.json"
LEAST = 1e-4
"""Probabilities nearer to 0 or 1 than this say no more than this."""


LOWEST = log(LEAST / (1 - LEAST))


def logit(probability: float) -> float:
    if probability <= LEAST:
        return LOWEST
    return -LOWEST if probability >= 1 - LEAST else log(probability / (1 - probability))


@dataclass(frozen=True, slots=True)
class Rule:
    weights: Mapping[str, float]
    """By member's name; none is negative."""
    bias: float

    def joined(self, probabilities: Mapping[str, float]) -> float:
        """Of members' probabilities, 0 for one that is silent; no digit depends on order or machine."""
        terms = [self.bias]
        for name, weight in self.weights.items():
            terms.append(weight * (logit(probabilities[name]) if name in probabilities else LOWEST))
        return round(1 / (1 + exp(-fsum(terms))), 6)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A joined logit stretched and shifted, as a district's own decisions teach it."""

    stretch: float
    shift: float

    def moved(self, probability: float) -> float:
        """What a joined probability is afterwards."""
        return round(1 / (1 + exp(-(self.stretch * logit(probability) + self.shift))), 6)


@dataclass(frozen=True)
class Rules:
    by_members: Mapping[frozenset[str], Mapping[Category, Rule]]
    """For a set of members one rule a category."""
    certain: Mapping[str, frozenset[Category]] = field(default_factory=dict)
    """By member the categories on which its word is the least that is said."""
    spared: Mapping[str, float] = field(default_factory=dict)
    """Costly members, not asked about a text where everything that the others say is below this."""
    version: str = ""

    @cached_property
    def known(self) -> frozenset[str]:
        """Every member that some rule weighs."""
        return frozenset(name for names in self.by_members for name in names)

    def spares(self, name: str, found: Mapping[str, Scores]) -> bool:
        """Whether the others, all of them there, see so little in a text that this member is not asked."""
        below = self.spared.get(name, 0.0)
        return self.known - {name} <= found.keys() and all(
            score.probability < below for scores in found.values() for score in scores.values()
        )

    def join(self, categories: Iterable[Category], found: Mapping[str, Scores]) -> dict[Category, Score]:
        """`found`: what the members that are present say; one that is silent on a category said 0."""
        rules = self.by_members.get(self.known.intersection(found), {})
        return {category: self._joined(category, rules.get(category), found) for category in categories}

    def _joined(self, category: Category, rule: Rule | None, found: Mapping[str, Scores]) -> Score:
        said = {name: scores[category].probability for name, scores in found.items() if category in scores}
        joined = rule.joined(said) if rule else 0.0
        for name, probability in said.items():
            is_certain = category in self.certain.get(name, ())
            if probability > joined and (rule is None or name not in rule.weights or is_certain):
                joined = probability
        return Score(joined)


HIGHEST = Rules({})
"""Nothing learned: the joined score is the highest of the members'."""


def load(models: Path) -> Rules:
    """The shipped rules. Raises ModelMissing or ModelTampered."""
    content = manifest.verified(models, NAME, FILE)
    try:
        entries = json.loads(content)
        rules = {
            frozenset(entry["members"]): {
                Category(name): Rule(one["weights"], float(one["bias"]))
                for name, one in entry["categories"].items()
            }
            for entry in entries["rules"]
        }
        version = manifest.expected(models, NAME, FILE)[:12]
        certain = {name: frozenset(map(Category, some)) for name, some in entries["certain"].items()}
        return Rules(rules, certain, dict(entries["spared"]), version)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelTampered(f"{models / FILE} does not hold joining rules: restore it") from error
