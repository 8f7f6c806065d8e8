"""What a text must hold for a regular expression to match it at all, read from the expression itself.

Most expressions can match few texts, and their own letters say which: `\\bbe a shame if` needs these words.
Looking for all such phrases at once is cheap, so a text is spared the expressions whose phrases it lacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from re import _constants as op  # type: ignore[attr-defined]  # no other parser reads these expressions
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import ahocorasick

Clause = frozenset[str]
"""Phrases as `flat` writes them, one of which must be there."""
Parsed = Iterable[tuple[Any, Any]]

MOST = 300
"""So many spellings of one stretch are told apart."""
SHORTEST = 3
"""Shorter phrases are nearly everywhere."""
TOKEN = re.compile(r"\w+|[^\x00-\x7f\w\s]")
SIGNS = {code: chr(code) if TOKEN.match(chr(code)) else " " for code in range(128)}
"""Every ASCII character is listed: looking one up in vain costs more than the rest of the work."""


@lru_cache(maxsize=1024)
def flat(text: str) -> str:
    """The words and emoji with one space between any two and at both ends, whatever else stood there.

    The last texts are remembered: the same batch is searched for several kinds of expressions.
    """
    words = text.translate(SIGNS).split() if text.isascii() else TOKEN.findall(text)
    return f" {' '.join(words)} "


class Prefilter:
    """Which of several expressions a text could match. May name too many, never too few."""

    def __init__(self, expressions: Sequence[re.Pattern[str]]) -> None:
        required = [clauses(expression) for expression in expressions]
        bits = {clause: 1 << number for number, clause in enumerate(dict.fromkeys(sum(required, ())))}
        self._needs = [sum({bits[clause] for clause in each}) for each in required]
        self._always = frozenset(number for number, need in enumerate(self._needs) if not need)
        self._automaton = _automaton(bits, [max(each, key=_rarity, default=None) for each in required])

    def possible(self, text: str) -> list[int]:
        """Numbers of the expressions, in order."""
        found, numbers = 0, set(self._always)
        # Without a phrase it is no automaton and cannot be asked.
        for _, (bits, rare) in self._automaton.iter(flat(text)) if len(self._automaton) else ():
            found |= bits
            numbers.update(rare)
        return sorted(number for number in numbers if found & self._needs[number] == self._needs[number])


def _automaton(bits: dict[Clause, int], rarest: Sequence[Clause | None]) -> ahocorasick.Automaton:
    """Finds phrases; says of each which clauses it meets, and whose rarest clause is among them."""
    automaton = ahocorasick.Automaton()
    for phrase in frozenset[str]().union(*bits):
        met = sum(bit for clause, bit in bits.items() if phrase in clause)
        numbers = tuple(number for number, clause in enumerate(rarest) if clause and phrase in clause)
        automaton.add_word(phrase, (met, numbers))
    automaton.make_automaton()
    return automaton


def _rarity(clause: Clause) -> tuple[int, int]:
    return min(len(phrase.strip()) for phrase in clause), -len(clause)


def clauses(expression: re.Pattern[str]) -> tuple[Clause, ...]:
    """Each must hold in every text that the expression matches; none if nothing can be said."""
    if expression.flags != re.UNICODE:
        return ()
    found = _read(parser.parse(expression.pattern))
    return (*found.clauses, *_needed(found.exact))


@dataclass(frozen=True, slots=True)
class _Found:
    exact: frozenset[str] | None
    """Every spelling, with a space for what is no part of a word; None where there are too many."""
    clauses: tuple[Clause, ...] = ()


NOTHING = frozenset({""})
UNKNOWN = _Found(None)


def _read(items: Parsed) -> _Found:
    """Spellings grow as long as all are known; then what they need is noted and the next stretch begins."""
    clauses: list[Clause] = []
    stretch, whole = NOTHING, True
    for item in items:
        found = _item(*item)
        longer = None if found.exact is None else _joined(stretch, found.exact)
        if longer is not None:
            stretch = longer
            continue
        clauses += [*_needed(stretch), *found.clauses]
        stretch, whole = found.exact or NOTHING, False
    if whole:
        return _Found(stretch)
    return _Found(None, (*clauses, *_needed(stretch)))


def _joined(left: frozenset[str], right: frozenset[str]) -> frozenset[str] | None:
    if len(left) * len(right) > MOST:
        return None
    return frozenset(re.sub(" +", " ", one + other) for one, other in product(left, right))


def _item(kind: Any, value: Any) -> _Found:
    """What is not listed may match anything."""
    if kind is op.LITERAL:
        return _Found(frozenset({_character(chr(value))}))
    if kind is op.AT and value is not op.AT_NON_BOUNDARY:
        return _Found(frozenset({" "}))
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return _Found(NOTHING)
    if kind is op.IN:
        return _set(value)
    if kind is op.SUBPATTERN and value[1] == value[2] == 0:
        return _read(value[-1])
    if kind is op.BRANCH:
        return _either([_read(each) for each in value[1]])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        return _repeated(*value)
    return UNKNOWN


def _character(character: str) -> str:
    """As it stands in a flat text."""
    return character if re.match(r"\w", character) else flat(character).replace("  ", " ")


def _set(members: Sequence[tuple[Any, Any]]) -> _Found:
    spellings = set()
    for kind, value in members:
        if kind is op.LITERAL:
            spellings.add(_character(chr(value)))
        elif (kind, value) == (op.CATEGORY, op.CATEGORY_SPACE):
            spellings.add(" ")
        else:
            return UNKNOWN
    return _Found(frozenset(spellings))


def _either(branches: Sequence[_Found]) -> _Found:
    if all(branch.exact is not None for branch in branches):
        every = frozenset[str]().union(*(branch.exact or () for branch in branches))
        return _Found(every) if len(every) <= MOST else _Found(None, tuple(_needed(every)))
    each = [[*branch.clauses, *_needed(branch.exact)] for branch in branches]
    if not all(each):
        return UNKNOWN
    return _Found(None, (frozenset[str]().union(*(max(some, key=_rarity) for some in each)),))


def _repeated(least: int, most: int, items: Parsed) -> _Found:
    found = _read(items)
    if least == 0:
        return _Found(found.exact | NOTHING) if most == 1 and found.exact is not None else UNKNOWN
    if least == most == 1 or found.exact == frozenset({" "}):
        return found
    return _Found(None, (*found.clauses, *_needed(found.exact)))


def _needed(spellings: frozenset[str] | None) -> Iterator[Clause]:
    if spellings and min(map(len, spellings)) >= SHORTEST:
        yield spellings
