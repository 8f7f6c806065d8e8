"""What every classifier offers: a batch of texts in, scores per text out, in order.

A classifier sees text alone: no author, no page, no platform, and it cannot act on anything.

    ClassifierError
    ├── ModelMissing         a file that the classifier needs is not there: install it
    ├── ModelTampered        a file differs from the manifest's SHA-256: restore it, do not load it
    └── ClassifierFailed     it loaded but could not score this batch: the others go on
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, TypeAlias


class Category(StrEnum):
    HARASSMENT = "harassment"
    DISCRIMINATION = "discrimination"
    THREATS = "threats"
    OBSCENE = "obscene"
    POLITICAL = "political"
    COMMERCIAL = "commercial"
    ILLEGAL = "illegal"
    SECURITY = "security"
    STUDENT_PRIVACY = "student_privacy"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters [start, end) of the text as received, and in plain words why they count."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Score:
    """A calibrated probability in [0, 1] for one category, with the spans that carried it."""

    probability: float
    spans: tuple[Span, ...] = ()


Scores = Mapping[Category, Score]
Question: TypeAlias = tuple[int, Category]
"""Why does the text of this number in its batch get its score for this category?"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a classifier says of a batch.

    `explain`: of one that marks words only when asked, because that costs as much as scoring the text again.
    """

    scores: Sequence[Scores]
    explain: Callable[[Sequence[Question]], Mapping[Question, tuple[Span, ...]]] | None = None

    def marked_from(self, least: float) -> list[Scores]:
        """The scores, those from `least` on with the words that carried them."""
        if self.explain is None:
            return [*self.scores]
        asked = [
            (text, category)
            for text, scores in enumerate(self.scores)
            for category, score in scores.items()
            if score.probability >= least
        ]
        found = self.explain(asked) if asked else {}
        return [
            {
                category: Score(score.probability, found.get((text, category), ()))
                for category, score in scores.items()
            }
            for text, scores in enumerate(self.scores)
        ]


class ClassifierError(Exception):
    """Any failure of a classifier; the message says what to do and never quotes the text."""


class ModelMissing(ClassifierError):
    pass


class ModelTampered(ClassifierError):
    pass


class ClassifierFailed(ClassifierError):
    pass


class Classifier(ABC):
    """One member of the ensemble. The constructor only stores; `load` reads files."""

    name: ClassVar[str]
    categories: ClassVar[frozenset[Category]]
    district: ClassVar[bool] = False
    """Whether it reads the district's own files: then it is handed their folder instead of the models'."""
    advisory: ClassVar[bool] = False
    """Whether its scores are uncalibrated: then it is heard and counts only where joining rules weigh it."""

    def __init__(self, models: Path) -> None:
        self.models = models

    @property
    @abstractmethod
    def version(self) -> str:
        """Changes whenever the same text could get another score."""

    def load(self) -> None:  # noqa: B027 - one without files has nothing to load
        """Read and verify the model files. Raises ModelMissing or ModelTampered. Safe to call twice.

        `classify` and `version` load by themselves what was not loaded before, and raise the same.
        """

    @abstractmethod
    def classify(self, texts: Sequence[str]) -> list[Scores]:
        """One mapping per text, in order. A category that the classifier cannot judge is absent.

        The result for a text does not depend on the other texts of the batch. Raises ClassifierFailed.
        """

    def classify_under(self, texts: Sequence[str], topics: Sequence[str]) -> list[Scores]:  # noqa: ARG002
        """As `classify`, told for each text what the post above it is about: "" where nobody knows.

        A topic may only tell what a text means by "this" or "him". What breaks nothing by its own words
        breaks nothing under any topic, so most classifiers, like this one, do not look at it.
        """
        return self.classify(texts)

    def answer_under(self, texts: Sequence[str], topics: Sequence[str]) -> Answer:
        """As `classify_under`; a classifier to whom marking words is costly may leave that until asked."""
        return Answer(self.classify_under(texts, topics))
