"""One case: what was said, why it is here, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from modbot import cases, review, users, wiring
from modbot.audit import KINDS
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.roles import Permission
from modbot.rulings import Choice, Ruling
from modbot.web import case_sheet, quoting
from modbot.web.aftermath import aftermath
from modbot.web.desk import Desk, desk_of
from modbot.web.fields import address
from modbot.web.i18n import gettext as _
from modbot.web.i18n import speaking
from modbot.web.pages import page, tell
from modbot.web.signed_in import SignedIn, require

router = APIRouter()

AtDesk = Annotated[Desk, Depends(desk_of)]
Reader = Annotated[SignedIn, Depends(require(Permission.READ))]
Decider = Annotated[SignedIn, Depends(require(Permission.DECIDE))]


@router.get("/case/{number}")
def show(request: Request, number: int, desk: AtDesk, who: Reader, after: int | None = None) -> Response:
    return _case(request, desk, who, number, {"after": aftermath(desk.store, after, who.name)})


@router.get("/next")
def following(desk: AtDesk, who: Decider, after: int | None = None) -> Response:
    """On to what this person should look at next, or to the queue when nothing waits."""
    return RedirectResponse(_next(desk, who, after), status_code=303)


@router.post("/case/{number}/claim")
def claim(request: Request, number: int, desk: AtDesk, who: Decider, version: int) -> Response:
    """Keep the case while somebody works on it; tells if it has changed, or is somebody else's."""
    try:
        found = cases.claim(desk.store, number, who.name)
    except StaleCase:
        view = review.case(desk.store, number, who.name)
        return page(request, "case_claim.html", who, view=view, changed=False, people=_people(desk))
    return page(request, "case_claim.html", who, view=None, changed=found != version, number=number)


@router.post("/case/{number}/release")
def release(number: int, desk: AtDesk, who: Decider) -> Response:
    cases.release(desk.store, number, who.name)
    return Response(status_code=204)


@router.post("/case/{number}/decide")
def decide(
    request: Request,
    number: int,
    desk: AtDesk,
    who: Decider,
    choice: Annotated[Choice, Form()],
    version: Annotated[int, Form()],
    clause: Annotated[str, Form()] = "",
    quote: Annotated[str, Form(max_length=20_000)] = "",
    reason: Annotated[str, Form(max_length=5_000)] = "",
    referral: Annotated[str, Form()] = "",
    at_once: Annotated[bool, Form()] = False,
) -> Response:
    """Record the decision and go on to the next case. Where it is refused, say why; nothing has changed."""
    ruling = Ruling(
        choice=choice,
        by=who.name,
        clause=clause if choice is Choice.HIDE else "",
        quote=quote if choice is Choice.HIDE else "",
        reason=reason.replace("\r\n", "\n").strip(),
        referral=referral if choice is Choice.REFER else "",
        version=version,
    )
    given = {"choice": choice.value, "clause": clause, "quote": quote, "reason": reason, "referral": referral}
    seconds = 0.0 if at_once else desk.settings.review.undo_seconds
    try:
        rules = wiring.policy_in_force(desk.store)
        cases.decide(
            desk.store, rules, number, _quoted(desk, ruling, number), delay=timedelta(seconds=seconds)
        )
    except StaleCase as error:
        return _stale(request, desk, who, number, str(error))
    except (DecisionRefused, NotAllowed) as error:
        problem = f"{error} {error.remedy}"
        return _case(request, desk, who, number, {"problem": problem, "given": given}, status=409)
    return RedirectResponse(_next(desk, who, number), status_code=303)


@router.post("/case/{number}/undo")
def undo(
    request: Request, number: int, desk: AtDesk, who: Decider, reason: Annotated[str, Form()] = ""
) -> Response:
    """Take the last decision back: what was hidden is shown again, and the case waits."""
    try:
        cases.undo(desk.store, wiring.policy_in_force(desk.store), number, who.name, reason)
    except StaleCase as error:
        return _stale(request, desk, who, number, str(error))
    with speaking(who.language):
        message = _("The decision was taken back. The case waits again.")
    return tell(RedirectResponse(f"/case/{number}", status_code=303), message)


def _next(desk: Desk, who: SignedIn, after: int | None) -> str:
    found = review.next_for(desk.store, who.name)
    return address(f"/case/{found.case_id}" if found else "/queue", after=after)


def _quoted(desk: Desk, ruling: Ruling, number: int) -> Ruling:
    """With the quoted words exactly as they stand in one of the comments, where they do."""
    if not ruling.quote.strip():
        return ruling
    texts = (each.text or "" for each in review.case(desk.store, number, ruling.by).items)
    found = (quoting.as_written(text, ruling.quote) for text in texts)
    return replace(ruling, quote=next((each for each in found if each is not None), ruling.quote))


def _case(
    request: Request, desk: Desk, who: SignedIn, number: int, more: Mapping[str, Any], *, status: int = 200
) -> Response:
    rules = wiring.policy_in_force(desk.store)
    view = review.case(desk.store, number, who.name)
    values: dict[str, Any] = {
        "sheet": case_sheet.sheet(view, rules),
        "people": _people(desk),
        "pages": {each.key: each.title or each.key for each in desk.settings.page},
        "kinds": KINDS,
        "undo_seconds": desk.settings.review.undo_seconds,
        "after": None,
        "problem": "",
        "given": None,
    }
    return page(request, "case.html", who, status=status, **(values | dict(more)))


def _stale(request: Request, desk: Desk, who: SignedIn, number: int, message: str) -> Response:
    """Somebody else, or the author, was first: whoever waited sees what happened."""
    view = review.case(desk.store, number, who.name)
    values: dict[str, Any] = {
        "view": view,
        "other": case_sheet.decided_by_others(view, who.name),
        "message": message,
        "people": _people(desk),
    }
    return page(request, "case_stale.html", who, status=409, **values)


def _people(desk: Desk) -> dict[str, str]:
    return {each.name: each.full_name for each in users.everyone(desk.store)}
