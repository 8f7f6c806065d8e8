"""Which words carried a linear score: the smallest handful without which it falls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    def shares(self, readings: Sequence[ngrams.Reading]) -> list[ngrams.Matrix]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A text as received, and what normalising and reading made of it."""

    text: str
    normalized: Normalized
    reading: ngrams.Reading


@dataclass(frozen=True, slots=True)
class Reason:
    """What is asked for: why this text has this probability in this column."""

    text: int
    column: int
    probability: float


@dataclass(slots=True)
class _Trial:
    """One reason, the numbers of the words that speak for it, strongest first, and how many are marked."""

    reason: Reason
    source: Source
    words: list[int]
    marked: int
    spans: tuple[Span, ...] = ()


def explain(
    asked: Sequence[Reason], sources: Mapping[int, Source], model: Weighted
) -> dict[tuple[int, int], tuple[Span, ...]]:
    """Spans in the texts as received, by (text, column). Checked: without them the score is lower.

    `sources` are the texts that are asked about, by their number.
    """
    places = {number: _places(source.normalized.text) for number, source in sources.items()}
    trials = _trials(asked, sources, model)
    unsure = [trial for trial in trials if trial.words]
    for _ in range(ROUNDS):
        for trial in unsure:
            trial.spans = _merged(trial, places[trial.reason.text])
        unsure = _still_as_high(unsure, model)
        for trial in unsure:
            trial.marked = 2 * trial.marked + 1
    for trial in unsure:
        trial.spans = _merged(trial, places[trial.reason.text])
    for trial in _still_as_high(unsure, model):
        trial.spans = ()
    return {(trial.reason.text, trial.reason.column): trial.spans for trial in trials}


def _places(normalized: str) -> list[tuple[int, int]]:
    return [match.span() for match in ngrams.tokens(normalized).finditer(normalized)]


def _trials(asked: Sequence[Reason], sources: Mapping[int, Source], model: Weighted) -> list[_Trial]:
    readings = [source.reading for source in sources.values()]
    shares = dict(zip(sources, model.shares(readings), strict=True))
    trials = []
    for one in asked:
        column = shares[one.text][:, one.column].tolist()
        ranked = sorted((-share, word) for word, share in enumerate(column) if share > 0)
        marked = _first([-share for share, _ in ranked])
        trials.append(_Trial(one, sources[one.text], [word for _, word in ranked], marked))
    return trials


def _first(shares: Sequence[float]) -> int:
    """How many of the words, strongest first, are enough to begin with."""
    total, covered = sum(shares), 0.0
    for count, share in enumerate(shares[:MOST], start=1):
        covered += share
        if covered >= SHARE * total:
            return count
    return min(MOST, len(shares))


def _merged(trial: _Trial, places: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """The marked words; neighbouring ones become one span, what stands between them included."""
    text, normalized = trial.source.text, trial.source.normalized
    spans: list[Span] = []
    for word in sorted(trial.words[: trial.marked]):
        start, end = normalized.original_span(*places[word])
        if spans and not any(map(str.isalnum, text[spans[-1].end : start])):
            spans[-1] = Span(spans[-1].start, max(end, spans[-1].end), WORDING)
        else:
            spans.append(Span(start, end, WORDING))
    return tuple(spans)


def _still_as_high(trials: Sequence[_Trial], model: Weighted) -> list[_Trial]:
    """Those whose probability does not fall without their spans."""
    if not trials:
        return []
    rest = [cut(trial.source.text, trial.spans) for trial in trials]
    different = list(dict.fromkeys(rest))
    rows = dict(zip(different, model.probabilities(different), strict=True))
    return [
        trial
        for trial, text in zip(trials, rest, strict=True)
        if rows[text][trial.reason.column] >= trial.reason.probability
    ]


def cut(text: str, spans: Sequence[Span]) -> str:
    """The text without the spans, a space where each one was."""
    kept, done = [], 0
    for span in sorted(spans):
        kept.append(text[done : span.start])
        done = max(done, span.end)
    return " ".join([*kept, text[done:]])
