"""A clause's own threshold stays as it was signed off; people are told what it comes to with a model."""

from __future__ import annotations

from typing import Any

import pytest

from classifiers.base import Category
from classifiers.joining import Calibration
from modbot import policy
from modbot.learning.own_thresholds import shifted
from tests.modbot.scene import POLICY

OWN = """
[[watch]]
id = "W1"
category = "obscene"
title = "Obscene"
note = "Look"
threshold = 0.6
"""


def rules(threats: str = "thresholds = { threats = 0.4 }") -> policy.Policy:
    text = POLICY.replace('urgent = ["threats"]', f'urgent = ["threats"]\n{threats}')
    return policy.parse((text + OWN).encode(), "policy.toml")


def figures(**shifts: float) -> dict[str, Any]:
    return {"categories": {name: {"stretch": 1.0, "shift": shift} for name, shift in shifts.items()}}


def test_a_clause_and_a_watch_with_thresholds_of_their_own_are_named_with_where_the_same_is_picked() -> None:
    first, second = shifted(rules(), figures(threats=-1.0, obscene=0.5, commercial=-1.0))
    assert (first.clause, first.category, first.threshold) == ("C1", "threats", 0.4)
    assert first.alike == Calibration(1.0, -1.0).moved(0.4) < 0.4
    assert (second.clause, second.category) == ("W1", "obscene")
    assert second.alike > 0.6


@pytest.mark.parametrize(
    ("of", "learned"),
    [
        (rules(), figures(commercial=-1.0)),
        (rules(), figures(threats=0.001, obscene=0.0)),
        (rules(), {}),
        (rules().model_copy(update={"clause": (), "watch": ()}), figures(threats=-1.0)),
    ],
)
def test_nobody_is_told_of_what_does_not_move(of: policy.Policy, learned: dict[str, Any]) -> None:
    assert shifted(of, learned) == []


def test_a_clause_that_is_off_is_left_alone() -> None:
    found = rules()
    off = found.clause[0].model_copy(update={"mode": policy.Mode.OFF})
    assert off.thresholds == {Category.THREATS: 0.4}
    assert shifted(found.model_copy(update={"clause": (off,), "watch": ()}), figures(threats=-1.0)) == []
