"""Who is behind a request, and whether they may do what they ask: every screen's dependency.

    Reader = Annotated[SignedIn, Depends(require(Permission.READ))]

What a page asks for by itself (a live list) says `active=False`, so that a browser left open is no activity.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from urllib.parse import quote, urlsplit

from fastapi import HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match

from modbot import sessions
from modbot.errors import NotAllowed
from modbot.roles import Permission, allows
from modbot.sessions import Ending, Here, limits
from modbot.store import utcnow
from modbot.web.desk import Desk, desk_of
from modbot.web.guard import SAFE_METHODS
from modbot.web.i18n import N_

FIELD = "_token"
HEADER = "X-Form-Token"
NOT_FOR_YOU = N_("This is not for your role.")
ASK = N_("If you need it for your work, ask an administrator.")
OLD_PAGE = N_("This page is from an earlier session.")
LOAD_AGAIN = N_("Load it again.")
TITLES = {
    "moderator": N_("Moderator"),
    "lead": N_("Lead"),
    "records_officer": N_("Records officer"),
    "administrator": N_("Administrator"),
    "appeals_officer": N_("Appeals officer"),
    "auditor": N_("Auditor"),
    "viewer": N_("Viewer"),
}
"""Each role as people call it."""
WARNING = timedelta(minutes=2)
"""How long before a session ends its reader is told."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind a request. `proven`: they showed within five minutes that it is they."""

    name: str
    full_name: str
    role: str
    language: str
    form_token: str
    session: int
    proven: bool
    ending: Ending

    def may(self, permission: Permission | str) -> bool:
        return allows(self.role, Permission(permission))

    @property
    def title(self) -> str:
        return TITLES.get(self.role, self.role)

    @property
    def warned_in(self) -> int:
        """Seconds until it is time to say that the session ends; 0 when it is."""
        return max(0, self.ends_in - ceil(WARNING.total_seconds()))

    @property
    def ends_in(self) -> int:
        """Seconds."""
        return max(0, ceil((self.ending.at - utcnow()).total_seconds()))


def require(
    permission: Permission, *, proven: bool = False, active: bool = True
) -> Callable[[Request], Awaitable[SignedIn]]:
    """A dependency that gives who asks, or sends them to sign in, or refuses.

    Every method that writes also needs the form's token. With `proven`, whoever has not just shown who they
    are is asked for it first.
    """

    async def dependency(request: Request) -> SignedIn:
        desk = desk_of(request)
        here = await run_in_threadpool(_session, request, desk)
        if here is None:
            raise _elsewhere(request, "/sign-in")
        renewed = active and sessions.is_due(here, utcnow())
        who = _who(request, replace(here, seen_at=utcnow()) if renewed else here)
        if request.method not in SAFE_METHODS:
            await _check_form(request, who)
        if not who.may(permission):
            raise NotAllowed(NOT_FOR_YOU, remedy=ASK)
        if proven and not who.proven:
            raise _elsewhere(request, "/confirm")
        if renewed:
            await run_in_threadpool(sessions.touch, desk.store, here)
        return who

    return dependency


def recently_proven(permission: Permission) -> Callable[[Request], Awaitable[SignedIn]]:
    """For what cannot easily be undone: like `require`, and the person has just shown who they are."""
    return require(permission, proven=True)


def visitor(request: Request) -> SignedIn | None:
    """Who asks for a page that anybody may see; None if they are not signed in."""
    here = _session(request, desk_of(request))
    return None if here is None else _who(request, here)


def set_cookie(request: Request, response: Response, token: str) -> None:
    secure = is_secure(request)
    response.set_cookie(_cookie(request), token, path="/", secure=secure, httponly=True, samesite="lax")


def drop_cookie(request: Request, response: Response) -> None:
    secure = is_secure(request)
    response.delete_cookie(_cookie(request), path="/", secure=secure, httponly=True, samesite="lax")


def is_secure(request: Request) -> bool:
    """Whether people reach this page by https, as the proxy says or as the settings say of it."""
    address = desk_of(request).settings.web.address
    return request.url.scheme == "https" or address.startswith("https://")


def safe_next(target: str) -> str:
    """Where to go after signing in: a path of this site, or the start page."""
    parts = urlsplit(target)
    ours = target.startswith("/") and not (parts.scheme or parts.netloc) and target.isprintable()
    return target if ours and "\\" not in target else "/"


def address_of(request: Request) -> str:
    """The browser's address; a proxy on this machine tells it by X-Forwarded-For."""
    return request.client.host if request.client else "0.0.0.0"  # noqa: S104 - nobody's


def _session(request: Request, desk: Desk) -> Here | None:
    token = request.cookies.get(_cookie(request), "")
    return sessions.find(desk.store, token, limits(desk.settings.web)) if token else None


def _cookie(request: Request) -> str:
    """Over https under a name that no other host and no other path can set."""
    return "__Host-modbot" if is_secure(request) else "modbot"


def _who(request: Request, here: Here) -> SignedIn:
    return SignedIn(
        name=here.name,
        full_name=here.full_name,
        role=here.role,
        language=here.language,
        form_token=form_token(request.cookies[_cookie(request)]),
        session=here.id,
        proven=here.proven(utcnow()),
        ending=sessions.ending(here, limits(desk_of(request).settings.web)),
    )


def form_token(token: str) -> str:
    """One per session, from which the cookie cannot be found."""
    return hashlib.sha256(f"form {token}".encode()).hexdigest()


async def _check_form(request: Request, who: SignedIn) -> None:
    given = request.headers.get(HEADER) or (await request.form()).get(FIELD) or ""
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), who.form_token.encode()):
        raise NotAllowed(OLD_PAGE, remedy=LOAD_AGAIN)


def _elsewhere(request: Request, path: str) -> HTTPException:
    """Send the browser to `path` and back: here after reading, to the page it came from after writing."""
    script = "HX-Request" in request.headers
    came_from = urlsplit(request.headers.get("HX-Current-URL" if script else "referer", ""))
    if request.method == "GET" and not script:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    else:
        shown = _shown(request, came_from.path)
        back = shown + (f"?{came_from.query}" if came_from.query and shown == came_from.path else "")
    target = f"{path}?next={quote(safe_next(back), safe='/')}"
    if script:
        return HTTPException(401, "Sign in first.", headers={"HX-Redirect": target})
    return HTTPException(303, "Sign in first.", headers={"Location": target})


def _shown(request: Request, path: str) -> str:
    """The address if it can be looked at; else, as it only takes a form, the nearest one above that can."""
    while path.strip("/"):
        asked = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            return path
        path = path.rpartition("/")[0]
    return "/"
