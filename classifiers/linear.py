"""Hashed n-grams of characters, words and groups of words: a calibrated logistic regression a category.

All categories are one matrix product over a batch; nothing but numbers and words is in the model's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from classifiers import manifest, ngrams, skops_file
from classifiers.base import Category, Classifier, ClassifierFailed, ModelTampered, Score, Scores
from classifiers.evidence import Reason, Source, explain
from classifiers.fingerprint import code_version
from classifiers.normalize import normalize

FILE = "linear/model.skops"
EXPLAINED_FROM = 0.2
"""Below this probability nobody asks which words carried it, and benign comments stay cheap."""
CHARACTERS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Model:
    weights: ngrams.Matrix
    """columns x categories, calibration included: the logit is the product plus the bias."""
    vectors: ngrams.Matrix
    """lexicon x categories: what each known word adds."""
    bias: ngrams.Matrix
    lexicon: ngrams.Lexicon
    categories: tuple[Category, ...]

    def probabilities(self, texts: Sequence[str]) -> list[list[float]]:
        """Per text as received one probability a category, the same whatever else is in the batch."""
        return self.scored([ngrams.read(text, normalize(text).text) for text in texts])

    def scored(self, readings: Sequence[ngrams.Reading]) -> list[list[float]]:
        batch = ngrams.batch(readings, self.lexicon)
        logits = batch.product(self.weights, self.vectors).astype(np.float64) + self.bias
        rows: list[list[float]] = np.round(1 / (1 + np.exp(-np.clip(logits, -30, 30))), 6).tolist()
        return rows

    def shares(self, readings: Sequence[ngrams.Reading]) -> list[ngrams.Matrix]:
        """Per text what each of its words adds to each category's logit: words x categories."""
        batch = ngrams.batch(readings, self.lexicon)
        return np.split(batch.by_word(self.weights, self.vectors), batch.text_words[1:-1])


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
        except (ValueError, IndexError, MemoryError) as error:
            raise ClassifierFailed(f"the linear model could not score {len(texts)} texts") from error
        return scores

    def _batch(self, texts: Sequence[str]) -> list[Scores]:
        normalized = [normalize(text) for text in texts]
        readings = [ngrams.read(text, one.text) for text, one in zip(texts, normalized, strict=True)]
        rows = self._model.scored(readings)
        asked = [
            Reason(index, column, probability)
            for index, row in enumerate(rows)
            for column, probability in enumerate(row)
            if probability >= EXPLAINED_FROM
        ]
        scores = [dict(zip(self._model.categories, map(Score, row), strict=True)) for row in rows]
        sources = {
            one.text: Source(texts[one.text], normalized[one.text], readings[one.text]) for one in asked
        }
        for (text, column), spans in explain(asked, sources, self._model).items() if asked else ():
            scores[text][self._model.categories[column]] = Score(rows[text][column], spans)
        return [*scores]


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
    """Raises ModelTampered where the file holds more than numbers and words."""
    try:
        raw = skops_file.read(content)
    except skops_file.NotPlain as error:
        raise ModelTampered(f"the linear model is {error}: restore it from the release") from error
    return Model(
        weights=np.ascontiguousarray(raw["weights"], dtype=np.float32),
        vectors=np.ascontiguousarray(raw["vectors"], dtype=np.float32),
        bias=np.asarray(raw["bias"], dtype=np.float32),
        lexicon=ngrams.Lexicon(
            {word: index for index, word in enumerate(raw["words"].split("\n"))},
            np.asarray(raw["groups"], dtype=np.int64),
        ),
        categories=tuple(Category(name) for name in raw["categories"]),
    )
