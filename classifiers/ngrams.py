"""Hashed features of many texts at once: character n-grams, words, and groups of words of like use.

A text becomes " word word word ", all texts of a batch one array of code points, and every n-gram's hash
comes from a few whole-array operations. Which column an n-gram falls into depends on its characters alone,
so a text has the same features in every batch.

Groups make little training text go further: each known word belongs to one of a few hundred groups that
training found in how words are used ("mom", "dad", "brother"); a name is "some name", a number "some number".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

BITS = 18
COLUMNS = 2 << BITS
"""Characters and words share the first half, groups of words have the second."""

TOKEN = re.compile(r"[$#@]?[^\W_]+(?:'[^\W_]+)*|[!?%]|[^\x00-\x7f\w\s]")
ASCII_TOKEN = re.compile(r"[$#@]?[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*|[!?%]")
"""The same for text without other characters, faster."""
# Every ASCII character is listed: looking one up in vain costs more than the rest of the work.
FOLD = {code: chr(code) for code in range(128)} | str.maketrans(
    "0123456789áéíóúüàèìòùâêîôûäëïöç", "0000000000aeiouuaeiouaeiouaeioc", "'"
)
"""Digits are alike (prices, codes, dates); accents are left out as often as written, but for the ñ."""
FOLDED = re.compile("[0-9'\x80-\U0010ffff]")
# The capital comes first, so that a search can run ahead to it.
CAPITAL = re.compile(r"[A-Z](?<=\b[A-Z])[^\W\d_A-Z]+")
INSIDE = re.compile(r"[A-Z](?<=[\w,;)] [A-Z])[^\W\d_A-Z]+")

NAME, PRICE, SIGN, UNKNOWN, NUMBER = 1, 2, 3, 4, 5
FIRST_GROUP = 16
"""Group codes below this one are kinds of tokens; NUMBER and the next four are numbers by their length."""

BASE = 0x9E3779B97F4A7C15
INVERSE = pow(BASE, -1, 1 << 64)
MIX = np.uint64(0xD6E8FEB86659FD93)
SIZES = (3, 4, 5)

Hashes = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words that training knew, and the group of each."""

    index: Mapping[str, int]
    groups: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """One text: its words as features see them, and which of them it writes like names."""

    words: list[str]
    inside: frozenset[str]
    """With a capital inside a sentence."""
    capital: frozenset[str]
    """With a capital anywhere."""


def read(text: str, normalized: str) -> Reading:
    """`text` as received says what has a capital; `normalized` what the words are."""
    words = tokens(normalized).findall(normalized)
    if FOLDED.search(normalized):
        words = _folded(words)
    capital = _lowered(CAPITAL, text)
    return Reading(words, frozenset(_lowered(INSIDE, text) if capital else ()), frozenset(capital))


def tokens(normalized: str) -> re.Pattern[str]:
    """Finds the words of this text, in order."""
    return ASCII_TOKEN if normalized.isascii() else TOKEN


def _lowered(pattern: re.Pattern[str], text: str) -> list[str]:
    found = pattern.findall(text)
    return _folded([word.lower() for word in found]) if found else []


def _folded(words: Sequence[str]) -> list[str]:
    """At once: a call for every word costs more than the work."""
    return " ".join(words).translate(FOLD).split()


@dataclass(frozen=True, slots=True)
class Family:
    """Features of one kind: their columns, and the position or word at which each begins, in order."""

    columns: npt.NDArray[np.int32]
    begins: Indices
    reach: tuple[int, ...] = (0,)
    """The words it is made of, counted from the one where it begins."""

    def sums(self, bounds: Indices, weights: Matrix) -> Matrix:
        """Summed weights of the features that begin between each two bounds."""
        product: Matrix = self.rows(bounds, len(weights)) @ weights
        return product

    def each(self, words: int, weights: Matrix) -> Matrix:
        """For every word the weights of the feature that begins there; none has two of one kind."""
        found = np.zeros((words, weights.shape[1]), dtype=np.float32)
        found[self.begins] = weights.take(self.columns, axis=0)
        return found

    def rows(self, bounds: Indices, columns: int = COLUMNS) -> csr_matrix:
        ones = np.ones(len(self.columns), dtype=np.float32)
        cuts = np.searchsorted(self.begins, bounds)
        return csr_matrix((ones, self.columns, cuts), shape=(len(bounds) - 1, columns))

    def counts(self, bounds: Indices) -> Indices:
        return np.diff(np.searchsorted(self.begins, bounds))


