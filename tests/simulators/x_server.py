"""The simulated X as a server, one for the whole run."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.simulators import serve
from tests.simulators.x import PROBLEMS, Service
from tests.simulators.x_messages import Silent
from tests.simulators.x_objects import Refused

Answering = Callable[[Request], Awaitable[Response]]


@pytest.fixture(scope="session")
def served_x() -> Iterator[Service]:
    service = Service()
    with serve(app(service)) as service.url:
        yield service


@pytest.fixture
def simulated_x(served_x: Service) -> Service:
    """Empty."""
    served_x.clear()
    return served_x


def app(service: Service) -> Starlette:
    """The service as a server; `/2/oauth2/token` renews tokens."""

    async def answer(request: Request) -> Response:
        body, query = await request.body(), dict(request.query_params)
        service.requests.append((request.method, request.url.path, query, body))
        spoiled = service.answers.pop(0) if service.answers else None
        if spoiled is not None:
            return spoiled
        if request.url.path == "/2/oauth2/token":
            return service.renew(request.headers, dict(parse_qsl(body.decode())))
        headers: dict[str, str] = {}
        try:
            call = _call(request)
            user = service.signed_in(request.headers.get("authorization", ""), call)
            headers = service.count(call)
            if headers["x-rate-limit-remaining"] == "0" and service.left[call] < 0:
                raise Refused(429, "rate-limit-exceeded", "Too Many Requests")
            content = _METHODS[call](
                service,
                user=user,
                query=query,
                body=json.loads(body) if body else {},
                post_id=request.path_params.get("post_id", ""),
                person=request.path_params.get("person", ""),
            )
            return JSONResponse(content, 201 if call == "sent" else 200, headers)
        except Silent:
            return Response('{"data": {"dm_', headers={"content-length": "99"}, media_type="application/json")
        except Refused as refusal:
            kind = refusal.kind if refusal.kind == "about:blank" else PROBLEMS + refusal.kind
            problem = {
                "type": kind,
                "title": refusal.title,
                "status": refusal.status,
                "detail": refusal.detail,
            }
            return JSONResponse(problem, refusal.status, headers)

    return Starlette(routes=_routes(answer))


def _routes(answer: Answering) -> list[Route]:
    return [
        Route("/2/oauth2/token", answer, methods=["POST"]),
        Route("/2/users/me", answer),
        Route("/2/users/{user_id:int}/mentions", answer),
        Route("/2/users/{user_id:int}/tweets", answer),
        Route("/2/tweets/search/recent", answer),
        Route("/2/tweets", answer),
        Route("/2/dm_events", answer),
        Route("/2/dm_conversations/with/{person}/dm_events", answer),
        Route("/2/dm_conversations/with/{person}/messages", answer, methods=["POST"]),
        Route("/2/tweets/{post_id}/hidden", answer, methods=["PUT"]),
    ]


_METHODS: dict[str, Callable[..., Any]] = {
    "me": Service.me,
    "mentions": Service.mentions,
    "posts": Service.own,
    "search": Service.search,
    "lookup": Service.lookup,
    "hidden": Service.hide,
    "messages": Service.dm_events,
    "talk": Service.dm_events,
    "sent": Service.send,
}


def _call(request: Request) -> str:
    last = request.url.path.rsplit("/", 1)[1]
    if last == "tweets":
        return "posts" if "/users/" in request.url.path else "lookup"
    if last == "dm_events":
        return "talk" if "/with/" in request.url.path else "messages"
    return {"recent": "search", "messages": "sent"}.get(last, last)
