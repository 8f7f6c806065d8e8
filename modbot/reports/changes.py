"""What changed in a span of the log: the policy, the classifiers, the thresholds, the pages, the people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import policy, policy_changes
from modbot.policy import Policy
from modbot.records.page_state import REGISTERED, RETIRED
from modbot.reports.extent import Extent, Noted, events, noted
from modbot.store import bodies_of, body_of, table
from modbot.tables import Comment, Score, Verdict

scores, verdicts, comments = table(Score), table(Verdict), table(Comment)
IN_FORCE = "policy:in_force"
LOOKED_AT = 400
"""Flagged comments that are looked at to learn which thresholds were in use."""
OF_EACH = 8
"""Of those flagged under the same clauses, how many records are read."""


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is for everybody; `who` did it, and to which record, is not."""

    at: datetime
    what: str
    who: str = ""
    which: str = ""


def of_rules(connection: Connection, extent: Extent) -> list[Change]:
    """By what comments are judged, in the order of time."""
    every = [
        *_of_policy(connection, extent),
        *_of_models(connection, extent),
        *_of_learned(connection, extent),
        *_of_thresholds(connection, extent),
    ]
    # Stable, so that a policy's own sentences keep their order.
    return sorted(every, key=lambda change: change.at)


def of_people(connection: Connection, extent: Extent) -> list[Change]:
    """Who was given access, and whose role changed. For the internal version alone."""
    words = {"user.added": "was given access", "user.changed": "was changed"}
    return [
        Change(
            each.at, f"{each.subject.removeprefix('user:')} {words[each.kind]}{_role(each.body)}", each.actor
        )
        for each in noted(connection, extent, *words)
    ]


def _role(body: Mapping[str, object] | None) -> str:
    role = (body or {}).get("role")
    return f" as {role}" if role else ""


def _of_policy(connection: Connection, extent: Extent) -> Iterator[Change]:
    before = _in_force(connection, extent.after)
    for each in noted(connection, extent, "policy.loaded"):
        after = policy.parse(each.body["text"].encode(), "in force") if each.body else None
        if after is not None:
            for what in _differences(before, after):
                yield Change(each.at, what, each.actor)
            before = after


def in_force(connection: Connection, extent: Extent) -> Policy | None:
    """The policy that counted when the span ended."""
    return _in_force(connection, extent.last)


def titles(rules: Policy) -> dict[str, str]:
    """What may apply to a comment: clauses, then watches, each with its title."""
    return rules.titles


def _in_force(connection: Connection, last: int) -> Policy | None:
    newest = sa.select(sa.func.max(events.c.seq)).where(events.c.subject == IN_FORCE, events.c.seq <= last)
    seq = connection.execute(newest).scalar()
    body = None if seq is None else body_of(connection, seq)
    return None if body is None else policy.parse(body["text"].encode(), "in force")


def _differences(before: Policy | None, after: Policy) -> Iterator[str]:
    name = f"Policy “{after.policy.name}”, version {after.policy.version}"
    if before is None:
        yield f"{name}, came into force as the first."
        return
    yield f"{name}, came into force."
    for change in policy_changes.changes(before, after):
        yield from _in_sentences(change)


PARTS = {
    "policy": "The policy's head",
    "clause": "Clause",
    "watch": "Watch",
    "word_list": "The word list of clause",
}
FIELDS = {"text": "its words", "categories": "what the machine looks for", "urgent": "what is urgent"}


def _in_sentences(change: policy_changes.Change) -> Iterator[str]:
    title = f" ({change.title})" if change.title else ""
    part = f"{PARTS.get(change.part, change.part)} {change.id}".strip() + title
    if change.how != "changed":
        yield f"{part} {'is new' if change.how == 'added' else 'was taken out'}."
        return
    fields = {each.name: each.pieces for each in change.fields}
    mode = fields.pop("mode", None)
    if mode is not None:
        was = "".join(piece.text for piece in mode if piece.how != "in")
        now = "".join(piece.text for piece in mode if piece.how != "out")
        yield f"{part} went from mode {was} to {now}."
    if fields:
        names = ", ".join(FIELDS.get(name, name.replace("_", " ")) for name in fields)
        yield f"{part} changed: {names}."


