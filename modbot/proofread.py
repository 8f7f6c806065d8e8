"""What is wrong with a policy file, each with its line; and what a sound one leaves open."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError

from classifiers.base import Category
from modbot.policy import Mode, Policy, parse
from modbot.words import refused

_HEADER = re.compile(r"^\s*\[\[?\s*([\w.-]+)\s*\]\]?")
_KEY = re.compile(r'^\s*"?([\w-]+)"?\s*=')
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")
_MODES = {
    Mode.OFF: "The machine does not look for what breaks them.",
    Mode.ADVISE: "People see what may break them, and nobody can hide under them.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    line: int | None
    """Counted from 1; None where it concerns no single line."""
    says: str


def problems(source: bytes) -> list[Problem]:
    """Everything that keeps this text from being a policy; empty when it may be used."""
    try:
        text = source.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return [Problem(source[: error.start].count(b"\n") + 1, "it is not UTF-8 text")]
    except tomllib.TOMLDecodeError as error:
        return [_of_syntax(str(error))]
    try:
        Policy.model_validate(data)
    except ValidationError as error:
        lines = _lines(text)
        found = [_of_rule(each["loc"], each["type"], each["msg"], lines) for each in error.errors()]
        return sorted(found, key=lambda each: each.line or 0)
    return _of_word_lists(parse(source, "policy"), text)


def _of_syntax(message: str) -> Problem:
    found = _AT_LINE.search(message)
    return Problem(int(found[1]) if found else None, _AT_LINE.sub("", message))


def _of_rule(
    place: Sequence[int | str], kind: str, message: str, lines: dict[tuple[int | str, ...], int]
) -> Problem:
    says = message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        says = "is not a key that a policy knows"
    elif kind == "missing":
        says = "is missing"
    line = next(
        (lines[tuple(place[:n])] for n in range(len(place), 0, -1) if tuple(place[:n]) in lines), None
    )
    named = " ".join(str(part + 1 if isinstance(part, int) else part) for part in place)
    return Problem(line, f"{named}: {says}" if named else says)


def _of_word_lists(rules: Policy, text: str) -> list[Problem]:
    lines = _lines(text)
    return [
        Problem(lines.get(("word_list", index)), f"the word list may not hold {sentence}")
        for index, words in enumerate(rules.word_list)
        for sentence in refused([words], rules.policy.officials)
    ]


def _lines(text: str) -> dict[tuple[int | str, ...], int]:
    """Where each table and key of the file stands, by its place as pydantic names it."""
    found: dict[tuple[int | str, ...], int] = {}
    counts: dict[str, int] = {}
    table: tuple[int | str, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            name, *inner = header[1].split(".")
            if line.lstrip().startswith("[["):
                counts[name] = counts.get(name, -1) + 1
            table = (name, counts[name], *inner) if name in counts else (name, *inner)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key[1]), number)
    return found


def remarks(rules: Policy, today: date) -> Iterator[str]:
    """What a sound policy means in practice, so that nobody is surprised by it later."""
    for mode, means in _MODES.items():
        if several := ", ".join(clause.id for clause in rules.clause if clause.mode is mode):
            yield f"In mode {mode}: {several}. {means}"
    for clause in rules.clause:
        if not clause.categories and clause.mode is not Mode.OFF:
            yield f"{clause.id} names no category: the machine never finds it by itself."
    yield from gaps(rules, today)


def gaps(rules: Policy, today: date) -> Iterator[str]:
    """What somebody probably forgot."""
    for clause in rules.clause:
        if clause.signed_off_on and clause.signed_off_on > today:
            yield f"{clause.id} is signed off on {clause.signed_off_on}, which has not come yet."
    covered = {each for clause in rules.clause if clause.mode is not Mode.OFF for each in clause.categories}
    covered |= {watch.category for watch in rules.watch}
    for category in Category:
        if category not in covered:
            yield f"Nobody is shown comments of the category {category}: no clause and no watch names it."
    if not rules.policy.notice:
        yield "There is no notice: commenters are not told what may be hidden and how to appeal."
    if not rules.policy.viewpoint:
        yield "There is no viewpoint sentence: nothing tells reviewers that opinions are left alone."
    if rules.word_list and not rules.policy.officials:
        yield "There are word lists but no officials: list their names, so that no list can hold them."
