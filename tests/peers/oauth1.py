"""A server of OAuth 1.0a on loopback: oauthlib checks every signature, nonce and token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from oauthlib.oauth1 import RequestValidator, WebApplicationServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators import serve

KEY, SECRET = "AnInventedKeyOfModbots", "an-invented-secret-of-modbots"
VERIFIER = "AnInventedVerifierOf30Chars"


@dataclass
class Given(RequestValidator):  # type: ignore[misc]
    """One client, and the tokens that it was given."""

    requested: dict[str, str] = field(default_factory=dict)
    granted: dict[str, str] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    enforce_ssl = False
    dummy_client = "nobody"
    dummy_request_token = "nothing"

    def __post_init__(self) -> None:
        super().__init__()

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == KEY

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return SECRET

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, request: Any, **more: Any
    ) -> bool:
        fresh = nonce not in self.nonces
        self.nonces.add(nonce)
        return fresh

    def validate_requested_realms(self, client_key: str, realms: Any, request: Any) -> bool:
        return True

    def get_default_realms(self, client_key: str, request: Any) -> list[str]:
        return []

    def get_realms(self, token: str, request: Any) -> list[str]:
        return []

    def validate_redirect_uri(self, client_key: str, redirect_uri: str, request: Any) -> bool:
        return redirect_uri.startswith("http://127.0.0.1:")

    def save_request_token(self, token: dict[str, str], request: Any) -> None:
        self.requested[token["oauth_token"]] = token["oauth_token_secret"]

    def validate_request_token(self, client_key: str, token: str, request: Any) -> bool:
        return token in self.requested

    def get_request_token_secret(self, client_key: str, token: str, request: Any) -> str:
        return self.requested.get(token, "")

    def validate_verifier(self, client_key: str, token: str, verifier: str, request: Any) -> bool:
        return verifier == VERIFIER

    def save_access_token(self, token: dict[str, str], request: Any) -> None:
        self.granted[token["oauth_token"]] = token["oauth_token_secret"]

    def invalidate_request_token(self, client_key: str, request_token: str, request: Any) -> None:
        del self.requested[request_token]


@contextmanager
def oauth1() -> Iterator[tuple[str, Given]]:
    """The server's address, and what it has given."""
    given = Given()
    server = WebApplicationServer(given)

    async def answer(request: Request) -> Response:
        make = {
            "/request_token": server.create_request_token_response,
            "/access_token": server.create_access_token_response,
        }[request.url.path]
        body = (await request.body()).decode()
        headers, text, status = make(str(request.url), "POST", body, dict(request.headers))
        return Response(text, status_code=status, headers=headers)

    routes = [Route(path, answer, methods=["POST"]) for path in ("/request_token", "/access_token")]
    with serve(Starlette(routes=routes)) as address:
        yield address, given
