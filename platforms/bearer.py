"""Calls to an API behind an OAuth 2.0 token that is renewed where the platform allows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
from pydantic import Field, SecretStr

from platforms.addresses import CheckedTransport
from platforms.answers import send
from platforms.base import NotAuthorised, PlatformSettings
from platforms.oauth import Consent, refreshed
from platforms.tokens import Token, Tokens

Look = Callable[[httpx.Response], Awaitable[None]]
"""Sees an answer before anybody else: raises the platform's own error, or learns from the headers."""

EARLY = timedelta(minutes=2)
"""A token is renewed this long before its end, so that none ends on its way."""


class BearerSettings(PlatformSettings):
    """What every such page sets; the addresses have the platform's own as default."""

    client_id: str = ""
    """The app that the district registered at the platform."""
    client_secret: SecretStr | None = None
    access_token: SecretStr | None = None
    """Where the page is not connected by `modbot connect`: a token made by hand."""
    api: str
    authorize_url: str
    token_url: str
    timeout: float = Field(20.0, gt=0)
    """Seconds for each step of a call: connecting, sending, each read."""
    allow_loopback: bool = False
    """For a stand-in of the platform on this machine, which may then also be plain http."""


class Bearer:
    """The constructor connects to nothing. `consent` is what renewing needs."""

    def __init__(
        self,
        page: str,
        tokens: Tokens,
        consent: Consent,
        settings: BearerSettings,
        headers: Mapping[str, str],
        look: Look | None = None,
    ) -> None:
        self._page = page
        self._tokens = tokens
        self._consent = consent
        self._settings = settings
        self._client = self._new_client(headers, look)

    async def close(self) -> None:
        await self._client.aclose()

    async def send(
        self,
        verb: str,
        url: httpx.URL | str,
        *,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Raises NotAuthorised when a person has to connect the page again, RateLimited, Unavailable."""
        token = await self._token()
        response = await self._send(token, verb, url, body, headers)
        if response.status_code != httpx.codes.UNAUTHORIZED or token.refresh is None:
            return response
        return await self._send(await self._renewed(token), verb, url, body, headers)

    async def _send(
        self,
        token: Token,
        verb: str,
        url: httpx.URL | str,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
    ) -> httpx.Response:
        request = self._client.build_request(verb, url, json=body, headers=headers)
        request.headers["Authorization"] = f"Bearer {token.access.get_secret_value()}"
        return await send(self._client, request)

    async def _token(self) -> Token:
        token = await self._tokens.get()
        if token is None and self._settings.access_token is not None:
            return Token(self._settings.access_token)
        if token is None:
            raise NotAuthorised(f"nobody has connected this page yet: run `modbot connect {self._page}`")
        ends = token.expires_at
        if token.refresh is not None and ends is not None and ends - EARLY <= datetime.now(UTC):
            return await self._renewed(token)
        return token

    async def _renewed(self, token: Token) -> Token:
        # A client of its own: the token is given by another host, and one client pools one host.
        async with self._new_client({}) as client:
            return await self._tokens.renew(token, partial(refreshed, client, self._consent))

    def _new_client(self, headers: Mapping[str, str], look: Look | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            event_hooks={"response": [look] if look else []},
            headers=headers,
            timeout=self._settings.timeout,
            transport=CheckedTransport(allow_loopback=self._settings.allow_loopback),
            follow_redirects=False,
        )
