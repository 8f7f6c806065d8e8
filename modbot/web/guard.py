"""What holds for every answer: strict headers, and no writing for another site's page.

A page in the same browser may send forms here. So a write needs the Origin of this very host (which a
browser sets and a page cannot) and the token that only our own pages hold. A host name that an attacker
points at this machine is refused before anything else.

Platforms that push are the one exception: they sign what they send, which no page in a browser can.
"""

from __future__ import annotations

import hmac
import re
import secrets
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from modbot.errors import NotAllowed
from modbot.web.i18n import N_, gettext, speaking, wanted

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


SENT_ELSEWHERE = N_("This form was sent by another page.")
PUSH = re.compile(r"/push/[a-z0-9_-]+")


def is_pushed(scope: Scope) -> bool:
    """A platform's delivery or check, told apart by its path alone."""
    return scope["type"] == "http" and bool(PUSH.fullmatch(scope["path"]))


class Hosts(TrustedHostMiddleware):
    """A district may let platforms in under another name than its people."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_pushed(scope):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class Guard:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        safe = scope["method"] in SAFE_METHODS or is_pushed(scope)
        asked = Headers(scope=scope)
        if not safe and not _from_here(asked):
            with speaking(wanted(asked.get("accept-language", ""))):
                refusal = PlainTextResponse(f"{gettext(SENT_ELSEWHERE)}\n", status_code=403)
            await refusal(scope, receive, with_headers)
        else:
            await self.app(scope, receive, with_headers)


def _from_here(headers: Headers) -> bool:
    origin, host = headers.get("origin", ""), headers.get("host", "")
    return bool(host) and urlsplit(origin).netloc == host


def new_token() -> str:
    return secrets.token_urlsafe(32)


def check_token(request: Request, given: str) -> None:
    """Raises NotAllowed for a form that does not hold this run's token."""
    if not hmac.compare_digest(given.encode(), str(request.app.state.token).encode()):
        raise NotAllowed("This page is from an earlier run of modbot.", remedy="Load it again.")
