"""Why a comment was flagged, as people read it: findings in words, and the text with its evidence marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from classifiers.base import Category, Span
from modbot.policy import REPORTED, Finding
from modbot.store import decoded, many, table
from modbot.tables import Content, Score, Verdict

verdicts, scores, content = table(Verdict), table(Score), table(Content)

_JUDGED = (
    sa.select(
        verdicts.c.id,
        verdicts.c.comment_id,
        verdicts.c.level,
        scores.c.classifier,
        scores.c.absent,
        content.c.body,
    )
    .select_from(
        verdicts.outerjoin(scores, scores.c.id == verdicts.c.score_id).outerjoin(
            content, content.c.seq == verdicts.c.id
        )
    )
    .where(verdicts.c.comment_id.in_(many("comments")))
    .order_by(verdicts.c.id)
)
IN_WORDS = {
    Category.HARASSMENT: "harassment or bullying",
    Category.DISCRIMINATION: "discrimination",
    Category.THREATS: "a threat",
    Category.OBSCENE: "obscene language",
    Category.POLITICAL: "election campaigning",
    Category.COMMERCIAL: "a commercial offer",
    Category.ILLEGAL: "an unlawful act",
    Category.SECURITY: "something that weakens a school's security",
    Category.STUDENT_PRIVACY: "a student's private matters",
}
"""What a reader is told that a comment may be, or be about."""
THREAT_OR_REPORT = "a threat, or a report of somebody else's threat"
NO_CATEGORY = {"word_list": "words on a list", REPORTED: "a report of somebody else's threat"}


@dataclass(frozen=True, slots=True)
class Advice:
    """What a classifier sees whose word does not count, and where it sees it."""

    member: str
    category: str
    probability: float
    spans: tuple[Span, ...]

    @property
    def about(self) -> str:
        """The category in words."""
        return IN_WORDS[Category(self.category)]

    def words(self, text: str | None) -> list[str]:
        """What it marks in the text, which may have been released."""
        return [text[span.start : span.end] for span in self.spans] if text else []


MEMBERS = {
    "patterns": "Forms of words that people wrote down as rules",
    "linear": "Single words and phrases",
    "encoder": "The sentence as a whole",
    "names": "The district's list of names to protect",
    "ballot": "What stands on the current ballot",
}
"""What each of our classifiers goes by, for a reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the classifiers and the policy said of one comment."""

    level: str
    classifier: str
    absent: tuple[str, ...]
    findings: tuple[Finding, ...]
    failure: str
    """Why nobody could score it; empty when it was scored."""
    advice: tuple[Advice, ...] = ()
    members: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What each classifier said, by its name and by category."""


def judged(connection: Connection, comment_ids: Sequence[int]) -> dict[int, Judged]:
    """The newest verdict on each comment."""
    newest = {row.comment_id: row for row in connection.execute(_JUDGED, {"comments": comment_ids})}
    return {comment: _judged(row, decoded(row.body)) for comment, row in newest.items()}


def sureness(finding: Finding) -> str:
    """How sure the machine is, in a word.

    Scores are calibrated on the project's comments, of which four in ten break a clause: there nine of ten
    "high" ones are right. On a page where few comments break one, a larger share of them is wrong.
    """
    if finding.probability is None:
        return "certain"
    return "high" if finding.probability >= 0.9 else "medium" if finding.probability >= 0.7 else "low"


def about(finding: Finding) -> str:
    """The finding's category in words."""
    return NO_CATEGORY.get(finding.category) or IN_WORDS[Category(finding.category)]


def voices(finding: Finding, opinion: Judged) -> list[tuple[str, float]]:
    """What each classifier that counts goes by, and what it said of the finding's category, surest first."""
    heard = {name: said.get(finding.category, 0.0) for name, said in opinion.members.items()}
    counted = [(words, heard[name]) for name, words in MEMBERS.items() if name in heard]
    return sorted(counted, key=lambda each: -each[1]) if finding.probability is not None else []


SEVERE = (Category.THREATS, Category.DISCRIMINATION)
"""Threats and slurs: what wears readers down, and is shown on request."""


def topics(opinion: Judged | None) -> tuple[str, ...]:
    """What the comment may be, or be about, in words, surest first."""
    findings = opinion.findings if opinion else ()
    return tuple(dict.fromkeys(about(finding) for finding in findings))


def severity(opinion: Judged | None) -> str:
    """What makes the comment hard to read, in words; empty when nothing does."""
    return _severity(opinion.findings if opinion else ())


def newest_verdict(comment_id: sa.ColumnElement[int]) -> sa.Label[Any]:
    """A column `verdict` for a statement about few comments: what `severity_of` reads."""
    said = content.alias()
    newest = (
        sa.select(said.c.body)
        .join_from(verdicts, said, said.c.seq == verdicts.c.id)
        .where(verdicts.c.comment_id == comment_id)
        .order_by(verdicts.c.id.desc())
        .limit(1)
    )
    return newest.correlate_except(verdicts, said).scalar_subquery().label("verdict")


def severity_of(verdict: str | None) -> str:
    """`severity` from the column that `newest_verdict` reads."""
    return _severity([_finding(each) for each in decoded(verdict).get("findings", ())])


def _severity(findings: Sequence[Finding]) -> str:
    found = next((finding for finding in findings if finding.category in SEVERE), None)
    if found is None:
        return ""
    reported = any(finding.category == REPORTED for finding in findings)
    return THREAT_OR_REPORT if reported and found.category == Category.THREATS else about(found)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text, and why it counts; no reasons where it does not."""

    text: str
    reasons: tuple[str, ...] = ()


def marked(text: str, spans: Iterable[Span]) -> list[Piece]:
    """The text cut at the ends of its evidence. Joined again, the pieces are the text."""
    inside = [span for span in spans if 0 <= span.start < span.end <= len(text)]
    cuts = sorted({0, len(text), *(span.start for span in inside), *(span.end for span in inside)})
    return [Piece(text[start:end], _reasons(inside, start, end)) for start, end in pairwise(cuts)]


def _reasons(spans: Sequence[Span], start: int, end: int) -> tuple[str, ...]:
    covering = (span.reason for span in spans if span.start <= start and end <= span.end)
    return tuple(dict.fromkeys(covering))


def _judged(row: Any, body: Mapping[str, Any]) -> Judged:
    return Judged(
        level=row.level,
        classifier=row.classifier or "",
        absent=tuple((row.absent or "").split()),
        findings=tuple(map(_finding, body.get("findings", ()))),
        failure=body.get("failure", ""),
        advice=tuple(map(_advice, body.get("advice", ()))),
        members=body.get("members", {}),
    )


def _advice(found: Mapping[str, Any]) -> Advice:
    return Advice(found["member"], found["category"], found["probability"], _spans(found))


def _spans(found: Mapping[str, Any]) -> tuple[Span, ...]:
    return tuple(Span(start, end, reason) for start, end, reason in found["spans"])


def _finding(found: Mapping[str, Any]) -> Finding:
    plain = {key: found[key] for key in ("clause", "category", "probability", "threshold", "urgent")}
    return Finding(**plain, spans=_spans(found))
