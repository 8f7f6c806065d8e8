"""From decided cases to a model in shadow: fitted on top of the one in use, checked, put on record.

Everything that is made lies in a folder of its own; what is in use is not touched before a person adopts it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifiers import manifest
from classifiers.base import Category
from classifiers.ensemble import Ensemble
from classifiers.linear import Linear
from classifiers.neutrality.pairs import Pair
from modbot import matched_pairs
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.learning import checking, decided, in_use, register
from modbot.learning.card import card
from modbot.learning.decided import Example
from modbot.learning.fitting import Fitted, fit, write
from modbot.members import ensemble_of
from modbot.store import Store

FEWEST = 25
"""Decisions of each kind, hidden and left up, without which a category is not learned."""
DRAFT = "draft"
SEED = 7


@dataclass(frozen=True, slots=True)
class Made:
    number: int
    figures: Mapping[str, Any]


def quiet(_: str) -> None:
    """The progress of somebody who wants none."""


def learn(store: Store, settings: Settings, by: str, progress: Callable[[str], None] = quiet) -> Made:
    """A model in shadow, learned from the decisions on record.

    The same decisions and models give the same files. Raises NotAllowed; or ConfigError where too few cases
    are decided by two people alike, where they teach nothing new, or where the model fails a check.
    """
    with store.write() as tx:
        register.refuse_others(tx, by)
    with store.read() as connection:
        register.refuse_second(connection)
        examples = decided.examples(connection)
        base = in_use.found(connection, settings).models
    ready = _enough(examples)
    pairs = matched_pairs.of(settings)
    progress(f"{len(examples)} cases that two people decided alike; learning {', '.join(ready)}")
    before = _loaded(settings, base)
    fitted = fit(base, before[0], examples, ready, SEED)
    if not fitted.learned:
        raise ConfigError(
            "The decisions foretell nothing that the models in use do not say already.",
            remedy="Nothing was changed. Try again when many more cases are decided.",
        )
    folder = _draft(settings)
    try:
        write(base, folder, fitted, SEED)
        return _checked(store, settings, by, progress, folder, before, examples, fitted, pairs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _checked(
    store: Store,
    settings: Settings,
    by: str,
    progress: Callable[[str], None],
    folder: Path,
    before: checking.Judge,
    examples: Sequence[Example],
    fitted: Fitted,
    pairs: Sequence[Pair],
) -> Made:
    after = _loaded(settings, folder)
    found = checking.check(before, after, progress, pairs)
    figures = _figures(before[0], after[0], examples, fitted) | dict(found.figures)
    if found.problems:
        with store.write() as tx:
            body = figures | {"problems": list(found.problems)}
            tx.record("model.refused", "model:{seq}", body, actor=by)
        raise ConfigError(
            f"The model that was learned is not kept: {'; '.join(found.problems)}.",
            remedy="Nothing was changed. Look at the decisions under these categories: do people decide "
            "the same of opposite opinions? The figures are in the log, as model.refused.",
        )
    (folder / "linear" / "CARD.md").write_text(card(figures, settings.district.name), encoding="utf-8")
    digest = hashlib.sha256((folder / manifest.MANIFEST).read_bytes()).hexdigest()
    place = in_use.folder_of(settings, digest[:12])
    with store.write() as tx:
        number = register.add(tx, place.name, digest, by, figures)
        # Before the commit: a model on record has its files.
        shutil.copytree(folder, place, dirs_exist_ok=True)
    return Made(number, figures)


def _enough(examples: Sequence[Example]) -> list[Category]:
    """The categories that can be learned. Raises ConfigError, saying what is missing, if there is none."""
    tally = counts(examples)
    ready = [category for category, each in tally.items() if min(each) >= FEWEST]
    if ready:
        return ready
    told = [
        f"{category}: {hidden} hidden and {left_up} left up"
        for category, (hidden, left_up) in tally.items()
        if hidden + left_up
    ]
    raise ConfigError(
        f"Too few cases to learn from: a category needs {FEWEST} that were hidden and {FEWEST} that were "
        f"left up, each by two people who decided alike. There are: {'; '.join(told) or 'none'}.",
        remedy="Have more cases looked at twice: [review] second_share and doubtful_clauses in modbot.toml. "
        "Only clauses in mode enforce count, because nothing can be hidden under the others.",
    )


def counts(examples: Sequence[Example]) -> dict[Category, tuple[int, int]]:
    """By category how many were hidden, and how many left up."""
    return {
        category: (
            sum(each.labels.get(category) is True for each in examples),
            sum(each.labels.get(category) is False for each in examples),
        )
        for category in Category
    }


def _loaded(settings: Settings, models: Path) -> checking.Judge:
    """Raises ConfigError unless every member is there: what is learned beside an absent one is wrong."""
    members = settings.classifiers.members
    if Linear.name not in members:
        raise ConfigError(
            "Decisions are learned by the member linear, which is not configured.",
            remedy='Add "linear" to [classifiers] members in modbot.toml.',
        )
    ensemble, limits = ensemble_of(members, models, in_use.district_of(settings))
    if ensemble.absent:
        missing = "; ".join(f"{name}: {why}" for name, why in ensemble.absent.items())
        raise ConfigError(
            f"A classifier is missing: {missing}.",
            remedy="Mend that first; modbot doctor says how.",
        )
    return ensemble, limits


def _draft(settings: Settings) -> Path:
    folder = in_use.folder_of(settings, DRAFT)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _figures(
    before: Ensemble, after: Ensemble, examples: Sequence[Example], fitted: Fitted
) -> dict[str, Any]:
    """For the record: counts and names of categories, nobody's words."""
    persons = frozenset(person for each in examples for person in each.persons)
    tally = counts(examples)
    categories = {
        category.value: {
            "hidden": tally[category][0],
            "left_up": tally[category][1],
            "strength": one.strength,
            "stretch": one.calibration.stretch,
            "shift": one.calibration.shift,
            "surprise_before": round(one.before, 4),
            "surprise": round(one.after, 4),
        }
        for category, one in fitted.learned.items()
    }
    return {
        "cases": len(examples),
        "persons": len(persons),
        "first": min(each.at for each in examples).isoformat(),
        "last": max(each.at for each in examples).isoformat(),
        "base": before.version,
        "version": after.version,
        "categories": categories,
    }
