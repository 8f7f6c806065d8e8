"""What the practice page shows: every comment with what became of it, and a card for every case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import evidence, review
from modbot.alerts import preview
from modbot.alerts.preview import Preview
from modbot.audit import KINDS, Entry
from modbot.config import Settings
from modbot.evidence import Judged, Piece
from modbot.policy import REPORT, Clause, Policy
from modbot.queue import WAITING
from modbot.review import Seen, View
from modbot.store import Store, bodies_of, table
from modbot.tables import AuditEvent, Case, CaseComment, Comment, Decision
from modbot.web import case_sheet, grounds
from modbot.web.case_sheet import Copies
from modbot.web.grounds import Reason
from platforms.base import Comment as Written
from platforms.memory import MemoryPage

comments, decisions = table(Comment), table(Decision)
cases, case_comments = table(Case), table(CaseComment)
events = table(AuditEvent)

LOG_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One comment of the page, hidden ones included."""

    native_id: str
    post: str
    author: str
    text: str
    at: datetime
    public: bool
    record: int | None
    """None until it is archived."""
    case: int | None
    outcome: str
    """reading, clear, waiting, left_up, hiding or hidden"""
    clauses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    view: View
    item: Seen
    pieces: Sequence[Piece]
    copies: Sequence[Copies]
    """Every wording that the decision covers."""
    reasons: Sequence[Reason]
    hideable: Sequence[Clause]
    """Clauses that somebody may hide under, the likely ones first."""
    offered: bool
    """Whether a clause that may be broken is one of them, and it is no report of somebody else's threat."""
    reported: bool
    alert: Preview | None
    """What the people on call would get, for an urgent case."""
    quote: str
    state: str
    """waiting, left_up, hiding, hidden, gone or failed"""
    clause: str


def board(store: Store, page: MemoryPage) -> list[Shown]:
    """Every comment, the newest first."""
    public = {comment.id: comment for comment in page.seen_by_public()}
    with store.read() as connection:
        rows = connection.execute(
            sa.select(comments).where(comments.c.page == page.name).order_by(comments.c.id)
        ).all()
        opinions = evidence.judged(connection, [row.id for row in rows])
        bodies = bodies_of(connection, [row.id for row in rows])
        states = _states(connection, page.name)
        chosen = _choices(connection)
    known = {row.native_id for row in rows}
    found = [
        _shown(row, bodies, public, opinions.get(row.id), states.get(row.id), chosen.get(row.id))
        for row in rows
    ]
    found += [
        Shown(
            native_id=each.id,
            post=each.post,
            author=each.author,
            text=each.text,
            at=each.created_at,
            public=True,
            record=None,
            case=None,
            outcome="reading",
            clauses=(),
        )
        for each in public.values()
        if each.id not in known
    ]
    return found[::-1]


def _shown(
    row: Any,
    bodies: Mapping[int, Any],
    public: Mapping[str, Written],
    opinion: Judged | None,
    case: Any,
    choice: Any,
) -> Shown:
    here = row.native_id in public
    return Shown(
        native_id=row.native_id,
        post=row.post,
        author=bodies.get(row.id, {}).get("author", ""),
        text=public[row.native_id].text if here else "",
        at=row.created_at,
        public=here,
        record=row.id,
        case=None if case is None else case.id,
        outcome=_outcome(here, opinion, case, choice),
        clauses=() if case is None else tuple(case.clauses.split()),
    )


def _outcome(public: bool, opinion: Judged | None, case: Any, choice: Any) -> str:
    if not public:
        return "hidden"
    if opinion is None:
        return "reading"
    if case is None:
        return "clear"
    if case.state in WAITING:
        return "waiting"
    return "hiding" if choice == "hide" else "left_up"


def _states(connection: Connection, page: str) -> dict[int, Any]:
    """Comment → its newest case."""
    rows = connection.execute(
        sa.select(case_comments.c.comment_id, cases.c.id, cases.c.state, cases.c.clauses)
        .join_from(case_comments, cases, cases.c.id == case_comments.c.case_id)
        .join(comments, comments.c.id == case_comments.c.comment_id)
        .where(comments.c.page == page)
        .order_by(cases.c.id)
    )
    return {row.comment_id: row for row in rows}


def _choices(connection: Connection) -> dict[int, str]:
    """Comment → the last choice about it."""
    rows = connection.execute(sa.select(decisions.c.comment_id, decisions.c.choice).order_by(decisions.c.id))
    return {row[0]: row[1] for row in rows}


def card(store: Store, settings: Settings, rules: Policy, case_id: int) -> Card:
    """One case as the practice page shows it. Raises StaleCase for a number that is none."""
    view = review.case(store, case_id)
    item = view.items[0]
    findings = item.judged.findings if item.judged else ()
    text = item.text or ""
    named = [finding.clause for finding in findings]
    hideable = grounds.hideable(named, rules)
    reported = REPORT.id in named
    return Card(
        view=view,
        item=item,
        pieces=grounds.pieces(text, findings),
        copies=case_sheet.copies(view.items),
        reasons=grounds.reasons(findings, rules),
        hideable=hideable,
        offered=not reported and any(clause.id in named for clause in hideable),
        reported=reported,
        alert=_alert(settings, view),
        quote=grounds.quote(text, findings),
        state=grounds.outcome(view),
        clause=view.decisions[-1].clause if view.decisions else "",
    )


def _alert(settings: Settings, view: View) -> Preview | None:
    line = view.line
    if line.priority != "urgent":
        return None
    return preview.urgent(settings, view.place.title or line.page, line.clauses, line.opened_at)


def log(store: Store) -> list[tuple[Entry, str]]:
    """The newest entries with what they mean, newest first."""
    columns = [events.c[name] for name in Entry.__dataclass_fields__]
    newest = sa.select(*columns).order_by(events.c.seq.desc()).limit(LOG_LINES)
    with store.read() as connection:
        entries = [Entry(*row) for row in connection.execute(newest)]
    return [(entry, KINDS[entry.kind]) for entry in entries]
