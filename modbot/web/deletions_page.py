"""Deleting for good: proposed by one person, released or refused by the records officer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from modbot import deletions, review, wiring
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.roles import Permission
from modbot.store import Store
from modbot.web import case_sheet
from modbot.web.case import Decider, page_titles, people
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import RowNumber, sent
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import page, tell
from modbot.web.refusals import explained
from modbot.web.signed_in import SignedIn, recently_proven, require

router = APIRouter()

Officer = Annotated[SignedIn, Depends(require(Permission.RELEASE))]
Proven = Annotated[SignedIn, Depends(recently_proven(Permission.RELEASE))]
Words = Annotated[str, Form(max_length=20_000)]
Number = Annotated[RowNumber, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The form as sent: the version of the case that was shown, and why."""

    version: Number = 0
    reason: Words = ""

    @property
    def why(self) -> str:
        return self.reason.replace("\r\n", "\n")


Given = Annotated[Sent, Depends(sent(Sent))]
RELEASED = N_("Released. The page is being told to delete it for good.")
REFUSED = N_("Refused. Nothing is deleted.")


@router.get("/deletions")
def show(request: Request, desk: AtDesk, who: Officer) -> Response:
    values: dict[str, Any] = {
        "found": review.to_release(desk.store),
        "people": people(desk.store),
        "pages": page_titles(desk),
    }
    return page(request, "deletions.html", who, **values)


@router.get("/deletions/{number}")
def look(request: Request, desk: AtDesk, who: Proven, number: RowNumber) -> Response:
    return _present(request, desk, who, number)


@router.post("/deletions/{number}/release")
def release(request: Request, desk: AtDesk, who: Proven, number: RowNumber, given: Given) -> Response:
    return _settle(request, desk, who, number, given, deletions.release_case, RELEASED)


@router.post("/deletions/{number}/refuse")
def refuse(request: Request, desk: AtDesk, who: Proven, number: RowNumber, given: Given) -> Response:
    return _settle(request, desk, who, number, given, deletions.refuse, REFUSED)


@router.post("/case/{number}/propose")
def propose(desk: AtDesk, who: Decider, number: RowNumber, reason: Words = "") -> Response:
    """Of what is hidden; where nothing can be hidden, the decision itself is the proposal."""
    back = RedirectResponse(f"/case/{number}", status_code=303)
    try:
        deletions.propose(desk.store, number, who.name, reason.replace("\r\n", "\n"))
    except (DecisionRefused, StaleCase) as error:
        return tell(back, explained(error, who.language))
    return tell(back, _in(who, N_("Proposed. The records officer releases it, or refuses.")))


def _settle(
    request: Request,
    desk: Desk,
    who: SignedIn,
    number: int,
    given: Sent,
    settle: Callable[[Store, int, int, str, str], object],
    told: str,
) -> Response:
    try:
        settle(desk.store, number, given.version, who.name, given.why)
    except (NotAllowed, DecisionRefused) as error:
        return _present(request, desk, who, number, explained(error, who.language), given.reason)
    except StaleCase as error:
        return _to_list(explained(error, who.language))
    return _to_list(_in(who, told))


def _present(
    request: Request, desk: Desk, who: SignedIn, number: int, problem: str = "", reason: str = ""
) -> Response:
    view = review.case(desk.store, number, who.name)
    if not view.proposals:
        return _to_list(_in(who, N_("Nothing of this case waits for a release any more.")))
    rules = wiring.policy_in_force(desk.store)
    asked = {each.comment_id for each in view.proposals}
    items = [each for each in view.revisions if each.id in asked]
    decision = next(each for each in view.decisions if each.id == view.proposals[0].decision_id)
    values: dict[str, Any] = {
        "view": view,
        "sheet": case_sheet.sheet(view, rules),
        "copies": case_sheet.copies(items),
        "decision": decision,
        "clause": rules.find(decision.clause),
        "proposal": view.proposals[0],
        "own": who.name in {each.proposed_by for each in view.proposals} | {decision.by},
        "people": people(desk.store),
        "pages": page_titles(desk),
        "problem": problem,
        "reason": reason,
    }
    return page(request, "deletions_one.html", who, status=409 if problem else 200, **values)


def _to_list(message: str) -> Response:
    return tell(RedirectResponse("/deletions", status_code=303), message)


def _in(who: SignedIn, message: str) -> str:
    with speaking(who.language):
        return gettext(message)
