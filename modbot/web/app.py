"""The web application: its screens, and what holds for all of them. A new screen is one file and one line."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse

from modbot.config import Web
from modbot.errors import ModbotError, NotAllowed, StaleCase, StoreUnavailable
from modbot.web import (
    account,
    acknowledge,
    appeals_page,
    audit_log,
    bring_in,
    case,
    decided,
    deciding,
    deletions_page,
    district,
    guard,
    health_page,
    help_pages,
    models_page,
    people,
    policy_page,
    practice_page,
    push,
    queue,
    refusals,
    retention_page,
    search,
    sign_in,
    static_files,
    status,
    tasks,
)
from modbot.web.background import Background
from modbot.web.desk import Desk
from modbot.web.i18n import N_, gettext, speaking
from modbot.web.pages import language_of, page
from modbot.web.practice_page import Practice
from modbot.web.signed_in import visitor

SCREENS = (
    status.router,
    push.router,
    acknowledge.router,
    sign_in.router,
    district.router,
    account.router,
    people.router,
    queue.router,
    case.router,
    deciding.router,
    decided.router,
    deletions_page.router,
    appeals_page.router,
    retention_page.router,
    search.router,
    bring_in.router,
    tasks.router,
    audit_log.router,
    health_page.router,
    policy_page.router,
    models_page.router,
    help_pages.router,
)
NO_STORE = N_(
    "The database does not answer at the moment. Nothing was lost. Try again in a minute; if it stays so, "
    "tell whoever runs modbot:"
)
LOOPBACK = ("127.0.0.1", "localhost")
STATUS = {NotAllowed: 403, StaleCase: 404, StoreUnavailable: 503}


def create_app(desk: Desk, practice: Practice | None = None) -> FastAPI:
    """The practice page is there only where a `practice` is given."""
    district.check(desk.settings)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.state.token = guard.new_token()
    app.state.proof, app.state.checkup = Background(), Background()
    app.state.doors = push.doors(desk.settings)
    for screen in SCREENS:
        app.include_router(screen)
    if practice is not None:
        app.state.practice = practice
        app.include_router(practice_page.router)
    app.mount(static_files.WHERE, static_files.Static(directory=static_files.FOLDER))
    app.add_exception_handler(ModbotError, _refused)
    app.add_exception_handler(404, _missing)
    app.add_exception_handler(RequestValidationError, _unreadable)
    hosts = _own_hosts(desk.settings.web)
    if hosts:
        app.add_middleware(guard.Hosts, allowed_hosts=hosts)
    app.add_middleware(guard.Guard)
    return app


def _own_hosts(web: Web) -> list[str]:
    """The names under which modbot answers; none where it was opened to others without an address."""
    named = urlsplit(web.address).hostname
    if web.host not in LOOPBACK and not named:
        return []
    return [*LOOPBACK, *([named] if named else [])]


def _missing(request: Request, _error: Exception) -> Response:
    if "text/html" not in request.headers.get("accept", "") or "HX-Request" in request.headers:
        return PlainTextResponse("There is nothing here.\n", status_code=404)
    return page(request, "missing.html", visitor(request), status=404)


def _unreadable(request: Request, error: Exception) -> Response:
    """An address that names nothing, or a form that none of our pages sends."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    if any(each["loc"][0] == "path" for each in error.errors()):
        return _missing(request, error)
    return _refused(request, ModbotError(N_("This form could not be read."), remedy=N_("Load it again.")))


def _refused(request: Request, error: Exception) -> Response:
    """A page for a browser, one line for a script or when there is no database to ask who it is."""
    code = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    assert isinstance(error, ModbotError)  # noqa: S101 - registered for it alone
    who = None if isinstance(error, StoreUnavailable) else visitor(request)
    with speaking(language_of(request, who)):
        message, remedy = refusals.said(error), refusals.advised(error)
        if isinstance(error, StoreUnavailable):
            return PlainTextResponse(f"{gettext(NO_STORE)}\n{message} {remedy}\n", status_code=code)
    if "HX-Request" in request.headers:
        return PlainTextResponse(f"{message} {remedy}\n", status_code=code)
    return page(request, "refused.html", who, status=code, message=message, remedy=remedy)