@dataclass(frozen=True, slots=True)
class Batch:
    """The features of some texts, in three kinds that are each scaled by how many a text has."""

    texts_at: Indices
    """Where each text's characters begin, and the end."""
    words_at: Indices
    """Where each word's characters begin, its leading space included, and the end."""
    text_words: Indices
    """The number of each text's first word, and of all words."""
    letters: tuple[Family, ...]
    words: tuple[Family, ...]
    groups: tuple[Family, ...]
    known: Family
    """Columns here are indices of the lexicon."""

    def product(self, weights: Matrix, vectors: Matrix) -> Matrix:
        """texts x categories."""
        letters = sum(family.sums(self.texts_at, weights) for family in self.letters)
        words = sum(family.sums(self.text_words, weights) for family in self.words)
        groups = sum(family.sums(self.text_words, weights) for family in self.groups)
        known = self.known.sums(self.text_words, vectors)
        scale = self.scales()
        total: Matrix = letters * scale[0] + words * scale[1] + groups * scale[2] + known * scale[3]
        return total

    def scales(self) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """One over the root of how many features of the kind each text has: length shall not matter."""
        return (
            _inverse_root(_counts(self.letters, self.texts_at)),
            _inverse_root(_counts(self.words, self.text_words)),
            _inverse_root(_counts(self.groups, self.text_words)),
            _inverse_root(np.diff(self.text_words)),
        )

    def by_word(self, weights: Matrix, vectors: Matrix) -> Matrix:
        """words x categories: what each word adds to its text's product."""
        count = len(self.words_at) - 1
        text = np.repeat(np.arange(len(self.text_words) - 1), np.diff(self.text_words))
        letters = sum(family.sums(self.words_at, weights) for family in self.letters)
        words = sum(_shared(family, family.each(count, weights)) for family in self.words)
        groups = sum(_shared(family, family.each(count, weights)) for family in self.groups)
        scale = [one[text] for one in self.scales()]
        known = self.known.each(count, vectors)
        total: Matrix = letters * scale[0] + words * scale[1] + groups * scale[2] + known * scale[3]
        return total


def _shared(family: Family, sums: Matrix) -> Matrix:
    """A feature of several words counts for each in equal parts."""
    shares = np.zeros_like(sums)
    for step in family.reach:
        shares[step:] += sums[: len(sums) - step] / np.float32(len(family.reach))
    return shares


def _counts(families: Sequence[Family], bounds: Indices) -> Indices:
    counts: Indices = np.sum([family.counts(bounds) for family in families], axis=0)
    return counts


def _inverse_root(counts: Indices) -> Matrix:
    return (1 / np.sqrt(np.maximum(1, counts))).astype(np.float32)[:, None]


