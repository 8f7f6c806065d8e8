"""Hashed words and character n-grams, a calibrated logistic regression a category, in one matrix product."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import skops.io

from classifiers import manifest, ngrams
from classifiers.base import Category, Classifier, ClassifierFailed, ModelTampered, Score, Scores, Span
from classifiers.evidence import Explained, explain
from classifiers.fingerprint import code_version
from classifiers.normalize import Normalized, normalize

FILE = "linear/model.skops"
EXPLAINED_FROM = 0.25
"""Below this probability nobody asks which words carried it, and benign comments stay cheap."""
CHARACTERS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Model:
    weights: npt.NDArray[np.float32]
    """columns x categories, calibration included: the logit is the product plus the bias."""
    bias: npt.NDArray[np.float32]
    categories: tuple[Category, ...]

    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        """Per normalised text one probability a category, the same whatever else is in the batch."""
        logits = ngrams.of_texts(texts).product(self.weights) + self.bias
        return [[_sigmoid(logit) for logit in row] for row in logits.tolist()]


def _sigmoid(logit: float) -> float:
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), 6)


class Linear(Classifier):
    name = "linear"
    categories = frozenset(Category)

    @cached_property
    def version(self) -> str:
        """Raises ModelMissing where the model is not installed."""
        model = manifest.expected(self.models, self.name, FILE)
        return code_version("linear.py", "ngrams.py", "evidence.py", model=model)

    @cached_property
    def _model(self) -> Model:
        return parse(manifest.verified(self.models, self.name, FILE))

    def load(self) -> None:
        self._model  # noqa: B018 - verifies and reads the file once

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        scores: list[Scores] = []
        try:
            for batch in _batches(texts):
                scores += self._batch(batch)
        except (ValueError, MemoryError, FloatingPointError) as error:
            raise ClassifierFailed(f"the linear model could not score {len(texts)} texts") from error
        return scores

    def _batch(self, texts: Sequence[str]) -> list[Scores]:
        normalized = [normalize(text) for text in texts]
        rows = self._model.probabilities([one.text for one in normalized])
        spans = self._spans(texts, normalized, rows)
        return [
            {
                category: Score(probability, spans.get((index, column), ()))
                for column, (category, probability) in enumerate(
                    zip(self._model.categories, row, strict=True)
                )
            }
            for index, row in enumerate(rows)
        ]

    def _spans(
        self, texts: Sequence[str], normalized: Sequence[Normalized], rows: Sequence[Sequence[float]]
    ) -> dict[tuple[int, int], tuple[Span, ...]]:
        asked = {
            (index, column): Explained(texts[index], normalized[index], column, probability)
            for index, row in enumerate(rows)
            for column, probability in enumerate(row)
            if probability >= EXPLAINED_FROM
        }
        return dict(zip(asked, explain(list(asked.values()), self._model), strict=True))


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start, size = 0, 0
    for index, text in enumerate(texts):
        if size and size + len(text) > CHARACTERS_AT_ONCE:
            yield texts[start:index]
            start, size = index, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]


def parse(content: bytes) -> Model:
    """Only numbers, lists and strings are in the file; anything else is refused before it is built."""
    if skops.io.get_untrusted_types(data=content):
        raise ModelTampered("the linear model holds more than numbers and names: restore it from the release")
    raw = skops.io.loads(content)
    return Model(
        weights=np.ascontiguousarray(raw["weights"], dtype=np.float32),
        bias=np.asarray(raw["bias"], dtype=np.float32),
        categories=tuple(Category(name) for name in raw["categories"]),
    )
