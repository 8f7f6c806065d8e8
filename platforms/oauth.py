"""How a page is connected: what somebody is asked to agree to, and the token that comes of it.

OAuth 2.0 and 1.0a. `modbot connect` leads a person through it with the `Consent` that the adapter gives;
adapters renew by `refreshed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from platforms.answers import json_of, send
from platforms.errors import NotAuthorised, Unavailable
from platforms.tokens import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One platform's way of asking. The client is the app that the district registered there."""

    client_id: str
    client_secret: SecretStr | None = None
    """None: a public client, which proves itself by PKCE alone."""
    authorize_url: str = ""
    token_url: str
    scopes: tuple[str, ...]
    """The least that the adapter needs."""
    scope_separator: str = " "
    """Meta writes a comma."""
    pkce: bool = True
    basic: bool = False
    """The client's name and secret go as HTTP Basic (X), not in the form (Google, LinkedIn)."""
    device_url: str | None = None
    """Where a code for another device is given (RFC 8628); None: the platform has no such flow for us."""
    why_no_device: str = ""
    """The reason where people would expect one, in words."""
    request_url: str | None = None
    """Where OAuth 1.0a gives its request token; given, `authorize_url` and `token_url` are 1.0a's."""
    redirect_host: str = "127.0.0.1"
    """Platforms that refuse numbers (Meta) want "localhost"."""
    redirect: str = ""
    """For platforms that accept no address of this machine: the browser ends at this one, which nobody needs
    to serve, and a person copies it from the address line."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """More for the question, such as access_type=offline."""
    allow_loopback: bool = False


def token_of(answer: Mapping[str, Any], now: datetime | None = None) -> Token:
    """The token in an answer of `token_url`. Raises Unavailable where there is none."""
    access = answer.get("access_token")
    if not isinstance(access, str) or not access:
        raise Unavailable("the platform answered without an access token")
    now = now or datetime.now(UTC)
    scope = answer.get("scope")
    refresh = answer.get("refresh_token")
    return Token(
        access=SecretStr(access),
        refresh=SecretStr(refresh) if isinstance(refresh, str) and refresh else None,
        expires_at=_after(now, answer.get("expires_in")),
        refresh_expires_at=_after(now, answer.get("refresh_token_expires_in")),
        scopes=tuple(scope.replace(",", " ").split()) if isinstance(scope, str) else (),
    )


async def refreshed(client: httpx.AsyncClient, consent: Consent, token: Token) -> Token:
    """A new token for an old one's refresh token; what the platform does not repeat stays as it was.

    Raises NotAuthorised when a person has to connect the page again, RateLimited, Unavailable.
    """
    if token.refresh is None:
        raise NotAuthorised("the platform gave nothing to renew the connection with: connect the page again")
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh.get_secret_value()}
    form |= credentials(consent)
    request = client.build_request(
        "POST", consent.token_url, data=form, headers={"Accept": "application/json"}
    )
    if consent.basic and consent.client_secret is not None:
        auth = httpx.BasicAuth(consent.client_id, consent.client_secret.get_secret_value())
        request = next(auth.auth_flow(request))
    response = await send(client, request, anonymous=True)
    answer = json_of(response)
    if not response.is_success or not isinstance(answer, dict):
        raise _refused(response.status_code, answer)
    renewed = token_of({"refresh_token": token.refresh.get_secret_value()} | answer)
    return Token(
        access=renewed.access,
        refresh=renewed.refresh,
        expires_at=renewed.expires_at,
        refresh_expires_at=renewed.refresh_expires_at or token.refresh_expires_at,
        scopes=renewed.scopes or token.scopes,
    )


def credentials(consent: Consent) -> dict[str, str]:
    """The client's part of a form for `token_url`: nothing where it goes as HTTP Basic."""
    if consent.client_secret is None:
        return {"client_id": consent.client_id}
    if consent.basic:
        return {}
    return {"client_id": consent.client_id, "client_secret": consent.client_secret.get_secret_value()}


def _refused(status: int, answer: Any) -> NotAuthorised | Unavailable:
    """The description is left out: some platforms quote the token in it."""
    code = answer.get("error") if isinstance(answer, dict) else None
    code = code if isinstance(code, str) else "no reason given"
    if code == "temporarily_unavailable":
        return Unavailable(f"the platform does not renew the connection now ({status} {code})")
    return NotAuthorised(f"the platform ended the connection ({status} {code}): connect the page again")


def _after(now: datetime, seconds: Any) -> datetime | None:
    """Some platforms write the seconds as text, and 0 or nothing for a token that lasts."""
    try:
        span = float(seconds)
        return now + timedelta(seconds=span) if span > 0 else None
    except (TypeError, ValueError, OverflowError):
        return None
