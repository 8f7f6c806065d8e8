"""Strangers' text made safe to look at: nothing in it is invisible, and nothing in it steers a terminal."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_HARMLESS = "\n\u200d"
"""Line ends, and the joiner inside emoji."""


def visible(text: str) -> str:
    """The text with every invisible or controlling character written out, such as \\x1b or \\u202e."""
    # Of what is unsafe nothing is printable, to Python.
    if text.replace("\n", "").replace("\u200d", "").isprintable():
        return text
    return "".join(map(_spelled, text))


@lru_cache(maxsize=4096)
def _spelled(char: str) -> str:
    if char in _HARMLESS or unicodedata.category(char) not in _UNSAFE:
        return char
    return char.encode("unicode_escape").decode("ascii")
