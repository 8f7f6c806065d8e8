"""Matched pairs: two comments of the same form and tone that differ in one thing alone.

Those of the corpus were learned from; those of `pairs.jsonl` never are, and no training may read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from classifiers.training import reading

FILE = Path(__file__).with_name("pairs.jsonl")


class Kind(StrEnum):
    VIEWPOINT = "viewpoint"
    """For and against one thing."""
    DIALECT = "dialect"
    """The same said in African American, Southern or teenagers' English, and in the schoolbook's."""
    LANGUAGE = "language"
    """The same said in Spanish and in English."""
    IDENTITY = "identity"
    """The same said of or by people of one group and of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    kind: Kind
    issue: str
    first: str
    """For; or the dialect, Spanish, the group that is more often the target of abuse."""
    second: str
    breaks: bool
    """Whether both break a clause, or neither does."""
    lang: str = "en"
    disguised: bool = False
    learned: bool = False
    """Whether models were trained on it."""


def load() -> list[Pair]:
    """All of them, those never learned from first."""
    return [*_own(), *_corpus()]


def _own() -> Iterator[Pair]:
    for line in FILE.read_text(encoding="utf-8").splitlines():
        entry: dict[str, Any] = json.loads(line)
        yield Pair(**(entry | {"kind": Kind(entry["kind"])}))


def _corpus() -> Iterator[Pair]:
    """The pairs of opposite sides with the same labels."""
    sides: dict[str, dict[str, reading.Row]] = {}
    for row in reading.corpus():
        if row.pair and row.side in ("pro", "con"):
            sides.setdefault(row.pair, {})[row.side] = row
    for both in sides.values():
        if len(both) == 2 and both["pro"].labels == both["con"].labels:
            yield Pair(
                kind=Kind.VIEWPOINT,
                issue=both["pro"].family,
                first=both["pro"].text,
                second=both["con"].text,
                breaks=not both["pro"].permissible,
                lang=both["pro"].lang,
                disguised=both["pro"].disguised,
                learned=True,
            )
