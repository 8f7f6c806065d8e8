"""Which words carried a linear score: the smallest handful without which it falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from classifiers import ngrams
from classifiers.base import Span
from classifiers.normalize import Normalized, normalize

REASON = "this wording raised the score"
SHARE = 0.6
"""The first marks cover this part of what speaks for the category."""
MOST = 5
ROUNDS = 3


class Weighted(Protocol):
    @property
    def weights(self) -> npt.NDArray[np.float32]: ...
    def probabilities(self, texts: Sequence[str]) -> list[list[float]]: ...


@dataclass(frozen=True, slots=True)
class Explained:
    text: str
    normalized: Normalized
    column: int
    probability: float


def explain(asked: Sequence[Explained], model: Weighted) -> list[tuple[Span, ...]]:
    """Spans in the texts as received. Checked: without them the score is lower, else there are none."""
    ranked = [_ranked(one, model) for one in asked]
    taken = [_first(words) for words in ranked]
    spans = [_merged(one.text, words[:count]) for one, words, count in zip(asked, ranked, taken, strict=True)]
    open_ = [index for index, some in enumerate(spans) if some]
    for _ in range(ROUNDS):
        open_ = _still_as_high(open_, asked, spans, model)
        for index in open_:
            taken[index] = min(len(ranked[index]), 2 * taken[index] + 1)
            spans[index] = _merged(asked[index].text, ranked[index][: taken[index]])
    for index in _still_as_high(open_, asked, spans, model):
        spans[index] = ()
    return spans


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    share: float


def _ranked(one: Explained, model: Weighted) -> list[_Word]:
    """The words that speak for the category, strongest first, as places in the text as received."""
    places, shares = ngrams.contributions(one.normalized.text, model.weights[:, one.column])
    words = [
        _Word(*one.normalized.original_span(start, end), float(share))
        for (start, end), share in zip(places, shares, strict=True)
        if share > 0
    ]
    return sorted(words, key=lambda word: (-word.share, word.start))


def _first(words: Sequence[_Word]) -> int:
    total, covered = sum(word.share for word in words), 0.0
    for count, word in enumerate(words[:MOST], start=1):
        covered += word.share
        if covered >= SHARE * total:
            return count
    return min(MOST, len(words))


def _merged(text: str, words: Sequence[_Word]) -> tuple[Span, ...]:
    """Neighbouring words become one span, what stands between them included."""
    spans: list[Span] = []
    for word in sorted(words, key=lambda word: word.start):
        if spans and not any(character.isalnum() for character in text[spans[-1].end : word.start]):
            spans[-1] = Span(spans[-1].start, max(word.end, spans[-1].end), REASON)
        else:
            spans.append(Span(word.start, word.end, REASON))
    return tuple(spans)


def _still_as_high(
    indices: Sequence[int], asked: Sequence[Explained], spans: Sequence[tuple[Span, ...]], model: Weighted
) -> list[int]:
    if not indices:
        return []
    without = [normalize(cut(asked[index].text, spans[index])).text for index in indices]
    rows = model.probabilities(without)
    return [
        index
        for index, row in zip(indices, rows, strict=True)
        if row[asked[index].column] >= asked[index].probability
    ]


def cut(text: str, spans: Sequence[Span]) -> str:
    """The text without the spans, a space where each one was."""
    kept, done = [], 0
    for span in sorted(spans):
        kept.append(text[done : span.start])
        done = max(done, span.end)
    return " ".join([*kept, text[done:]])
