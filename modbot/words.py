"""Word lists: they may bring a comment to a person's eyes, never more, and may not name anybody.

Courts struck down context-blind keyword filters on government pages (PETA v. Tabak, D.C. Cir. 2024;
Krasno v. Mnookin, 7th Cir. 2025; Tanner v. Ziegenhorn, E.D. Ark. 2021) and read the lists as evidence of
intent. So each list needs a clause and a reason, and lists with names of persons, parties, public bodies or
words of criticism are refused.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from classifiers.base import Span
from modbot import resources
from modbot.person_names import pointing_at, readings

Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2)]


class WordList(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clause: str
    reason: Annotated[str, Field(min_length=10)]
    """Why these words, whoever says them, may break the clause; published with the policy."""
    terms: Annotated[tuple[Term, ...], Field(min_length=1)]


def hits(words: WordList, text: str) -> tuple[Span, ...]:
    """Where the list's terms stand in the text as whole words, whatever their case."""
    reason = f"on the word list: {words.reason}"
    return tuple(Span(hit.start(), hit.end(), reason) for hit in _matcher(words.terms).finditer(text))


@lru_cache(maxsize=64)
def _matcher(terms: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def refused(lists: Sequence[WordList], officials: Iterable[str]) -> list[str]:
    """One plain sentence for every term that a government page must not filter on."""
    protected = _protected() | {
        part.casefold(): "is an official of the district" for name in officials for part in _names(name)
    }
    return [
        f"'{term}' (list under {words.clause}) {why}"
        for words in lists
        for term in words.terms
        if (why := _why(term, protected))
    ]


def _why(term: str, protected: dict[str, str]) -> str:
    folded = " ".join(term.casefold().split()).lstrip("#@")
    if folded in protected:
        return protected[folded]
    for word in chain(re.findall(r"\w+", folded), *readings(term)):
        if word in protected:
            return protected[word]
    return pointing_at(term)


def _names(name: str) -> list[str]:
    """A name whole, and its parts as they are written and as `readings` has them."""
    return [name, *(part for part in chain(name.split(), *readings(name)) if len(part) > 2)]


@lru_cache(maxsize=1)
def _protected() -> dict[str, str]:
    """Term → why it is refused, from `policies/protected_terms.toml`."""
    groups = tomllib.loads(resources.policy("protected_terms.toml").decode())["group"]
    return {term.casefold(): group["why"] for group in groups for term in group["terms"]}
