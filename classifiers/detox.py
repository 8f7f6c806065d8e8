"""Detoxify, the toxicity models of Unitary, where a district installed their weights.

`modbot models add detoxify` puts them into the district's folder. They are read by the Detoxify library, or,
where that and torch are not installed, as an eight-bit ONNX file that `modbot models export detoxify` made.

What it says is not calibrated to this project's categories. So it counts only where a joining rule weighs
it; until then it is written down and shown beside the verdict, and changes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from classifiers import detox_reading, manifest
from classifiers.base import Category, Classifier, ClassifierFailed, ModelMissing, Score, Scores, Span
from classifiers.carrying import WORD, Part
from classifiers.detox_reading import CHECKPOINT, NAME, ONNX, Numbers, Reader, folder_of
from classifiers.fingerprint import code_version
from classifiers.normalize import Normalized
from classifiers.pictures import named

CATEGORY_OF = {
    "insult": Category.HARASSMENT,
    "severe_toxicity": Category.HARASSMENT,
    "identity_attack": Category.DISCRIMINATION,
    "threat": Category.THREATS,
    "obscene": Category.OBSCENE,
    "sexual_explicit": Category.OBSCENE,
}
"""Detoxify's labels and what they are here; of two the higher counts. `toxicity` is left out on purpose: it
means a rude tone at nobody in particular, and that is protected speech, not a category of the codebook."""

EXPLAINED_FROM = 0.5
"""Below this probability nobody asks which words carried it: each answer costs several readings more."""
GROUPS = 6
"""A text is taken apart into so many groups of words, and read again without each."""
MOST_PARTS = 12
"""Parts of 128 tokens that are read, about 6,000 characters, so that no text takes longer than it may."""
WORDING = "Detoxify scores the comment lower without these words"


class Detox(Classifier):
    name = NAME
    categories = frozenset(CATEGORY_OF.values())
    district = True
    advisory = True

    @cached_property
    def version(self) -> str:
        """Of code, weights and what reads them. Raises ModelMissing."""
        folder = folder_of(self.models)
        file = self._file
        hashes = [manifest.expected(folder, NAME, each) for each in detox_reading.needed(file)]
        return code_version(
            "detox.py", "detox_reading.py", "pictures.py", "addresses.py", model="".join(hashes)
        )

    @cached_property
    def _file(self) -> str:
        """Which of the two forms of the weights is read on this machine."""
        folder = folder_of(self.models)
        if not (folder / manifest.MANIFEST).exists():
            raise ModelMissing(f"no Detoxify weights in {folder}: get them with: modbot models add detoxify")
        files = manifest.read(folder)[NAME]["files"]
        if CHECKPOINT in files and detox_reading.library_is_there():
            return CHECKPOINT
        if ONNX in files:
            return ONNX
        raise ModelMissing(
            "the Detoxify library is not installed: pip install 'modbot[detoxify]', or make the file that "
            "needs no library where it is installed, with: modbot models export detoxify"
        )

    @cached_property
    def _reader(self) -> Reader:
        return detox_reading.reader(folder_of(self.models), self._file)

    def load(self) -> None:
        self._reader  # noqa: B018 - verifies and reads the files once

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        reader = self._reader
        try:
            return [_Reading(reader, named(text)).scores() for text in texts]
        except (ValueError, IndexError, MemoryError, RuntimeError) as error:
            raise ClassifierFailed(f"Detoxify could not score {len(texts)} texts") from error


class _Reading:
    """One text. Its parts are read one by one: in a batch the last digits depend on the neighbours."""

    def __init__(self, reader: Reader, text: Normalized) -> None:
        self._reader = reader
        self._text = text
        self._known: dict[tuple[int, ...], Numbers] = {}

    def scores(self) -> Scores:
        """Of a text too long to be read whole, what was found; what was not found may be in the rest."""
        parts = self._reader.parts(self._text.text)
        read = parts[:MOST_PARTS]
        rows = [self._probabilities(part) for part in read] or [np.zeros(len(self._reader.labels))]
        found: dict[Category, Score] = {}
        for label, category in CATEGORY_OF.items():
            if label not in self._reader.labels:
                continue
            column = self._reader.labels.index(label)
            worst = max(range(len(rows)), key=lambda index: rows[index][column])
            probability = float(rows[worst][column])
            if probability >= EXPLAINED_FROM:
                score = Score(probability, self._spans(read[worst], column, probability))
            elif len(parts) == len(read):
                score = Score(probability)
            else:
                continue
            found[category] = max(found.get(category, score), score, key=lambda one: one.probability)
        return found

    def _probabilities(self, part: Part) -> Numbers:
        ids = tuple(part.ids)
        if ids not in self._known:
            self._known[ids] = self._reader.probabilities(ids)
        return self._known[ids]

    def _spans(self, part: Part, column: int, probability: float) -> tuple[Span, ...]:
        """Groups of words without which the probability is lower; none where none do that."""
        groups = _groups(self._text.text, part)
        falls = [probability - self._without(part, [group], column) for group in groups]
        most = max(falls, default=0.0)
        if most <= 0:
            return ()
        marked = [group for group, fall in zip(groups, falls, strict=True) if fall >= most / 2]
        if self._without(part, marked, column) >= probability:
            marked = [groups[falls.index(most)]]
        return tuple(Span(*self._text.original_span(*group), WORDING) for group in _merged(marked))

    def _without(self, part: Part, groups: Sequence[tuple[int, int]], column: int) -> float:
        kept, done = [], part.start
        for start, end in groups:
            kept.append(self._text.text[done:start])
            done = end
        rest = self._reader.parts(" ".join([*kept, self._text.text[done : part.end]]))
        return float(self._probabilities(rest[0])[column]) if rest else 0.0


def _groups(text: str, part: Part) -> list[tuple[int, int]]:
    """Neighbouring words, about as many in each group."""
    words = [match.span() for match in WORD.finditer(text, part.start, part.end)]
    size = -(-len(words) // GROUPS)
    chunks = [words[start : start + size] for start in range(0, len(words), size)] if words else []
    return [(chunk[0][0], chunk[-1][1]) for chunk in chunks]


def _merged(groups: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Groups that follow each other as one; only white space stands between two."""
    merged: list[tuple[int, int]] = []
    for start, end in groups:
        if merged and start - merged[-1][1] <= 1:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
