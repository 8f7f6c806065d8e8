"""Which words carried a joined score: those that the members mark who carried it.

To mark words costs some members as much as to score the text again. So they are asked about those joined
scores that the caller shows to people, and about no others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from classifiers.base import Answer, Category, Question, Score, Scores, Span

EVERYTHING: Mapping[Category, float] = dict.fromkeys(Category, 0.05)
"""From which joined score on words are marked where the caller does not say; no threshold that makes sense is
lower."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a member said of a text; `place` is the text's number in its answer."""

    scores: Scores
    answer: Answer
    place: int


Voices: TypeAlias = Mapping[str, Said]
"""By name what each member that counts said of one text."""
Asked: TypeAlias = tuple[int, Category, str]
"""Of the text of this number, why does this member give it a score for this category?"""


def marked(
    joined: Sequence[Scores], voices: Sequence[Voices], least: Mapping[Category, float] = EVERYTHING
) -> list[Scores]:
    """The joined scores of some texts, those from `least` on with the words that carried them.

    First those members are asked that carry the score, then, where they mark nothing, the others.
    """
    found = [dict(scores) for scores in joined]
    open_ = [
        (text, category)
        for text, scores in enumerate(joined)
        for category, score in scores.items()
        if category in least and score.probability >= least[category]
    ]
    for choose in (carrying, _others):
        spans = _spans([(*each, name) for each in open_ for name in choose(_said(*each, voices))], voices)
        for text, category in open_:
            found[text][category] = Score(joined[text][category].probability, spans[text, category])
        open_ = [each for each in open_ if not spans[each]]
    return [*found]


def carrying(said: Mapping[str, Score]) -> Iterator[str]:
    """The members that are at least half as sure as the surest."""
    highest = max((score.probability for score in said.values()), default=0.0)
    return (name for name, score in said.items() if score.probability >= highest / 2)


def _others(said: Mapping[str, Score]) -> Iterator[str]:
    before = {*carrying(said)}
    return (name for name, score in said.items() if name not in before and score.probability)


def _said(text: int, category: Category, voices: Sequence[Voices]) -> dict[str, Score]:
    return {name: said.scores[category] for name, said in voices[text].items() if category in said.scores}


def _spans(asked: Sequence[Asked], voices: Sequence[Voices]) -> Mapping[Question, tuple[Span, ...]]:
    """By text and category all that is marked by these members; empty for what nobody is asked about."""
    found: dict[Question, set[Span]] = defaultdict(set)
    later: dict[int, list[Asked]] = defaultdict(list)
    for one in asked:
        said = voices[one[0]][one[2]]
        if said.answer.explain is None:
            found[one[:2]].update(said.scores[one[1]].spans)
        else:
            later[id(said.answer)].append(one)
    for some in later.values():
        places = [(voices[text][name].place, category) for text, category, name in some]
        spans = _explained(voices[some[0][0]][some[0][2]].answer, places)
        for one, place in zip(some, places, strict=True):
            found[one[:2]].update(spans.get(place, ()))
    return defaultdict(tuple, {question: tuple(sorted(each)) for question, each in found.items()})


def _explained(answer: Answer, asked: Sequence[Question]) -> Mapping[Question, tuple[Span, ...]]:
    """Whoever cannot say why keeps its score."""
    try:
        return answer.explain(asked) if answer.explain else {}
    except Exception:
        return {}
