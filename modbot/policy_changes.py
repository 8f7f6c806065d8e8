"""What changed between two versions of the policy, clause by clause and word by word. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from modbot.policy import Policy

How = Literal["same", "out", "in"]
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_OF_A_READER = {"source", "sha256"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: in both versions, only in the earlier ("out") or only in the later ("in")."""

    how: How
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One part of the policy that differs. `fields` are those that differ; all of them when it is new."""

    part: str
    """policy, clause, watch or word_list"""
    id: str
    """Empty for what stands at the policy's head."""
    title: str
    how: Literal["added", "removed", "changed"]
    fields: tuple[Field, ...]


def changes(earlier: Policy, later: Policy) -> list[Change]:
    """In the order of the later version; what was removed comes last."""
    before, after = dict(_parts(earlier)), dict(_parts(later))
    found = [_change(key, before.get(key), values) for key, values in after.items()]
    gone = [_change(key, values, None) for key, values in before.items() if key not in after]
    return [each for each in (*found, *gone) if each is not None]


def _parts(policy: Policy) -> Iterator[tuple[tuple[str, str], Mapping[str, str]]]:
    """(part, id) → the part's fields as text."""
    for part, value in policy.model_dump().items():
        if part in _OF_A_READER:
            continue
        if isinstance(value, Mapping):
            yield (part, ""), _texts(value)
            continue
        seen: dict[str, int] = {}
        for each in value if isinstance(value, Sequence) else ():
            name = str(each.get("id") or each.get("clause", ""))
            seen[name] = seen.get(name, 0) + 1
            # Several word lists may serve one clause.
            yield (part, name if seen[name] == 1 else f"{name} ({seen[name]})"), _texts(each)


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items() if name != "id"}


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(key)} {_text(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _change(
    key: tuple[str, str], before: Mapping[str, str] | None, after: Mapping[str, str] | None
) -> Change | None:
    there = after if after is not None else before or {}
    earlier, later = before or {}, after or {}
    fields = tuple(
        Field(name, words(earlier.get(name, ""), later.get(name, "")))
        for name in there
        if earlier.get(name, "") != later.get(name, "")
    )
    if not fields:
        return None
    how: Literal["added", "removed", "changed"]
    how = "added" if before is None else "removed" if after is None else "changed"
    return Change(key[0], key[1], there.get("title", ""), how, fields)


def words(earlier: str, later: str) -> tuple[Piece, ...]:
    """The two texts woven together. Without the "in" pieces it reads as the earlier, and the other way."""
    old, new = _WORDS.findall(earlier), _WORDS.findall(later)
    found: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", "".join(old[a:b])))
            continue
        if a < b:
            found.append(Piece("out", "".join(old[a:b])))
        if c < d:
            found.append(Piece("in", "".join(new[c:d])))
    return tuple(found)
