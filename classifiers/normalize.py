"""Undoes evasion, with a map back: what a reader sees in "K1LL y.o.u" becomes "kill you".

Everything here is built so that ordinary text passes unchanged but for case: digits become letters and
separated letters become words only where the result is a word (`vocabulary.txt`), and a masked word is
filled in only from `disguised.txt`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from classifiers.disguises import DISGUISES, Pieces, Reading, suspicious
from classifiers.wordlists import look_alikes

CAPITAL_LOOK_ALIKES = dict(zip("квмнтгαβγεηικντυχω", "kbmhtrabyenikvtuxw", strict=True))
"""Small letters that the table of look-alikes leaves out because only their capitals are the same."""
COMMON_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]")

LETTERS = re.compile(r"[^\W\d_]+")
NOT_LATIN = re.compile("[^\x00-\u024f]")
CONTROLS = re.compile("[\x00-\x08\x7f]")
UNUSUAL = re.compile("[^ -\x7f]")
"""What folding changes by more than its case."""


@dataclass(frozen=True, slots=True)
class Normalized:
    """Lower-cased, readable text. `offsets` has one entry more than the text and never falls."""

    text: str
    offsets: Sequence[int]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Characters [start, end) of this text, as the [start, end) of the text as received."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"not a span of {len(self.text)} characters: {start}, {end}")
        return self.offsets[start], max(self.offsets[end], self.offsets[end - 1] + 1)


@lru_cache(maxsize=1024)
def normalize(text: str) -> Normalized:
    """Never raises on a str, whatever it holds (lone surrogates, NUL, unassigned characters).

    The last texts are remembered: the members of an ensemble read the same batch one after another.
    """
    if text.isascii():
        folded = Normalized(text.lower(), range(len(text) + 1))
        if CONTROLS.search(text):
            folded = _fold(text)
    else:
        folded = _straighten(_fold(text))
    if not suspicious(folded.text):
        return folded
    for disguise in DISGUISES:
        before, folded = folded, rewritten(folded, disguise.pattern, disguise.read)
        if disguise.then and folded is not before:
            folded = rewritten(folded, disguise.pattern, disguise.then)
    return folded


def rewritten(source: Normalized, pattern: re.Pattern[str], rewrite: Reading) -> Normalized:
    """Every match of `pattern` as `rewrite` reads it; a match read as None stays."""
    text: list[str] = []
    offsets: list[int] = []
    done = 0
    for match in pattern.finditer(source.text):
        pieces = rewrite(match)
        if pieces is None:
            continue
        text.append(source.text[done : match.start()])
        offsets.extend(source.offsets[done : match.start()])
        text.extend(character for character, _ in pieces)
        offsets.extend(source.offsets[match.start() + index] for _, index in pieces)
        done = match.end()
    if done == 0:
        return source
    return Normalized("".join(text) + source.text[done:], [*offsets, *source.offsets[done:]])


def _fold(text: str) -> Normalized:
    out: list[str] = []
    offsets: list[int] = []
    done = 0
    for match in UNUSUAL.finditer(text):
        index, character = match.start(), match.group()
        if done < index:
            out.append(text[done:index].lower())
            offsets.extend(range(done, index))
        done = index + 1
        if COMMON_MARKS.match(character):
            _compose(out, character)
            continue
        if piece := _piece(character):
            out.append(piece)
            offsets.extend([index] * len(piece))
    return Normalized("".join(out) + text[done:].lower(), [*offsets, *range(done, len(text) + 1)])


def _compose(out: list[str], mark: str) -> None:
    """A mark that makes a letter of everyday writing (n + tilde) is kept, a piled-up one is dropped."""
    joined = unicodedata.normalize("NFC", out[-1][-1] + mark) if out else ""
    if len(joined) == 1 and "\xc0" <= joined <= "\u017f":
        out[-1] = out[-1][:-1] + joined


@lru_cache(maxsize=4096)
def _piece(character: str) -> str:
    """What one character reads as: nothing for invisible ones, letters for their styled forms."""
    category = unicodedata.category(character)
    if category in ("Cf", "Cc"):
        return " " if character in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85" else ""
    if 0x1F150 <= ord(character) <= 0x1F189:
        return (
            chr(ord("a") + (ord(character) - 0x1F150) % 32)
            if (ord(character) - 0x1F150) % 32 < 26
            else character
        )
    if character in "‘’ʼ`´“”«»":
        return '"' if character in "“”«»" else "'"
    if category == "Pd":
        return "-"
    folded = unicodedata.normalize("NFKC", character).lower()
    return "".join(part for part in folded if unicodedata.category(part) not in ("Cf", "Cc"))


def _straighten(source: Normalized) -> Normalized:
    """Look-alike letters of other scripts read as Latin inside Latin text; real Russian or Greek stays."""
    if not any(map(str.isalnum, NOT_LATIN.findall(source.text))):
        return source
    latin = sum(character.isascii() and character.isalpha() for character in source.text)
    other = sum(not character.isascii() and character.isalpha() for character in source.text)
    if other == 0:
        return source

    def straight(match: re.Match[str]) -> Pieces | None:
        word = match.group()
        if NOT_LATIN.search(word) is None:
            return None
        mixed = any(character <= "\u024f" for character in word)
        letters = [character if character <= "\u024f" else _look_alike(character) for character in word]
        if not (mixed or latin > 2 * other) or "" in letters:
            return None
        return list(zip(letters, range(len(word)), strict=True))

    return rewritten(source, LETTERS, straight)


def _look_alike(character: str) -> str:
    return CAPITAL_LOOK_ALIKES.get(character) or look_alikes().get(character, "")
