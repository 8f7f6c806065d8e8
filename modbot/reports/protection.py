"""The public version: no count under ten, and none that can be worked out from the others.

Counts add up: pages to platforms, schools and the total, clauses to the total; left up, hidden and proposed
for deletion to decided; those referred to each office to referred. So whoever reads the public version can
subtract. After the small numbers, further ones are withheld, the smallest first, until every withheld number
could be anything from 0 to 9, for all that is told. Whether it could is a linear programme: its least and
greatest value under all sums. Source of the method: complementary cell suppression, as statistical offices
use it.

Weeks add up as well: what waits at the end of one is what waited before, more what came, less what went. So
what waits is for the internal version alone wherever both flows are told, and what went is told only beside
as much that came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from modbot.reports.capture import Registered
from modbot.reports.figures import (
    BY_CLAUSE,
    COVERED,
    LEAST,
    MEANINGS,
    PARTED,
    REFERRED,
    WITHHELD,
    Figures,
    Key,
    Seen,
    Value,
)
from modbot.reports.measuring import groups

if TYPE_CHECKING:
    from highspy import HighsLp


@dataclass(frozen=True)
class Sum:
    """`whole` is what the parts add up to."""

    whole: Key
    parts: tuple[Key, ...]

    @cached_property
    def terms(self) -> tuple[Key, ...]:
        return (self.whole, *self.parts)


def protect(figures: Figures, pages: Sequence[Registered]) -> dict[Key, Value]:
    """The figures that everybody may see, with what must not be told withheld.

    Depends on this week alone, so that two reports never withhold different parts of one week.
    """
    told = {key: value for key, value in figures.items() if _is_for_everybody(key)}
    counts = {
        key: value
        for key, value in told.items()
        if MEANINGS[key.name].seen is Seen.COUNTED and isinstance(value, int)
    }
    withheld = suppressed(counts, sums(counts, pages)) | _uncovered(counts)
    public: dict[Key, Value] = {key: WITHHELD if key in withheld else value for key, value in told.items()}
    for key in sorted(told, key=lambda key: _ORDER[key.name]):
        meaning = MEANINGS[key.name]
        bases = [Key(name, key.by, key.which) for name in meaning.rests_on]
        if any(public.get(base) == WITHHELD or _is_under(meaning.least, figures.get(base)) for base in bases):
            public[key] = WITHHELD
    return public


_ORDER = {name: place for place, name in enumerate(MEANINGS)}
"""What a figure rests on stands before it."""


def _is_for_everybody(key: Key) -> bool:
    meaning = MEANINGS[key.name]
    return meaning.seen is not Seen.INTERNAL and not (key.by and meaning.whole_only)


def _is_under(least: int, count: Value) -> bool:
    return isinstance(count, int) and count < least


def _uncovered(counts: Mapping[Key, int]) -> set[Key]:
    """What went where less came: the rest came in weeks whose number may be withheld."""
    pairs = ((Key(gone), Key(came)) for gone, came in COVERED.items())
    return {gone for gone, came in pairs if gone in counts and counts[gone] > counts.get(came, 0)}


def sums(counts: Mapping[Key, int], pages: Sequence[Registered]) -> list[Sum]:
    """Every way in which the counts add up."""
    referred = Sum(Key("referred"), tuple(map(Key, REFERRED.values())))
    looked = Sum(Key("urgent"), (Key("view_in_time"), Key("view_late"), Key("urgent_unseen")))
    heard = Sum(Key("appeals_decided"), (Key("appeals_overturned"), Key("appeals_upheld")))
    found = [*_over_pages(pages), *_over_clauses(counts), *_of_decisions(counts), referred, looked, heard]
    # What is always zero somewhere is no count there.
    found = [Sum(each.whole, tuple(part for part in each.parts if part in counts)) for each in found]
    return [each for each in found if each.whole in counts and each.parts]


def _over_pages(pages: Sequence[Registered]) -> Iterator[Sum]:
    for name in PARTED:
        yield Sum(Key(name), tuple(Key(name, "page", page.key) for page in pages))
        for by, parts in groups(pages).items():
            for which, keys in parts.items():
                yield Sum(Key(name, by, which), tuple(Key(name, "page", key) for key in keys))


def _over_clauses(counts: Mapping[Key, int]) -> Iterator[Sum]:
    for name in BY_CLAUSE:
        parts = tuple(key for key in counts if key.name == name and key.by == "clause")
        if parts:
            yield Sum(Key(name), parts)


def _of_decisions(counts: Mapping[Key, int]) -> Iterator[Sum]:
    for key in counts:
        if key.name == "reviewed":
            yield Sum(key, tuple(key._replace(name=name) for name in ("left_up", "hidden", "proposed")))


def suppressed(counts: Mapping[Key, int], adding: Sequence[Sum]) -> set[Key]:
    """What to withhold: every count under ten, and as many others as it takes to hide these."""
    small = sorted(key for key, count in counts.items() if count < LEAST)
    if not small:
        return set()
    # To withhold more only adds solutions, so what one solution showed to be possible stays possible.
    possible: dict[Key, tuple[float, float]] = {key: (counts[key], counts[key]) for key in small}
    withheld = _within_each_sum(small, counts, adding)
    if withheld == counts.keys():
        return withheld
    for end, sign in ((0, 1), (LEAST - 1, -1)):
        while left := [key for key in small if not _reaches(possible[key], end)]:
            _Program(left, withheld, counts, adding).solve(sign, possible)
            key = left[0]
            if all(not _reaches(possible[each], end) for each in left):
                giving_away = _Program([key], withheld, counts, adding).solve(sign, possible)
                if not _reaches(possible[key], end):
                    withheld.add(min(giving_away, key=lambda each: (counts[each], each)))
    return withheld


def _within_each_sum(small: Collection[Key], counts: Mapping[Key, int], adding: Sequence[Sum]) -> set[Key]:
    """What every sum demands by itself: beside a told whole, two withheld parts at least, of nine together.

    The programmes below would find the same, one costly step after the other.
    """
    withheld: set[Key] = set()
    grown = set(small)
    while withheld != grown:
        withheld = set(grown)
        for each in adding:
            parts = [part for part in each.parts if part in grown]
            told = sorted((counts[part], part) for part in each.parts if part not in grown)
            together = sum(counts[part] for part in parts)
            while parts and each.whole not in grown and (len(parts) < 2 or together < LEAST - 1):
                count, key = told.pop(0) if told else (0, each.whole)
                parts.append(key)
                together += count
                grown.add(key)
    return withheld


def _reaches(ends: tuple[float, float], end: float) -> bool:
    return ends[0] <= end if end == 0 else ends[1] >= end


class _Program:
    """What somebody knows of withheld counts who sees all others and how they add up."""

    def __init__(
        self,
        keys: Collection[Key],
        withheld: Collection[Key],
        counts: Mapping[Key, int],
        adding: Sequence[Sum],
    ) -> None:
        self._keys = frozenset(keys)
        self._sums = _around(keys, withheld, adding)
        terms = {term for each in self._sums for term in each.terms}
        self._unknown = sorted((terms & set(withheld)) | set(keys))
        self._told = terms - set(withheld)
        self._counts = counts

    def solve(self, sign: int, possible: dict[Key, tuple[float, float]]) -> set[Key]:
        """Push the counts down (1) or up to nine (-1), widen what is `possible` for every unknown by the
        solution, and return the numbers told in the sums that kept the counts from going further."""
        # Imported here: it is needed once a week.
        import highspy

        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("presolve", "off")
        solver.passModel(self._model(sign))
        solver.run()
        solution = solver.getSolution()
        for each, value in zip(self._unknown, np.round(solution.col_value, 6).tolist(), strict=True):
            low, high = possible.get(each, (value, value))
            possible[each] = (min(low, value), max(high, value))
        binding = [each for each, price in zip(self._sums, solution.row_dual, strict=True) if price]
        giving_away = {term for each in binding for term in each.terms} & self._told
        return giving_away or self._told

    def _model(self, sign: int) -> HighsLp:
        """Each sum: unknown whole less unknown parts equals known parts less known whole."""
        import highspy

        place = {each: number for number, each in enumerate(self._unknown)}
        starts, columns, signs, right = [0], [], [], []
        for each in self._sums:
            known = 0
            for sense, term in ((1, each.whole), *((-1, part) for part in each.parts)):
                if term in place:
                    columns.append(place[term])
                    signs.append(sense)
                else:
                    known -= sense * self._counts[term]
            starts.append(len(columns))
            right.append(known)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(place), len(self._sums)
        model.col_cost_ = np.array([sign if each in self._keys else 0.0 for each in place])
        model.col_lower_ = np.zeros(len(place))
        model.col_upper_ = np.array(
            [LEAST - 1 if each in self._keys else highspy.kHighsInf for each in place]
        )
        model.row_lower_ = model.row_upper_ = np.array(right, dtype=float)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(starts)
        model.a_matrix_.index_ = np.array(columns)
        model.a_matrix_.value_ = np.array(signs, dtype=float)
        return model


def _around(keys: Collection[Key], withheld: Collection[Key], adding: Sequence[Sum]) -> list[Sum]:
    """The sums that say anything of withheld counts: their own, those of the unknowns in them, and so on."""
    reached, found, left = set(keys), [], list(adding)
    while near := [each for each in left if not reached.isdisjoint(each.terms)]:
        found += near
        left = [each for each in left if reached.isdisjoint(each.terms)]
        reached |= {term for each in near for term in each.terms if term in withheld}
    return found
