"""Students whose families opted out: a name of the district's list beside a private matter.

A name alone says nothing here; families praise, greet and congratulate by name. The list is the district's
own (`modbot names import`); it never leaves its folder, and neither spans nor reasons repeat a name.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import ahocorasick
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from classifiers.base import Category, Classifier, ClassifierFailed, ModelMissing, Score, Scores, Span
from classifiers.fingerprint import code_version
from classifiers.normalize import Normalized, normalize
from classifiers.required import Prefilter
from classifiers.wordlists import known

FILE = "names.json"
DETAILS = Path(__file__).with_name("private_names.toml")
WORD = re.compile(r"[^\W_]+")
ACCENTS = str.maketrans("áéíóúüàèìòùâêîôûäëïö", "aeiouuaeiouaeiouaeio")
NEAR = 100
"""Characters between a name and a private matter."""
BESIDE = 40
"""Characters around a name in which the writer may call its bearer their own child."""
EXACT, ALIKE = 0.9, 0.7
"""How sure: a name as it is on the list, and one letter off (two in long names). Not measured: a choice."""
LONG = 10
NAMED = "names a student whose family asked for privacy, beside a private matter"
RESEMBLES = "names somebody whose name is nearly one on the privacy list, beside a private matter"

Place = tuple[int, int]
Found = tuple[float, str, Place]
"""How sure, why, and where in the normalised text."""
Patterns = tuple[re.Pattern[str], ...]


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a text, joined by single spaces, and where each stands in the normalised text."""

    line: str
    begins: list[int]
    """Where each begins in the line."""
    places: list[Place]

    @classmethod
    def of(cls, plain: str) -> _Words:
        matches = list(WORD.finditer(plain))
        begins, place = [], 1
        for match in matches:
            begins.append(place)
            place += len(match.group()) + 1
        line = f" {' '.join(match.group() for match in matches)} "
        return cls(line, begins, [match.span() for match in matches])

    def span(self, start: int, end: int) -> Place:
        """Of the line's characters [start, end), which begin and end with words."""
        first, last = bisect_right(self.begins, start) - 1, bisect_right(self.begins, end - 1) - 1
        return self.places[first][0], self.places[last][1]


def plain(text: str) -> str:
    """As names and texts are compared: undisguised, small letters, accents of vowels dropped."""
    return normalize(text).text.translate(ACCENTS)


def form(name: str) -> str:
    """A name as it stands in the list."""
    return " ".join(WORD.findall(plain(name)))


