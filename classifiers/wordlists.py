"""The word lists that the normaliser reads masked and respelled words against."""

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


def _lines(name: str) -> list[str]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
