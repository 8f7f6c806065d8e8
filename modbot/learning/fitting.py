"""A learned model's arithmetic and files: the one in use with another linear member and calibration."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classifiers import joining, linear, manifest, thresholds
from classifiers.base import Category, Score, Scores
from classifiers.ensemble import Assessment, Ensemble
from classifiers.joining import Calibration, Rules
from classifiers.training import choosing, correcting, packing, unseen, weighing
from classifiers.training.correcting import Words
from classifiers.training.fitting import readings
from classifiers.training.measures import Floats
from modbot.learning.decided import Example

LEAST_GAIN = 0.002
"""In log loss; a step that foretells left-out cases no better than this is not worth a change."""
LINEAR = linear.Linear.name


@dataclass(frozen=True, slots=True)
class Step:
    """What one category learned; before and after it, how surprised the score is by what people decided."""

    words: Words
    calibration: Calibration
    before: float
    after: float

    @property
    def strength(self) -> float:
        return self.words.strength


@dataclass(frozen=True, slots=True)
class Fitted:
    model: linear.Model
    learned: Mapping[Category, Step]
    """Without the categories that stay as they are."""


def fit(
    base: Path, ensemble: Ensemble, examples: Sequence[Example], ready: Sequence[Category], seed: int
) -> Fitted:
    """`ensemble`: of `base`, loaded. `ready`: the categories to learn."""
    model = linear.parse(manifest.verified(base, LINEAR, linear.FILE))
    texts, topics = [each.text for each in examples], [each.topic for each in examples]
    said = [_counted(one) for one in ensemble.assess(texts, topics, marked_from={})]
    read = readings(texts)
    logits = correcting.logits(model, read)
    learned: dict[Category, Step] = {}
    for category in ready:
        known = [index for index, each in enumerate(examples) if category in each.labels]
        truth = np.array([float(examples[index].labels[category]) for index in known])
        given = correcting.features([read[index] for index in known], model.lexicon)
        own = logits[known, model.categories.index(category)]
        step = _step(category, given, own, truth, [said[index] for index in known], ensemble.rules, seed)
        if step.before - step.after >= LEAST_GAIN:
            learned[category] = step
    added = {category: step.words.added for category, step in learned.items()}
    return Fitted(correcting.corrected(model, added), learned)


def _counted(found: Assessment) -> Mapping[str, Scores]:
    return {name: said for name, said in found.members.items() if name not in found.uncounted}


def _step(
    category: Category,
    given: Any,
    own: Floats,
    truth: Floats,
    said: Sequence[Mapping[str, Scores]],
    rules: Rules,
    seed: int,
) -> Step:
    words = correcting.words(given, own, truth, seed)
    before, after = (_joined(category, one, said, rules) for one in (own, own + words.left_out))
    calibration = correcting.calibration(after, truth)
    return Step(
        words,
        calibration,
        correcting.loss(before, truth),
        correcting.loss(correcting.applied(calibration, after), truth),
    )


def _joined(category: Category, own: Floats, said: Sequence[Mapping[str, Scores]], rules: Rules) -> Floats:
    """The joined logit of each text where the linear member says `own`."""
    found = []
    for logit, members in zip(own, said, strict=True):
        probability = float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))
        replaced = {**members, LINEAR: {category: Score(probability)}}
        found.append(joining.logit(rules.join([category], replaced)[category].probability))
    return np.array(found)


def write(base: Path, folder: Path, fitted: Fitted, seed: int) -> None:
    """A whole set of models: the base's files but for the linear member, the rules and the thresholds."""
    shutil.copytree(base, folder, dirs_exist_ok=True)
    # It tells what the base said of texts that it had not seen; this model is another.
    (folder / unseen.HELD_OUT.format(name=LINEAR)).unlink(missing_ok=True)
    facts = {key: value for key, value in manifest.read(base)[LINEAR].items() if key != "files"}
    manifest.record(
        folder, LINEAR, {linear.FILE: packing.pack(fitted.model)}, **(facts | {"decisions_seed": seed})
    )
    calibrations = {category: step.calibration for category, step in fitted.learned.items()}
    rules = correcting.recalibrated(joining.load(base), calibrations)
    manifest.record(folder, joining.NAME, {joining.FILE: weighing.as_json(rules)})
    points = {
        category: correcting.moved(point, calibrations[category]) if category in calibrations else point
        for category, point in thresholds.load(base).items()
    }
    manifest.record(folder, thresholds.NAME, {thresholds.FILE: choosing.as_json(points)})
