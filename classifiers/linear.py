"""Hashed n-grams of characters, words and groups of words: a calibrated logistic regression a category.

All categories are one matrix product over a batch; nothing but numbers and words is in the model's file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from classifiers import manifest, ngrams, skops_file
from classifiers.addresses import said
from classifiers.base import (
    Answer,
    Category,
    Classifier,
    ClassifierFailed,
    ModelTampered,
    Question,
    Score,
    Scores,
    Span,
)
from classifiers.evidence import Reason, Source, explain
from classifiers.fingerprint import code_version

FILE = "linear/model.skops"
EXPLAINED_FROM = 0.2
"""Asked by itself it marks words from this probability on, and benign comments stay cheap."""
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
        return self.scored([ngrams.read(text, said(text).text) for text in texts])

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
        return code_version("linear.py", "addresses.py", "ngrams.py", "evidence.py", model=model)

    @cached_property
    def _model(self) -> Model:
        return parse(manifest.verified(self.models, self.name, FILE))

    def load(self) -> None:
        self._model  # noqa: B018 - verifies and reads the file once

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return self.answer_under(texts).marked_from(EXPLAINED_FROM)

    def answer_under(self, texts: Sequence[str], topics: Sequence[str] = ()) -> Answer:  # noqa: ARG002
        model = self._model
        try:
            sources = [_source(text) for text in texts]
            rows: list[list[float]] = []
            for some in _ranges(texts):
                rows += model.scored([sources[index].reading for index in some])
        except (ValueError, IndexError, MemoryError) as error:
            raise ClassifierFailed(f"the linear model could not score {len(texts)} texts") from error
        scores = [dict(zip(model.categories, map(Score, row), strict=True)) for row in rows]
        return Answer(scores, partial(_explained, model, sources, rows))


def _source(text: str) -> Source:
    normalized = said(text)
    return Source(text, normalized, ngrams.read(text, normalized.text))


def _explained(
    model: Model, sources: Sequence[Source], rows: Sequence[Sequence[float]], asked: Sequence[Question]
) -> Mapping[Question, tuple[Span, ...]]:
    found: dict[Question, tuple[Span, ...]] = {}
    numbers = sorted({text for text, _ in asked})
    for some in _ranges([sources[number].text for number in numbers]):
        own = {numbers[index]: sources[numbers[index]] for index in some}
        columns = [(text, model.categories.index(category)) for text, category in asked if text in own]
        reasons = [Reason(text, column, rows[text][column]) for text, column in columns]
        for (text, column), spans in explain(reasons, own, model).items():
            found[text, model.categories[column]] = spans
    return found


def _ranges(texts: Sequence[str]) -> Iterator[range]:
    """Numbers of texts that are read at once."""
    start, size = 0, 0
    for index, text in enumerate(texts):
        if size and size + len(text) > CHARACTERS_AT_ONCE:
            yield range(start, index)
            start, size = index, 0
        size += len(text)
    if start < len(texts):
        yield range(start, len(texts))


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
