"""The web application: its screens, and what holds for all of them. A new screen is one file and one line."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from modbot.errors import ModbotError, NotAllowed, StaleCase, StoreUnavailable
from modbot.web import guard, practice_page, status
from modbot.web.desk import Desk
from modbot.web.pages import STATIC
from modbot.web.practice_page import Practice

SCREENS = (status.router,)
LOOPBACK = ("127.0.0.1", "localhost")
STATUS = {NotAllowed: 403, StaleCase: 404, StoreUnavailable: 503}


def create_app(desk: Desk, practice: Practice | None = None) -> FastAPI:
    """The practice page is there only where a `practice` is given."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.state.token = guard.new_token()
    for screen in SCREENS:
        app.include_router(screen)
    if practice is not None:
        app.state.practice = practice
        app.include_router(practice_page.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_exception_handler(ModbotError, _refused)
    if desk.settings.web.host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))
    app.add_middleware(guard.Guard)
    return app


def _refused(_request: Request, error: Exception) -> PlainTextResponse:
    code = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
    return PlainTextResponse(f"{error} {getattr(error, 'remedy', '')}\n", status_code=code)
