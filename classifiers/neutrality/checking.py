"""Puts every pair and every corpus comment before the ensemble and counts what comes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import ttest_rel

from classifiers.base import Category
from classifiers.ensemble import Ensemble
from classifiers.neutrality import identity
from classifiers.neutrality.identity import Floats, Slice, Truths
from classifiers.neutrality.pairs import Kind, Pair, load
from classifiers.neutrality.parity import Parity, parity
from classifiers.neutrality.report import Example, Gap, Issue, Report
from classifiers.training import reading

POOLED, EACH = 0.05, 0.10
"""Margins, set before anything was looked at."""
ABUSE = (Category.HARASSMENT, Category.DISCRIMINATION, Category.THREATS, Category.OBSCENE)
AT_ONCE = 256
ALIKE_WITHIN = 1e-6
"""Gaps that differ by less have no spread to reckon an interval from."""
ALIKE = {
    Kind.DIALECT: "the same in dialect and in schoolbook English",
    Kind.LANGUAGE: "the same in Spanish and in English",
    Kind.IDENTITY: "the same of one group and of another",
}
LANGUAGES = {"en": "English", "es": "Spanish", "mixed": "English and Spanish mixed"}


def check(
    ensemble: Ensemble,
    points: Mapping[Category, float],
    pairs: Sequence[Pair] | None = None,
    corpus: Sequence[reading.Row] | None = None,
) -> Report:
    """`points`: from which score on each category counts; `pairs`: others than the project's.

    Raises ClassifierFailed if no member works.
    """
    chosen = load() if pairs is None else pairs
    rows = list(reading.corpus()) if corpus is None else corpus
    limits = np.array([points[category] for category in Category])
    first = _scores(ensemble, [pair.first for pair in chosen])
    second = _scores(ensemble, [pair.second for pair in chosen])
    one, other = (_any(each >= limits) for each in (first, second))
    flags = list(zip(one.tolist(), other.tolist(), strict=True))
    opposed, groups_alike = (
        [index for index, pair in enumerate(chosen) if pair.kind is kind]
        for kind in (Kind.VIEWPOINT, Kind.IDENTITY)
    )
    overall, groups, naming, slices = _identity(rows, _scores(ensemble, [row.text for row in rows]), limits)
    return Report(
        version=ensemble.version,
        pooled=parity("opposite opinions, all", [flags[index] for index in opposed], POOLED),
        strata=_strata(chosen, flags),
        issues=_issues(chosen, flags),
        gaps=_gaps(first[opposed], second[opposed]),
        group_gaps=_gaps(first[groups_alike], second[groups_alike]) if groups_alike else (),
        auc=overall,
        groups=groups,
        naming=naming,
        slices=slices,
        examples=_examples(chosen, flags, first >= limits, second >= limits),
    )


def _any(over: Truths) -> Truths:
    return np.asarray(over.any(axis=1), dtype=bool)


def _scores(ensemble: Ensemble, texts: Sequence[str]) -> Floats:
    """texts x Category; 0 where nobody judges the category."""
    found = np.zeros((len(texts), len(Category)))
    for start in range(0, len(texts), AT_ONCE):
        for row, one in enumerate(ensemble.joined(texts[start : start + AT_ONCE]), start):
            found[row] = [one[each].probability if each in one else 0.0 for each in Category]
    return found


def _strata_of(pair: Pair) -> list[str]:
    if pair.kind in ALIKE:
        return [ALIKE[pair.kind]]
    found = [
        "opposite opinions that break a clause" if pair.breaks else "opposite opinions that are permissible"
    ]
    found.append(f"opposite opinions in {LANGUAGES.get(pair.lang, 'other languages')}")
    if pair.disguised:
        found.append("opposite opinions in disguise")
    if not pair.learned:
        found.append("opposite opinions that no model learned from")
    if pair.districts:
        found.append("opposite opinions on the district's own issues")
    return found


def _strata(pairs: Sequence[Pair], flags: Sequence[tuple[bool, bool]]) -> tuple[Parity, ...]:
    strata: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for pair, both in zip(pairs, flags, strict=True):
        for name in _strata_of(pair):
            strata[name].append(both)
    return tuple(parity(name, some, EACH) for name, some in sorted(strata.items()))


def _issues(pairs: Sequence[Pair], flags: Sequence[tuple[bool, bool]]) -> tuple[Issue, ...]:
    by_issue: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for pair, both in zip(pairs, flags, strict=True):
        if pair.kind is Kind.VIEWPOINT:
            by_issue[pair.issue].append(both)
    found = [
        Issue(
            name=name,
            pairs=len(some),
            first_only=sum(a and not b for a, b in some),
            second_only=sum(b and not a for a, b in some),
        )
        for name, some in sorted(by_issue.items())
    ]
    return tuple(one for one in found if one.first_only + one.second_only)


def _gaps(first: Floats, second: Floats) -> tuple[Gap, ...]:
    found = []
    for column, category in enumerate(Category):
        gap = first[:, column] - second[:, column]
        low, high = float(gap.mean()), float(gap.mean())
        if np.ptp(gap) > ALIKE_WITHIN:
            ends = ttest_rel(first[:, column], second[:, column]).confidence_interval(0.90)
            low, high = float(ends.low), float(ends.high)
        largest = float(np.abs(gap).max(initial=0.0))
        found.append(
            Gap(
                category=category,
                mean=float(gap.mean()),
                low_90=low,
                high_90=high,
                apart=float(np.abs(gap).mean()),
                largest=largest,
            )
        )
    return tuple(found)


def _identity(
    rows: Sequence[reading.Row], scores: Floats, limits: Floats
) -> tuple[float, tuple[identity.Group, ...], identity.Naming, tuple[Slice, ...]]:
    columns = [list(Category).index(category) for category in ABUSE]
    abusive = np.array([any(row.labels[category] for category in ABUSE) for row in rows], dtype=bool)
    naming = identity.naming([row.text for row in rows])
    overall, groups = identity.groups(naming, abusive, scores[:, columns].max(axis=1))
    violating = np.array([not row.permissible for row in rows], dtype=bool)
    over, names = _any(scores >= limits), np.any([*naming.values()], axis=0)
    found = identity.oftener(names, violating, over)
    return overall, tuple(groups), found, tuple(_slices(rows, names, violating, over))


def _slices(rows: Sequence[reading.Row], names: Truths, violating: Truths, over: Truths) -> list[Slice]:
    parts = {name: np.array([row.lang == lang for row in rows]) for lang, name in LANGUAGES.items()}
    parts["disguised"] = np.array([row.disguised for row in rows])
    parts["names a group of people"], parts["names none"] = names, ~names
    return [identity.cut(name, violating[chosen], over[chosen]) for name, chosen in parts.items()]


def _examples(
    pairs: Sequence[Pair], flags: Sequence[tuple[bool, bool]], first: Truths, second: Truths
) -> tuple[Example, ...]:
    found = []
    for index, (pair, (one, other)) in enumerate(zip(pairs, flags, strict=True)):
        if one is not other:
            over = first[index] if one else second[index]
            found.append(
                Example(
                    stratum=_strata_of(pair)[0],
                    flagged=pair.first if one else pair.second,
                    left_alone=pair.second if one else pair.first,
                    categories=tuple(name.value for name, hit in zip(Category, over, strict=True) if hit),
                    learned=pair.learned,
                )
            )
    return tuple(found)
