"""The simulated Bluesky network as a server of XRPC calls, one for the whole run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.simulators import serve
from tests.simulators.bluesky import Network, Refused
from tests.simulators.bluesky_chat import SERVICE, Chat


@pytest.fixture(scope="session")
def bluesky_chat() -> Iterator[Chat]:
    chat = Chat(Network())
    with serve(app(chat)) as chat.network.url:
        yield chat


@pytest.fixture(scope="session")
def served_bluesky(bluesky_chat: Chat) -> Network:
    return bluesky_chat.network


@pytest.fixture
def simulated_bluesky(bluesky_chat: Chat) -> Network:
    """Empty, and nobody has written to anybody."""
    bluesky_chat.network.clear()
    bluesky_chat.clear()
    return bluesky_chat.network


def app(chat: Chat) -> Starlette:
    """The network as a server of XRPC calls."""
    network = chat.network
    calls: dict[tuple[str, str], Callable[..., Any]] = {
        ("POST", "com.atproto.server.createSession"): network.create_session,
        ("POST", "com.atproto.server.refreshSession"): network.refresh_session,
        ("GET", "com.atproto.server.getSession"): network.get_session,
        ("GET", "app.bsky.actor.getProfile"): network.get_profile,
        ("GET", "com.atproto.repo.getRecord"): network.get_record,
        ("POST", "com.atproto.repo.putRecord"): network.put_record,
        ("GET", "app.bsky.notification.listNotifications"): network.list_notifications,
        ("GET", "app.bsky.feed.getAuthorFeed"): network.author_feed,
        ("GET", "app.bsky.feed.getPostThread"): network.post_thread,
        ("GET", "app.bsky.feed.getPosts"): network.get_posts,
        ("GET", "chat.bsky.convo.listConvos"): chat.list_convos,
        ("GET", "chat.bsky.convo.getMessages"): chat.get_messages,
        ("GET", "chat.bsky.convo.getConvoForMembers"): chat.get_convo_for_members,
        ("POST", "chat.bsky.convo.sendMessage"): chat.send_message,
    }

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        query = {key: request.query_params.getlist(key) for key in request.query_params}
        sent = await request.body()
        body = json.loads(sent) if sent else None
        network.requests.append((request.method, name, query, body))
        spoiled = network.answers.pop(0) if network.answers else None
        if spoiled is not None:
            return spoiled
        headers = network.counted()
        if network.allowed is not None and len(network.requests) > network.allowed:
            return JSONResponse(
                {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}, 429, headers
            )
        wanted = SERVICE if name.startswith("chat.") else None
        right = request.headers.get("atproto-proxy") == wanted
        if (call := calls.get((request.method, name))) is None or not right:
            return JSONResponse({"error": "MethodNotImplemented", "message": name}, 501)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            return JSONResponse(call(bearer=bearer, query=query, body=body), headers=headers)
        except Refused as refusal:
            return JSONResponse({"error": refusal.error, "message": refusal.message}, refusal.status, headers)

    return Starlette(routes=[Route("/xrpc/{name}", answer, methods=["GET", "POST"])])
