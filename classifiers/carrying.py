"""Which words carried the encoder's score: its score is the mean of what its tokens say, so they are asked.

A token has read the whole sentence, so what it says is not its own alone. Hence the proof: the text is read
again without the marked words, and only marks that lower the score are given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from classifiers.base import Span
from classifiers.normalize import Normalized

WORDING = "the sentence reads that way because of these words"
WORD = re.compile(r"\S+")
LETTER = re.compile(r"\w")
SHARES = (0.6, 0.85, 1.0)
"""The marks cover this part of what speaks for the category; more where less does not lower the score."""
BESIDE = 0.5
"""How much a word is lifted by its neighbours, so that phrases are marked and not their bits."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text that is read at once: its tokens with their places in the readable text."""

    ids: Sequence[int]
    places: Sequence[tuple[int, int]]

    @property
    def start(self) -> int:
        """The first and last token are the model's own and stand for no letters."""
        return self.places[1][0]

    @property
    def end(self) -> int:
        return self.places[-2][1]


@dataclass(frozen=True, slots=True)
class Asked:
    """Why does this part of a text have this probability in this column?"""

    read: Normalized
    part: Part
    column: int
    probability: float
    tokens: Numbers
    """What each token says of the column, as a logit."""


class Reader(Protocol):
    def parts(self, texts: Sequence[str]) -> list[list[Part]]: ...
    def probabilities(self, ids: Sequence[Sequence[int]]) -> Numbers: ...


def spans(asked: Sequence[Asked], model: Reader) -> list[tuple[Span, ...]]:
    """For each, spans in the text as received, without which the score is lower; none where none do that."""
    ranked = [_ranked(one) for one in asked]
    found: list[tuple[Span, ...]] = [()] * len(asked)
    open_ = [index for index, words in enumerate(ranked) if words]
    for share in SHARES:
        chosen = {index: _enough(ranked[index], share) for index in open_}
        left = _without([(asked[index], chosen[index]) for index in open_], model)
        for index, probability in zip(open_, left, strict=True):
            if probability < asked[index].probability:
                found[index] = _merged(asked[index].read, chosen[index])
        open_ = [index for index in open_ if not found[index]]
    return found


def _ranked(one: Asked) -> list[tuple[float, tuple[int, int]]]:
    """The words that speak for the category, with how much, strongest first."""
    text, part = one.read.text, one.part
    words = [match.span() for match in WORD.finditer(text, part.start, part.end)]
    starts = np.array([start for start, _ in words])
    own = np.zeros(len(words) + 2)
    places = np.searchsorted(starts, [start for start, _ in part.places[1:-1]], side="right")
    np.add.at(own, places, one.tokens[1:-1] - one.tokens.mean())
    strength = own[1:-1] + BESIDE * (own[:-2] + own[2:])
    order = np.argsort(-strength, kind="stable")
    return [(float(strength[word]), words[word]) for word in order if strength[word] > 0]


def _enough(ranked: Sequence[tuple[float, tuple[int, int]]], share: float) -> list[tuple[int, int]]:
    """In the order of the text."""
    covered = np.cumsum([strength for strength, _ in ranked])
    count = int(np.searchsorted(covered, share * covered[-1])) + 1
    return sorted(place for _, place in ranked[:count])


def _without(trials: Sequence[tuple[Asked, Sequence[tuple[int, int]]]], model: Reader) -> list[float]:
    """The probability that is left without the marked words; nothing is left of a text without a word."""
    parts = [some[:1] for some in model.parts([_cut(one, words) for one, words in trials])]
    rows = iter(model.probabilities([some[0].ids for some in parts if some]))
    return [
        float(next(rows)[one.column]) if some else 0.0 for (one, _), some in zip(trials, parts, strict=True)
    ]


def _cut(one: Asked, words: Sequence[tuple[int, int]]) -> str:
    kept, done = [], one.part.start
    for start, end in words:
        kept.append(one.read.text[done:start])
        done = end
    return " ".join([*kept, one.read.text[done : one.part.end]])


def _merged(read: Normalized, words: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """Neighbouring words become one span, what stands between them included."""
    made: list[tuple[int, int]] = []
    for start, end in words:
        if made and not LETTER.search(read.text, made[-1][1], start):
            made[-1] = (made[-1][0], end)
        else:
            made.append((start, end))
    return tuple(Span(*read.original_span(start, end), WORDING) for start, end in made)
