"""Several classifiers as one opinion: joined per category by rules, and honest about who was absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classifiers import second_hand
from classifiers.base import Category, Classifier, ClassifierError, ClassifierFailed, Score, Scores
from classifiers.joining import HIGHEST, Rules
from classifiers.languages import covered
from classifiers.marking import EVERYTHING, Said, marked

Heard = Said | str | None
"""What a member said of a text; why it could not; or None where it was not asked."""
Results = Mapping[str, Sequence[Heard]]
NO_REPORT = Score(0.0)


@dataclass(frozen=True, slots=True)
class Assessment:
    scores: Scores
    """The joined score of every category that a working member covers, with the words that carried it; 0
    where nobody says anything."""
    members: Mapping[str, Scores]
    """What each said; without those that were not asked, because the others left no doubt."""
    absent: tuple[str, ...]
    """Names of the members that could not judge this text."""
    covered: bool = True
    """False in a language that no member learned: what they do not find says nothing."""
    uncounted: tuple[str, ...] = ()
    """Names of the members that are heard and do not count, present or absent."""
    reported: Score = NO_REPORT
    """Of a report of somebody else's threat, which is no category: nothing in it breaks a rule."""


class Ensemble:
    def __init__(self, members: Sequence[Classifier], rules: Rules = HIGHEST) -> None:
        self.members = tuple(members)
        self.rules = rules
        # Uncalibrated members that no rule was learned for: the highest score would be theirs too often.
        self._uncounted = tuple(
            member.name for member in members if member.advisory and member.name not in rules.known
        )
        self._reasons: dict[str, str] = {}
        self._categories: dict[frozenset[str], Sequence[Category]] = {}

    def load(self) -> None:
        """Load every member; one that cannot be loaded is absent, with its reason, until the next load."""
        self._reasons = {}
        for member in self.members:
            try:
                member.load()
            except Exception as error:
                self._reasons[member.name] = _reason(error)

    def close(self) -> None:
        """Nothing to release: its members live as long as it does."""

    @property
    def absent(self) -> dict[str, str]:
        """Why each member that could not be loaded is not there."""
        return dict(self._reasons)

    @property
    def version(self) -> str:
        """Every member with its version, absent ones included, the joining rules, and `second_hand`."""
        parts = [
            f"{member.name}:{'absent' if member.name in self._reasons else member.version}"
            for member in self.members
        ]
        parts += [f"rules:{self.rules.version}"] if self.rules.version else []
        return "+".join([*parts, f"second_hand:{second_hand.version()}"])

    def assess(
        self,
        texts: Sequence[str],
        topics: Sequence[str] = (),
        marked_from: Mapping[Category, float] = EVERYTHING,
    ) -> list[Assessment]:
        """One assessment a text, in order, the same in any batch. Raises ClassifierFailed if all failed.

        `topics`: for each text what the post above it is about, or none at all; see `Classifier`.
        `marked_from`: from which joined score on the words that carried it are wanted; to find them may cost
        as much as to score the text. Of a category that is not there none are.
        """
        if not texts:
            return []
        results = self._results(texts, topics)
        voices = [_voices(results, index) for index in range(len(texts))]
        counted = [self._counted(each) for each in voices]
        joined = marked([self._joined(each) for each in counted], counted, marked_from)
        absent = [self._absent(results, index) for index in range(len(texts))]
        return [
            Assessment(scores, _scores(said), gone, covered(text), self._uncounted, second_hand.score(text))
            for text, scores, said, gone in zip(texts, joined, voices, absent, strict=True)
        ]

    def joined(self, texts: Sequence[str]) -> list[Scores]:
        """The joined scores as `assess` gives them, without the words that carried them: for measuring."""
        if not texts:
            return []
        results = self._results(texts, ())
        return [self._joined(self._counted(_voices(results, index))) for index in range(len(texts))]

    def _results(self, texts: Sequence[str], topics: Sequence[str]) -> Results:
        """By member, of each text, what was heard. Raises ClassifierFailed."""
        under = topics or [""] * len(texts)
        present = [member for member in self.members if member.name not in self._reasons]
        results: dict[str, Sequence[Heard]] = {}
        for member in sorted(present, key=lambda member: member.name in self.rules.spared):
            results[member.name] = self._ask_in_doubt(member, texts, under, results)
        if all(isinstance(each, str) for found in results.values() for each in found):
            reasons = self._reasons | {name: found[0] for name, found in results.items()}
            raise ClassifierFailed(
                f"no classifier could score: {'; '.join(f'{name}: {why}' for name, why in reasons.items())}"
            )
        return results

    def _ask_in_doubt(
        self,
        member: Classifier,
        texts: Sequence[str],
        topics: Sequence[str],
        results: Results,
    ) -> Sequence[Heard]:
        """None for a text about which the others, asked before, leave no doubt."""
        if member.name not in self.rules.spared:
            return self._ask(member, texts, topics)
        answers: list[Heard] = [None] * len(texts)
        doubtful = [
            index
            for index in range(len(texts))
            if not self.rules.spares(member.name, _scores(self._counted(_voices(results, index))))
        ]
        if doubtful:
            found = self._ask(
                member, [texts[index] for index in doubtful], [topics[index] for index in doubtful]
            )
            for index, answer in zip(doubtful, found, strict=True):
                answers[index] = answer
        return answers

    def _ask(self, member: Classifier, texts: Sequence[str], topics: Sequence[str]) -> Sequence[Heard]:
        """Scores a text, or why there are none. A bad text does not cost its neighbours the member."""
        try:
            answer = member.answer_under(texts, topics)
        except Exception as error:
            if len(texts) == 1:
                return [_reason(error)]
            alone = zip(texts, topics, strict=True)
            return [self._ask(member, [text], [topic])[0] for text, topic in alone]
        if len(answer.scores) != len(texts):
            return [f"gave {len(answer.scores)} results for {len(texts)} texts"] * len(texts)
        return [
            Said(scores, answer, place) if _is_sound(scores) else "gave a probability that is none"
            for place, scores in enumerate(answer.scores)
        ]

    def _counted(self, voices: Mapping[str, Said]) -> Mapping[str, Said]:
        return {name: said for name, said in voices.items() if name not in self._uncounted}

    def _joined(self, voices: Mapping[str, Said]) -> Scores:
        return self.rules.join(self._judged(frozenset(voices)), _scores(voices))

    def _absent(self, results: Results, index: int) -> tuple[str, ...]:
        """Whom a text did without, but for those that were spared it."""
        there = {name for name, found in results.items() if not isinstance(found[index], str)}
        return tuple(sorted({member.name for member in self.members} - there))

    def _judged(self, names: frozenset[str]) -> Sequence[Category]:
        """What these members can judge, in the order of Category."""
        if names not in self._categories:
            members = [each for each in self.members if each.name in names]
            judged = {category for each in members for category in each.categories}
            self._categories[names] = [category for category in Category if category in judged]
        return self._categories[names]


def _voices(results: Results, index: int) -> dict[str, Said]:
    """What was said of one text."""
    heard = {name: found[index] for name, found in results.items()}
    return {name: said for name, said in heard.items() if isinstance(said, Said)}


def _scores(voices: Mapping[str, Said]) -> dict[str, Scores]:
    return {name: said.scores for name, said in voices.items()}


def _is_sound(scores: Scores) -> bool:
    return all(0 <= score.probability <= 1 for score in scores.values())


def _reason(error: Exception) -> str:
    """A stranger's exception may quote the text, so only its type is told."""
    return f"{type(error).__name__}: {error}" if isinstance(error, ClassifierError) else type(error).__name__
