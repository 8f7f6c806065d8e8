"""Krippendorff's alpha against the worked figures that its author published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbot.agreement import alpha

# Computing Krippendorff's Alpha-Reliability (University of Pennsylvania, 2011), sections A to C: binary data
# of two observers, nominal data of two, nominal data of four. One line an observer, "." a missing value.
PUBLISHED = {
    ("0100000010", "1110010000"): 0.095,
    ("aabbdcccedda", "babbbccceddd"): 0.692,
    ("123321412...", "1233224125.3", ".3332342251.", "12332441251."): 0.743,
}


def units(*observers: str) -> list[list[str]]:
    return [[value for value in unit if value != "."] for unit in zip(*observers, strict=True)]


@pytest.mark.parametrize("observers", PUBLISHED)
def test_the_published_figures_come_out(observers: tuple[str, ...]) -> None:
    assert alpha(units(*observers)) == pytest.approx(PUBLISHED[observers], abs=0.0006)


def test_full_agreement_on_different_values_is_one() -> None:
    assert alpha([("hide", "hide"), ("leave_up", "leave_up")]) == 1


def test_where_nobody_ever_differed_there_is_nothing_to_say() -> None:
    assert alpha([("hide", "hide"), ("hide", "hide")]) is None
    assert alpha([]) is None
    assert alpha([("hide",), ("leave_up",)]) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=30))
def test_it_does_not_matter_who_was_first_and_it_is_never_above_one(pairs: list[tuple[str, str]]) -> None:
    found, turned = alpha(pairs), alpha([(two, one) for one, two in pairs])
    assert found == (None if turned is None else pytest.approx(turned))
    assert found is None or found <= 1
    assert (found == 1) == (found is not None and all(one == two for one, two in pairs))
