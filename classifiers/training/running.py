"""The two commands: `train` makes models/, `evaluate` says how good what is in models/ is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from classifiers import manifest, thresholds
from classifiers.base import Category, Score
from classifiers.ensemble import Ensemble, join
from classifiers.linear import FILE, Linear, Model
from classifiers.patterns import Patterns
from classifiers.training import card, choosing, fitting, measuring, packing, reading, wording
from classifiers.training.measures import Floats
from classifiers.training.reading import Row
from classifiers.training.report import CategoryReport, Report, Slice

HELD_OUT = "linear/heldout.json"
CARD = "linear/CARD.md"
AT_ONCE = 512
MOST_A_SOURCE = 3000
OWN_TIMES = 3
"""In learning which words are alike a corpus comment counts as three public rows."""
NOTE = (
    "Corpus comments are scored by a model that never saw their issue (five folds by issue). Calibration "
    "and thresholds were chosen on the same held-out scores: expect slightly less on new comments."
)


def quiet(_: str) -> None:
    """The progress of somebody who wants none."""


def train(
    data: Path,
    out: Path,
    seed: int = 7,
    progress: Callable[[str], None] = quiet,
    corpus: Path = reading.CORPUS,
) -> Report:
    """Fit on the corpus and the public sources in `data` that may ship; write models and thresholds to `out`.

    The same inputs and seed give byte-identical files. Sources that are not in `data` are left out and the
    manifest says which were used.
    """
    started = time.monotonic()
    own = list(reading.corpus(corpus))
    public = list(reading.public(data, "train"))
    progress(f"{len(own)} corpus comments, {len(public)} public rows")
    model, held_out = _fitted(own, public, seed, progress)
    known = {
        row.id: [round(float(value), 4) for value in scores]
        for row, scores in zip(own, held_out, strict=True)
    }
    facts = {
        "categories": [category.value for category in Category],
        "seed": seed,
        "sources": _used(own, public),
    }
    files = {FILE: packing.pack(model), HELD_OUT: (json.dumps(known, separators=(",", ":")) + "\n").encode()}
    manifest.record(out, Linear.name, files, **facts)
    progress("choosing thresholds")
    _choose(out, own, data)
    report = evaluate(out, data, progress, corpus)
    (out / CARD).write_text(card.render(report, _used(own, public), seed), encoding="utf-8")
    return replace(report, seconds=round(time.monotonic() - started, 1))


def _used(own: Sequence[Row], public: Sequence[Row]) -> dict[str, int]:
    used: dict[str, int] = {}
    for row in (*own, *public):
        used[row.source] = used.get(row.source, 0) + 1
    return used


def _fitted(
    own: Sequence[Row], public: Sequence[Row], seed: int, progress: Callable[[str], None]
) -> tuple[Model, Floats]:
    """The model, and what models of the same making say of corpus comments whose issue they never saw."""
    own_read, public_read = (fitting.readings([row.text for row in rows]) for rows in (own, public))
    progress("learning which words are alike")
    likeness = wording.learn([reading.words for reading in (*own_read * OWN_TIMES, *public_read)], seed)
    own_features, public_features = (fitting.matrix(those, likeness) for those in (own_read, public_read))
    fold = fitting.folds(own, seed)
    parts: list[tuple[Category, fitting.Weights]] = []
    held_out = np.zeros((len(own), len(Category)))
    for column, category in enumerate(Category):
        progress(f"fitting {category}")
        prior = fitting.public_stage(public, public_features, category, seed)
        _, truth, weight = fitting.labelled(own, category)
        behind = public_features[fitting.background(public, category, seed)]
        stage = partial(fitting.own_stage, prior=prior, background=behind)
        logits = np.zeros(len(own))
        for learn, test in fitting.splits(fold):
            logits[test] = stage(own_features[learn], truth[learn], weight[learn]).logits(own_features[test])
        scale, shift = fitting.platt(logits, truth)
        held_out[:, column] = 1 / (1 + np.exp(-(logits * scale + shift)))
        parts.append((category, fitting.calibrated(stage(own_features, truth, weight), scale, shift)))
    return fitting.assembled(parts, likeness), held_out


def _choose(out: Path, own: Sequence[Row], data: Path) -> None:
    scores = _scores(out, own)
    opinions = [row for row in _measured(data) if row.viewpoint]
    free = _scores(out, opinions)
    points = {}
    for column, category in enumerate(Category):
        known = np.array([row.labels.get(category) is False for row in opinions], dtype=bool)
        points[category] = choosing.point(category, own, scores[:, column], free[known, column])
    manifest.record(out, thresholds.NAME, {thresholds.FILE: choosing.as_json(points)})


def evaluate(
    models: Path, data: Path, progress: Callable[[str], None] = quiet, corpus: Path = reading.CORPUS
) -> Report:
    """Measure the ensemble in `models` at its thresholds; sources that it learned from are left out."""
    started = time.monotonic()
    points = {category: point.threshold for category, point in thresholds.load(models).items()}
    rows = list(reading.corpus(corpus))
    progress(f"scoring {len(rows)} corpus comments")
    found = measuring.report(_ensemble(models).version, rows, _scores(models, rows), points)
    public, viewpoints = _public(models, data, points, progress)
    seconds = round(time.monotonic() - started, 1)
    return replace(found, public=public, public_viewpoints=viewpoints, notes=(NOTE,), seconds=seconds)


def _measured(data: Path) -> list[Row]:
    """The first rows of each source that is only measured, so that no large one outweighs the others."""
    counts: dict[str, int] = {}
    rows = []
    for row in reading.public(data, "measure"):
        counts[row.source] = counts.get(row.source, 0) + 1
        if counts[row.source] <= MOST_A_SOURCE:
            rows.append(row)
    return rows


def _public(
    models: Path, data: Path, points: Mapping[Category, float], progress: Callable[[str], None]
) -> tuple[tuple[CategoryReport, ...], tuple[Slice, ...]]:
    rows = _measured(data)
    progress(f"scoring {len(rows)} rows of public sources")
    scores = _scores(models, rows)
    over = scores >= np.array([points[category] for category in Category])
    categories = [measuring.one_category(category, rows, scores, points) for category in Category]
    slices = []
    for source in sorted({row.source for row in rows if row.viewpoint}):
        chosen = [index for index, row in enumerate(rows) if row.viewpoint and row.source == source]
        nothing = np.zeros((len(chosen), len(Category)), dtype=bool)
        slices.append(measuring.one_slice(source, over[chosen], nothing, np.ones(len(chosen), dtype=bool)))
    return tuple(one for one in categories if one.precision.n or one.recall.n), tuple(slices)


def _ensemble(models: Path) -> Ensemble:
    return Ensemble([Patterns(models), Linear(models)])


def _scores(models: Path, rows: Sequence[Row]) -> Floats:
    """Joined scores, rows x Category; corpus rows with the linear score of the fold that had not seen it."""
    held_out = json.loads(manifest.verified(models, Linear.name, HELD_OUT))
    ensemble = _ensemble(models)
    ensemble.load()
    scores = np.zeros((len(rows), len(Category)))
    for start in range(0, len(rows), AT_ONCE):
        batch = rows[start : start + AT_ONCE]
        for index, (row, assessed) in enumerate(
            zip(batch, ensemble.assess([row.text for row in batch]), strict=True)
        ):
            unseen = held_out.get(row.id) if row.source == reading.OWN else None
            for column, category in enumerate(Category):
                score = assessed.scores[category]
                if unseen is not None:
                    said = assessed.members[Patterns.name].get(category, Score(0.0))
                    score = join([said, Score(unseen[column])])
                scores[start + index, column] = score.probability
    return scores
