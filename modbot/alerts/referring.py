"""Telling those to whom a moderator referred a case. Reads decisions; what decides knows nothing of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from modbot.alerts import raising, watching
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.config import Settings
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import Case, Comment, Decision, Page, Withdrawal

cases, comments, decisions = table(Case), table(Comment), table(Decision)
pages, withdrawals = table(Page), table(Withdrawal)

NAME = "referred"
WHO = {
    "threat": (About.REFERRED_THREAT, "the safety team", "it may be a threat"),
    "privacy": (About.REFERRED_PRIVACY, "the privacy officer", "it may tell a student's private matters"),
    "civil_rights": (
        About.REFERRED_CIVIL_RIGHTS,
        "the civil-rights officer",
        "somebody may be harassed for who they are",
    ),
}


OLDEST = timedelta(days=14)
"""Where alerts are set up later, what was referred long ago is not told."""


def referrals(store: Store, settings: Settings) -> int:
    """Tell of the referrals since the last look that can no longer be undone; returns how many."""
    until = utcnow() - timedelta(seconds=settings.review.undo_seconds)
    with store.read() as connection:
        seen = watching.place(connection, NAME)
        made = connection.execute(_since(seen, until)).all()
        bodies = bodies_of(connection, [row.id for row in made])
    if not made:
        return 0
    # Near-identical comments are referred in one go.
    first = {(row.case_id, row.at): row for row in reversed(made) if row.withdrawn is None}
    with store.write() as tx:
        for row in first.values():
            referral = bodies.get(row.id, {}).get("referral", "threat")
            raising.raise_alert(tx, settings, _news(row, referral))
        watching.keep_place(tx, NAME, made[-1].id)
    return len(first)


def _since(seen: int, until: Any) -> sa.Select[Any]:
    d = decisions.c
    return (
        sa.select(
            d.id,
            d.case_id,
            d.at,
            cases.c.clauses,
            comments.c.page,
            pages.c.title,
            pages.c.school,
            withdrawals.c.withdrawn,
        )
        .join(cases, cases.c.id == d.case_id)
        .join(comments, comments.c.id == d.comment_id)
        .join(pages, pages.c.key == comments.c.page)
        .outerjoin(withdrawals, withdrawals.c.decision_id == d.id)
        .where(d.id > seen, d.choice == "refer", d.at.between(until - OLDEST, until))
        .order_by(d.id)
    )


def _news(row: sa.Row[Any], referral: str) -> News:
    about, who, why = WHO[referral]
    return News(
        about=about,
        key=f"{about}:{row.id}",
        says=f"A moderator asks {who} to look at case {row.case_id} on {row.title or row.page}: {why}.",
        case_id=row.case_id,
        page=row.page,
        school=row.school,
        clauses=tuple(row.clauses.split()),
    )
