"""Answering a call: by the link in a message, without signing in, or as who one is signed in as.

Programs that preview links ask for them as a reader does. So a GET only shows, and the button answers.
"""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from modbot import users
from modbot.alerts import calls, links, wording
from modbot.alerts.calls import Seen
from modbot.alerts.channels import Words
from modbot.alerts.links import Answering
from modbot.errors import StaleCase
from modbot.roles import Permission
from modbot.store import Store, table
from modbot.tables import Delivery
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import RowNumber
from modbot.web.pages import page
from modbot.web.signed_in import SignedIn, require, visitor

router = APIRouter()
deliveries = table(Delivery)

Decider = Annotated[SignedIn, Depends(require(Permission.DECIDE))]


@router.get("/ack/{token}")
def show_link(request: Request, desk: AtDesk, token: str) -> Response:
    who = visitor(request)
    answering, call = _behind(desk, token)
    if answering is None or call is None:
        return page(request, "call_gone.html", who, status=404)
    words = _words(desk, answering, call)
    return _page(request, desk, who, call, f"/ack/{token}", words)


@router.post("/ack/{token}")
def answer_link(request: Request, desk: AtDesk, token: str) -> Response:
    answering, call = _behind(desk, token)
    person = "" if answering is None or call is None else _called(desk.store, call, answering)
    if call is None or not person:
        return page(request, "call_gone.html", visitor(request), status=404)
    calls.acknowledge(desk.store, call.id, person, "link")
    return RedirectResponse(f"/ack/{token}", status_code=303)


@router.get("/call/{number}")
def show(request: Request, desk: AtDesk, number: RowNumber, who: Decider) -> Response:
    return _page(request, desk, who, calls.look(desk.store, number), f"/call/{number}", None)


@router.post("/call/{number}")
def answer(desk: AtDesk, number: RowNumber, who: Decider) -> Response:
    calls.acknowledge(desk.store, number, who.name, "page")
    return RedirectResponse(f"/call/{number}", status_code=303)


def _page(
    request: Request, desk: Desk, who: SignedIn | None, call: Seen, path: str, words: Words | None
) -> Response:
    named = {person.name: person.full_name for person in users.everyone(desk.store)}
    return page(
        request,
        "call.html",
        who,
        call=call,
        words=words,
        path=path,
        form_token=who.form_token if who else "",
        answered_by=named.get(call.acknowledged_by, call.acknowledged_by),
    )


def _behind(desk: Desk, token: str) -> tuple[Answering | None, Seen | None]:
    """What a link stands for; nothing when it is not ours, too old, or of a call that is not there."""
    answering = links.opened(desk.settings, token)
    if answering is None:
        return None, None
    try:
        return answering, calls.look(desk.store, answering.call_id)
    except StaleCase:
        return None, None


def _called(store: Store, call: Seen, answering: Answering) -> str:
    """Who was alerted with this link."""
    d = deliveries.c
    with store.read() as connection:
        found: str | None = connection.execute(
            sa.select(d.person).where(
                d.alert_id == call.alert_id, d.step == answering.step, d.channel == answering.channel
            )
        ).scalar()
    return found or ""


def _words(desk: Desk, answering: Answering, call: Seen) -> Words | None:
    """The comment, for whoever got the link where the comment itself may go."""
    channel = desk.settings.alerts.named(answering.channel)
    if channel is None or not channel.words or call.case_id is None:
        return None
    with desk.store.read() as connection:
        return wording.words_of(connection, call.case_id)
