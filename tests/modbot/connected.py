"""A platform that has nothing but a consent: who we are there is told by a real authorisation server."""

from __future__ import annotations

from typing import ClassVar

import httpx
from pydantic import SecretStr

from platforms.addresses import CheckedTransport
from platforms.answers import json_of, send
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Effect,
    Identity,
    NotAuthorised,
    Platform,
    PlatformSettings,
    Receipt,
    Unsupported,
)
from platforms.budget import Period, Quota
from platforms.oauth import Consent


class ConnectedSettings(PlatformSettings):
    issuer: str
    client_id: str
    client_secret: SecretStr | None = None


class Connected(Platform):
    name = "connected"
    Settings = ConnectedSettings
    settings: ConnectedSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={ActionKind.HIDE: Effect(reversible=True, note="Only its author sees it.")}
    )

    def consent(self) -> Consent:
        issuer = self.settings.issuer
        return Consent(
            client_id=self.settings.client_id,
            client_secret=self.settings.client_secret,
            authorize_url=f"{issuer}/authorize/",
            token_url=f"{issuer}/token/",
            device_url=f"{issuer}/device-authorization/",
            scopes=("openid", "email"),
            basic=self.settings.client_secret is not None,
            allow_loopback=True,
        )

    async def open(self) -> Identity:
        self.budget.allow(Quota("calls", 100, Period.DAY))
        token = await self.tokens.get()
        if token is None:
            raise NotAuthorised(f"nobody has connected this page yet: run `modbot connect {self.page}`")
        self.budget.spend("calls")
        headers = {"Authorization": f"Bearer {token.access.get_secret_value()}"}
        async with httpx.AsyncClient(transport=CheckedTransport(allow_loopback=True)) as client:
            request = client.build_request("GET", f"{self.settings.issuer}/userinfo/", headers=headers)
            response = await send(client, request)
        if not response.is_success:
            raise NotAuthorised(f"the token is refused ({response.status_code})")
        return Identity(account=json_of(response)["email"], can_moderate=False)

    async def poll(self, cursor: str | None) -> Batch:
        return Batch((), cursor or "-")

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        raise Unsupported("it has no comments")
