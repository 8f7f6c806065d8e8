"""Hashed features of many texts at once: words, word pairs and character n-grams, as sparse rows.

A text becomes " word word word ", all texts of a batch one array of code points, and every n-gram's hash
comes from a few whole-array operations. Which column an n-gram falls into depends on its characters alone,
so a text has the same features in every batch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

BITS = 18
COLUMNS = 1 << BITS

TOKEN = re.compile(r"[$#@]?[^\W_]+(?:'[^\W_]+)*|[!?%]|[^\x00-\x7f\w\s]")
FOLD = str.maketrans(
    "0123456789áéíóúüàèìòùâêîôûäëïöç",
    "0000000000aeiouuaeiouaeiouaeioc",
    "'",
)
"""Digits are alike (prices, codes, dates); accents are left out as often as written, but for the ñ."""

BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 1 << 64)
MIX = np.uint64(0xD6E8FEB86659FD93)
CHARS = (3, 4, 5)
SALTS = {"char": 11, "word": 101, "pair": 211, "skip": 307}

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Family:
    """Features of one kind: their columns in reading order, and where each row's begin (row + 1 entries)."""

    columns: npt.NDArray[np.int32]
    bounds: Positions

    def rows(self) -> csr_matrix:
        ones = np.ones(len(self.columns), dtype=np.float32)
        return csr_matrix((ones, self.columns, self.bounds), shape=(len(self.bounds) - 1, COLUMNS))

    def counts(self) -> npt.NDArray[np.float32]:
        return np.diff(self.bounds).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Features:
    chars: tuple[Family, ...]
    words: tuple[Family, ...]

    def product(self, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """rows x categories: the weights of each row's features, scaled so that length does not matter."""
        return _scaled(self.chars, weights) + _scaled(self.words, weights)


def tokens(text: str) -> list[str]:
    """`text` is normalised already."""
    return TOKEN.findall(text)


def of_texts(texts: Sequence[str]) -> Features:
    """One row a text."""
    lines = [_line(text) for text in texts]
    return _features("".join(lines), np.cumsum([0, *map(len, lines)], dtype=np.int64))


def contributions(
    text: str, weights: npt.NDArray[np.float32]
) -> tuple[list[tuple[int, int]], npt.NDArray[np.float32]]:
    """Each token's place in the normalised `text`, and what it adds with one category's `weights`."""
    places = [match.span() for match in TOKEN.finditer(text)]
    if not places:
        return [], np.zeros(0, dtype=np.float32)
    line = _line(text)
    chars = _features(line, _word_starts(line)).chars
    words = of_texts([text]).words
    return places, _by_letters(chars, weights) + _by_words(words, weights)


def _by_letters(families: Sequence[Family], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    shares = [
        [weights[family.columns[begin:end]].sum() for begin, end in pairwise(family.bounds)]
        for family in families
    ]
    total: npt.NDArray[np.float32] = np.sum(shares, axis=0, dtype=np.float32)
    total /= np.float32(sqrt(max(1, sum(len(family.columns) for family in families))))
    return total


def _by_words(families: Sequence[Family], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A pair's weight is shared by its two words."""
    shares: npt.NDArray[np.float32] = weights[families[0].columns]
    for gap, family in enumerate(families[1:], start=1):
        both = weights[family.columns] / 2
        shares[: len(both)] += both
        shares[gap : gap + len(both)] += both
    shares /= np.float32(sqrt(sum(len(family.columns) for family in families)))
    return shares


def _word_starts(line: str) -> Positions:
    """Where each word's characters begin, its leading space included, and the end."""
    return np.array(
        [*(match.start() for match in re.finditer(r" (?=[^ ])", line)), len(line)], dtype=np.int64
    )


def _line(text: str) -> str:
    return f" {' '.join(tokens(text))} ".translate(FOLD)


def _scaled(families: Sequence[Family], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    total = sum(family.rows() @ weights for family in families)
    counts = np.maximum(1.0, sum(family.counts() for family in families))
    scaled: npt.NDArray[np.float32] = total / np.sqrt(counts)[:, None]
    return scaled


def _features(line: str, starts: Positions) -> Features:
    codes = np.frombuffer(line.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    space = codes == ord(" ")
    return Features(_char_families(codes, space, starts), _word_families(codes, space, starts))


def _char_families(codes: Hashes, space: npt.NDArray[np.bool_], starts: Positions) -> tuple[Family, ...]:
    """n-grams inside a word and its two spaces."""
    families = []
    with np.errstate(over="ignore"):
        rolling = codes * np.uint64(BASE)
        inside = np.ones(len(codes), dtype=bool)
        for size in range(2, max(CHARS) + 1):
            rolling = (rolling[:-1] + codes[size - 1 :]) * np.uint64(BASE)
            inside = inside[:-1] & (~space[size - 2 : len(space) - 1] if size > 2 else True)
            if size in CHARS:
                families.append(_family(rolling, np.flatnonzero(inside), starts, SALTS["char"] + size))
    return tuple(families)


def _word_families(codes: Hashes, space: npt.NDArray[np.bool_], starts: Positions) -> tuple[Family, ...]:
    begins = np.flatnonzero(space[:-1] & ~space[1:]) + 1
    ends = np.flatnonzero(~space[:-1] & space[1:]) + 1
    hashes = _spans(codes, begins, ends)
    row = np.searchsorted(starts, begins, side="right")
    families = [_family(hashes, np.arange(len(hashes)), np.searchsorted(begins, starts), SALTS["word"])]
    with np.errstate(over="ignore"):
        for gap, name in ((1, "pair"), (2, "skip")):
            both = hashes[:-gap] * np.uint64(3) + hashes[gap:] * np.uint64(0xC2B2AE3D27D4EB4F)
            same = np.flatnonzero(row[:-gap] == row[gap:])
            families.append(_family(both, same, np.searchsorted(begins, starts), SALTS[name]))
    return tuple(families)


def _spans(codes: Hashes, begins: Positions, ends: Positions) -> Hashes:
    """A polynomial hash of every codes[begin:end], modulo 2**64, from one running sum."""
    powers, inverses = _powers(1 << len(codes).bit_length())
    with np.errstate(over="ignore"):
        running = np.concatenate(([np.uint64(0)], np.cumsum((codes + np.uint64(7)) * inverses[: len(codes)])))
        hashes: Hashes = (running[ends] - running[begins]) * powers[begins]
    return hashes


@lru_cache(maxsize=4)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    with np.errstate(over="ignore"):
        return tuple(  # type: ignore[return-value]
            np.concatenate(([np.uint64(1)], np.cumprod(np.full(count, base, dtype=np.uint64))))
            for base in (BASE, INVERSE)
        )


def _family(hashes: Hashes, positions: Positions, starts: Positions, salt: int) -> Family:
    """Columns of the features at `positions`; `starts` says where each row begins in the same counting."""
    with np.errstate(over="ignore"):
        mixed = hashes[positions] + np.uint64(salt) * MIX
        mixed ^= mixed >> np.uint64(32)
        mixed *= MIX
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(BASE)
    columns = (mixed >> np.uint64(64 - BITS)).astype(np.int32)
    return Family(columns, np.searchsorted(positions, starts).astype(np.int64))
