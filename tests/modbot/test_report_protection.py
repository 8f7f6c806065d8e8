"""The public version: whoever reads it, and can subtract, learns no count under ten."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from modbot.reports.capture import Registered
from modbot.reports.figures import COVERED, LEAST, NO_CLAUSE, PARTED, WITHHELD, Key, Value
from modbot.reports.measuring import groups
from modbot.reports.protection import Sum, protect, sums, suppressed

SOME = st.one_of(st.integers(0, 12), st.integers(0, 60), st.integers(0, 2_000))
OUTCOMES = ("left_up", "hidden", "proposed")
LOOKS = ("view_in_time", "view_late", "urgent_unseen")
CLAUSES = ("C1", "C7", NO_CLAUSE)


def page(number: int) -> Registered:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    school = ("", "North", "Lakeview")[number % 3]
    return Registered(f"p{number}", ("facebook", "x")[number % 2], "", school, since, None)


@st.composite
def weeks(draw: st.DrawFn) -> tuple[list[Registered], dict[Key, int]]:
    """A week's counts on up to five pages, which add up as a report's do."""
    pages = [page(number) for number in range(draw(st.integers(1, 5)))]
    counts: dict[Key, int] = {}
    # Only where a page cannot hide is anything proposed for deletion.
    without = () if draw(st.booleans()) else ("proposed",)
    names = [name for name in PARTED if name not in without]
    for each in pages:
        for name in names:
            counts[Key(name, "page", each.key)] = draw(SOME)
        parts = (counts.get(Key(name, "page", each.key), 0) for name in OUTCOMES)
        counts[Key("reviewed", "page", each.key)] = sum(parts)
    for name in names:
        counts[Key(name)] = sum(counts[Key(name, "page", each.key)] for each in pages)
        for by, parts in groups(pages).items():
            for which, keys in parts.items():
                counts[Key(name, by, which)] = sum(counts[Key(name, "page", key)] for key in keys)
    for name in ("flagged", *(each for each in OUTCOMES if each not in without)):
        left = counts[Key(name)]
        for clause in CLAUSES[:-1]:
            counts[Key(name, "clause", clause)] = draw(st.integers(0, left))
            left -= counts[Key(name, "clause", clause)]
        counts[Key(name, "clause", CLAUSES[-1])] = left
    for clause in CLAUSES:
        parts = (counts.get(Key(name, "clause", clause), 0) for name in OUTCOMES)
        counts[Key("reviewed", "clause", clause)] = sum(parts)
    for name, kinds in (("urgent", LOOKS), ("appeals_decided", ("appeals_overturned", "appeals_upheld"))):
        for kind in kinds:
            counts[Key(kind)] = draw(SOME)
        counts[Key(name)] = sum(counts[Key(kind)] for kind in kinds)
    counts[Key("appeals_filed")] = draw(SOME)
    return pages, counts


def tightened(
    counts: dict[Key, int], withheld: set[Key], adding: list[Sum]
) -> dict[Key, tuple[float, float]]:
    """What a reader works out: each sum, again and again, narrows what its withheld numbers can be."""
    known = {
        key: (0.0, float("inf")) if key in withheld else (float(n), float(n)) for key, n in counts.items()
    }
    for _, each in product(range(2 * len(adding)), adding):
        low = sum(known[part][0] for part in each.parts)
        high = sum(known[part][1] for part in each.parts)
        narrow(known, each.whole, low, high)
        for part in each.parts:
            others = [known[other] for other in each.parts if other != part]
            narrow(
                known,
                part,
                known[each.whole][0] - sum(top for _, top in others),
                known[each.whole][1] - sum(bottom for bottom, _ in others),
            )
    return known


def solved(key: Key, withheld: set[Key], adding: list[Sum]) -> bool:
    """Whether the sums together leave one value alone: then a combination of them is that number itself."""
    place = {each: number for number, each in enumerate(sorted(withheld))}
    rows = np.zeros((len(adding), len(place)))
    for row, each in zip(rows, adding, strict=True):
        for sign, term in ((1, each.whole), *((-1, part) for part in each.parts)):
            if term in place:
                row[place[term]] += sign
    alone = np.zeros(len(place))
    alone[place[key]] = 1
    rank = np.linalg.matrix_rank
    return bool(rank(np.vstack([rows, alone])) == rank(rows))


def narrow(known: dict[Key, tuple[float, float]], key: Key, low: float, high: float) -> None:
    known[key] = (max(known[key][0], low), min(known[key][1], high))


@settings(max_examples=25, deadline=None)
@given(weeks())
def test_nothing_under_ten_is_told_or_can_be_worked_out(
    week: tuple[list[Registered], dict[Key, int]],
) -> None:
    pages, counts = week
    told = protect(counts, pages)
    withheld = {key for key, value in told.items() if value == WITHHELD}
    assert all(value >= LEAST for value in told.values() if isinstance(value, int))
    known = tightened(counts, withheld, sums(counts, pages))
    for key, count in counts.items():
        if count < LEAST:
            low, high = known[key]
            assert low <= 0, key
            assert high >= LEAST - 1, key
            assert not solved(key, withheld, sums(counts, pages)), key


@st.composite
def queues(draw: st.DrawFn, gone: str, came: str) -> list[dict[Key, int]]:
    """Four weeks of a queue that begins empty: what came, what went, and what waited then."""
    waiting, found = 0, []
    for _ in range(4):
        new = draw(st.integers(0, 25))
        done = draw(st.integers(0, waiting + new))
        waiting += new - done
        left = Key(f"{gone.partition('_')[0]}_waiting")
        found.append({Key(came): new, Key(gone): done, left: waiting})
    return found


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(sorted(COVERED.items())), st.data())
def test_whoever_has_all_weeks_learns_no_small_number_from_what_waits(
    flow: tuple[str, str], data: st.DataObject
) -> None:
    gone, came = flow
    weeks_of = data.draw(queues(gone, came))
    told = [protect(week, []) for week in weeks_of]
    for number, name in product(range(len(told)), (came, gone)):
        if weeks_of[number][Key(name)] < LEAST:
            assert told[number][Key(name)] == WITHHELD
            assert reached(told, number, name, gone, came) == (0, LEAST - 1)


def reached(
    told: list[dict[Key, Value]], number: int, name: str, gone: str, came: str
) -> tuple[float, float]:
    """The least and the most, up to nine, that one withheld number can be for a reader of every week."""
    width = len(told)
    left = f"{gone.partition('_')[0]}_waiting"
    place = {each: at for at, each in enumerate(product((came, gone, left), range(width)))}
    matrix, right = np.zeros((width, len(place))), np.zeros(width)
    bounds: list[tuple[float, float | None]] = [(0, None)] * len(place)
    for week in range(width):
        matrix[week, [place[came, week], place[gone, week], place[left, week]]] = (1, -1, -1)
        if week:
            matrix[week, place[left, week - 1]] = 1
        for each in (came, gone, left):
            value = told[week].get(Key(each))
            if isinstance(value, int):
                bounds[place[each, week]] = (value, value)
    bounds[place[name, number]] = (0, LEAST - 1)
    aim = np.zeros(len(place))
    aim[place[name, number]] = 1
    ends = [linprog(sign * aim, A_eq=matrix, b_eq=right, bounds=bounds) for sign in (1, -1)]
    return (round(ends[0].fun, 6), round(-ends[1].fun, 6))


def test_a_reader_who_subtracts_would_be_found() -> None:
    counts = {Key("seen"): 50, Key("seen", "page", "a"): 47, Key("seen", "page", "b"): 3}
    adding = [Sum(Key("seen"), (Key("seen", "page", "a"), Key("seen", "page", "b")))]
    small = {Key("seen", "page", "b")}
    assert tightened(counts, small, adding)[Key("seen", "page", "b")] == (3, 3)
    assert suppressed(counts, adding) == small | {Key("seen", "page", "a")}


def test_small_numbers_that_add_up_to_nothing_need_a_larger_one_beside_them() -> None:
    parts = tuple(Key("seen", "page", name) for name in "abc")
    counts = dict(zip((Key("seen"), *parts), (40, 40, 0, 0), strict=True))
    assert suppressed(counts, [Sum(Key("seen"), parts)]) == set(parts)


def test_numbers_that_can_all_be_told_are_told() -> None:
    pages = [page(0), page(1)]
    counts = {Key("seen"): 60, Key("seen", "page", "p0"): 20, Key("seen", "page", "p1"): 40}
    assert protect(counts, pages) == counts


def test_a_median_goes_with_the_count_behind_it() -> None:
    figures = {Key("cases_decided"): 9, Key("decision_median_hours"): 2.5, Key("captured"): 99.0}
    assert protect(figures, []) == {Key("decision_median_hours"): WITHHELD, Key("captured"): 99.0}
    assert protect({**figures, Key("cases_decided"): 10}, [])[Key("decision_median_hours")] == 2.5


def test_agreement_is_told_where_neither_those_who_agreed_nor_those_who_differed_are_few() -> None:
    def told(looks: int, differed: int) -> Value:
        counts = {"second_looks": looks, "second_agreed": looks - differed, "second_differed": differed}
        figures = {Key(name): count for name, count in counts.items()} | {Key("agreement"): 0.71}
        return protect(figures, [])[Key("agreement")]

    assert [told(10, 1), told(25, 0), told(40, 9), told(15, 12), told(40, 12)] == [*[WITHHELD] * 4, 0.71]


def test_second_looks_by_clause_overlap_and_are_not_for_everybody() -> None:
    figures = {Key("second_looks"): 60, Key("second_looks", "clause", "C7"): 55}
    assert protect(figures, []) == {Key("second_looks"): 60}


def test_the_median_of_few_threats_would_say_how_many_were_late() -> None:
    looks = {Key("view_in_time"): 12, Key("view_late"): 0, Key("urgent_unseen"): 0, Key("urgent"): 12}
    figures = {**looks, Key("view_median_minutes"): 2.0}
    assert protect(figures, [])[Key("view_median_minutes")] == WITHHELD


def test_the_same_week_withholds_the_same_numbers_every_time() -> None:
    pages = [page(number) for number in range(4)]
    counts = {Key("seen", "page", each.key): 3 + 20 * place for place, each in enumerate(pages)}
    counts[Key("seen")] = sum(counts.values())
    assert protect(counts, pages) == protect(dict(reversed(counts.items())), pages[::-1])
