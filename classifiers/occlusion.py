"""Which words carried the encoder's score: those without which it reads the text more mildly."""

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
MOST_PIECES, FEWEST_PIECES = 12, 4
"""A part is cut into so many pieces of neighbouring words, fewer where several parts have to be explained."""
SHARE = 0.6
"""The marks cover this part of what speaks for the category."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text that is read at once: its tokens and its place in the readable text."""

    ids: Sequence[int]
    start: int
    end: int


class Reader(Protocol):
    def parts(self, texts: Sequence[str]) -> list[list[Part]]: ...
    def probabilities(self, ids: Sequence[Sequence[int]]) -> Numbers: ...


def spans(
    read: Normalized,
    parts: Sequence[Part],
    asked: Sequence[tuple[int, int]],
    scored: Numbers,
    model: Reader,
) -> dict[int, tuple[Span, ...]]:
    """By column of the categories, spans in the text as received, without which the score is lower.

    `asked`: a column and the part that carried its score. `scored`: parts x categories.
    """
    found: dict[int, tuple[Span, ...]] = {}
    places = sorted({part for _, part in asked})
    most = max(FEWEST_PIECES, MOST_PIECES // max(1, len(places)))
    for place in places:
        part = parts[place]
        pieces = _pieces(read.text, part, most)
        without = _scores([_cut(read.text, part, [piece]) for piece in pieces], model)
        for column in (column for column, own in asked if own == place):
            fall = _logit(scored[place, column]) - _logit(without[:, column])
            chosen = _fewest(fall, scored[place, column], column, read.text, part, pieces, model)
            found[column] = _merged(read, [pieces[index] for index in sorted(chosen)])
    return found


def _pieces(text: str, part: Part, most: int) -> list[tuple[int, int]]:
    words = [match.span() for match in WORD.finditer(text, part.start, part.end)]
    words = [(start, end) for start, end in words if LETTER.search(text, start, end)] or words
    size = -(-len(words) // most)
    return [
        (words[index][0], words[min(index + size, len(words)) - 1][1]) for index in range(0, len(words), size)
    ]


def _cut(text: str, part: Part, pieces: Sequence[tuple[int, int]]) -> str:
    kept, done = [], part.start
    for start, end in pieces:
        kept.append(text[done:start])
        done = end
    return " ".join([*kept, text[done : part.end]])


def _scores(texts: Sequence[str], model: Reader) -> Numbers:
    """Texts x categories; nothing is left of a text without a word."""
    parts = [some[:1] for some in model.parts(texts)]
    found = model.probabilities([some[0].ids for some in parts if some])
    rows = np.zeros((len(texts), found.shape[1]))
    rows[[bool(some) for some in parts]] = found
    return rows


def _logit(probability: Numbers) -> Numbers:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    odds: Numbers = np.log(clipped / (1 - clipped))
    return odds


def _fewest(
    fall: Numbers,
    probability: float,
    column: int,
    text: str,
    part: Part,
    pieces: Sequence[tuple[int, int]],
    model: Reader,
) -> list[int]:
    """The strongest pieces that together lower the score; all that speak for it, or none, if they must."""
    order = [int(index) for index in np.argsort(-fall, kind="stable") if fall[index] > 0]
    covered = np.cumsum(fall[order])
    first = int(np.searchsorted(covered, SHARE * covered[-1])) + 1 if order else 0
    for count in sorted({first, len(order)} - {0}):
        chosen = sorted(order[:count])
        left = _scores([_cut(text, part, [pieces[index] for index in chosen])], model)
        if left[0, column] < probability:
            return chosen
    return []


def _merged(read: Normalized, pieces: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """Neighbouring pieces become one span, what stands between them included."""
    made: list[tuple[int, int]] = []
    for start, end in pieces:
        if made and not LETTER.search(read.text, made[-1][1], start):
            made[-1] = (made[-1][0], end)
        else:
            made.append((start, end))
    return tuple(Span(*read.original_span(start, end), WORDING) for start, end in made)
