"""Signing in with the district's own account: to the identity provider and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from modbot import accounts, sessions
from modbot.config import Settings, Sso
from modbot.errors import SignInRefused
from modbot.sign_in import TICKET_SECONDS
from modbot.store import Store, utcnow
from modbot.web.desk import AtDesk, Desk
from modbot.web.i18n import N_
from modbot.web.sign_in import browser_of, refuse, seal_of
from modbot.web.signed_in import is_secure, safe_next, set_cookie, visitor

if TYPE_CHECKING:  # needs the extra package
    from modbot.sso import Identity

router = APIRouter(prefix="/sign-in/district")

COOKIE = "modbot_district"
NOT_KNOWN = N_(
    "Your district account is not known here. Ask an administrator to enter your e-mail address under People."
)
NOT_NOW = N_(
    "The district’s sign-in did not work. Try again in a minute, or sign in with your name and password here."
)


def check(settings: Settings) -> None:
    """Raises ConfigError where the settings ask for it and its package is not installed."""
    if settings.sso.issuer:
        import_module("modbot.sso")


@router.get("")
async def leave(request: Request, desk: AtDesk, next: str = "/", again: str = "") -> Response:  # noqa: A002
    """To the provider. `again`: somebody who is signed in shows anew that it is they."""
    sso = _configured(desk)
    from modbot.sso import begin

    try:
        url, attempt = await begin(sso, _back(request, desk), safe_next(next), again=bool(again))
    except SignInRefused:
        return await run_in_threadpool(refuse, request, NOT_NOW)
    answer = RedirectResponse(url, status_code=303)
    answer.set_cookie(
        COOKIE,
        seal_of(desk).close(json.dumps(asdict(attempt))),
        max_age=TICKET_SECONDS,
        path=router.prefix,
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/back")
async def come_back(request: Request, desk: AtDesk) -> Response:
    sso = _configured(desk)
    from modbot.sso import Attempt, complete, person_of

    kept = seal_of(desk).open(request.cookies.get(COOKIE, ""), seconds=TICKET_SECONDS)
    if kept is None:
        return await run_in_threadpool(refuse, request, NOT_NOW)
    attempt = Attempt(**json.loads(kept))
    try:
        identity = await complete(sso, _back(request, desk), attempt, request.query_params)
    except SignInRefused:
        return await run_in_threadpool(refuse, request, NOT_NOW)
    try:
        name = await run_in_threadpool(person_of, desk.store, sso.issuer, identity)
    except SignInRefused:
        return await run_in_threadpool(refuse, request, NOT_KNOWN)
    token = await run_in_threadpool(_start, request, desk.store, name, identity)
    answer = RedirectResponse(attempt.target, status_code=303)
    answer.delete_cookie(COOKIE, path=router.prefix)
    set_cookie(request, answer, token)
    return answer


def _start(request: Request, store: Store, name: str, identity: Identity) -> str:
    """A new session instead of the one that this browser may have. Unproven if the provider tells no time."""
    before = visitor(request)
    browser = browser_of(request)
    long_ago = utcnow() - timedelta(days=1)
    with store.write() as tx:
        if before is not None:
            sessions.end(tx, before.name, why="signed in anew", by=before.name, only=before.session)
        accounts.greet(tx, name, browser.language)
        return sessions.start(
            tx,
            name,
            address=browser.address,
            agent=browser.agent,
            how="district account",
            proven_at=min(identity.proven_at, tx.now) if identity.proven_at else long_ago,
        )


def _configured(desk: Desk) -> Sso:
    if not desk.settings.sso.issuer:
        raise HTTPException(404)
    return desk.settings.sso


def _back(request: Request, desk: Desk) -> str:
    """Where the provider sends the browser; registered there letter by letter."""
    base = desk.settings.web.address or str(request.base_url).rstrip("/")
    return f"{base}{router.prefix}/back"
