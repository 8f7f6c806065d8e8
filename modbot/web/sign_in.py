"""Signing in: name and password, then the authenticator app's code, or a first password; and signing out."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from modbot import accounts, sessions, sign_in
from modbot.errors import SignInBlocked, SignInRefused
from modbot.passwords import Weakness
from modbot.roles import Permission
from modbot.sealing import Seal, seal
from modbot.sign_in import Browser, Step, Ticket
from modbot.web.desk import AtDesk, Desk, desk_of
from modbot.web.i18n import N_, wanted
from modbot.web.pages import page
from modbot.web.signed_in import (
    SignedIn,
    address_of,
    drop_cookie,
    is_secure,
    require,
    safe_next,
    set_cookie,
    visitor,
)

router = APIRouter()

Anybody = Annotated[SignedIn, Depends(require(Permission.READ))]
Text = Annotated[str, Form()]
Next = Annotated[str, Form(alias="next")]

KNOWN = "modbot_known"
"""The cookie by which a browser shows who has signed in with it before. It opens nothing."""
KNOWN_SECONDS = 180 * 24 * 3600

WRONG = N_("This name and password do not fit together. Look whether capitals are locked, and try again.")
WRONG_CODE = N_("This code is not right, or was used before. Wait for the next one and enter it.")
TOO_OFTEN = N_("Signing in failed too often. Wait five minutes, then try again.")
TOO_LATE = N_("That took too long. Please sign in again.")
NOT_PROVEN = N_("This is not your password, nor the code that your app shows now.")
TWO_DIFFER = N_("The two passwords differ. Write the same one twice.")
WEAK = {
    Weakness.SHORT: N_(
        "A password needs at least 12 characters. Four words that only you would join are good."
    ),
    Weakness.LONG: N_("A password may have at most 200 characters."),
    Weakness.NAME: N_("Your name may not be part of your password."),
    Weakness.COMMON: N_("Too many people use this password. Choose another."),
}


def seal_of(desk: Desk) -> Seal:
    return seal(desk.settings.path(desk.settings.web.key_file))


def browser_of(request: Request) -> Browser:
    note = seal_of(desk_of(request)).open(request.cookies.get(KNOWN, ""), seconds=KNOWN_SECONDS)
    known_as, device = json.loads(note) if note else ("", "")
    agent, language = (
        request.headers.get("user-agent", ""),
        wanted(request.headers.get("accept-language", "")),
    )
    return Browser(address_of(request), agent, known_as, device, language)


@router.get("/sign-in")
def show(request: Request, next: str = "/") -> Response:  # noqa: A002
    if visitor(request) is not None:
        return RedirectResponse(safe_next(next), status_code=303)
    return _form(request, next)


@router.post("/sign-in")
def begin(
    request: Request, desk: AtDesk, name: Text = "", password: Text = "", target: Next = "/"
) -> Response:
    try:
        ticket, step = sign_in.begin(desk.store, name, password, browser_of(request))
    except SignInBlocked:
        return _form(request, target, name=name, problem=TOO_OFTEN, status=429)
    except SignInRefused:
        return _form(request, target, name=name, problem=WRONG, status=403)
    return _go_on(request, desk, ticket, step, target)


@router.post("/sign-in/code")
def code(request: Request, desk: AtDesk, ticket: Text = "", code: Text = "", target: Next = "/") -> Response:
    known = sign_in.unpack(seal_of(desk), ticket)
    if known is None:
        return _form(request, target, problem=TOO_LATE, status=403)
    try:
        further, step = sign_in.check_code(desk.store, seal_of(desk), known, code, browser_of(request))
    except SignInBlocked:
        return _form(request, target, problem=TOO_OFTEN, status=429)
    except SignInRefused:
        return _step(request, "sign_in_code.html", ticket, target, problem=WRONG_CODE, status=403)
    return _go_on(request, desk, further, step, target)


@router.post("/sign-in/password")
def choose(
    request: Request,
    desk: AtDesk,
    ticket: Text = "",
    password: Text = "",
    again: Text = "",
    target: Next = "/",
) -> Response:
    known = sign_in.unpack(seal_of(desk), ticket)
    if known is None:
        return _form(request, target, problem=TOO_LATE, status=403)
    problem = weak(desk, known.name, password, again)
    if problem:
        values = {"name": known.name, "problem": problem, "status": 422}
        return _step(request, "sign_in_password.html", ticket, target, **values)
    try:
        token = sign_in.choose_password(desk.store, known, password, browser_of(request))
    except SignInRefused:
        return _form(request, target, problem=TOO_LATE, status=403)
    return _welcome(request, known.name, token, target)


@router.post("/sign-out")
def leave(request: Request, desk: AtDesk, who: Anybody) -> Response:
    with desk.store.write() as tx:
        sessions.end(tx, who.name, why="signed out", by=who.name, only=who.session)
    answer = RedirectResponse("/sign-in", status_code=303)
    drop_cookie(request, answer)
    return answer


@router.get("/confirm")
def ask(request: Request, who: Anybody, next: str = "/") -> Response:  # noqa: A002
    """Before something that cannot easily be undone, a browser that was left alone is no proof."""
    return _confirm(request, who, next)


@router.post("/confirm")
def confirm(request: Request, desk: AtDesk, who: Anybody, secret: Text = "", target: Next = "/") -> Response:
    try:
        here = (who.name, who.session)
        sign_in.prove(desk.store, seal_of(desk), here, secret, browser_of(request))
    except SignInBlocked:
        problem, status = TOO_OFTEN, 429
    except SignInRefused:
        problem, status = NOT_PROVEN, 403
    else:
        return RedirectResponse(safe_next(target), status_code=303)
    return _confirm(request, who, target, problem=problem, status=status)


def refuse(request: Request, problem: str) -> Response:
    """Back to the form, with what went wrong."""
    return _form(request, "/", problem=problem, status=403)


def weak(desk: Desk, name: str, password: str, again: str) -> str:
    """What is wrong with a new password, to be translated where it is shown; empty for nothing."""
    found = accounts.weakness(desk.store, name, password)
    if found is not None:
        return WEAK[found]
    return TWO_DIFFER if password != again else ""


def _go_on(request: Request, desk: Desk, ticket: Ticket, step: Step, target: str) -> Response:
    if step is Step.DONE:
        token = sign_in.finish(desk.store, ticket, browser_of(request))
        return _welcome(request, ticket.name, token, target)
    template = "sign_in_code.html" if step is Step.CODE else "sign_in_password.html"
    return _step(request, template, sign_in.pack(seal_of(desk), ticket), target, name=ticket.name)


def _welcome(request: Request, name: str, token: str, target: str) -> Response:
    answer = RedirectResponse(safe_next(target), status_code=303)
    set_cookie(request, answer, token)
    answer.set_cookie(
        KNOWN,
        seal_of(desk_of(request)).close(json.dumps([name, secrets.token_urlsafe(16)])),
        max_age=KNOWN_SECONDS,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return answer


def _form(request: Request, target: str, *, name: str = "", problem: str = "", status: int = 200) -> Response:
    values = {"target": safe_next(target), "name": name[:40], "problem": problem}
    district = bool(desk_of(request).settings.sso.issuer)
    return page(request, "sign_in.html", None, status=status, district_accounts=district, **values)


def _confirm(
    request: Request, who: SignedIn, target: str, *, problem: str = "", status: int = 200
) -> Response:
    district = bool(desk_of(request).settings.sso.issuer)
    values = {"target": safe_next(target), "problem": problem, "district_accounts": district}
    return page(request, "sign_in_confirm.html", who, status=status, **values)


def _step(request: Request, template: str, ticket: str, target: str, **values: Any) -> Response:
    fixed = {"ticket": ticket, "target": safe_next(target), "problem": "", "name": ""}
    return page(request, template, None, **{**fixed, **values})
