"""Tasks: what was decided and only a person can do on the platform; done there, then ticked off here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from modbot import by_hand
from modbot.by_hand import Outcome
from modbot.errors import StaleCase
from modbot.web.case import Decider, people
from modbot.web.desk import AtDesk
from modbot.web.fields import RowNumber
from modbot.web.health_page import ACTIONS
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import page, tell
from modbot.web.signed_in import SignedIn

router = APIRouter()

LINKS = ("https://", "http://")
NOT_OPEN = N_("This task is settled already, or its decision was taken back.")
SETTLED = {
    Outcome.DONE: N_("Noted: you did it by hand."),
    Outcome.GONE: N_("Noted: the comment was no longer there."),
}


@router.get("/tasks")
def show(request: Request, desk: AtDesk, who: Decider) -> Response:
    found = by_hand.tasks(desk.store)
    values: dict[str, Any] = {
        "tasks": found,
        "actions": ACTIONS,
        "people": people(desk.store),
        "web_links": LINKS,
    }
    return page(request, "tasks.html", who, **values)


@router.post("/tasks/{number}/done")
def done(desk: AtDesk, who: Decider, number: RowNumber) -> Response:
    return _settle(desk, who, number, Outcome.DONE)


@router.post("/tasks/{number}/gone")
def gone(desk: AtDesk, who: Decider, number: RowNumber) -> Response:
    return _settle(desk, who, number, Outcome.GONE)


def _settle(desk: AtDesk, who: SignedIn, number: int, outcome: Outcome) -> Response:
    message = SETTLED[outcome]
    try:
        by_hand.settle(desk.store, number, who.name, outcome)
    except StaleCase:
        message = NOT_OPEN
    with speaking(who.language):
        return tell(RedirectResponse("/tasks", status_code=303), gettext(message))
