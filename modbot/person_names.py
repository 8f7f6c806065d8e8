"""Whether a term of a word list points at a person: an account, somebody addressed by title, or a name.

A name that is neither common nor written with capitals cannot be told from another rare word, and passes.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from classifiers import wordlists
from classifiers.normalize import normalize
from modbot import resources

NAME = "looks like a person's name"
ACCOUNT = "names somebody's account"
TITLED = "names somebody by title"
CAPITALISED = f"{NAME}: if it is none, write it in small letters"

_LETTERS = re.compile(r"[^\W\d_]+")
_APOSTROPHES = re.compile(r"(?:['’ʼ]s\b)|['’ʼ]")
_JOINED = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_ACCOUNT = re.compile(r"(?<![\w.+-])@\w")
_CAPITALISED = re.compile(r"[A-Z]\w*\.?(?: [A-Z]\w*\.?){1,2}")


@dataclass(frozen=True, slots=True)
class _Names:
    sure: frozenset[str]
    """Names that are nothing else."""
    given: frozenset[str]
    surnames: frozenset[str]
    """These two are ordinary words as well: a name only one after the other."""
    titles: frozenset[str]


def pointing_at(term: str) -> str:
    """Why this term points at a person; empty when it does not seem to."""
    if _ACCOUNT.search(term):
        return ACCOUNT
    for words in readings(term):
        if any(word in _names().titles for word in words[:-1]):
            return TITLED
        if _is_name(words):
            return NAME
    return CAPITALISED if _looks_capitalised(term) else ""


def readings(term: str) -> tuple[list[str], list[str]]:
    """The term's words in small letters without accents or disguise: as they stand, and "JaneDoe" apart."""
    written = _APOSTROPHES.sub("", term)
    return _words(written), _words(_JOINED.sub(" ", written))


def _words(text: str) -> list[str]:
    return _LETTERS.findall(_unaccented(normalize(text).text).casefold())


def _unaccented(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))


def _is_name(words: list[str]) -> bool:
    names = _names()
    if any(word in names.sure for word in words):
        return True
    full = [word for word in words if len(word) > 1]  # without middle initials
    return any(first in names.given and last in names.surnames for first, last in pairwise(full))


def _looks_capitalised(term: str) -> bool:
    """Two or three words with capitals, one of them no ordinary word: "Xoch Zelinska", not "Promo Code"."""
    plain = " ".join(_unaccented(_APOSTROPHES.sub("", term)).split())
    if not _CAPITALISED.fullmatch(plain):
        return False
    words = (word.casefold() for word in _LETTERS.findall(plain) if len(word) > 1)
    return any(word not in wordlists.vocabulary() for word in words)


@cache
def _names() -> _Names:
    """From `policies/person_names.toml`."""
    lists = tomllib.loads(resources.policy("person_names.toml").decode())
    words = {key: frozenset(text.split()) for key, text in lists.items()}
    return _Names(
        sure=words["given"] | words["surnames"],
        given=words["given_also_words"],
        surnames=words["surnames_also_words"],
        titles=words["titles"],
    )
