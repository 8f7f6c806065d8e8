"""Whether the marked words carried the score: of every flag on the corpus, is it lower without them?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from classifiers.base import Category, Score, Scores
from classifiers.ensemble import Ensemble
from classifiers.evidence import cut
from classifiers.training import reading
from modbot import likeness, resources
from modbot.members import ensemble_of
from tests.benchmarks.plan import NotMeasured, Plan, Report, Table

MEMBERS = ("patterns", "linear", "encoder")
AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Explained:
    """One flag, and what is left of its score without the words that are marked."""

    text: str
    category: Category
    score: Score
    without: float
    """The score itself where nothing is marked."""
    threshold: float

    @property
    def is_lower(self) -> bool:
        return self.without < self.score.probability


def measure(plan: Plan) -> Report:
    ensemble, limits = ensemble_of(MEMBERS, resources.models())
    if ensemble.absent:
        raise NotMeasured(f"A classifier is missing: {ensemble.absent}.")
    texts = [row.text for row in reading.corpus()]
    found = list(explained(ensemble, limits, texts[:: max(1, len(texts) // plan.classified)]))
    by_category = {
        category.value: [each for each in found if each.category is category] for category in Category
    }
    report = Report()
    rows = []
    for name, some in {"all": found, **by_category}.items():
        figures = _shares(some)
        report.figures.update({f"{name}.{key}": value for key, value in figures.items()})
        rows.append((name, *(f"{value:,}" for value in figures.values())))
    heads = ("", "flags", "marked", "lower without", "no flag without", "with a nearest example")
    report.tables.append(Table("Explanations of flags on the corpus, in %", heads, rows))
    return report


def explained(
    ensemble: Ensemble, limits: Mapping[Category, float], texts: Sequence[str]
) -> Iterator[Explained]:
    flags = [
        (text, category, score)
        for text, scores in zip(texts, _scores(ensemble, texts), strict=True)
        for category, score in scores.items()
        if score.probability >= limits[category]
    ]
    rest = _scores(ensemble, [cut(text, score.spans) for text, _, score in flags])
    for (text, category, score), without in zip(flags, rest, strict=True):
        left = without[category].probability if score.spans else score.probability
        yield Explained(text, category, score, left, limits[category])


def _scores(ensemble: Ensemble, texts: Sequence[str]) -> list[Scores]:
    starts = range(0, len(texts), AT_ONCE)
    return [one.scores for start in starts for one in ensemble.assess(texts[start : start + AT_ONCE])]


def _shares(found: Sequence[Explained]) -> dict[str, float]:
    counts = {
        "marked": sum(bool(each.score.spans) for each in found),
        "lower": sum(each.is_lower for each in found),
        "no_flag": sum(each.without < each.threshold for each in found),
        "alike": sum(bool(likeness.nearest(each.text, each.category, each.score.spans)) for each in found),
    }
    return {"flags": len(found)} | {
        key: round(100 * count / max(1, len(found)), 2) for key, count in counts.items()
    }
