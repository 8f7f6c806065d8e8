"""The people who have access: role, training, ways of signing in, sessions; and what each role may do."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from modbot import accounts, sessions, users
from modbot.errors import ModbotError
from modbot.roles import MATRIX, ROLES, Permission
from modbot.sessions import limits
from modbot.web.agents import in_words
from modbot.web.desk import AtDesk, Desk
from modbot.web.fields import day
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import page, tell
from modbot.web.refusals import explained
from modbot.web.signed_in import TITLES, SignedIn, recently_proven, require

router = APIRouter()

Reader = Annotated[SignedIn, Depends(require(Permission.READ))]
Manager = Annotated[SignedIn, Depends(require(Permission.MANAGE))]
Proven = Annotated[SignedIn, Depends(recently_proven(Permission.MANAGE))]
Text = Annotated[str, Form()]

MEANINGS = {
    Permission.READ: N_("Read comments, cases, the policy and the help"),
    Permission.DECIDE: N_("Decide cases, take decisions back, write notes"),
    Permission.LEAD: N_("Settle what was escalated or is disputed"),
    Permission.RELEASE: N_("Release records for deletion"),
    Permission.APPEAL: N_("Decide appeals"),
    Permission.AUDIT: N_("Read the log and verify it"),
    Permission.MANAGE: N_("Add people, change roles, end sessions"),
}
NO_DATES = N_("Enter both dates: the day of the training, and until when it holds.")


@router.get("/roles")
def roles(request: Request, who: Reader) -> Response:
    return page(request, "people_roles.html", who, matrix=MATRIX, meanings=MEANINGS, titles=TITLES)


@router.get("/people")
def show(request: Request, desk: AtDesk, who: Manager) -> Response:
    return _list(request, desk, who)


@router.post("/people")
def add(
    request: Request, desk: AtDesk, who: Proven, name: Text = "", full_name: Text = "", role: Text = ""
) -> Response:
    """Also brings back somebody who was deactivated."""
    try:
        users.add(desk.store, name.strip(), full_name.strip(), role, by=who.name)
        code = accounts.new_code(desk.store, name.strip(), by=who.name)
    except ModbotError as error:
        return _list(request, desk, who, problem=explained(error, who.language), form=(name, full_name, role))
    return _code(request, desk, who, name.strip(), code)


@router.get("/people/{name}")
def person(request: Request, desk: AtDesk, who: Manager, name: str) -> Response:
    return _person(request, desk, who, name)


@router.post("/people/{name}/role")
def change_role(request: Request, desk: AtDesk, who: Proven, name: str, role: Text = "") -> Response:
    try:
        users.change_role(desk.store, name, role, by=who.name)
    except ModbotError as error:
        return _person(request, desk, who, name, problem=explained(error, who.language))
    return _back(who, name, N_("The role is changed. It holds from now on."))


@router.post("/people/{name}/training")
def training(
    request: Request, desk: AtDesk, who: Manager, name: str, on: Text = "", until: Text = ""
) -> Response:
    first, last = day(on), day(until)
    if first is None or last is None:
        return _person(request, desk, who, name, problem=NO_DATES)
    try:
        accounts.set_training(desk.store, name, first, last, by=who.name)
    except ModbotError as error:
        return _person(request, desk, who, name, problem=explained(error, who.language))
    return _back(who, name, N_("The training is noted."))


@router.post("/people/{name}/email")
def email(request: Request, desk: AtDesk, who: Proven, name: str, email: Text = "") -> Response:
    try:
        accounts.set_email(desk.store, name, email, by=who.name)
    except ModbotError as error:
        return _person(request, desk, who, name, problem=explained(error, who.language))
    return _back(who, name, N_("The e-mail address is set."))


@router.post("/people/{name}/code")
def new_code(request: Request, desk: AtDesk, who: Proven, name: str, remove_app: Text = "") -> Response:
    try:
        code = accounts.new_code(desk.store, name, by=who.name, keep_totp=not remove_app)
    except ModbotError as error:
        return _person(request, desk, who, name, problem=explained(error, who.language))
    return _code(request, desk, who, name, code)


@router.post("/people/{name}/sessions/end")
def end_sessions(desk: AtDesk, who: Proven, name: str, session: Annotated[int, Form()] = 0) -> Response:
    users.end_sessions(desk.store, name, by=who.name, only=session or None)
    return _back(who, name, N_("Signed out there."))


@router.post("/people/{name}/deactivate")
def deactivate(request: Request, desk: AtDesk, who: Proven, name: str) -> Response:
    try:
        users.deactivate(desk.store, name, by=who.name)
    except ModbotError as error:
        return _person(request, desk, who, name, problem=explained(error, who.language))
    return _back(who, name, N_("This person has no access any more, and is signed out everywhere."))


def _list(
    request: Request,
    desk: Desk,
    who: SignedIn,
    *,
    problem: str = "",
    form: tuple[str, str, str] = ("", "", "moderator"),
) -> Response:
    people = accounts.everyone(desk.store)
    today = datetime.now(desk.zone).date()
    return page(
        request,
        "people.html",
        who,
        status=422 if problem else 200,
        people=people,
        training={one.name: one.training(today) for one in people},
        live=Counter(one.name for one in sessions.everyone(desk.store, limits(desk.settings.web))),
        titles=TITLES,
        roles=ROLES,
        problem=problem,
        form=form,
    )


def _person(request: Request, desk: Desk, who: SignedIn, name: str, *, problem: str = "") -> Response:
    profile = accounts.profile(desk.store, name)
    if profile is None:
        raise HTTPException(404)
    values: dict[str, Any] = {
        "profile": profile,
        "training": profile.training(datetime.now(desk.zone).date()),
        "sessions": sessions.everyone(desk.store, limits(desk.settings.web), name),
        "in_words": in_words,
        "titles": TITLES,
        "roles": ROLES,
        "problem": problem,
    }
    return page(request, "people_one.html", who, status=422 if problem else 200, **values)


def _code(request: Request, desk: Desk, who: SignedIn, name: str, code: str) -> Response:
    """The only time that the code is shown."""
    address = desk.settings.web.address or str(request.base_url).rstrip("/")
    profile = accounts.profile(desk.store, name)
    days = accounts.CODE_HOLDS.days
    return page(
        request, "people_code.html", who, profile=profile, code=code, address=f"{address}/sign-in", days=days
    )


def _back(who: SignedIn, name: str, message: str) -> Response:
    with speaking(who.language):
        return tell(RedirectResponse(f"/people/{name}", status_code=303), gettext(message))
