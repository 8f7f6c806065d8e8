"""Which words carried a linear score: the smallest handful without which it falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from classifiers import ngrams
from classifiers.base import Span
from classifiers.normalize import Normalized

WORDING = "this wording raised the score"
SHARE = 0.6
"""The first marks cover this part of what speaks for the category."""
MOST = 6
ROUNDS = 3


class Weighted(Protocol):
    def probabilities(self, texts: Sequence[str]) -> list[list[float]]: ...
    def shares(self, texts: Sequence[str], normalized: Sequence[str]) -> list[ngrams.Matrix]: ...


@dataclass(frozen=True, slots=True)
class Reason:
    """What is asked for: why this text has this probability in this column."""

    text: int
    column: int
    probability: float


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    share: float


def explain(
    asked: Sequence[Reason],
    texts: Sequence[str],
    normalized: Sequence[Normalized],
    model: Weighted,
) -> dict[tuple[int, int], tuple[Span, ...]]:
    """Spans in the texts as received, by (text, column). Checked: without them the score is lower."""
    ranked = _ranked(asked, texts, normalized, model)
    taken = [_first(words) for words in ranked]
    spans = [
        _merged(texts[one.text], words[:count])
        for one, words, count in zip(asked, ranked, taken, strict=True)
    ]
    unsure = [number for number, some in enumerate(spans) if some]
    for _ in range(ROUNDS):
        unsure = _still_as_high(unsure, asked, spans, texts, model)
        for number in unsure:
            taken[number] = 2 * taken[number] + 1
            spans[number] = _merged(texts[asked[number].text], ranked[number][: taken[number]])
    for number in _still_as_high(unsure, asked, spans, texts, model):
        spans[number] = ()
    return {(one.text, one.column): some for one, some in zip(asked, spans, strict=True)}


def _ranked(
    asked: Sequence[Reason], texts: Sequence[str], normalized: Sequence[Normalized], model: Weighted
) -> list[list[_Word]]:
    """For each reason the words that speak for it, strongest first, as places in the text as received."""
    chosen = sorted({one.text for one in asked})
    shares = dict(
        zip(
            chosen,
            model.shares([texts[i] for i in chosen], [normalized[i].text for i in chosen]),
            strict=True,
        )
    )
    places = {text: _places(normalized[text]) for text in chosen}
    ranked = []
    for one in asked:
        column = shares[one.text][:, one.column].tolist()
        words = [
            _Word(*place, share) for place, share in zip(places[one.text], column, strict=True) if share > 0
        ]
        ranked.append(sorted(words, key=lambda word: (-word.share, word.start)))
    return ranked


def _places(normalized: Normalized) -> list[tuple[int, int]]:
    return [normalized.original_span(*match.span()) for match in ngrams.TOKEN.finditer(normalized.text)]


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
            spans[-1] = Span(spans[-1].start, max(word.end, spans[-1].end), WORDING)
        else:
            spans.append(Span(word.start, word.end, WORDING))
    return tuple(spans)


def _still_as_high(
    numbers: Sequence[int],
    asked: Sequence[Reason],
    spans: Sequence[tuple[Span, ...]],
    texts: Sequence[str],
    model: Weighted,
) -> list[int]:
    """Of these reasons, the ones whose probability does not fall without their spans."""
    if not numbers:
        return []
    rows = model.probabilities([cut(texts[asked[number].text], spans[number]) for number in numbers])
    return [
        number
        for number, row in zip(numbers, rows, strict=True)
        if row[asked[number].column] >= asked[number].probability
    ]


def cut(text: str, spans: Sequence[Span]) -> str:
    """The text without the spans, a space where each one was."""
    kept, done = [], 0
    for span in sorted(spans):
        kept.append(text[done : span.start])
        done = max(done, span.end)
    return " ".join([*kept, text[done:]])
