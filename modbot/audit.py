"""The chain: how one log entry is hashed, linked and proven. Pure; `store.py` keeps the rows.

An entry's hash covers its own fields and the hash before it. What an entry speaks of (a comment's record, a
score, a decision's words) lives apart in `content` under the entry's `payload_hash`, so that lawful
disposition can remove the words and leave the chain whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from modbot.errors import AuditBroken

GENESIS = "0" * 64
NO_PAYLOAD = hashlib.sha256(b"").hexdigest()

KINDS = {
    "account.changed": "How a person signs in, or their training, changed",
    "action.by_hand": "A person made a change on the platform by hand, and said so",
    "action.cancelled": "An action was withdrawn before it reached the platform",
    "action.done": "The platform carried out an action, and reading back confirmed it",
    "action.failed": "The platform cannot do this action; a person has to",
    "action.gone": "The comment was no longer on the platform when the action came",
    "action.requested": "A decision asked for a change on the platform",
    "alert.dropped": "Messages of an alert are not sent any more: nobody needs them, or it is too late",
    "alert.failed": "A channel did not take an alert; it is tried again, and the next channel is used",
    "alert.over": "What an alert was about has passed",
    "alert.raised": "Something came up that people must know",
    "alert.sent": "A channel took an alert",
    "appeal.decided": "An appeals officer decided an appeal",
    "appeal.filed": "The author of a hidden comment asked that it be looked at again",
    "call.acknowledged": "A person answered an urgent call",
    "call.ended": "A call was ended: a drill, or what it was about has passed",
    "call.person": "The next person on call was alerted",
    "call.started": "People on call are being alerted until one of them answers",
    "capture.gap": "A page could not be read for a while",
    "capture.partial": "A part of a page could not be read for a while",
    "case.changed": "What the policy says of an open case changed",
    "case.claimed": "A person took a case to decide it, and saw it as it was then",
    "case.closed": "Everything decided about a case has been carried out",
    "case.joined": "A near-identical or edited comment joined an open case",
    "case.noted": "A person wrote a note on a case",
    "case.opened": "A comment that may break a clause entered the review queue",
    "case.reopened": "A decided case went back to the queue",
    "case.skipped": "A person passed a case over; it waits for others",
    "case.split": "A comment was taken out of a case into one of its own",
    "comment.deleted": "A comment is no longer on the platform",
    "comment.edited": "A new revision of a comment was archived",
    "comment.missed": "A comment is gone from its platform that had not come here before",
    "comment.returned": "A comment that had gone is on the platform again",
    "comment.scored": "The classifiers scored a comment and the policy gave its verdict",
    "comment.seen": "A comment was archived",
    "comment.unscored": "No classifier could score a comment; a person has to look",
    "decision.made": "A person decided",
    "decision.withdrawn": "An escalation or a referral was taken back",
    "deletion.proposed": "A person proposed to delete a comment for good; it waits for the records officer",
    "deletion.refused": "The records officer refused to delete a comment for good",
    "deletion.released": "The records officer released a comment for final deletion",
    "deletion.withdrawn": "A proposed deletion is off: the decision behind it no longer stands",
    "model.adopted": "A person had a learned model take the place of the one in use",
    "model.dropped": "A person dropped a learned model that is not in use",
    "model.learned": "A model was learned from decided cases; it works in shadow and counts for nothing",
    "model.refused": "A model learned from decided cases failed a check and was not kept",
    "model.returned": "A person had the models used before take the place of a learned one",
    "neutrality.measured": "Matched pairs of opposite opinions were put before the classifiers",
    "page.connected": "Somebody gave modbot the right to act on a page",
    "page.disconnected": "Modbot's right to act on a page was removed from here",
    "page.brought_in": "A person brought in comments that modbot cannot read by itself",
    "page.filters": "What a page's platform filters by itself was read, and differs from before",
    "page.opened": "Modbot works on a page: for which district, as which account, in which version",
    "page.registered": "A page was connected, or its settings changed",
    "page.retired": "A page was no longer in the settings when modbot started; it is not watched any more",
    "policy.loaded": "A policy version came into force",
    "record.disposed": "The records officer released the words of an entry; its hash stays",
    "second.asked": "A decided case waits for a second opinion",
    "second.dropped": "A second opinion is no longer needed: the first decision was taken back",
    "second.given": "A second person gave an opinion without knowing the first decision",
    "reply.failed": "The fixed answer to a private message could not be sent",
    "reply.requested": "The fixed answer to a private message is to be sent, as the district wants it",
    "reply.sent": "The fixed answer to a private message was sent",
    "report.made": "A weekly report was written from the log",
    "request.answered": "A public-records request was answered",
    "request.received": "A public-records request that touches moderation came in",
    "session.ended": "Somebody signed out, or a session was ended",
    "session.refused": "Signing in failed again and again",
    "session.started": "Somebody signed in",
    "user.added": "A person was given access",
    "user.changed": "A person's role or access changed",
}
"""Every kind of entry there is, in the words shown to readers of the log."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log. `at` is aware; in the hash it is UTC with microseconds."""

    seq: int
    at: datetime
    actor: str
    kind: str
    subject: str
    payload_hash: str
    prev_hash: str
    hash: str


