"""What a person does on the case screen: decide, take back, pass over, note, split."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from modbot import cases, notes, review, second_looks, skips, splits, wiring
from modbot.errors import AlreadyDecided, DecisionRefused, NotAllowed, StaleCase
from modbot.policy import Policy
from modbot.rulings import Choice, Ruling
from modbot.web import quoting
from modbot.web.case import Decider, next_address, opinion_waits, people, present
from modbot.web.case_form import Given
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import RowNumber, sent
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import page, tell
from modbot.web.refusals import explained
from modbot.web.signed_in import SignedIn

router = APIRouter()


@router.post("/case/{number}/decide")
def decide(
    request: Request,
    number: RowNumber,
    desk: AtDesk,
    who: Decider,
    given: Annotated[Given, Depends(sent(Given))],
) -> Response:
    """Record the decision and go on to the next case. Where it is refused, say why; nothing has changed.

    Where the machine's opinion comes after the first choice, that choice only brings it to the screen.
    """
    with desk.store.view() as view:
        about, rules = review.subject(view, number, who.name), wiring.policy_in_force(view)
    first = not opinion_waits(desk, who, about.line)
    if not first and not given.first_choice:
        return present(request, desk, who, number, {"given": given, "first_choice": given.choice.value})
    ruling = _quoted(about, given.ruling(who.name, opinion_first=first))
    try:
        _record(desk, rules, about, ruling, at_once=bool(given.at_once))
    except StaleCase as error:
        return _stale(request, desk, who, number, error)
    except (DecisionRefused, NotAllowed) as error:
        more = {"problem": explained(error, who.language), "given": given, "first_choice": given.first_choice}
        return present(request, desk, who, number, more, status=409)
    return RedirectResponse(next_address(desk, who, number), status_code=303)


@router.post("/case/{number}/undo")
def undo(
    request: Request,
    number: RowNumber,
    desk: AtDesk,
    who: Decider,
    reason: Annotated[str, Form()] = "",
    passed_on: Annotated[bool, Form()] = False,
) -> Response:
    """Take the last decision back: what was hidden is shown again, and the case waits.

    With `passed_on` only the escalation or referral, whatever was decided besides.
    """
    try:
        if passed_on:
            cases.take_back(desk.store, number, who.name)
            return _told(who, f"/case/{number}", N_("It is taken back."))
        cases.undo(desk.store, wiring.policy_in_force(desk.store), number, who.name, reason)
    except StaleCase as error:
        return _stale(request, desk, who, number, error)
    return _told(who, f"/case/{number}", N_("The decision was taken back. The case waits again."))


@router.post("/case/{number}/skip")
def skip(number: RowNumber, desk: AtDesk, who: Decider) -> Response:
    skips.skip(desk.store, number, who.name)
    found = review.next_for(desk.store, who.name)
    if found is None or found.case_id == number:
        message = N_("You passed it over. Nothing else waits for you; it stays in the queue for others.")
        return _told(who, "/queue", message)
    return RedirectResponse(f"/case/{found.case_id}", status_code=303)


@router.post("/case/{number}/note")
def note(number: RowNumber, desk: AtDesk, who: Decider, text: Annotated[str, Form()] = "") -> Response:
    try:
        notes.write(desk.store, number, who.name, text.replace("\r\n", "\n"))
    except DecisionRefused as error:
        return _told(who, f"/case/{number}", explained(error, who.language))
    return RedirectResponse(f"/case/{number}#notes", status_code=303)


@router.post("/case/{number}/split")
def split(
    request: Request, number: RowNumber, desk: AtDesk, who: Decider, record: Annotated[RowNumber, Form()]
) -> Response:
    """Take one comment out of a case of near-identical ones; it becomes a case of its own."""
    try:
        splits.split(desk.store, number, record, who.name)
    except StaleCase as error:
        return _stale(request, desk, who, number, error)
    except DecisionRefused as error:
        return _told(who, f"/case/{number}", explained(error, who.language))
    return _told(who, f"/case/{number}", N_("That comment is a case of its own now, and waits in the queue."))


def _record(desk: Desk, rules: Policy, about: review.Subject, ruling: Ruling, *, at_once: bool) -> None:
    number = about.line.id
    if about.second_look is not None and ruling.choice is not Choice.REFER:
        second_looks.decide(desk.store, rules, number, ruling)
        return
    settings = desk.settings.review
    delay = timedelta(seconds=0 if at_once else settings.undo_seconds)
    cases.decide(desk.store, rules, number, ruling, delay=delay, sampling=settings.sampling)


def _quoted(about: review.Subject, ruling: Ruling) -> Ruling:
    """With the quoted words exactly as they stand in one of the comments, where they do."""
    found = (quoting.as_written(each.text or "", ruling.quote) for each in about.items)
    return replace(ruling, quote=next((each for each in found if each is not None), ruling.quote))


def _stale(request: Request, desk: Desk, who: SignedIn, number: int, error: StaleCase) -> Response:
    """Somebody else, or the author, was first: whoever came too late sees what happened."""
    other = error if isinstance(error, AlreadyDecided) and error.by != who.name else None
    made = review.case(desk.store, number, who.name).decisions if other else ()
    values: dict[str, Any] = {
        "number": number,
        "other": other,
        "deletes": bool(made) and made[-1].deletes,
        "message": explained(error, who.language),
    }
    return page(request, "case_stale.html", who, status=409, people=people(desk.store), **values)


def _told(who: SignedIn, path: str, message: str) -> Response:
    with speaking(who.language):
        return tell(RedirectResponse(path, status_code=303), gettext(message))
