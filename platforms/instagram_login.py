"""The right to use an Instagram account: by the Facebook Page it is linked to, or by Instagram's own login.

By Meta's pages of 2026, a token of Instagram's own login lasts 60 days. It is renewed while it holds and once
it is a day old, and then lasts 60 days again. Those calls take their secrets in the address; no other does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import httpx
from pydantic import Field, SecretStr, model_validator

from platforms.addresses import CheckedTransport
from platforms.answers import json_of, send
from platforms.base import NotAuthorised, PlatformError, PlatformSettings, Unavailable
from platforms.graph import NoSuchObject, failure
from platforms.graph_account import GraphAccount, GraphSettings
from platforms.oauth import Consent, token_of
from platforms.tokens import Token

EDGES = ("media", "tags", "live_media")
TALKS = "conversations"
READABLE = (*EDGES, TALKS)
"""The talks need a permission of their own, so they are read only where they are named."""
OWN_ADDRESSES = {"api": "https://graph.instagram.com", "dialog": "https://www.instagram.com"}
OWN_PERMISSIONS = ("instagram_business_basic", "instagram_business_manage_comments")
FOR_MESSAGES = "instagram_business_manage_messages"
PUSHED = ("comments", "live_comments", "mentions")
PUSHED_MESSAGES = ("messages", "message_edit")
RENEWED_BEFORE = timedelta(days=53)
"""A token is renewed once a week, so that it outlives weeks in which nobody answers."""
AGAIN = timedelta(hours=1)
"""Between two tries to renew a token, which holds for weeks yet."""


class InstagramSettings(GraphSettings):
    account_id: str = Field(pattern=r"^\d{1,30}$")
    login: Literal["facebook", "instagram"] = "facebook"
    """With which account somebody signs in: that of the linked Facebook Page, or Instagram's own."""
    token_url: str = "https://api.instagram.com/oauth/access_token"  # noqa: S105 - an address
    redirect: str = "https://localhost:8765/connected"
    """Where Instagram's login sends the browser: as in the app's dashboard, which takes only https."""
    permissions: tuple[str, ...] = (
        "instagram_basic",
        "instagram_manage_comments",
        "pages_show_list",
        "pages_read_engagement",
        "pages_manage_metadata",
    )
    edges: tuple[str, ...] = Field(EDGES, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _of_its_login(cls, values: Any) -> Any:
        """With Instagram's own login the same objects stand elsewhere."""
        if not isinstance(values, dict):
            return values
        is_own = values.get("login") == "instagram" or values.get("api") == OWN_ADDRESSES["api"]
        own = {"login": "instagram", **OWN_ADDRESSES, "permissions": OWN_PERMISSIONS}
        return own | values if is_own else values


class InstagramLogin(GraphAccount):
    settings: InstagramSettings

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._tried_at: datetime | None = None
        """When the token was last renewed, or could not be."""

    @property
    def has_own_login(self) -> bool:
        return self.settings.login == "instagram"

    def consent(self) -> Consent | None:
        consent = super().consent()
        if consent is None or not self.has_own_login:
            return consent
        settings = self.settings
        dialog = f"{settings.dialog}/oauth/authorize"
        return replace(
            consent, authorize_url=dialog, token_url=settings.token_url, redirect=settings.redirect
        )

    async def exchanged(self, answer: Mapping[str, Any]) -> Token:
        if not self.has_own_login:
            return await super().exchanged(answer)
        secret = self.settings.app_secret
        assert secret is not None  # noqa: S101 - there is no consent without it
        short = token_of(answer).access.get_secret_value()
        query = {"grant_type": "ig_exchange_token", "client_secret": secret.get_secret_value()}
        token = await self._asked("access_token", query | {"access_token": short})
        if self.pushes:
            await self._subscribe(token)
        granted = answer.get("permissions") or ()
        scopes = granted.split(",") if isinstance(granted, str) else map(str, granted)
        return replace(token, scopes=tuple(scopes))

    async def _subscribe(self, token: Token) -> None:
        async def held() -> SecretStr:
            return token.access

        graph = self.client(held)
        fields = [*PUSHED, *(PUSHED_MESSAGES if FOR_MESSAGES in self.settings.permissions else ())]
        try:
            await graph.post(f"{self.account}/subscribed_apps", subscribed_fields=",".join(fields))
        finally:
            await graph.close()

    async def _token(self) -> SecretStr:
        kept = await self.tokens.get()
        if kept is None or not self.has_own_login or not self._is_due(kept):
            return await super()._token()
        self._tried_at = datetime.now(UTC)
        try:
            return (await self.tokens.renew(kept, self._renewal)).access
        except PlatformError:
            # It holds yet. People are told two weeks before its end, and a call with it tells of the rest.
            return kept.access

    def _is_due(self, token: Token) -> bool:
        now = datetime.now(UTC)
        if token.expires_at is None or token.expires_at - now >= RENEWED_BEFORE:
            return False
        return self._tried_at is None or now - self._tried_at >= AGAIN

    async def _renewal(self, token: Token) -> Token:
        query = {"grant_type": "ig_refresh_token", "access_token": token.access.get_secret_value()}
        return replace(await self._asked("refresh_access_token", query), scopes=token.scopes)

    async def _asked(self, what: str, query: Mapping[str, str]) -> Token:
        settings = self.settings
        transport = CheckedTransport(allow_loopback=settings.allow_loopback)
        async with httpx.AsyncClient(
            transport=transport, timeout=settings.timeout, follow_redirects=False
        ) as client:
            url = httpx.URL(f"{settings.api}/{what}", params=dict(query))
            response = await send(client, client.build_request("GET", url))
        answer = json_of(response)
        if not isinstance(answer, dict):
            raise Unavailable("Instagram answered something else than a token")
        if response.is_success:
            return token_of(answer)
        error = failure(answer.get("error"), response.status_code)
        if isinstance(error, NoSuchObject):
            raise NotAuthorised(f"Instagram does not know the token ({error}): connect the page again")
        raise error
