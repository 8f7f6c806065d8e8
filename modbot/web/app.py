"""The web application: its screens, and what holds for all of them. A new screen is one file and one line."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from modbot.web import guard, status
from modbot.web.desk import Desk

SCREENS = (status.router,)
LOOPBACK = ("127.0.0.1", "localhost")


def create_app(desk: Desk) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    app.state.token = guard.new_token()
    for screen in SCREENS:
        app.include_router(screen)
    if desk.settings.web.host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))
    app.add_middleware(guard.Guard)
    return app
