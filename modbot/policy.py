"""The district's policy as data, and the pure step from scores to a verdict.

A verdict is the machine's opinion and names the clauses that may apply; it is never an action. Only a
clause in mode `enforce`, signed off by a named person on a date, lets a moderator hide under it.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from classifiers.base import Category, Score, Scores, Span
from classifiers.ensemble import NO_REPORT
from modbot.errors import ConfigError
from modbot.words import WordList, hits

Threshold = Annotated[float, Field(gt=0, le=1)]


class Mode(StrEnum):
    OFF = "off"
    ADVISE = "advise"
    ENFORCE = "enforce"


class Level(StrEnum):
    CLEAR = "clear"
    REVIEW = "review"
    URGENT = "urgent"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clause(_Table):
    """One numbered clause, verbatim, and what the machine may look for under it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,20}$")]
    title: str
    text: str
    mode: Mode
    categories: tuple[Category, ...] = ()
    urgent: tuple[Category, ...] = ()
    """Categories that alert a person at once instead of waiting in the queue."""
    thresholds: dict[Category, Threshold] = {}
    """Where the district wants another threshold than the measured one."""
    signed_off_by: str = ""
    signed_off_on: date | None = None
    note: str = ""
    """For the reviewer: what counsel wants kept in mind."""

    @model_validator(mode="after")
    def _consistent(self) -> Clause:
        if self.mode is Mode.ENFORCE and not (self.signed_off_by.strip() and self.signed_off_on):
            raise ValueError("mode 'enforce' needs signed_off_by (a name) and signed_off_on (a date)")
        stray = (set(self.urgent) | set(self.thresholds)) - set(self.categories)
        if stray:
            raise ValueError(f"{', '.join(sorted(stray))} is not among this clause's categories")
        return self


class Watch(_Table):
    """A category that no adopted clause covers: people see it, nothing may be hidden for it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,20}$")]
    category: Category
    title: str
    note: str
    threshold: Threshold | None = None


REPORTED = "reported_threat"
"""What a finding is about that tells of somebody else's threat: no category, since nothing forbids it."""
REPORT = Watch(
    id="REPORT",
    category=Category.THREATS,
    title="Reports somebody else's threat",
    note="It breaks no clause and stays up. Tell the school and the safety team now: refer it as a threat.",
)
"""Part of every policy, whatever the district's file says: a person must hear of such a comment at once."""


class About(_Table):
    name: str
    version: str
    adopted: date | None = None
    notice: str = ""
    """What the page tells commenters."""
    viewpoint: str = ""
    """The policy's own promise to leave viewpoint alone, verbatim."""
    forum: str = ""
    """What the district says its page is; courts decide by how it is used."""
    officials: tuple[str, ...] = ()
    """Names that must never stand in a word list."""


class Policy(_Table):
    policy: About
    clause: tuple[Clause, ...]
    watch: tuple[Watch, ...] = ()
    word_list: tuple[WordList, ...] = ()
    sha256: str = ""
    source: str = ""
    """The file's text as read; `sha256` is its hash."""

    @model_validator(mode="after")
    def _consistent(self) -> Policy:
        ids = [each.id for each in self.clause] + [each.id for each in self.watches]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"used more than once as an id: {', '.join(twice)}")
        if not self.clause:
            raise ValueError("a policy needs at least one [[clause]]")
        missing = sorted({each.clause for each in self.word_list} - {each.id for each in self.clause})
        if missing:
            raise ValueError(f"a word_list names a clause that is not there: {', '.join(missing)}")
        return self

    @property
    def categories(self) -> frozenset[Category]:
        """What a classifier has to look for."""
        looked_for = [each.categories for each in self.clause if each.mode is not Mode.OFF]
        return frozenset(category for each in looked_for for category in each) | {
            each.category for each in self.watch
        }

    @property
    def watches(self) -> tuple[Watch, ...]:
        """The file's, and the one that is part of every policy."""
        return (*self.watch, REPORT)

    @property
    def titles(self) -> dict[str, str]:
        """Of what may apply to a comment, by id: clauses, then watches."""
        return {each.id: each.title for each in self.clause} | {each.id: each.title for each in self.watches}

    def find(self, id: str) -> Clause | None:  # noqa: A002
        return next((each for each in self.clause if each.id == id), None)

    def find_watch(self, id: str) -> Watch | None:  # noqa: A002
        return next((each for each in self.watches if each.id == id), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """Why one clause may apply. `probability` is None for a word list's hit."""

    clause: str
    category: str
    probability: float | None
    threshold: float | None
    urgent: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    level: Level
    findings: tuple[Finding, ...]
    """Surest first; empty when the verdict is CLEAR."""

    @property
    def clauses(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.clause for finding in self.findings))


