"""The encoder from data to weights: first what the public sources teach, then the project's own corpus.

One issue in four is held out: the model that ships never sees its comments, and what it says of them sets its
calibration, the joining rule and the thresholds. All of it can be stopped and taken up again.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from classifiers import encoder
from classifiers.base import Category
from classifiers.training import exporting, fitting, network, reading, tuning
from classifiers.training.measures import Floats
from classifiers.training.network import Network
from classifiers.training.reading import Row
from classifiers.training.tuning import Lesson
from classifiers.training.unseen import HELD_OUT, as_json

FOLDS = 4
"""One of them is held out."""
MOST_A_SOURCE = 3000
LONGEST_PUBLIC = 220
"""Characters; the label of a longer text may rest on a part that is cut off."""
BACKGROUND, BACKGROUND_WEIGHT = 700, 0.3
"""Rows of each public source that stay in sight in the second stage, and what each counts there. Of fewer
most would be threats, which `sampled` takes first."""
CLEAN = 600
"""Rows known to break nothing, of each public source that has such, that stay in sight besides: how people
talk elsewhere."""
SETTLED = 2
"""The lowest layers are left as the first stage made them."""
OWN_EPOCHS, DROPOUT = 8, 0.1
"""With a tenth dropped out eight epochs find more of the held-out threats, at as many false flags, than three
without."""
PUSH = 1.0
"""Raised the average precision of held-out comments, in the mean of the categories, from 0.902 to 0.924."""


@dataclass(frozen=True, slots=True)
class Made:
    files: Mapping[str, bytes]
    """By their path under models/."""
    own: Sequence[Row]
    public: Sequence[Row]
    """The rows that it learned from."""


def train(
    own: Sequence[Row], public: Sequence[Row], folder: Path, seed: int, progress: Callable[[str], None]
) -> Made:
    """The shipped files, calibrated on what was held out. A stopped run takes up again from `folder`."""
    unseen = held_out(own, seed)
    learn = [row for row, out in zip(own, unseen, strict=True) if not out]
    before, behind = sampled(public, MOST_A_SOURCE, seed), background(public, seed + 1)
    begin = first_stage(before, folder, seed, progress)
    made = second_stage(learn, behind, begin, folder, seed + 1, progress)
    test = [row for row, out in zip(own, unseen, strict=True) if out]
    texts = [row.text for row in test]
    progress(f"encoder: calibrating on {len(test)} comments that it has not seen")
    calibrate(made, whole_logits(made, texts), test)
    words = (network.pretrained_folder() / "tokenizer.json").read_bytes()
    content = exporting.exported(made)
    known = as_json([row.id for row in test], encoder.scored(encoder.parse(content, words), texts))
    files = {encoder.FILE: content, encoder.WORDS: words, HELD_OUT.format(name="encoder"): known}
    elsewhere = {(row.source, row.id): row for row in (*before, *behind)}
    return Made(files, learn, list(elsewhere.values()))


def calibrate(made: Network, logits: Floats, rows: Sequence[Row]) -> None:
    """Platt's sigmoid as part of the head: its outputs are the logits of probabilities afterwards."""
    with torch.no_grad():
        for column, category in enumerate(Category):
            truth = np.array([float(row.labels[category]) for row in rows])
            scale, shift = fitting.platt(logits[:, column], truth)
            made.head.weight[column] *= scale
            made.head.bias[column] = made.head.bias[column] * scale + shift


def sampled(rows: Sequence[Row], most: int, seed: int) -> list[Row]:
    """Up to `most` rows of each source, those that are labelled as threats first: they are the rarest."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    by_source: dict[str, list[Row]] = {}
    for row in rows:
        if row.labels and len(row.text) <= LONGEST_PUBLIC:
            by_source.setdefault(row.source, []).append(row)
    chosen = []
    for source in sorted(by_source):
        some = chance.sample(by_source[source], len(by_source[source]))
        chosen += sorted(some, key=lambda row: not row.labels.get(Category.THREATS))[:most]
    return chosen


def background(rows: Sequence[Row], seed: int) -> list[Row]:
    """What stays in sight of the public sources while the own corpus is learned."""
    some = sampled(rows, BACKGROUND, seed)
    known = {(row.source, row.id) for row in some}
    clean = [row for row in rows if reading.sources()[row.source].free and not any(row.labels.values())]
    return some + [row for row in sampled(clean, CLEAN, seed) if (row.source, row.id) not in known]


def first_stage(public: Sequence[Row], folder: Path, seed: int, progress: Callable[[str], None]) -> Network:
    """What the public sources teach, from the pre-trained weights."""
    lesson = Lesson("public", public, [1.0] * len(public), 64, epochs=1, disguised=0.1, seed=seed)
    torch.manual_seed(seed)  # the head begins by chance
    return _learned(network.pretrained(), lesson, folder, progress)


def second_stage(
    own: Sequence[Row],
    behind: Sequence[Row],
    begin: Network,
    folder: Path,
    seed: int,
    progress: Callable[[str], None],
) -> Network:
    """From a copy of `begin`; public rows stay in sight `behind`, so that their lesson is not forgotten."""
    made = network.pretrained(DROPOUT)
    made.load_state_dict(begin.state_dict())
    made.body.encoder.layer[:SETTLED].requires_grad_(False)
    lesson = Lesson(
        name="own",
        rows=[*own, *behind],
        weights=[1.0] * len(own) + [BACKGROUND_WEIGHT] * len(behind),
        together=32,
        epochs=OWN_EPOCHS,
        disguised=0.3,
        seed=seed,
        push=PUSH,
    )
    return _learned(made, lesson, folder, progress)


def held_out(own: Sequence[Row], seed: int) -> npt.NDArray[np.bool_]:
    """Which comments the encoder does not learn from."""
    unseen: npt.NDArray[np.bool_] = fitting.folds(own, seed, FOLDS) == 0
    return unseen


def _learned(made: Network, lesson: Lesson, folder: Path, progress: Callable[[str], None]) -> Network:
    """Done before from the same weights with the same rows and settings: read; otherwise learned and kept."""
    kept = folder / f"{lesson.name}-{_fingerprint(made, lesson)}.pt"
    if kept.exists():
        made.load_state_dict(torch.load(kept, weights_only=True))
        return made
    tuning.tune(made, lesson, network.tokenizer(), kept.with_suffix(".checkpoint"), progress)
    torch.save(made.state_dict(), kept)
    return made


def _fingerprint(begin: Network, lesson: Lesson) -> str:
    learns = [name for name, weights in begin.named_parameters() if weights.requires_grad]
    dropout = begin.body.config.hidden_dropout_prob
    facts = [learns, dropout, lesson.together, lesson.epochs, lesson.disguised, lesson.seed, lesson.rate]
    digest = hashlib.sha256(json.dumps([*facts, lesson.push]).encode())
    for weights in begin.state_dict().values():
        digest.update(weights.numpy().tobytes())
    for row, weight in zip(lesson.rows, lesson.weights, strict=True):
        labels = sorted((category.value, value) for category, value in row.labels.items())
        digest.update(json.dumps([row.text, labels, weight]).encode())
    return digest.hexdigest()[:12]


def whole_logits(made: Network, texts: Sequence[str]) -> Floats:
    """Texts x Category: of a text that is read in parts the highest of its parts."""
    parts = network.in_parts(texts, network.tokenizer())
    starts = np.cumsum([0, *(len(some) for some in parts[:-1])])
    found = network.logits(made, [ids for some in parts for ids in some])
    highest: Floats = np.maximum.reduceat(found, starts, axis=0)
    return highest
