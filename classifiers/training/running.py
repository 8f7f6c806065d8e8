"""The two commands: `train` makes models/, `evaluate` says how good what is in models/ is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from classifiers import joining, manifest, thresholds
from classifiers.base import Category
from classifiers.encoder import Encoder
from classifiers.ensemble import Ensemble
from classifiers.linear import FILE, Linear, Model
from classifiers.training import (
    card,
    choosing,
    crossing,
    examining,
    fitting,
    measuring,
    packing,
    reading,
    unseen,
    weighing,
    wording,
)
from classifiers.training.measures import Floats
from classifiers.training.reading import Row
from classifiers.training.report import CategoryReport, Report, Slice

CARD = "{name}/CARD.md"
MOST_A_SOURCE, LONGEST_MEASURED = 200, 1000
"""Rows of a source that is only measured, and characters: no large source outweighs the others."""
OWN_TIMES = 3
"""In learning which words are alike a corpus comment counts as three public rows."""
NOTE = (
    "Every corpus comment here is of an issue that the models which scored it never saw. Calibration, "
    "joining rule and thresholds were chosen on the same scores: expect slightly less on new comments."
)


def quiet(_: str) -> None:
    """The progress of somebody who wants none."""


def train(
    data: Path,
    out: Path,
    seed: int = 7,
    progress: Callable[[str], None] = quiet,
    corpus: Path = reading.CORPUS,
    only: Sequence[str] = (Linear.name,),
    work: Path | None = None,
) -> Report:
    """Fit on the corpus and the public sources in `data` that may ship; write what was made to `out`.

    `only` names the members that are trained anew, none if it is empty; joining rules, thresholds and cards
    are always made anew from what is in `out` then, and what the encoder says of the comments that it never
    learned from is asked of it again: what it reads is prepared by code that may have changed. `work` keeps
    the encoder's checkpoints; its training takes an hour and a half and needs the dependency group `training`
    (ModuleNotFoundError without). The same inputs and seed give byte-identical files on the same machine.
    Sources that are not in `data` are left out and the manifest says which were used.
    """
    started = time.monotonic()
    own = list(reading.corpus(corpus))
    public = list(reading.public(data, "train"))
    progress(f"{len(own)} corpus comments, {len(public)} public rows")
    facts = {"categories": [category.value for category in Category], "seed": seed}
    if Linear.name in only:
        model, held_out = _fitted(own, public, seed, progress)
        known = unseen.as_json([row.id for row in own], held_out)
        files = {FILE: packing.pack(model), unseen.HELD_OUT.format(name=Linear.name): known}
        manifest.record(out, Linear.name, files, **facts, sources=_used(own, public))
    if Encoder.name in only:
        from classifiers.training import encoding  # needs torch, which only this does

        made = encoding.train(own, public, work or out / "work", seed, progress)
        manifest.record(out, Encoder.name, made.files, **facts, sources=_used(made.own, made.public))
    elif Encoder.name in manifest.read(out):
        progress("encoder: measured anew")
        unseen.measure_encoder_again(out, own)
    rows, public = unseen.measured(out, own), _measured(data)
    said, public_said = (unseen.opinions(out, some, progress) for some in (rows, public))
    _choose(out, rows, said, public, public_said)
    report = _report(out, own, rows, said, public, public_said)
    for name in (one.name for one in unseen.members(out) if one.name in manifest.read(out)):
        text = card.render(name, report, manifest.read(out)[name]["sources"], len(own), seed)
        (out / CARD.format(name=name)).write_text(text, encoding="utf-8")
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


Opinions = Mapping[str, Floats]


def _choose(
    out: Path, rows: Sequence[Row], said: Opinions, public: Sequence[Row], public_said: Opinions
) -> None:
    """Joining rules, then thresholds on what they join, both from scores of comments never learned from."""
    truth = np.array([[float(row.labels[category]) for category in Category] for row in rows])
    stay = _to_stay(public)
    rules = weighing.fit(said, truth, weighing.protected(stay, public_said))
    scores, others = weighing.joined(rules, said), weighing.joined(rules, public_said)
    points = {}
    for column, category in enumerate(Category):
        points[category] = choosing.point(category, rows, scores[:, column], others[stay[category], column])
    manifest.record(out, thresholds.NAME, {thresholds.FILE: choosing.as_json(points)})
    limits = np.array([points[category].threshold for category in Category])
    rules = weighing.sparing(rules, said, truth, limits, public_said)
    manifest.record(out, joining.NAME, {joining.FILE: weighing.as_json(rules)})


def _to_stay(public: Sequence[Row]) -> Mapping[Category, npt.NDArray[np.bool_]]:
    """By category the public rows that its threshold has to leave alone."""
    return {
        category: np.array([_shall_stay(row) and not row.labels.get(category) for row in public], dtype=bool)
        for category in Category
    }


def _shall_stay(row: Row) -> bool:
    """A protected opinion, or a comment under news in which its source saw no breach; nor did we."""
    if reading.judged().get((row.source, row.id)):
        return False
    return row.viewpoint or (reading.sources()[row.source].news and not any(row.labels.values()))


def evaluate(
    models: Path,
    data: Path | None = None,
    progress: Callable[[str], None] = quiet,
    corpus: Path = reading.CORPUS,
) -> Report:
    """Measure the ensemble in `models` at its thresholds; what it learned from is left out.

    `data` holds the public sources; without it the figures are of the project's own corpus alone.
    """
    started = time.monotonic()
    own, public = list(reading.corpus(corpus)), _measured(data)
    rows = unseen.measured(models, own)
    said, public_said = (unseen.opinions(models, some, progress) for some in (rows, public))
    report = _report(models, own, rows, said, public, public_said)
    progress("drawing issues anew, to tell how sure each figure is")
    points = {category: point.threshold for category, point in thresholds.load(models).items()}
    found = examining.details(rows, weighing.joined(joining.load(models), said), points)
    return replace(report, details=found, seconds=round(time.monotonic() - started, 1))


def _report(
    models: Path,
    own: Sequence[Row],
    rows: Sequence[Row],
    said: Opinions,
    public: Sequence[Row],
    public_said: Opinions,
) -> Report:
    points = {category: point.threshold for category, point in thresholds.load(models).items()}
    rules = joining.load(models)
    found = measuring.report(_version(models), rows, weighing.joined(rules, said), points)
    elsewhere, viewpoints = _public(public, weighing.joined(rules, public_said), points)
    limits = np.array([points[category] for category in Category])
    notes = (NOTE, *_without_any(own, rows), weighing.told(rules, said, limits))
    learned = {member.name: said[member.name] for member in unseen.LEARNED if member.name in said}
    found = replace(found, members=measuring.calibrations(rows, learned))
    if not public:
        return replace(found, notes=notes)
    crossed = crossing.told(rows, crossing.flags(rows, said, _to_stay(public), public_said))
    return replace(found, public=elsewhere, public_viewpoints=viewpoints, notes=(*notes, crossed))


def _without_any(own: Sequence[Row], rows: Sequence[Row]) -> Iterator[str]:
    """Says which files of the corpus the figures tell nothing of."""
    parts = {row.part for row in own}
    if missing := sorted(parts - {row.part for row in rows}):
        yield (
            f"Of the corpus's {len(parts)} files {len(missing)} have no comment here ({', '.join(missing)}): "
            "they hold no issue that was held out, so all of it was learned from."
        )


def _version(models: Path) -> str:
    ensemble = Ensemble(unseen.members(models), joining.load(models))
    ensemble.load()
    return ensemble.version


def _measured(data: Path | None) -> list[Row]:
    """Some rows of each source that is only measured, from all over it: many files go by topic."""
    by_source: dict[str, list[Row]] = {}
    for row in reading.public(data, "measure") if data else ():
        if len(row.text) <= LONGEST_MEASURED:
            by_source.setdefault(row.source, []).append(row)
    return [row for rows in by_source.values() for row in _spread(rows)]


def _spread(rows: Sequence[Row]) -> Sequence[Row]:
    count = min(MOST_A_SOURCE, len(rows))
    return [rows[number * len(rows) // count] for number in range(count)]


def _public(
    rows: Sequence[Row], scores: Floats, points: Mapping[Category, float]
) -> tuple[tuple[CategoryReport, ...], tuple[Slice, ...]]:
    over = scores >= np.array([points[category] for category in Category])
    categories = [measuring.one_category(category, rows, scores, points) for category in Category]
    slices = []
    for source in sorted({row.source for row in rows if _shall_stay(row)}):
        chosen = [index for index, row in enumerate(rows) if _shall_stay(row) and row.source == source]
        nothing = np.zeros((len(chosen), len(Category)), dtype=bool)
        slices.append(measuring.one_slice(source, over[chosen], nothing, np.ones(len(chosen), dtype=bool)))
    return tuple(one for one in categories if one.precision.n or one.recall.n), tuple(slices)
