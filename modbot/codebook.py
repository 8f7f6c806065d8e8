"""The codebook: what each category means to a person who decides, with examples, and the reasons to give."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from classifiers.base import Category
from modbot import resources
from modbot.policy import Clause, Policy


@dataclass(frozen=True, slots=True)
class Chapter:
    """One category."""

    category: Category
    meaning: str
    leave_up: str
    """What looks like it and stays up."""
    inside: tuple[str, ...]
    """Invented comments that belong to it."""
    outside: tuple[str, ...]
    """Invented comments that do not, side by side with those inside."""
    borderline: str


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    words: str
    clause: str = ""


@cache
def chapters() -> Mapping[Category, Chapter]:
    """Every category's chapter, from `policies/codebook.toml`."""
    return {each.category: each for each in map(_chapter, _file()["category"])}


def for_clause(clause: Clause) -> Sequence[Chapter]:
    """The chapters that belong to a clause's categories."""
    return [chapters()[each] for each in clause.categories if each in chapters()]


def reasons(policy: Policy, choice: str) -> Sequence[Reason]:
    """What a person may give as the reason of a choice.

    To hide: one for each category of each clause, from the loaded policy. Otherwise: the codebook's own.
    """
    if choice != "hide":
        return [Reason(each["code"], each["words"]) for each in _file()["reason"] if each["choice"] == choice]
    return [reason for clause in policy.clause for reason in _to_hide(clause)]


def codes(policy: Policy, choice: str) -> frozenset[str]:
    return frozenset(each.code for each in reasons(policy, choice))


def _to_hide(clause: Clause) -> list[Reason]:
    named = [
        Reason(f"{clause.id}.{each.value}", chapters()[each].meaning, clause.id) for each in clause.categories
    ]
    return [*named, Reason(f"{clause.id}.other", "Another part of the clause", clause.id)]


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(resources.policy("codebook.toml").decode())


def _chapter(row: Mapping[str, Any]) -> Chapter:
    return Chapter(
        category=Category(row["name"]),
        meaning=row["meaning"],
        leave_up=row["leave_up"],
        inside=tuple(row["inside"]),
        outside=tuple(row["outside"]),
        borderline=row["borderline"],
    )
