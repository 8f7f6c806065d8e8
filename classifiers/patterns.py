"""Forms of words that need no model: contact details, calls to vote, explicit threats and the like.

The rules are data (`patterns.toml`). A rule that does not match says nothing, so a category without a hit is
absent from the result. Expressions run one after another over text of bounded windows: time is linear.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from classifiers import contacts
from classifiers.base import Category, Classifier, ClassifierFailed, Score, Scores, Span
from classifiers.fingerprint import code_version
from classifiers.normalize import Normalized, normalize
from classifiers.required import Prefilter

RULES = Path(__file__).with_name("patterns.toml")
PLAIN = str.maketrans("áéíóúüàèìòùâêîôûäëïö", "aeiouuaeiouaeiouaeio")
WORD = re.compile(r"#?\w+|[^\x00-\x7f\w\s]")
BEFORE, AFTER = 70, 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    id: str
    category: Category
    reason: str
    find: tuple[re.Pattern[str], ...]
    needs: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    """Those needs that are long enough for the beginning of a word."""
    also: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()
    before: tuple[re.Pattern[str], ...] = ()
    after: tuple[re.Pattern[str], ...] = ()
    named: bool = False
    measured: tuple[int, int] = (0, 0)

    @property
    def probability(self) -> float:
        right, hits = self.measured
        return (right + 1) / (hits + 2)

    def applies(self, plain: str) -> bool:
        """Whether what else must and must not be in the text is so."""
        return (
            any(word.startswith(self.beginnings) or word in self.needs for word in WORD.findall(plain))
            and all(also.search(plain) for also in self.also)
            and not any(unless.search(plain) for unless in self.unless)
        )


@dataclass(frozen=True, slots=True)
class Hit:
    rule: Rule
    start: int
    end: int
    """Characters of the text as received."""


class Patterns(Classifier):
    name = "patterns"
    categories = frozenset(Category)

    @cached_property
    def version(self) -> str:
        return code_version("patterns.py", "patterns.toml", "contacts.py", "required.py")

    def load(self) -> None:
        shipped()

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        try:
            return [self._scores(text) for text in texts]
        except RecursionError as error:
            raise ClassifierFailed("patterns could not search a text") from error

    def _scores(self, text: str) -> Scores:
        found: dict[Category, list[Hit]] = {}
        for hit in hits(text, shipped()):
            found.setdefault(hit.rule.category, []).append(hit)
        return {
            category: Score(
                max(hit.rule.probability for hit in several),
                _outermost({Span(hit.start, hit.end, hit.rule.reason) for hit in several}),
            )
            for category, several in found.items()
        }


def _outermost(spans: Set[Span]) -> tuple[Span, ...]:
    """Without those that lie inside another one of the same reason."""
    return tuple(
        one
        for one in sorted(spans)
        if not any(
            other is not one
            and other.reason == one.reason
            and other.start <= one.start
            and one.end <= other.end
            for other in spans
        )
    )


@dataclass(frozen=True, slots=True)
class Book:
    """The rules, and which of their expressions are worth trying on a text."""

    contact: Rule
    """The one rule without expressions: its hits come from `contacts`."""
    expressions: tuple[tuple[Rule, re.Pattern[str]], ...]
    prefilter: Prefilter

    @classmethod
    def of(cls, those: Sequence[Rule]) -> Book:
        contact = next(rule for rule in those if not rule.find)
        expressions = tuple((rule, expression) for rule in those for expression in rule.find)
        return cls(contact, expressions, Prefilter([expression for _, expression in expressions]))

    def possible(self, plain: str) -> dict[Rule, list[re.Pattern[str]]]:
        """By rule the expressions that could match."""
        found: dict[Rule, list[re.Pattern[str]]] = {}
        for number in self.prefilter.possible(plain):
            rule, expression = self.expressions[number]
            found.setdefault(rule, []).append(expression)
        return found


@cache
def shipped() -> Book:
    """The rules of the package, compiled once a process: it takes more than a second."""
    return Book.of(rules())


def hits(text: str, book: Book) -> list[Hit]:
    """Every match of every rule, as places in the text as received."""
    normalized = normalize(text)
    plain = normalized.text.translate(PLAIN) if not normalized.text.isascii() else normalized.text
    found = [Hit(book.contact, span.start, span.end) for span in contacts.find(text)]
    for rule, expressions in book.possible(plain).items():
        found += _matches(rule, expressions, plain, normalized, text)
    return found


def _matches(
    rule: Rule, expressions: Sequence[re.Pattern[str]], plain: str, normalized: Normalized, text: str
) -> list[Hit]:
    found = []
    for expression in expressions:
        for match in expression.finditer(plain):
            start, end = match.span()
            if (
                end > start
                and _holds(rule, plain, match)
                and not (rule.named and not _named(match, normalized, text))
            ):
                found.append(Hit(rule, *normalized.original_span(*_trimmed(plain, start, end))))
    return found if found and rule.applies(plain) else []


def _holds(rule: Rule, plain: str, match: re.Match[str]) -> bool:
    before = plain[max(0, match.start() - BEFORE) : match.start()]
    after = plain[match.end() : match.end() + AFTER + BEFORE]
    return not (any(one.search(before) for one in rule.before) or any(one.match(after) for one in rule.after))


def _named(match: re.Match[str], normalized: Normalized, text: str) -> bool:
    """A name has a capital, unless the whole comment has none or nothing else."""
    who = match.groupdict().get("who")
    if who is None or text.islower() or text.isupper():
        return True
    start, _ = normalized.original_span(*match.span("who"))
    return text[start].isupper()


def _trimmed(plain: str, start: int, end: int) -> tuple[int, int]:
    """Without the spaces and signs at the ends, where something is left."""
    kept = re.search(r"[^\s.,;:!?()\"](?:.*[^\s.,;:!?()\"])?", plain[start:end], re.DOTALL)
    return (start + kept.start(), start + kept.end()) if kept else (start, end)


def rules(path: Path = RULES) -> tuple[Rule, ...]:
    """The rules of a file, compiled. Raises KeyError or re.error for a mistake in it."""
    with path.open("rb") as file:
        data = tomllib.load(file)
    lists = _lists(data["lists"])
    return tuple(_rule(entry, lists) for entry in data["rule"])


def _lists(raw: Mapping[str, str]) -> dict[str, str]:
    """A list may use those above it."""
    lists: dict[str, str] = {}
    for name, expression in raw.items():
        lists[name] = _filled(expression, lists)
    return lists


def _filled(expression: str, lists: Mapping[str, str]) -> str:
    return re.sub(r"\{([a-z_]+)\}", lambda match: lists[match.group(1)], expression)


def _rule(entry: Mapping[str, Any], lists: Mapping[str, str]) -> Rule:
    compiled = {
        key: tuple(re.compile(_filled(expression, lists)) for expression in entry.get(key, ()))
        for key in ("find", "also", "unless", "before", "after")
    }
    return Rule(
        id=entry["id"],
        category=Category(entry["category"]),
        reason=entry["reason"],
        needs=tuple(entry.get("needs", ())),
        beginnings=tuple(need for need in entry.get("needs", ()) if len(need) >= 3),
        named=entry.get("named", False),
        measured=tuple(entry["measured"]),
        **compiled,
    )