class Names(Classifier):
    name = "names"
    categories = frozenset({Category.STUDENT_PRIVACY})
    district = True

    @cached_property
    def version(self) -> str:
        """Raises ModelMissing where no list was imported."""
        model = hashlib.sha256(self._content).hexdigest()
        return code_version("private_names.py", "private_names.toml", "required.py", model=model)

    @property
    def _content(self) -> bytes:
        try:
            return (self.models / FILE).read_bytes()
        except OSError:
            raise ModelMissing(
                f"there is no list {self.models / FILE}: import it with modbot names import FILE"
            ) from None

    @cached_property
    def _forms(self) -> list[str]:
        try:
            return sorted({str(each) for each in json.loads(self._content)["forms"]})
        except (ValueError, TypeError, KeyError):
            raise ModelMissing(
                f"{self.models / FILE} holds no list: import it again with modbot names import FILE"
            ) from None

    @cached_property
    def _automaton(self) -> Any:
        found = ahocorasick.Automaton()
        for each in self._forms:
            found.add_word(f" {each} ", len(each))
            run_together = each.replace(" ", "")
            # #NateOrr; but what is a word, such as a Bo Ring's, says nothing of anybody.
            if not known(run_together):
                found.add_word(f" {run_together} ", len(run_together))
        found.make_automaton()
        return found

    @cached_property
    def _details(self) -> tuple[Patterns, Patterns, Prefilter]:
        with DETAILS.open("rb") as file:
            data = tomllib.load(file)
        details = tuple(re.compile(each) for each in data["details"])
        child = f"(?:{data['child']})"
        own = [each.replace("{child}", child).replace("{name}", "\0") for each in data["own"]]
        return details, tuple(map(re.compile, own)), Prefilter(details)

    def load(self) -> None:
        self._automaton, self._details  # noqa: B018 - reads the list and compiles once

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        self.load()
        try:
            return [self._scores(text) for text in texts]
        except (ValueError, RecursionError) as error:
            raise ClassifierFailed("names could not search a text") from error

    def _scores(self, text: str) -> Scores:
        normalized = normalize(text)
        line = normalized.text.translate(ACCENTS)
        details, own, prefilter = self._details
        matters = [
            match.span() for number in prefilter.possible(line) for match in details[number].finditer(line)
        ]
        if not matters or not self._forms:
            return {}
        found = [
            each
            for each in self._others(line, self._found(line, normalized, text), own)
            if any(_gap(each[2], matter) <= NEAR for matter in matters)
        ]
        if not found:
            return {}
        spans = {Span(*normalized.original_span(*place), reason) for _, reason, place in found}
        return {Category.STUDENT_PRIVACY: Score(max(sure for sure, _, _ in found), tuple(sorted(spans)))}

    def _found(self, line: str, normalized: Normalized, text: str) -> list[Found]:
        words = _Words.of(line)
        exact = _longest(self._exact(words))
        alike = [
            place
            for place in self._alike(words, line, normalized, text)
            if not any(_gap(place, other) < 0 for other in exact)
        ]
        return [(EXACT, NAMED, place) for place in exact] + [(ALIKE, RESEMBLES, place) for place in alike]

    def _others(self, line: str, found: Sequence[Found], own: Patterns) -> list[Found]:
        """Without the writer's own child, who is named as such once and meant from then on."""
        mine = {_run_together(line, each[2]) for each in found if _is_own(line, each[2], own)}
        return [each for each in found if _run_together(line, each[2]) not in mine]

    def _exact(self, words: _Words) -> Iterator[Place]:
        if self._forms:
            for end, length in self._automaton.iter(words.line):
                yield words.span(end - length, end)

    def _alike(self, words: _Words, line: str, normalized: Normalized, text: str) -> Iterator[Place]:
        """Neighbouring words that are written like a name and are a slip away from one."""
        for (start, middle), (next_start, end) in zip(words.places, words.places[1:], strict=False):
            if not (_capital(text, normalized, start) and _capital(text, normalized, next_start)):
                continue
            name = f"{line[start:middle]} {line[next_start:end]}"
            slips = 1 if len(name) < LONG else 2
            if process.extractOne(name, self._forms, scorer=DamerauLevenshtein.distance, score_cutoff=slips):
                yield start, end


def _longest(places: Iterable[Place]) -> list[Place]:
    """Without those that lie inside another: of "ana perez gomez" not "ana perez"."""
    chosen: list[Place] = []
    for start, end in sorted(set(places), key=lambda place: (place[0], -place[1])):
        if not chosen or end > chosen[-1][1]:
            chosen.append((start, end))
    return chosen


def _run_together(line: str, place: Place) -> str:
    return "".join(WORD.findall(line[slice(*place)]))


def _is_own(line: str, place: Place, own: Patterns) -> bool:
    start, end = place
    around = f"{line[max(0, start - BESIDE) : start]}\0{line[end : end + BESIDE]}"
    return any(each.search(around) for each in own)


def _gap(one: Place, other: Place) -> int:
    """Characters between two places; below zero where they overlap."""
    return max(one[0], other[0]) - min(one[1], other[1])


def _capital(text: str, normalized: Normalized, place: int) -> bool:
    """Whether a word is written like a name; where nothing has a capital anything may be one."""
    return text.islower() or text[normalized.offsets[place]].isupper()