def _of_models(connection: Connection, extent: Extent) -> Iterator[Change]:
    firsts = (
        sa.select(scores.c.classifier, sa.func.min(scores.c.id))
        .where(extent.holds(scores.c.id))
        .group_by(scores.c.classifier)
    )
    before = connection.execute(
        sa.select(scores.c.classifier)
        .where(scores.c.id <= extent.after)
        .order_by(scores.c.id.desc())
        .limit(1)
    ).scalar()
    for classifier, first in sorted(connection.execute(firsts), key=lambda row: row[1]):
        if classifier != before:
            at = connection.execute(sa.select(events.c.at).where(events.c.seq == first)).scalar_one()
            yield Change(at, f"Comments were scored by {in_words(classifier)}.")


def in_words(classifier: str) -> str:
    """`patterns:3+linear:ab12` as a reader can take it."""
    members = [each.partition(":") for each in classifier.split("+")]
    return ", ".join(f"{name} (version {version})" if version else name for name, _, version in members)


def classifier_at(connection: Connection, extent: Extent) -> str:
    """Who scored last before the span ended; empty when nobody had."""
    newest = (
        sa.select(scores.c.classifier).where(scores.c.id <= extent.last).order_by(scores.c.id.desc()).limit(1)
    )
    return connection.execute(newest).scalar() or ""


def _of_thresholds(connection: Connection, extent: Extent) -> Iterator[Change]:
    earlier = Extent(extent.start, extent.start, 0, extent.after)
    before, after = (thresholds(connection, each) for each in (earlier, extent))
    for place in sorted(after.keys() & before.keys()):
        (was, _), (now, seq) = before[place], after[place]
        if was != now:
            at = connection.execute(sa.select(events.c.at).where(events.c.seq == seq)).scalar_one()
            category, clause = place
            yield Change(at, f"The threshold for {category} under {clause} went from {was:g} to {now:g}.")


def thresholds(connection: Connection, extent: Extent) -> dict[tuple[str, str], tuple[float, int]]:
    """(category, clause) → the threshold last used, and the entry that says so; from the newest flagged."""
    newest = (
        sa.select(verdicts.c.id, verdicts.c.clauses)
        .where(extent.holds(verdicts.c.id), verdicts.c.level != "clear", verdicts.c.score_id.is_not(None))
        .order_by(verdicts.c.id.desc())
        .limit(LOOKED_AT)
    )
    alike: dict[str, list[int]] = {}
    for seq, clauses in connection.execute(newest).all():
        alike.setdefault(clauses, []).append(seq)
    bodies = bodies_of(connection, sorted(seq for seqs in alike.values() for seq in seqs[:OF_EACH]))
    return {
        (finding["category"], finding["clause"]): (finding["threshold"], seq)
        for seq, body in sorted(bodies.items())
        for finding in body["findings"]
        if finding["threshold"] is not None
    }


LEARNED = {
    "model.adopted": "A model learned from the district's own decisions took the place of the one in use.",
    "model.returned": "The model used before took the place of a learned one again.",
}


def _of_learned(connection: Connection, extent: Extent) -> Iterator[Change]:
    """Said by people; what it does to the scores is told by the first comment that is scored then."""
    for each in noted(connection, extent, *LEARNED):
        yield Change(each.at, LEARNED[each.kind], each.actor, _which(each))


def _which(each: Noted) -> str:
    return each.subject.replace(":", " ")


def of_others(connection: Connection, extent: Extent) -> list[Change]:
    """What comments are not judged by, in the order of time."""
    dropped = (
        Change(each.at, "A learned model that was not in use was dropped.", each.actor, _which(each))
        for each in noted(connection, extent, "model.dropped")
    )
    return sorted([*_of_pages(connection, extent), *dropped], key=lambda change: change.at)


def _of_pages(connection: Connection, extent: Extent) -> Iterator[Change]:
    for each in noted(connection, extent, REGISTERED, RETIRED):
        page = each.subject.removeprefix("page:")
        yield Change(each.at, f"Page {page} {_became(connection, each)}.", each.actor)


def _became(connection: Connection, entry: Noted) -> str:
    if entry.kind == RETIRED:
        return "was no longer in the settings, and is not watched any more"
    its = (events.c.subject == entry.subject, events.c.kind.in_((REGISTERED, RETIRED)))
    earlier = sa.select(events.c.kind).where(*its, events.c.seq < entry.seq).order_by(events.c.seq.desc())
    before = connection.execute(earlier.limit(1)).scalar()
    if before is None:
        return "was registered"
    return "is in the settings again" if before == RETIRED else "was entered anew, with other details"
