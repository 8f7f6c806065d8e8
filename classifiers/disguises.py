"""Words in disguise, by one rule for each kind: letters apart, masked, as digits, broken, repeated.

A rule says what a match reads as, or nothing where it is better left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from classifiers.wordlists import disguised, known, strong

LEET = {
    "0": "o",
    "1": "il",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "li",
    "+": "t",
}
MASKS = "*#%^&@$!-_"
# Cheap scans decide whether any of the rewrites below could apply; most comments stop here. Each begins with
# the sign that gives a disguise away, because that is what a search can run ahead for.
SIGNS = (
    re.compile(
        r"[013457@$!|+*#%^&]"
        r"(?:(?<=[a-z].)[a-z013457@$!|+*#%^&]|(?<=[013457@$])[a-z]{2}|(?<=[a-z]{2}[013457$]))"
    ),
    re.compile(r"[-._](?:(?<=(?<![a-z])[fbcdn].)|(?<=(?<![a-z])sh.)|(?<=[a-z]{2}[._])[a-z])"),
    re.compile(r"[ .\-_*~/,](?<=(?<![a-z])[a-z0134].)[a-z0134](?<=(.)[a-z0134])\1[a-z0134](?![a-z])"),
    re.compile(r"([a-z])\1\1"),
)
REPEATED = re.compile(r"[a-z]*([a-z])\1\1[a-z]*")
LEET_WORD = re.compile(
    r"(?<![\w@$!|+.])(?=[a-z]{0,23}[013457@$!|+])[a-z0-9@$!|+]{2,24}?(?=!*(?![\w@$!|+]|\.\w))"
)
SPACED = re.compile(
    r"(?<![a-z0-9])[a-z01345@$!](?:([ .\-_*~/,])[a-z01345@$!](?:\1[a-z01345@$!]){1,30})(?![a-z0-9*#%^&@$])"
)
SPLIT = re.compile(r"(?<![a-z0-9._-])[a-z]{1,10}(?:[._\-*~][a-z]{1,10}){1,4}(?![a-z0-9])")
MASKED = re.compile(r"(?<![\w*#%^&@$!-])[a-z]{1,6}[*#%^&@$!\-_]{1,8}[a-z*#%^&@$!]{0,8}")
ORDINARY_NUMBER = re.compile(
    r"[1-9]\d*(?:st|nd|rd|th|am|pm|[a-z]|hrs?|mins?|yrs?|days?|lbs?|ft|in|oz|gb|mb)s?"
)

Pieces = list[tuple[str, int]]
"""Replacement characters, each with the index of the matched character that it stands for."""
Reading = Callable[[re.Match[str]], Pieces | None]


@dataclass(frozen=True, slots=True)
class Disguise:
    pattern: re.Pattern[str]
    read: Reading
    then: Reading | None = None
    """For the rest of a text in which `read` found something."""


def suspicious(text: str) -> bool:
    """Whether a text could hold a word in disguise at all."""
    return any(sign.search(text) for sign in SIGNS)


def _squeeze(match: re.Match[str]) -> Pieces | None:
    """sooooo to soo, fuuuck to fuck: down to two letters, or to one where that is the word."""
    word = match.group()
    if len(set(word)) == 1 and len(word) == 3:
        return None  # www, xxx, kkk, iii
    runs = [(run.group()[0], run.start(), len(run.group())) for run in re.finditer(r"(.)\1*", word)]
    choices = [(1, 2) if length > 2 else (length,) for _, _, length in runs]
    forms = list(product(*choices)) if sum(len(choice) > 1 for choice in choices) <= 4 else []
    for form in sorted(forms, key=sum, reverse=True):
        if known("".join(letter * count for (letter, _, _), count in zip(runs, form, strict=True))):
            return _run_pieces(runs, form)
    return _run_pieces(runs, [min(length, 2) for _, _, length in runs])


def _run_pieces(runs: Sequence[tuple[str, int, int]], counts: Iterable[int]) -> Pieces:
    return [
        (letter, start + step)
        for (letter, start, _), count in zip(runs, counts, strict=True)
        for step in range(count)
    ]


def _unleet(match: re.Match[str]) -> Pieces | None:
    """k1ll, sh00t: digits between letters where that is a word.

    At its ends too where there are several (3v3ry); else only in words people disguise.
    """
    word = match.group()
    if not _mixed(word) or sum(character.isalpha() for character in word) < 2:
        return None
    inside = word[0].isalpha() and word[-1].isalpha()
    several = len(word) > 4 and sum(character in LEET for character in word) > 1
    fits = known if inside or several else disguised().__contains__
    found = next(filter(fits, _spellings(word)), None)
    return None if found is None else list(zip(found, range(len(word)), strict=True))


def _unleet_boldly(match: re.Match[str]) -> Pieces | None:
    """Beside a word that was in disguise: n0, y3s, and names that no list has."""
    word = match.group()
    if not _mixed(word):
        return None
    forms = list(_spellings(word))
    inside = word[0].isalpha() and word[-1].isalpha()
    found = next(filter(known, forms), forms[0] if inside else None)
    return None if found is None else list(zip(found, range(len(word)), strict=True))


def _mixed(word: str) -> bool:
    signs = sum(character in LEET for character in word)
    letters = sum("a" <= character <= "z" for character in word)
    return min(signs, letters) > 0 and letters + signs == len(word) and not ORDINARY_NUMBER.fullmatch(word)


def _spellings(word: str) -> Iterable[str]:
    choices = [LEET.get(character, character) for character in word]
    if sum(len(choice) > 1 for choice in choices) > 4:
        choices = [choice[0] for choice in choices]
    return ("".join(letters) for letters in product(*choices))


def _join(match: re.Match[str]) -> Pieces | None:
    """s t u p i d, y.o.u: single letters between equal separators, joined where they spell words."""
    return _joined(match, _worth_joining)


def _join_boldly(match: re.Match[str]) -> Pieces | None:
    """Beside a word whose letters stood apart: y o u, t h e."""
    return _joined(match, lambda *_: True)


def _joined(match: re.Match[str], worth: Callable[[Sequence[str], str], bool]) -> Pieces | None:
    spaced = match.group()
    for letters in _spellings(spaced[::2]):
        words = _segment(letters)
        if words is None or not worth(words, spaced[1]):
            continue
        pieces: Pieces = []
        for word in words:
            if pieces:
                pieces.append((" ", pieces[-1][1] + 1))
            start = 2 * sum(letter != " " for letter, _ in pieces)
            pieces.extend((letter, start + 2 * step) for step, letter in enumerate(word))
        return pieces
    return None


def _worth_joining(words: Sequence[str], separator: str) -> bool:
    """U.S.A. and p.m. are written so by everybody; only longer words or those people disguise count."""
    longest = max(len(word) for word in words)
    return any(word in disguised() for word in words) or longest >= (5 if separator in ".-/" else 4)


@lru_cache(maxsize=1024)
def _segment(letters: str) -> tuple[str, ...] | None:
    """The fewest known words that spell `letters`, or None."""
    best: list[tuple[str, ...] | None] = [(), *[None] * len(letters)]
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 20), end):
            before, word = best[start], letters[start:end]
            if before is None or not (known(word) if len(word) > 1 else word in "ai"):
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or ()):
                best[end] = (*before, word)
    found = best[-1]
    return found if found and len(letters) >= 2.5 * len(found) else None


def _mend(match: re.Match[str]) -> Pieces | None:
    """ki.ll, sh-oot: a word people disguise, broken by punctuation."""
    kept = [(character, index) for index, character in enumerate(match.group()) if character.isalpha()]
    return kept if "".join(character for character, _ in kept) in disguised() else None


def _unmask(match: re.Match[str]) -> Pieces | None:
    """f*ck, f**k, f***: filled in from the strong words, so that it is the same word to every reader."""
    masked = match.group().rstrip("!-_") if "*" in match.group() else match.group()
    if any(map(known, _spellings(masked))):
        return None  # p@y is pay
    word = _masked_word(masked)
    if word is None:
        return None
    tail = [(character, len(masked) + step) for step, character in enumerate(match.group()[len(masked) :])]
    last = len(masked) - 1
    return [(letter, min(index, last)) for index, letter in enumerate(word)] + tail


@lru_cache(maxsize=4096)
def _masked_word(masked: str) -> str | None:
    hidden = [character in MASKS for character in masked]
    shown = len(masked) - sum(hidden)
    if not any(hidden) or (hidden[-1] and not (masked.count("*") >= 2 and masked[0] in "fsb")):
        return None
    if shown == 1 and not hidden[-1]:
        return None
    for word in strong():
        if len(word) == len(masked) and all(
            hide or letter == seen for letter, seen, hide in zip(word, masked, hidden, strict=True)
        ):
            return word
    return _shorter_mask(masked)


def _shorter_mask(masked: str) -> str | None:
    """One sign for several letters: f*k, b*h."""
    start, _, end = re.sub(r"[*#%^&@$!\-_]+", "*", masked).partition("*")
    if not end or "*" in end or len(start + end) < 2:
        return None
    return next(
        (
            word
            for word in strong()
            if word.startswith(start) and word.endswith(end) and 1 <= len(word) - len(start + end) <= 3
        ),
        None,
    )


DISGUISES = (
    Disguise(SPACED, _join, then=_join_boldly),
    Disguise(MASKED, _unmask),
    Disguise(LEET_WORD, _unleet, then=_unleet_boldly),
    Disguise(SPLIT, _mend),
    Disguise(REPEATED, _squeeze),
)
