"""The district's current election: advocacy about its candidates and measures, whatever they are called.

`patterns` knows advocacy by its form and can only guess who is a candidate; here the district has said who
is, in `election.toml`. A name alone says nothing: questions, results and criticism of officials have it too.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from classifiers.base import Category, Classifier, ClassifierFailed, ModelMissing, Score, Scores, Span
from classifiers.fingerprint import code_version
from classifiers.mistakes import told
from classifiers.normalize import normalize
from classifiers.private_names import WORD, plain
from classifiers.required import Prefilter

FILE = "election.toml"
CALLS = Path(__file__).with_name("ballot.toml")
SURE = 0.9
"""Not measured: a choice. The forms are those of `patterns`, of which 19 in 20 hits are right."""
CALLED = "a call to vote for or against what is on the current ballot"
REFERS = "a call to vote, under a post about what is on the current ballot"
TAGGED = "a campaign hashtag of the current election"

BEFORE = 40


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Subject(_Strict):
    """A candidate or a measure; `aliases`: what else people call it; `hashtags`: of both sides' campaigns."""

    name: Annotated[str, Field(min_length=2, max_length=80)]
    aliases: tuple[Annotated[str, Field(min_length=2, max_length=80)], ...] = ()
    hashtags: tuple[Annotated[str, Field(pattern=r"^#\w{3,60}$")], ...] = ()


class Election(_Strict):
    """`begins`: the first day on which advocacy is expected; `day`: election day.

    What is found does not depend on them, so that a text gets the same score whenever it is scored. They are
    for people, who are told when another election has to be written.
    """

    name: str
    begins: date
    day: date
    candidate: tuple[Subject, ...] = ()
    measure: tuple[Subject, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.begins > self.day:
            raise ValueError(f"begins ({self.begins}) is after day ({self.day})")
        return self


def parse(content: bytes) -> Election:
    """Raises ValueError with every mistake in words."""
    try:
        return Election.model_validate(tomllib.loads(content.decode("utf-8")))
    except ValidationError as error:
        raise ValueError(told(error)) from None


def read(folder: Path) -> Election:
    """Raises ModelMissing for a file that is not there or has mistakes, and says which."""
    try:
        return parse(_content(folder))
    except ValueError as error:
        raise ModelMissing(f"{folder / FILE} cannot be read, mend it: {error}") from None


def _content(folder: Path) -> bytes:
    try:
        return (folder / FILE).read_bytes()
    except OSError:
        raise ModelMissing(f"there is no {folder / FILE}: write the current election there") from None


@dataclass(frozen=True, slots=True)
class _Calls:
    expressions: tuple[re.Pattern[str], ...]
    referring: tuple[re.Pattern[str], ...]
    named: re.Pattern[str]
    """Something on the ballot, by any of its names."""
    not_a_call: re.Pattern[str]
    prefilter: Prefilter


class Ballot(Classifier):
    name = "ballot"
    categories = frozenset({Category.POLITICAL})
    district = True

    @cached_property
    def version(self) -> str:
        """Raises ModelMissing where there is no election file."""
        model = hashlib.sha256(_content(self.models)).hexdigest()
        return code_version("ballot.py", "ballot.toml", "private_names.py", "required.py", model=model)

    @cached_property
    def _election(self) -> Election:
        return read(self.models)

    @cached_property
    def _calls(self) -> _Calls:
        names = {
            " ".join(WORD.findall(plain(name)))
            for subject in self._subjects
            for name in (subject.name, *subject.aliases)
        }
        spelled = "|".join(_spelled(name) for name in sorted(names, key=lambda name: (-len(name), name)))
        with CALLS.open("rb") as file:
            data = tomllib.load(file)
        filled = [call.replace("{name}", f"(?:{spelled})") for call in data["calls"] if spelled]
        expressions = tuple(map(re.compile, filled))
        referring = [call.replace("{this}", data["this"]) for call in data["referring_calls"] if spelled]
        named = re.compile(rf"\b(?:{spelled})\b" if spelled else r"(?!)")
        not_a_call = re.compile(data["not_a_call"])
        return _Calls(
            expressions, tuple(map(re.compile, referring)), named, not_a_call, Prefilter(expressions)
        )

    @property
    def _subjects(self) -> tuple[Subject, ...]:
        return (*self._election.candidate, *self._election.measure)

    @cached_property
    def _tags(self) -> frozenset[str]:
        return frozenset(tag.lower() for subject in self._subjects for tag in subject.hashtags)

    def load(self) -> None:
        self._calls, self._tags  # noqa: B018 - reads the election and compiles once

    def classify(self, texts: Sequence[str]) -> list[Scores]:
        return self.classify_under(texts, [""] * len(texts))

    def classify_under(self, texts: Sequence[str], topics: Sequence[str]) -> list[Scores]:
        self.load()
        try:
            return [self._scores(text, topic) for text, topic in zip(texts, topics, strict=True)]
        except (ValueError, RecursionError) as error:
            raise ClassifierFailed("ballot could not search a text") from error

    def _scores(self, text: str, topic: str) -> Scores:
        spans = {*self._advocacy(text), *self._campaign_tags(text)}
        if topic and self._calls.named.search(plain(topic)):
            spans |= set(self._referring(text))
        return {Category.POLITICAL: Score(SURE, tuple(sorted(spans)))} if spans else {}

    def _advocacy(self, text: str) -> Iterator[Span]:
        normalized = normalize(text)
        line = plain(text)
        for number in self._calls.prefilter.possible(line):
            for match in self._calls.expressions[number].finditer(line):
                if self._is_call(line, match):
                    yield Span(*normalized.original_span(*match.span()), CALLED)

    def _referring(self, text: str) -> Iterator[Span]:
        """Calls to vote that say "this" of what the post above them names."""
        normalized, line = normalize(text), plain(text)
        for expression in self._calls.referring:
            for match in expression.finditer(line):
                if self._is_call(line, match):
                    yield Span(*normalized.original_span(*match.span()), REFERS)

    def _is_call(self, line: str, match: re.Match[str]) -> bool:
        return not self._calls.not_a_call.search(line[max(0, match.start() - BEFORE) : match.start()])

    def _campaign_tags(self, text: str) -> Iterator[Span]:
        if self._tags and "#" in text:
            for match in re.finditer(r"#\w+", text):
                if match.group().lower() in self._tags:
                    yield Span(*match.span(), TAGGED)


def _spelled(name: str) -> str:
    """A name with whatever signs stand between its words."""
    return r"\W{1,3}".join(map(re.escape, name.split()))
