"""Appeals: entered by whoever took them in, decided by an appeals officer who had no part in the case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from modbot import appeals, review, wiring
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.roles import Permission
from modbot.store import utcnow
from modbot.web import case_sheet, fields
from modbot.web.case import Reader, page_titles, people
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import RowNumber, sent
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import page, tell
from modbot.web.refusals import explained
from modbot.web.signed_in import SignedIn, recently_proven

router = APIRouter()

Officer = Annotated[SignedIn, Depends(recently_proven(Permission.APPEAL))]
Words = Annotated[str, Form(max_length=20_000)]
Line = Annotated[str, Form(max_length=400)]
STATES = {
    appeals.UPHELD: N_("Upheld: it stays hidden"),
    appeals.OVERTURNED: N_("Granted: it is shown again"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The form of a new appeal as sent."""

    case: Line = ""
    words: Words = ""
    contact: Line = ""
    received: Line = ""
    """A day; empty for now."""


@router.get("/appeals")
def show(request: Request, desk: AtDesk, who: Reader, case: str = "") -> Response:
    return _list(request, desk, who, Entry(case=case))


@router.post("/appeals")
def enter(
    request: Request, desk: AtDesk, who: Reader, given: Annotated[Entry, Depends(sent(Entry))]
) -> Response:
    day = fields.day(given.received)
    received = (
        None if day in (None, utcnow().astimezone(desk.zone).date()) else fields.start_of(day, desk.zone)
    )
    words = given.words.replace("\r\n", "\n")
    try:
        number = appeals.file(
            desk.store, fields.number(given.case) or 0, who.name, words, given.contact, received
        )
    except (StaleCase, DecisionRefused) as error:
        return _list(request, desk, who, given, explained(error, who.language))
    return _told(who, f"/appeals/{number}", N_("The appeal is on record. An appeals officer decides it."))


@router.get("/appeals/{number}")
def look(request: Request, desk: AtDesk, who: Reader, number: RowNumber) -> Response:
    return _present(request, desk, who, number)


@router.post("/appeals/{number}/uphold")
def uphold(request: Request, desk: AtDesk, who: Officer, number: RowNumber, reason: Words = "") -> Response:
    return _decide(request, desk, who, number, reason, overturn=False)


@router.post("/appeals/{number}/overturn")
def overturn(request: Request, desk: AtDesk, who: Officer, number: RowNumber, reason: Words = "") -> Response:
    return _decide(request, desk, who, number, reason, overturn=True)


def _decide(
    request: Request, desk: Desk, who: SignedIn, number: int, reason: str, *, overturn: bool
) -> Response:
    rules = wiring.policy_in_force(desk.store)
    try:
        gone = appeals.decide(
            desk.store, rules, number, who.name, reason.replace("\r\n", "\n"), overturn=overturn
        )
    except (NotAllowed, DecisionRefused) as error:
        return _present(request, desk, who, number, explained(error, who.language), reason)
    except StaleCase as error:
        return tell(RedirectResponse("/appeals", status_code=303), explained(error, who.language))
    if gone:
        return _told(
            who, f"/appeals/{number}", N_("Granted. What was deleted for good cannot be shown again.")
        )
    told = N_("Granted. It is being shown again.") if overturn else N_("Upheld. It stays hidden.")
    return _told(who, f"/appeals/{number}", told)


def _list(request: Request, desk: Desk, who: SignedIn, given: Entry, problem: str = "") -> Response:
    found = review.appeals(desk.store, desk.settings.review.appeal_days)
    values: dict[str, Any] = {
        "found": found,
        "waiting": [each for each in found if each.waits],
        "decided": [each for each in found if not each.waits],
        "states": STATES,
        "people": people(desk.store),
        "may_enter": who.may(Permission.APPEAL) or who.may(Permission.DECIDE),
        "given": given,
        "problem": problem,
        "today": utcnow().astimezone(desk.zone).date(),
    }
    return page(request, "appeals.html", who, status=409 if problem else 200, **values)


def _present(
    request: Request, desk: Desk, who: SignedIn, number: int, problem: str = "", reason: str = ""
) -> Response:
    appeal = review.appeal(desk.store, number, desk.settings.review.appeal_days)
    view = review.case(desk.store, appeal.case_id, who.name)
    rules = wiring.policy_in_force(desk.store)
    hides = [each for each in view.decisions if each.choice == "hide"]
    values: dict[str, Any] = {
        "appeal": appeal,
        "view": view,
        "copies": case_sheet.copies(view.items),
        "decision": hides[-1],
        "clause": rules.find(hides[-1].clause),
        "own": who.name in {each.by for each in view.decisions},
        "states": STATES,
        "people": people(desk.store),
        "pages": page_titles(desk),
        "problem": problem,
        "reason": reason,
    }
    return page(request, "appeals_one.html", who, status=409 if problem else 200, **values)


def _told(who: SignedIn, path: str, message: str) -> Response:
    with speaking(who.language):
        return tell(RedirectResponse(path, status_code=303), gettext(message))
