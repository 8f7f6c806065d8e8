"""Whether there are enough people for what needs two of them."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

import platforms
from modbot import proposals, users
from modbot.checkups.finding import Finding, fine, look
from modbot.config import Settings
from modbot.roles import DECIDERS, Permission, holders
from modbot.store import Store, table
from modbot.tables import SecondLook

looks = table(SecondLook)
OFFICERS = holders(Permission.RELEASE)


def enough(store: Store, settings: Settings) -> Iterator[Finding]:
    """The database is known to answer, at the newest schema."""
    roles = [person.role for person in users.everyone(store) if person.active]
    yield _second_looks(store, settings, sum(role in DECIDERS for role in roles))
    known = [page for page in settings.page if page.platform in platforms.names()]
    final = [page.title or page.key for page in known if proposals.final_only(page.platform)]
    if final:
        yield _deletions(final, sum(role in OFFICERS for role in roles))


def _second_looks(store: Store, settings: Settings, deciders: int) -> Finding:
    asked = settings.review.second_share > 0 or bool(settings.review.doubtful_clauses)
    with store.read() as connection:
        waiting = connection.execute(
            sa.select(sa.func.count()).select_from(looks).where(looks.c.state == "waiting")
        ).scalar_one()
    if deciders > 1 or not (asked or waiting):
        return fine("second looks", f"{waiting} wait" if asked or waiting else "turned off")
    says = f"only {deciders} may decide, so nobody can give the second look: {waiting} wait for ever"
    remedy = "Add a second person with: modbot user add. Or turn them off under [review]."
    return look("second looks", says, remedy)


def _deletions(pages: list[str], officers: int) -> Finding:
    if officers:
        return fine("deletions", f"{officers} may release them for {', '.join(pages)}")
    says = f"{', '.join(pages)} can only delete for good, and nobody is records officer to release that"
    return look("deletions", says, "Give somebody the role: modbot user add NAME --role records_officer")
