"""Matched pairs: two comments of the same form and tone that differ in one thing alone.

Those of the corpus were learned from; those of `pairs.jsonl` never are, and no training may read them. A
district adds its own, on what its people argue about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from classifiers.mistakes import told
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
    districts: bool = False
    """Whether the district wrote it."""


Said = Annotated[str, Field(min_length=1, max_length=2000)]


class _Written(BaseModel):
    """A line of the district's file."""

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)

    issue: Annotated[str, Field(min_length=1, max_length=80)]
    first: Said
    second: Said
    breaks: bool
    lang: Literal["en", "es", "mixed"] = "en"
    disguised: bool = False

    @model_validator(mode="after")
    def _differs(self) -> Self:
        if self.first.casefold() == self.second.casefold():
            raise ValueError("first and second say the same")
        return self


def load() -> list[Pair]:
    """The project's, those never learned from first."""
    return [*_own(), *_corpus()]


def parse(content: bytes) -> list[Pair]:
    """A district's pairs, one JSON object a line. Raises ValueError with every mistake and its line."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    found: list[Pair] = []
    mistakes: list[str] = []
    places: dict[frozenset[str], int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = _Written.model_validate_json(line)
        except ValidationError as error:
            unreadable = error.errors()[0]["type"] == "json_invalid"
            mistakes.append(f"line {number}: {'this is no JSON object' if unreadable else told(error)}")
            continue
        before = places.setdefault(frozenset((entry.first, entry.second)), number)
        if before != number:
            mistakes.append(f"line {number}: this pair stands in line {before} already")
        found.append(Pair(kind=Kind.VIEWPOINT, districts=True, **entry.model_dump()))
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return found


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
