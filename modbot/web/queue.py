"""The queue: what waits for a decision, threats first. New cases are announced; the list moves when asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from modbot import openings, proposals, review, wiring
from modbot.alerts import calls
from modbot.review import Filters, Listing
from modbot.roles import Permission
from modbot.store import View, utcnow
from modbot.web import listing
from modbot.web.aftermath import aftermath
from modbot.web.case import Reader, opinion_waits, page_titles, people
from modbot.web.counts import Waiting, waiting
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import RowNumber, address, sent
from modbot.web.i18n import N_
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require, visitor
from platforms.base import Kind

router = APIRouter()

Onlooker = Annotated[SignedIn, Depends(require(Permission.READ, active=False))]
"""What the page asks for by itself does not keep a session alive."""
AGES = {"1": N_("1 hour"), "4": N_("4 hours"), "24": N_("1 day"), "72": N_("3 days")}
KINDS = {
    Kind.COMMENT.value: N_("Comments"),
    Kind.REPLY.value: N_("Replies"),
    Kind.MENTION.value: N_("Mentions"),
    Kind.VISITOR_POST.value: N_("Visitors’ posts"),
    Kind.DIRECT_MESSAGE.value: N_("Direct messages"),
}
SEVERE_IS_MUCH = 5
"""Hard comments read in a day from which the queue suggests a break."""
Numbers: TypeAlias = Annotated[list[int], Query(max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The filter form as sent. What is not known does not narrow the list."""

    view: str = ""
    """lead, unscored, edited, mine or second"""
    clause: str = ""
    on: str = ""
    """A page's key."""
    platform: str = ""
    school: str = ""
    kind: str = ""
    """How it came: a comment, a mention, …"""
    older: str = ""
    """Hours."""

    def filters(self, who: SignedIn) -> Filters:
        return Filters(
            clause=self.clause,
            page=self.on,
            platform=self.platform,
            school=self.school,
            kind=self.kind if self.kind in KINDS else "",
            reason={"unscored": "not_scored", "edited": "edited"}.get(self.view, ""),
            older_than=timedelta(hours=int(self.older)) if self.older in AGES else None,
            held_by=who.name if self.view == "mine" else "",
            escalated=self.view == "lead",
        )

    def address(self, path: str = "/queue", **more: object) -> str:
        given = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return address(path, **(given | more))


Asked = Annotated[Sought, Depends(sent(Sought))]


@router.get("/")
def root(request: Request, who: Annotated[SignedIn | None, Depends(visitor)]) -> Response:
    """To the queue; a newcomer to the practice, where there is one."""
    newcomer = who is None and hasattr(request.app.state, "practice")
    return RedirectResponse("/practice" if newcomer else "/queue", status_code=303)


@router.get("/queue")
def show(
    request: Request,
    desk: AtDesk,
    who: Reader,
    sought: Asked,
    start: str = "",
    after: RowNumber | None = None,
) -> Response:
    with desk.store.view() as view:
        last = listing.last_entry(view)
        found, amounts = _found(view, who, sought, start), review.count(view, who.name)
        values: dict[str, Any] = {
            "found": found,
            "amounts": amounts,
            "counts": Waiting(amounts.waiting, amounts.urgent),
            "sought": sought,
            "start": start,
            "seen": last,
            "loaded": last,
            "held": listing.keepers((line.id, line.claimed_by) for line in found.lines if line.claimed_by),
            "ages": AGES,
            "came_as": KINDS,
            "severe": openings.severe_since(view, who.name, _midnight(desk)),
            "much": SEVERE_IS_MUCH,
            "ringing": calls.ringing(view) if who.may(Permission.DECIDE) else {},
            "deletions": proposals.waiting_cases(view) if who.may(Permission.RELEASE) else 0,
            "after": aftermath(view, after, who.name),
            "untold": {line.id for line in found.lines if opinion_waits(desk, who, line)},
            "titles": wiring.policy_in_force(view).titles,
            "pages": page_titles(desk),
            "people": people(view),
        }
    return page(request, "queue.html", who, **values)


@router.get("/queue/counts")
def count(request: Request, who: Onlooker) -> Response:
    return page(request, "queue_counts.html", who)


@router.get("/queue/news")
def news(
    request: Request,
    desk: AtDesk,
    who: Onlooker,
    sought: Asked,
    loaded: RowNumber,
    seen: RowNumber,
    held: str = "",
    shown: Numbers = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """What changed since the list was loaded: nothing (204), or how many came and what became of the rest."""
    with desk.store.view() as view:
        last, holders = listing.last_entry(view), listing.held(view, shown)
        if (last, holders) == (seen, held):
            return Response(status_code=204)
        values: dict[str, Any] = {
            "arrived": listing.arrived(view, loaded, shown, sought.filters(who)),
            "changed": listing.standing(view, loaded, shown, who.name),
            "counts": waiting(view),
            "loaded": loaded,
            "seen": last,
            "held": holders,
            "sought": sought,
            "empty": not shown,
        }
    return page(request, "queue_news.html", who, **values)


def _found(view: View, who: SignedIn, sought: Sought, start: str) -> Listing:
    if sought.view == "second":
        return review.second_looks(view, who.name, after=start)
    return review.queue(view, sought.filters(who), after=start)


def _midnight(desk: Desk) -> datetime:
    """When the district's day began."""
    return datetime.combine(utcnow().astimezone(desk.zone).date(), time(), desk.zone)
