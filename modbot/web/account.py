"""Your account: password, authenticator app, recovery codes, language, and where you are signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from modbot import accounts, sessions, sign_in, totp
from modbot.errors import NotAllowed, SignInBlocked, SignInRefused
from modbot.roles import Permission
from modbot.sessions import limits
from modbot.web.agents import in_words
from modbot.web.desk import AtDesk, Desk
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import page, tell
from modbot.web.sign_in import TOO_OFTEN, WRONG_CODE, browser_of, seal_of, weak
from modbot.web.signed_in import SignedIn, recently_proven, require

router = APIRouter(prefix="/account")

Anybody = Annotated[SignedIn, Depends(require(Permission.READ))]
Onlooker = Annotated[SignedIn, Depends(require(Permission.READ, active=False))]
Proven = Annotated[SignedIn, Depends(recently_proven(Permission.READ))]
Text = Annotated[str, Form()]

NOT_YOURS = N_("This is not your present password.")


@router.get("")
def show(request: Request, desk: AtDesk, who: Anybody) -> Response:
    return _account(request, desk, who)


@router.post("/password")
def password(
    request: Request, desk: AtDesk, who: Anybody, old: Text = "", password: Text = "", again: Text = ""
) -> Response:
    problem = weak(desk, who.name, password, again)
    try:
        if not problem:
            here = (who.name, who.session)
            sign_in.change_password(desk.store, here, (old, password), browser_of(request))
    except SignInBlocked:
        problem = TOO_OFTEN
    except SignInRefused:
        problem = NOT_YOURS
    if problem:
        return _account(request, desk, who, status=422, password_problem=problem)
    return _back(who, N_("Your password is changed. Other browsers are signed out."))


@router.post("/app")
def begin_app(desk: AtDesk, who: Proven) -> Response:
    accounts.begin_totp(desk.store, seal_of(desk), who.name)
    return RedirectResponse("/account/app", status_code=303)


@router.get("/app")
def show_app(request: Request, desk: AtDesk, who: Proven) -> Response:
    return _app(request, desk, who)


@router.post("/app/confirm")
def confirm_app(request: Request, desk: AtDesk, who: Proven, code: Text = "") -> Response:
    try:
        codes = accounts.confirm_totp(desk.store, seal_of(desk), who.name, code)
    except NotAllowed:
        return _app(request, desk, who, problem=WRONG_CODE, status=422)
    return page(request, "account_codes.html", who, codes=codes, fresh=True)


@router.post("/app/remove")
def remove_app(desk: AtDesk, who: Proven) -> Response:
    accounts.remove_totp(desk.store, who.name, by=who.name)
    return _back(who, N_("The authenticator app is removed. Your password alone signs you in again."))


@router.post("/codes")
def new_codes(request: Request, desk: AtDesk, who: Proven) -> Response:
    codes = accounts.new_recovery_codes(desk.store, who.name)
    return page(request, "account_codes.html", who, codes=codes, fresh=False)


@router.post("/language")
def language(desk: AtDesk, who: Anybody, language: Text = "") -> Response:
    accounts.set_language(desk.store, who.name, language)
    return RedirectResponse("/account", status_code=303)


@router.get("/session")
def ending(request: Request, who: Onlooker) -> Response:
    """How much longer the session lasts. Every page asks when its end should be near."""
    return page(request, "session_ending.html", who, stayed=False)


@router.post("/session")
def stay(request: Request, who: Anybody) -> Response:
    """Somebody who reads or writes for long is still there."""
    if "HX-Request" not in request.headers:
        return RedirectResponse("/account", status_code=303)
    return page(request, "session_ending.html", who, stayed=True)


@router.post("/sessions/end")
def end_session(desk: AtDesk, who: Anybody, session: Annotated[int, Form()] = 0) -> Response:
    """One of the person's own sessions; without its number, all but this one."""
    with desk.store.write() as tx:
        only = session or None
        sessions.end(tx, who.name, why="ended by the person", by=who.name, only=only, but=who.session)
    return _back(who, N_("Signed out there."))


def _account(
    request: Request, desk: Desk, who: SignedIn, *, status: int = 200, password_problem: str = ""
) -> Response:
    profile = accounts.profile(desk.store, who.name)
    if profile is None:
        raise NotAllowed("There is no such account.")
    today = datetime.now(desk.zone).date()
    return page(
        request,
        "account.html",
        who,
        status=status,
        profile=profile,
        training=profile.training(today),
        sessions=sessions.everyone(desk.store, limits(desk.settings.web), who.name),
        in_words=in_words,
        password_problem=password_problem,
    )


def _app(request: Request, desk: Desk, who: SignedIn, *, problem: str = "", status: int = 200) -> Response:
    secret = accounts.pending_totp(desk.store, seal_of(desk), who.name)
    if secret is None:
        return RedirectResponse("/account", status_code=303)
    values: dict[str, Any] = {
        "picture": totp.picture(totp.address(secret, who.name, f"modbot {desk.settings.district.name}")),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "problem": problem,
    }
    return page(request, "account_app.html", who, status=status, **values)


def _back(who: SignedIn, message: str) -> Response:
    with speaking(who.language):
        return tell(RedirectResponse("/account", status_code=303), gettext(message))
