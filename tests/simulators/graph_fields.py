"""The `fields` parameter of the Graph API: `a,b.limit(5).order(x){c,d{e}}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

TOKEN = re.compile(r"\s*([A-Za-z_0-9]+|[.,(){}]|[^.,(){}\s]+)")


@dataclass
class Wanted:
    """A field, or an edge with its parameters and the fields of what it lists."""

    name: str
    arguments: dict[str, str] = field(default_factory=dict)
    fields: Sequence[Wanted] = ()


def parse(text: str) -> list[Wanted]:
    """Raises ValueError for what Meta would not understand."""
    tokens = TOKEN.findall(text)
    found, rest = _list(tokens)
    if rest:
        raise ValueError(f"unbalanced fields: {text}")
    return found


def _list(tokens: list[str]) -> tuple[list[Wanted], list[str]]:
    found = []
    while tokens and tokens[0] != "}":
        each, tokens = _one(tokens)
        found.append(each)
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    return found, tokens


def _one(tokens: list[str]) -> tuple[Wanted, list[str]]:
    wanted, tokens = Wanted(tokens[0]), tokens[1:]
    while tokens and tokens[0] == ".":
        name, opening, rest = tokens[1], tokens[2], tokens[3:]
        if opening != "(":
            raise ValueError(f"{name} without its value")
        end = rest.index(")")
        wanted.arguments[name] = "".join(rest[:end])
        tokens = rest[end + 1 :]
    if tokens and tokens[0] == "{":
        wanted.fields, tokens = _list(tokens[1:])
        tokens = tokens[1:]
    return wanted, tokens