def judge(
    policy: Policy,
    scores: Scores,
    thresholds: Mapping[Category, float],
    text: str,
    reported: Score = NO_REPORT,
) -> Verdict:
    """The verdict on one text. `thresholds` are the measured operating points.

    `reported`: of somebody else's threat. It is urgent, and nothing can be hidden for it.
    """
    findings = [
        *_clause_findings(policy, scores, thresholds),
        *_watch_findings(policy, scores, thresholds),
        *_word_findings(policy, text),
        *_report_findings(reported),
    ]
    findings.sort(key=lambda each: (not each.urgent, each.clause == REPORT.id, -(each.probability or 0)))
    if not findings:
        return Verdict(Level.CLEAR, ())
    urgent = any(each.urgent for each in findings)
    return Verdict(Level.URGENT if urgent else Level.REVIEW, tuple(findings))


def least(policy: Policy, thresholds: Mapping[Category, float]) -> dict[Category, float]:
    """From which score on a category is a finding; without those of which none is."""
    applied = [one for one in policy.clause if one.mode is not Mode.OFF]
    own = [(category, one.thresholds.get(category)) for one in applied for category in one.categories]
    limits: dict[Category, float] = {}
    for category, limit in [*own, *((one.category, one.threshold) for one in policy.watch)]:
        limits[category] = min(limit or thresholds[category], limits.get(category, 1.0))
    return limits


def _clause_findings(
    policy: Policy, scores: Scores, thresholds: Mapping[Category, float]
) -> Sequence[Finding]:
    return [
        Finding(clause.id, category, score.probability, limit, category in clause.urgent, score.spans)
        for clause in policy.clause
        if clause.mode is not Mode.OFF
        for category in clause.categories
        if (score := scores.get(category)) is not None
        and (limit := clause.thresholds.get(category) or thresholds[category]) <= score.probability
    ]


def _watch_findings(
    policy: Policy, scores: Scores, thresholds: Mapping[Category, float]
) -> Sequence[Finding]:
    return [
        Finding(watch.id, watch.category, score.probability, limit, False, score.spans)
        for watch in policy.watch
        if (score := scores.get(watch.category)) is not None
        and (limit := watch.threshold or thresholds[watch.category]) <= score.probability
    ]


def _word_findings(policy: Policy, text: str) -> Sequence[Finding]:
    modes = {clause.id: clause.mode for clause in policy.clause}
    return [
        Finding(words.clause, "word_list", None, None, False, spans)
        for words in policy.word_list
        if modes[words.clause] is not Mode.OFF and (spans := hits(words, text))
    ]


def _report_findings(reported: Score) -> Sequence[Finding]:
    if not reported.spans:
        return ()
    return (Finding(REPORT.id, REPORTED, reported.probability, None, True, reported.spans),)


def load(path: Path) -> Policy:
    """Read a policy file. Raises ConfigError that names the file, the place and what to mend."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            "The policy file %(path)s cannot be read: %(why)s.",
            remedy="Check [policy] file in modbot.toml, or write a new one with: modbot init",
            path=path,
            why=error.strerror,
        ) from None
    return parse(source, str(path))


def parse(source: bytes, name: str) -> Policy:
    try:
        text = source.decode("utf-8")
        return Policy.model_validate(
            tomllib.loads(text) | {"sha256": hashlib.sha256(source).hexdigest(), "source": text}
        )
    except UnicodeDecodeError as error:
        problem = f"it is not UTF-8 text (byte {error.start})"
    except tomllib.TOMLDecodeError as error:
        problem = str(error)
    except ValidationError as error:
        problem = "; ".join(_plain(each) for each in error.errors())
    raise ConfigError(
        "The policy %(name)s does not hold: %(problem)s.",
        remedy="Mend it, then run: modbot policy check",
        name=name,
        problem=problem,
    )


def _plain(error: object) -> str:
    """One validation error as `clause 2, mode: …` (people count from 1)."""
    assert isinstance(error, dict)  # noqa: S101 - pydantic's ErrorDetails
    place = " ".join(str(part + 1 if isinstance(part, int) else part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "is not a key that a policy knows"
    return f"{place}: {message}" if place else message
