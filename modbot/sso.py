"""Signing in with the district's own accounts: OpenID Connect, authorization code with PKCE.

The provider says who somebody is, never what they may do: only a person whom an administrator has entered
gets in, in the role that stands here. They are matched by the e-mail address that the provider has verified,
once, and from then on by the provider's own lasting identifier.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote_plus

import httpx
import sqlalchemy as sa
import structlog

from modbot import accounts
from modbot.config import Sso
from modbot.errors import ConfigError, SignInRefused
from modbot.store import Store, table
from modbot.tables import Account, User
from platforms.addresses import CheckedTransport
from platforms.base import PlatformError

try:
    from authlib.common.errors import AuthlibBaseError
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
except ModuleNotFoundError:
    raise ConfigError(
        "[sso] needs an extra package.", remedy='Run: pip install "modbot[sso]", or empty [sso] issuer.'
    ) from None

log = structlog.get_logger()
rows, people = table(Account), table(User)

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key that the provider alone has; never one made with the shared secret."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the browser keeps, sealed, while the person is at the provider."""

    state: str
    nonce: str
    verifier: str
    target: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for."""

    subject: str
    email: str
    """Empty where the provider has not verified it."""
    proven_at: datetime | None
    """When the person last proved it there; None where the provider does not tell."""


async def begin(sso: Sso, back: str, target: str, *, again: bool) -> tuple[str, Attempt]:
    """Where to send the browser, which returns to `back`; with `again`, the person has to prove it anew.

    Raises SignInRefused when the provider does not answer.
    """
    attempt = Attempt(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        target=target,
    )
    extra = {"prompt": "login", "max_age": 0} if again else {}
    with _told():
        async with _client(sso) as client:
            provider = await _discover(client, sso)
        url: str = prepare_grant_uri(
            provider["authorization_endpoint"],
            sso.client_id,
            "code",
            redirect_uri=back,
            scope="openid email",
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.verifier),
            code_challenge_method="S256",
            **extra,
        )
    return url, attempt


async def complete(sso: Sso, back: str, attempt: Attempt, given: Mapping[str, str]) -> Identity:
    """Whom the provider sent back with these parameters. Raises SignInRefused."""
    if not secrets.compare_digest(given.get("state", "").encode(), attempt.state.encode()):
        raise SignInRefused("This sign-in was begun elsewhere.", remedy="Begin again.")
    if given.get("iss", sso.issuer) != sso.issuer or "code" not in given:
        raise SignInRefused("The district's sign-in did not let you in.", remedy="Begin again.")
    with _told():
        async with _client(sso) as client:
            provider = await _discover(client, sso)
            exchange = {
                "grant_type": "authorization_code",
                "code": given["code"],
                "redirect_uri": back,
                "code_verifier": attempt.verifier,
            }
            auth = (quote_plus(sso.client_id), quote_plus(sso.client_secret.get_secret_value()))
            token = await _json(client, "POST", provider["token_endpoint"], data=exchange, auth=auth)
            keys = await _json(client, "GET", provider["jwks_uri"])
        return identity_of(sso, token, KeySet.import_key_set(cast(Any, keys)), attempt.nonce)


def person_of(store: Store, issuer: str, identity: Identity) -> str:
    """The name of the person whom this is, linked to them from the first time on. Raises SignInRefused."""
    subject = f"{issuer} {identity.subject}"
    active = sa.select(rows.c.name, rows.c.sso_subject).join(people, people.c.name == rows.c.name)
    with store.read() as connection:
        known = connection.execute(active.where(people.c.active, rows.c.sso_subject == subject)).first()
        named = connection.execute(
            active.where(people.c.active, rows.c.email == identity.email, rows.c.sso_subject.is_(None))
        ).first()
    if known is not None:
        return str(known.name)
    if named is None or not identity.email:
        raise SignInRefused(
            "Your district account is not known here.",
            remedy="Ask an administrator to enter your e-mail address under People.",
        )
    accounts.link(store, named.name, subject)
    return str(named.name)


def _client(sso: Sso) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=CheckedTransport(allow_loopback=sso.allow_loopback), timeout=10)


async def _discover(client: httpx.AsyncClient, sso: Sso) -> dict[str, str]:
    address = f"{sso.issuer.rstrip('/')}/.well-known/openid-configuration"
    found = await _json(client, "GET", address)
    if found["issuer"] != sso.issuer:
        raise ValueError(f"the provider names itself {found['issuer']}, not as [sso] issuer does")
    return {key: str(found[key]) for key in ("authorization_endpoint", "token_endpoint", "jwks_uri")}


async def _json(client: httpx.AsyncClient, method: str, address: str, **more: Any) -> dict[str, Any]:
    answer = await client.request(method, address, **more)
    found = answer.raise_for_status().json()
    if not isinstance(found, dict):
        raise ValueError(f"the provider's answer makes no sense: {method} {address}")
    return found


def identity_of(sso: Sso, token: Mapping[str, Any], keys: KeySet, nonce: str) -> Identity:
    """Whom the token names; signature, issuer, audience, time and nonce are checked. Raises JoseError."""
    signed = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
    claims = CodeIDToken(
        signed.claims,
        signed.header,
        options={
            "iss": {"essential": True, "value": sso.issuer},
            "aud": {"essential": True, "value": sso.client_id},
        },
        params={"nonce": nonce, "client_id": sso.client_id, "access_token": token.get("access_token")},
    )
    claims.validate(leeway=LEEWAY)
    verified = claims.get("email_verified") is True
    proven = claims.get("auth_time")
    return Identity(
        str(claims["sub"]),
        str(claims.get("email", "")).strip().lower() if verified else "",
        None if proven is None else datetime.fromtimestamp(proven, UTC),
    )


@contextmanager
def _told() -> Iterator[None]:
    """Whatever goes wrong with the provider: plain words for the person, the detail for the log."""
    try:
        yield
    except (
        httpx.HTTPError,
        PlatformError,
        AuthlibBaseError,
        JoseError,
        ValueError,
        KeyError,
        TypeError,
    ) as error:
        log.warning("sso.failed", error=type(error).__name__, detail=str(error))
        raise SignInRefused(
            "The district's sign-in does not work at the moment.",
            remedy="Try again in a minute, or sign in with your password here.",
        ) from error
