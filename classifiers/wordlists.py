"""The lists that the normaliser reads masked and respelled words against."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def known(word: str) -> bool:
    """Whether a word is one that people write, masked or not."""
    return word in vocabulary() or word in disguised()


@cache
def vocabulary() -> frozenset[str]:
    """Ordinary words, lower case."""
    return frozenset(_lines("vocabulary.txt"))


@cache
def disguised() -> frozenset[str]:
    """Words that people hide by masking their letters."""
    return frozenset(word.lstrip("!") for word in _lines("disguised.txt"))


@cache
def strong() -> tuple[str, ...]:
    """The words that people mask, most likely first."""
    return tuple(word[1:] for word in _lines("disguised.txt") if word.startswith("!"))


@cache
def look_alikes() -> dict[str, str]:
    """Letters of other scripts, each with the Latin letter that it looks like."""
    return {letter: line[0] for line in _lines("look_alikes.txt") for letter in line[2:]}


def _lines(name: str) -> list[str]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