def canonical(value: Any) -> str:
    """JSON with sorted keys, no spaces, ASCII only: any text survives any database byte for byte."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(body: str) -> str:
    """SHA-256 of a canonical body, as 64 hex digits."""
    return hashlib.sha256(body.encode("ascii")).hexdigest()


def link(
    prev: tuple[int, str], at: datetime, actor: str, kind: str, subject: str, payload_hash: str
) -> Entry:
    """The entry that follows `prev` (seq, hash) in the chain."""
    seq, prev_hash = prev[0] + 1, prev[1]
    return Entry(
        seq,
        at,
        actor,
        kind,
        subject,
        payload_hash,
        prev_hash,
        entry_hash(seq, at, actor, kind, subject, payload_hash, prev_hash),
    )


def entry_hash(
    seq: int, at: datetime, actor: str, kind: str, subject: str, payload_hash: str, prev_hash: str
) -> str:
    """SHA-256 over the canonical JSON array of the entry's fields in this order."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    texts = map(_quoted, (moment, actor, kind, subject, payload_hash, prev_hash))
    # Put together by hand: a fifth of the encoder's time, twice for every comment.
    return digest(f"[{seq},{','.join(texts)}]")


def verify(rows: Iterable[tuple[Entry, str | None, bool]]) -> Iterator[Entry]:
    """Yield each entry once it is proven; raise AuditBroken at the first that is not.

    `rows` are (entry, body of its content or None, disposed) in order of seq. A missing body is
    broken unless it was lawfully disposed of; entries without content cite NO_PAYLOAD.
    """
    prev = (0, GENESIS)
    for entry, body, disposed in rows:
        _check_place(entry, prev)
        _check_payload(entry, body, disposed)
        yield entry
        prev = (entry.seq, entry.hash)


def _check_place(entry: Entry, prev: tuple[int, str]) -> None:
    if entry.seq != prev[0] + 1:
        raise AuditBroken(f"entry {prev[0] + 1} is missing: {entry.seq} follows {prev[0]}", seq=prev[0] + 1)
    if entry.prev_hash != prev[1]:
        raise AuditBroken(f"entry {entry.seq} does not follow from the one before it", seq=entry.seq)
    expected = entry_hash(
        entry.seq, entry.at, entry.actor, entry.kind, entry.subject, entry.payload_hash, entry.prev_hash
    )
    if entry.hash != expected:
        raise AuditBroken(f"entry {entry.seq} ({entry.kind}) was changed", seq=entry.seq)


def _check_payload(entry: Entry, body: str | None, disposed: bool) -> None:
    if entry.payload_hash == NO_PAYLOAD:
        found = NO_PAYLOAD if body is None else digest(body)
    elif body is None:
        found = entry.payload_hash if disposed else "missing"
    else:
        found = digest(body)
    if found != entry.payload_hash:
        what = "is missing" if found == "missing" else "was changed"
        raise AuditBroken(f"the content of entry {entry.seq} ({entry.kind}) {what}", seq=entry.seq)
