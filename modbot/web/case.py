"""One case on the screen, and keeping it while somebody works on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from modbot import cases, codebook, review, second_looks, users, wiring
from modbot.alerts import calls
from modbot.audit import KINDS
from modbot.errors import StaleCase
from modbot.opinion import comes_after
from modbot.queue import WAITING
from modbot.roles import Permission
from modbot.store import Readable
from modbot.web import case_sheet
from modbot.web.aftermath import aftermath
from modbot.web.counts import waiting
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import RowNumber, address
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.READ))]
Decider = Annotated[SignedIn, Depends(require(Permission.DECIDE))]


@router.get("/case/{number}")
def show(
    request: Request, number: RowNumber, desk: AtDesk, who: Reader, after: RowNumber | None = None
) -> Response:
    return present(request, desk, who, number, {}, after=after)


@router.get("/next")
def following(desk: AtDesk, who: Decider, after: RowNumber | None = None) -> Response:
    """On to what this person should look at next, or to the queue when nothing waits."""
    return RedirectResponse(next_address(desk, who, after), status_code=303)


@router.post("/case/{number}/claim")
def claim(request: Request, number: RowNumber, desk: AtDesk, who: Decider, version: RowNumber) -> Response:
    """Keep the case while somebody works on it; tells if it has changed, or is somebody else's."""
    about = review.subject(desk.store, number, who.name)
    keep = cases.claim if about.second_look is None else second_looks.claim
    try:
        found = keep(desk.store, number, who.name)
    except StaleCase:
        view = review.case(desk.store, number, who.name)
        return page(request, "case_claim.html", who, view=view, changed=False, people=people(desk.store))
    return page(request, "case_claim.html", who, view=None, changed=found != version, number=number)


@router.post("/case/{number}/release")
def release(number: RowNumber, desk: AtDesk, who: Decider) -> Response:
    cases.release(desk.store, number, who.name)
    second_looks.release(desk.store, number, who.name)
    return Response(status_code=204)


def next_address(desk: Desk, who: SignedIn, after: int | None) -> str:
    found = review.next_for(desk.store, who.name)
    return address(f"/case/{found.case_id}" if found else "/queue", after=after)


def opinion_waits(desk: Desk, who: SignedIn, line: review.Line) -> bool:
    """Whether this person chooses before seeing the machine's opinion. Never for what is urgent."""
    if line.priority == "urgent" or not case_sheet.is_waiting(line):
        return False
    return opinion_follows(desk, who, line.id)


def opinion_follows(desk: Desk, who: SignedIn, case_id: int) -> bool:
    """The same of any case that waits, urgent or not."""
    share = desk.settings.review.opinion_after_share
    return who.may(Permission.DECIDE) and comes_after(case_id, who.name, share)


def present(
    request: Request,
    desk: Desk,
    who: SignedIn,
    number: int,
    more: Mapping[str, Any],
    *,
    after: int | None = None,
    status: int = 200,
) -> Response:
    """The case screen. `more`: given (the form as sent), problem, first_choice.

    `after`: another case, which the person has just decided.
    """
    with desk.store.view() as view:
        rules = wiring.policy_in_force(view)
        found = review.case(view, number, who.name)
        read: dict[str, Any] = {
            "after": aftermath(view, after, who.name),
            "call": calls.ringing(view).get(number) if who.may(Permission.DECIDE) else None,
            "people": people(view),
            "counts": waiting(view),
        }
    opinion = bool(more.get("first_choice")) or not opinion_waits(desk, who, found.line)
    titles = page_titles(desk)
    sheet = case_sheet.sheet(found, rules, opinion=opinion)
    values: dict[str, Any] = {
        "sheet": sheet,
        "untold": {
            each.case
            for each in found.earlier
            if each.state in WAITING and opinion_follows(desk, who, each.case)
        },
        "final_names": [titles.get(key, key) for key in sheet.final],
        "because": {choice: codebook.reasons(rules, choice) for choice in case_sheet.CHOICES},
        "pages": titles,
        "kinds": KINDS,
        "referrals_told": bool(desk.settings.alerts.channel),
        "problem": "",
        "first_choice": "",
        "given": None,
    }
    return page(request, "case.html", who, status=status, **(read | values | dict(more)))


def page_titles(desk: Desk) -> dict[str, str]:
    return {each.key: each.title or each.key for each in desk.settings.page}


def people(store: Readable) -> dict[str, str]:
    """Everybody's full name, by the name they sign in with."""
    return {each.name: each.full_name for each in users.everyone(store)}
