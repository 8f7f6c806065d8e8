"""What each member says of comments that it did not learn from: all that is measured and chosen rests on it.

The linear model's file beside it holds, for every corpus comment, the score by the fold that had not seen it.
The encoder's holds the comments that it never learned from, each read to its end; with an encoder only those
are measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from classifiers import encoder, manifest
from classifiers.base import Category, Classifier, Score
from classifiers.encoder import Encoder
from classifiers.linear import Linear
from classifiers.patterns import Patterns
from classifiers.training import reading
from classifiers.training.measures import Floats
from classifiers.training.reading import Row

HELD_OUT = "{name}/heldout.json"
AT_ONCE = 512
ALWAYS: tuple[type[Classifier], ...] = (Patterns,)
"""Measured, and weighed by the joining rules, as they are; one that reads files finds them in the models."""
LEARNED: tuple[type[Classifier], ...] = (Linear, Encoder)
"""The same once they were trained."""


def as_json(ids: Sequence[str], scores: Floats) -> bytes:
    """By the comment's id one probability a category."""
    known = {one: [round(float(value), 4) for value in row] for one, row in zip(ids, scores, strict=True)}
    return (json.dumps(known, separators=(",", ":")) + "\n").encode()


def members(models: Path) -> list[Classifier]:
    """Those that are measured."""
    trained = manifest.read(models)
    return [one(models) for one in (*ALWAYS, *(one for one in LEARNED if one.name in trained))]


def measured(models: Path, rows: Sequence[Row]) -> list[Row]:
    """Of the corpus what no member learned from without holding it out."""
    if Encoder.name not in manifest.read(models):
        return list(rows)
    known = _held_out(models, Encoder.name)
    return [row for row in rows if row.id in known]


def _held_out(models: Path, name: str) -> Mapping[str, Sequence[float]]:
    file = HELD_OUT.format(name=name)
    if file not in manifest.read(models).get(name, {}).get("files", {}):
        return {}
    found: Mapping[str, Sequence[float]] = json.loads(manifest.verified(models, name, file))
    return found


def measure_encoder_again(models: Path, rows: Sequence[Row]) -> None:
    """Writes what the encoder as it runs says of the comments that it never learned from."""
    known = measured(models, rows)
    facts = dict(manifest.read(models)[Encoder.name])
    files = {file: manifest.verified(models, Encoder.name, file) for file in facts.pop("files")}
    scores = encoder.scored(
        encoder.parse(files[encoder.FILE], files[encoder.WORDS]), [row.text for row in known]
    )
    files[HELD_OUT.format(name=Encoder.name)] = as_json([row.id for row in known], scores)
    manifest.record(models, Encoder.name, files, **facts)


def opinions(
    models: Path, rows: Sequence[Row], progress: Callable[[str], None] = lambda _: None
) -> Mapping[str, Floats]:
    """By member, rows x Category; for corpus rows what was held out, where there is such a score."""
    said: dict[str, Floats] = {}
    for member in members(models):
        known = _held_out(models, member.name)
        said[member.name] = scores = np.zeros((len(rows), len(Category)))
        own = [index for index, row in enumerate(rows) if row.source == reading.OWN and row.id in known]
        scores[own] = np.array([known[rows[index].id] for index in own]).reshape(-1, len(Category))
        others = sorted(set(range(len(rows))) - set(own))
        for start in range(0, len(others), AT_ONCE):
            progress(f"{member.name}: {start} of {len(others)} texts scored")
            some = others[start : start + AT_ONCE]
            answer = member.answer_under([rows[index].text for index in some], [""] * len(some))
            for index, found in zip(some, answer.scores, strict=True):
                scores[index] = [found.get(category, Score(0.0)).probability for category in Category]
    return said
