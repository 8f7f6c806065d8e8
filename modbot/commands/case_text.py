"""One case in words, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from modbot import likeness
from modbot.audit import KINDS
from modbot.commands.output import one_line, when
from modbot.evidence import marked, sureness, voices
from modbot.policy import Finding, Mode, Policy
from modbot.review import Acted, Decided, Seen, View

SHOWN_COPIES = 10


def as_document(view: View, rules: Policy) -> dict[str, Any]:
    document = asdict(view)
    document["clauses"] = [
        clause.model_dump(mode="json", include={"id", "title", "text", "mode", "note"})
        for name in view.line.clauses
        if (clause := rules.find(name))
    ]
    return document


def describe(view: View, rules: Policy, zone: ZoneInfo) -> Iterator[str]:
    line, items = view.line, view.items
    claimed = f", claimed by {line.claimed_by}" if line.claimed_by else ""
    yield f"Case {line.id}: {line.state}{claimed}, {line.priority}, version {line.version}"
    yield f"Opened {when(line.opened_at, zone)}"
    if view.second_look is not None:
        yield "It waits for your second opinion; what was decided first is not shown."
    yield ""
    yield from _comment(items[0], zone)
    yield from _others(items)
    yield ""
    yield from _why(items[0], rules)
    yield from _decisions(view, zone)
    yield from _notes(view, zone)
    yield from _history(view, zone)


def _comment(seen: Seen, zone: ZoneInfo) -> Iterator[str]:
    post = seen.post_title or seen.post
    where = f"{seen.page}, post {post}" if post else seen.page
    yield f"{seen.author or 'Somebody'} on {where}, {when(seen.created_at, zone)}, record {seen.id}"
    if seen.number > 1:
        yield f"Revision {seen.number}: the author edited it."
    if not seen.present:
        yield "It is no longer on the page."
    if seen.permalink:
        yield seen.permalink
    yield from (f"  | {each}" for each in _marked(seen).split("\n"))


def _marked(seen: Seen) -> str:
    if seen.text is None:
        return "(the records officer released these words)"
    findings = seen.judged.findings if seen.judged else ()
    spans = [span for finding in findings for span in finding.spans]
    runs = groupby(marked(seen.text, spans), key=lambda piece: bool(piece.reasons))
    joined = [(counts, "".join(piece.text for piece in pieces)) for counts, pieces in runs]
    return "".join(f"«{text}»" if counts else text for counts, text in joined)


def _others(items: tuple[Seen, ...]) -> Iterator[str]:
    if len(items) == 1:
        return
    yield f"With {len(items) - 1} near-identical comments, which the same decision covers:"
    for seen in items[1 : SHOWN_COPIES + 1]:
        yield f"  record {seen.id}, {seen.page}, {seen.author}: {one_line(seen.text or '', 70)}"
    if len(items) > SHOWN_COPIES + 1:
        yield f"  and {len(items) - 1 - SHOWN_COPIES} more (--json lists all)"


def _why(seen: Seen, rules: Policy) -> Iterator[str]:
    opinion = seen.judged
    if opinion is None or opinion.failure:
        yield f"Not scored: {opinion.failure if opinion else 'it still waits'}. A person has to look."
        return
    if opinion.absent:
        yield f"Scored without: {', '.join(opinion.absent)}"
    if not opinion.findings:
        yield "As it reads now, no clause may apply."
    for finding in opinion.findings:
        yield from _finding(finding, rules)
        for words, score in voices(finding, opinion):
            yield f"    {words}: {score:.2f}"
        if like := likeness.of(seen.text, finding):
            yield f"  Most like this example of the codebook: “{one_line(like, 90)}”"
    for each in opinion.advice:
        words = "".join(f" “{one_line(words, 70)}”" for words in each.words(seen.text))
        yield f"Beside it {each.member} sees {each.about}, {each.probability:.2f}:{words or ' no one word'}"
        yield "  It only advises: its score is not calibrated and counts for nothing here."


def _finding(finding: Finding, rules: Policy) -> Iterator[str]:
    clause = rules.find(finding.clause)
    watch = rules.find_watch(finding.clause)
    if clause is not None:
        yield f"May break {clause.id}: {clause.text}"
        yield "  Nothing may be hidden under it." if clause.mode is not Mode.ENFORCE else "  Mode: enforce"
        note = clause.note
    else:
        yield f"Shown under {finding.clause}: {watch.title if watch else 'no longer in the policy'}"
        note = watch.note if watch else ""
    if note:
        yield f"  Keep in mind: {note}"
    reasons = ", ".join(dict.fromkeys(span.reason for span in finding.spans))
    yield f"  {finding.category}, {sureness(finding)}{': ' if reasons else ''}{reasons}"
    if finding.probability is not None and finding.threshold is not None:
        yield f"  score {finding.probability:.2f}, shown to people from {finding.threshold:.2f} on"


def _decisions(view: View, zone: ZoneInfo) -> Iterator[str]:
    if view.decisions:
        yield ""
    for decided in view.decisions:
        yield from _decision(decided, zone)
        yield from (_action(each) for each in view.actions if each.decision_id == decided.id)


def _decision(decided: Decided, zone: ZoneInfo) -> Iterator[str]:
    under = f" under {decided.clause}" if decided.clause else ""
    to = f" to {decided.referral}" if decided.referral else ""
    what = f"{'delete for good' if decided.deletes else decided.choice}{under}{to}"
    yield f"{when(decided.at, zone)}  {decided.by} decided on record {decided.comment_id}: {what}"
    if decided.quote:
        yield f"  quoting: {decided.quote}"
    if decided.reason:
        yield f"  because: {decided.reason}"


def _notes(view: View, zone: ZoneInfo) -> Iterator[str]:
    if view.notes:
        yield ""
    for noted in view.notes:
        yield f"{when(noted.at, zone)}  {noted.by} noted: {one_line(noted.text, 500)}"


def _action(acted: Acted) -> str:
    failure = f": {acted.failure}" if acted.failure else ""
    return f"  {acted.kind} on the platform: {acted.state}, tried {acted.attempts} times{failure}"


def _history(view: View, zone: ZoneInfo) -> Iterator[str]:
    yield ""
    yield "In the log:"
    for entry in view.history:
        yield f"  {entry.seq:>6}  {when(entry.at, zone)}  {entry.actor}  {KINDS[entry.kind]}"
