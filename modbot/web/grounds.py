"""Why a comment is before a person, in words, and what it could be hidden under."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from modbot import evidence, likeness
from modbot.evidence import Judged, Piece
from modbot.policy import Clause, Finding, Mode, Policy, Watch
from modbot.queue import WAITING
from modbot.review import Decided, View

LONGEST_QUOTE = 200
_UNSETTLED = {"failed": "failed", "pending": "hiding", "gone": "gone"}
_DELETING = {"failed": "failed", "pending": "deleting", "gone": "gone", "done": "deleted"}


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding in words. `clause` is what it may break; a watch has no clause to hide under."""

    finding: Finding
    clause: Clause | Watch | None
    about: str
    sureness: str
    why: tuple[str, ...]
    like: str = ""
    """The example of the codebook that the comment is most like; empty where none is alike."""
    voices: Sequence[tuple[str, float]] = ()
    """What each classifier goes by, and what it said."""

    @property
    def like_language(self) -> str:
        return likeness.language_of(self.like)


def reasons(findings: Sequence[Finding], rules: Policy) -> list[Reason]:
    return [_reason(finding, rules) for finding in findings]


def explained(text: str | None, opinion: Judged, rules: Policy) -> list[Reason]:
    """The reasons with what makes them understood: an example that is alike, and who said what."""
    return [
        replace(each, like=likeness.of(text, each.finding), voices=evidence.voices(each.finding, opinion))
        for each in reasons(opinion.findings, rules)
    ]


def pieces(text: str, findings: Sequence[Finding]) -> list[Piece]:
    """The text with its evidence marked; what touches is one piece, as a person would quote it in one go."""
    parts = evidence.marked(text, [span for finding in findings for span in finding.spans])
    runs = (list(run) for _, run in groupby(parts, key=lambda part: bool(part.reasons)))
    return [
        Piece(
            "".join(part.text for part in run),
            tuple(dict.fromkeys(why for part in run for why in part.reasons)),
        )
        for run in runs
    ]


def hideable(clauses: Sequence[str], rules: Policy) -> list[Clause]:
    """Clauses that somebody may hide under, those that the case names first."""
    able = {clause.id: clause for clause in rules.clause if clause.mode is Mode.ENFORCE}
    likely = [able[name] for name in clauses if name in able]
    return list({clause.id: clause for clause in (*likely, *able.values())}.values())


def quote(text: str, findings: Sequence[Finding]) -> str:
    """The words that carried the surest finding, from the first to the last, to be changed by the person."""
    spans = findings[0].spans if findings else ()
    if not spans:
        return ""
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    if end - start > LONGEST_QUOTE:
        start, end = spans[0].start, min(spans[0].end, spans[0].start + LONGEST_QUOTE)
    return text[start:end]


def _reason(finding: Finding, rules: Policy) -> Reason:
    return Reason(
        finding,
        rules.find(finding.clause) or rules.find_watch(finding.clause),
        evidence.about(finding),
        evidence.sureness(finding),
        tuple(dict.fromkeys(span.reason for span in finding.spans)),
    )


def settling(view: View) -> Decided | None:
    """The last decision about whether it stays: a referral says nothing of that."""
    return next((each for each in reversed(view.decisions) if each.choice in ("hide", "leave_up")), None)


def outcome(view: View) -> str:
    """waiting, left_up, hiding, hidden, proposed, deleting, deleted, gone or failed

    "proposed" is still up; what is proposed for deletion after it was hidden is "hidden".
    """
    if view.line.state in WAITING:
        return "waiting"
    settled = settling(view)
    if settled is None or settled.choice != "hide":
        return "left_up"
    first = min(each.id for each in view.decisions if each.at == settled.at)
    asked = [each for each in view.actions if each.decision_id >= first and each.state != "cancelled"]
    deleting = {each.state for each in asked if each.kind == "delete"}
    hiding = {each.state for each in asked if each.kind == "hide"}
    if view.proposals and not hiding:
        return "proposed"
    states, names = (deleting, _DELETING) if deleting else (hiding, _UNSETTLED)
    return next((name for state, name in names.items() if state in states), "hidden")
