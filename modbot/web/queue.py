"""The queue: what waits for a decision, threats first. New cases are announced; the list moves when asked."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from modbot import review, users, wiring
from modbot.roles import Permission
from modbot.web import listing
from modbot.web.desk import Desk, desk_of
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require, visitor

router = APIRouter()

AtDesk = Annotated[Desk, Depends(desk_of)]
Reader = Annotated[SignedIn, Depends(require(Permission.READ))]
Onlooker = Annotated[SignedIn, Depends(require(Permission.READ, active=False))]
"""What the page asks for by itself does not keep a session alive."""


@router.get("/")
def root(request: Request, who: Annotated[SignedIn | None, Depends(visitor)]) -> Response:
    """To the queue; a newcomer to the practice, where there is one."""
    newcomer = who is None and hasattr(request.app.state, "practice")
    return RedirectResponse("/practice" if newcomer else "/queue", status_code=303)


@router.get("/queue")
def show(request: Request, desk: AtDesk, who: Reader) -> Response:
    last, _ = listing.changed(desk.store, 0)
    values: dict[str, Any] = {"lines": review.waiting(desk.store), "loaded": last, "seen": last}
    return page(request, "queue.html", who, **values, **_names(desk))


@router.get("/queue/counts")
def count(request: Request, who: Onlooker) -> Response:
    return page(request, "queue_counts.html", who)


@router.get("/queue/news")
def news(
    request: Request,
    desk: AtDesk,
    who: Onlooker,
    loaded: int,
    seen: int,
    shown: Annotated[list[int], Query(max_length=200)] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """What changed since the list was loaded: nothing (204), or how many came and what became of the rest."""
    last, numbers = listing.changed(desk.store, loaded)
    if last == seen:
        return Response(status_code=204)
    known = set(shown)
    arrived = [line for line in review.waiting(desk.store) if line.id in numbers and line.id not in known]
    values: dict[str, Any] = {
        "arrived": len(arrived),
        "urgent": sum(line.priority == "urgent" for line in arrived),
        "changed": listing.standing(desk.store, sorted(known & set(numbers))),
        "loaded": loaded,
        "seen": last,
        "empty": not shown,
    }
    return page(request, "queue_news.html", who, **values, **_names(desk))


def _names(desk: Desk) -> dict[str, Any]:
    rules = wiring.policy_in_force(desk.store)
    titles = {each.id: each.title for each in rules.clause} | {each.id: each.title for each in rules.watch}
    pages = {each.key: each.title or each.key for each in desk.settings.page}
    people = {each.name: each.full_name for each in users.everyone(desk.store)}
    return {"titles": titles, "pages": pages, "people": people}