def batch(readings: Sequence[Reading], lexicon: Lexicon) -> Batch:
    lines = [f" {' '.join(reading.words)} " for reading in readings]
    texts_at = np.cumsum([0, *map(len, lines)], dtype=np.int64)
    text_words = np.cumsum([0, *(len(reading.words) for reading in readings)], dtype=np.int64)
    codes = np.frombuffer("".join(lines).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(
        np.uint64
    )
    space = codes == ord(" ")
    begins = np.flatnonzero(space[:-1] & ~space[1:])
    ends = np.flatnonzero(~space[:-1] & space[1:]) + 1
    known, codes_of_groups = _looked_up(readings, lexicon)
    hashes = _spans(codes, begins + 1, ends)
    last = np.repeat(text_words[1:], np.diff(text_words))
    return Batch(
        texts_at=texts_at,
        words_at=np.append(begins, len(codes)),
        text_words=text_words,
        letters=tuple(_letters(codes, space)),
        words=tuple(_words(hashes, last)),
        groups=tuple(_groups(hashes, codes_of_groups, last)),
        known=Family(known[known >= 0].astype(np.int32), np.flatnonzero(known >= 0)),
    )


def _looked_up(readings: Sequence[Reading], lexicon: Lexicon) -> tuple[Indices, Hashes]:
    """Of every word its number in the lexicon (-1 if unknown) and its group's code."""
    words = list(chain.from_iterable(reading.words for reading in readings))
    known = np.fromiter(map(lexicon.index.get, words, repeat(-1)), dtype=np.int64, count=len(words))
    codes = np.append(lexicon.groups, 0)[known] + FIRST_GROUP
    whose = list(chain.from_iterable(repeat(reading, len(reading.words)) for reading in readings))
    places = np.flatnonzero(known < 0).tolist()
    start = 0
    for reading in readings:
        if reading.inside:
            places += [place for place, word in enumerate(reading.words, start) if word in reading.inside]
        start += len(reading.words)
    codes[places] = [_kind(words[place], whose[place]) for place in places]
    return known, codes.astype(np.uint64)


def _kind(word: str, reading: Reading) -> int:
    if word in reading.capital:
        return NAME
    if word[0] == "$":
        return PRICE
    if word.strip("0") == "":
        return NUMBER + min(len(word), 5) - 1
    return UNKNOWN if word[0].isalnum() else SIGN


def _letters(codes: Hashes, space: npt.NDArray[np.bool_]) -> Iterator[Family]:
    """n-grams inside a word and its two spaces."""
    with np.errstate(over="ignore"):
        rolling, inside = codes * np.uint64(BASE), np.ones(len(codes), dtype=bool)
        for size in range(2, max(SIZES) + 1):
            rolling = (rolling[:-1] + codes[size - 1 :]) * np.uint64(BASE)
            inside = inside[:-1] & (~space[size - 2 : len(space) - 1] if size > 2 else True)
            if size in SIZES:
                places = np.flatnonzero(inside)
                yield Family(_columns(rolling[places], size), places)


def _words(hashes: Hashes, last: Indices) -> Iterator[Family]:
    yield _run((hashes,), (0,), last, 11)
    yield _run((hashes, hashes), (0, 1), last, 12)
    yield _run((hashes, hashes), (0, 2), last, 13)


def _groups(hashes: Hashes, groups: Hashes, last: Indices) -> Iterator[Family]:
    """Runs of groups, and of one word beside one group."""
    yield _run((groups,), (0,), last, 21, half=1)
    yield _run((groups, groups), (0, 1), last, 22, half=1)
    yield _run((groups, groups), (0, 2), last, 23, half=1)
    yield _run((groups, groups, groups), (0, 1, 2), last, 24, half=1)
    yield _run((hashes, groups), (0, 1), last, 25, half=1)
    yield _run((groups, hashes), (0, 1), last, 26, half=1)


def _run(parts: Sequence[Hashes], reach: tuple[int, ...], last: Indices, salt: int, half: int = 0) -> Family:
    """Features of words `reach` apart in one text; `last` is the number after each word's text's last."""
    begins = np.flatnonzero(np.arange(len(last)) + reach[-1] < last)
    with np.errstate(over="ignore"):
        mixed = np.zeros(len(begins), dtype=np.uint64)
        for part, step in zip(parts, reach, strict=True):
            mixed = (mixed ^ part[begins + step]) * MIX
            mixed ^= mixed >> np.uint64(31)
    return Family(_columns(mixed, salt, half), begins, reach)


def _spans(codes: Hashes, begins: Indices, ends: Indices) -> Hashes:
    """A polynomial hash of every codes[begin:end], modulo 2**64, from one running sum."""
    powers, inverses = _powers(1 << len(codes).bit_length())
    with np.errstate(over="ignore"):
        running = np.concatenate(([np.uint64(0)], np.cumsum((codes + np.uint64(7)) * inverses[: len(codes)])))
        hashes: Hashes = (running[ends] - running[begins]) * powers[begins]
    return hashes


@lru_cache(maxsize=4)
def _powers(count: int) -> tuple[Hashes, Hashes]:
    def of(base: int) -> Hashes:
        return np.concatenate(([np.uint64(1)], np.cumprod(np.full(count, base, dtype=np.uint64))))

    with np.errstate(over="ignore"):
        return of(BASE), of(INVERSE)


def _columns(hashes: Hashes, salt: int, half: int = 0) -> npt.NDArray[np.int32]:
    with np.errstate(over="ignore"):
        mixed = hashes + np.uint64(salt) * MIX
        mixed ^= mixed >> np.uint64(32)
        mixed *= MIX
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(BASE)
    return ((mixed >> np.uint64(64 - BITS)) + np.uint64(half << BITS)).astype(np.int32)
