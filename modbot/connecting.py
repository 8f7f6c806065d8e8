"""A platform's question whether modbot may act on a page, and its answer.

OAuth 2.0 by a browser on this machine (with PKCE) or by a code for another device, and OAuth 1.0a. Nobody
is asked for a password here: who has the page signs in at the platform itself.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import httpx
from authlib.oauth1 import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from platforms.addresses import CheckedTransport
from platforms.answers import json_of, send
from platforms.base import NotAuthorised, Unavailable
from platforms.oauth import Consent, credentials

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER = 5
"""Seconds by which a platform that says `slow_down` wants to be asked less often (RFC 8628)."""


class NotOurs(Exception):
    """Not the answer to this question: another page's, or an old one."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody opens in a browser, and how its answer is recognised. Its repr holds no secret."""

    url: str
    redirect: str
    state: str
    proof: str
    """PKCE's verifier, or the secret of 1.0a's request token; empty where there is none."""

    def __repr__(self) -> str:
        return f"Question(redirect={self.redirect!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A code to type in on any other device."""

    user_code: str
    address: str
    device_code: str
    interval: float
    """Seconds between two looks."""
    seconds: float
    """For so long the code holds."""

    def __repr__(self) -> str:
        return f"Device(address={self.address!r})"


async def ask(consent: Consent, redirect: str) -> Question:
    """The question whose answer comes to `redirect`. Raises NotAuthorised, Unavailable (1.0a asks first)."""
    if consent.request_url is not None:
        return await _ask_first(consent, redirect)
    state, proof = secrets.token_urlsafe(32), secrets.token_urlsafe(48) if consent.pkce else ""
    more: dict[str, str] = dict(consent.extra)
    if proof:
        more |= {"code_challenge": create_s256_code_challenge(proof), "code_challenge_method": "S256"}
    url: str = prepare_grant_uri(
        consent.authorize_url,
        consent.client_id,
        "code",
        redirect_uri=redirect,
        scope=consent.scope_separator.join(consent.scopes),
        state=state,
        **more,
    )
    return Question(url, redirect, state, proof)


def answered(consent: Consent, question: Question, query: Mapping[str, str]) -> str:
    """The code in the address that the browser came back to.

    Raises NotOurs for what is no answer to this question, NotAuthorised when the platform says no.
    """
    given = query.get("oauth_token" if consent.request_url else "state", "")
    if not secrets.compare_digest(given.encode("utf-8", "replace"), question.state.encode()):
        raise NotOurs
    if "error" in query:
        raise NotAuthorised(f"the platform did not agree ({_word(query['error'])})")
    code = query.get("oauth_verifier" if consent.request_url else "code", "")
    if not code:
        raise NotAuthorised("whoever signed in did not agree")
    return code


async def exchange(consent: Consent, question: Question, code: str) -> Mapping[str, Any]:
    """What the platform gives for the code: its own answer, for `Platform.exchanged`."""
    if consent.request_url is not None:
        return await _signed(consent, consent.token_url, question.state, question.proof, verifier=code)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": question.redirect}
    if question.proof:
        form["code_verifier"] = question.proof
    status, told = await _post(consent, consent.token_url, form)
    # Instagram puts its answer into a list of one.
    inner = told.get("data")
    answer = inner[0] if isinstance(inner, list) and inner and isinstance(inner[0], dict) else told
    if status >= 400 or "access_token" not in answer:
        raise NotAuthorised(f"the platform gave no token for its code ({status} {_reason(answer)})")
    return answer


async def device(consent: Consent) -> Device:
    """Begin the way by a code for another device. Raises NotAuthorised, Unavailable."""
    if consent.device_url is None:
        raise NotAuthorised("this platform gives no codes for other devices")
    form = {"scope": consent.scope_separator.join(consent.scopes)}
    status, answer = await _post(consent, consent.device_url, form)
    try:
        return Device(
            user_code=str(answer["user_code"]),
            address=str(answer.get("verification_uri") or answer["verification_url"]),
            device_code=str(answer["device_code"]),
            interval=float(answer.get("interval", 5)),
            seconds=float(answer["expires_in"]),
        )
    except (KeyError, ValueError, TypeError):
        raise NotAuthorised(f"the platform gave no code ({status} {_reason(answer)})") from None


async def by_device(consent: Consent, begun: Device) -> Mapping[str, Any]:
    """Wait until somebody has typed the code in. Raises NotAuthorised when they declined or were too late."""
    interval = begun.interval
    form = {"grant_type": DEVICE_CODE, "device_code": begun.device_code}
    try:
        async with asyncio.timeout(begun.seconds):
            while True:
                await asyncio.sleep(interval)
                status, answer = await _post(consent, consent.token_url, form)
                if "access_token" in answer:
                    return answer
                reason = _reason(answer)
                if reason == "slow_down":
                    interval += SLOWER
                elif reason != "authorization_pending":
                    raise NotAuthorised(f"the platform did not agree ({status} {reason})")
    except TimeoutError:
        raise NotAuthorised("nobody typed the code in while it held") from None


async def _post(consent: Consent, url: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    async with _client(consent) as client:
        whole = {**form, **credentials(consent)}
        request = client.build_request("POST", url, data=whole, headers={"Accept": "application/json"})
        if consent.basic and consent.client_secret is not None:
            auth = httpx.BasicAuth(consent.client_id, consent.client_secret.get_secret_value())
            request = next(auth.auth_flow(request))
        response = await send(client, request, anonymous=True)
    answer = json_of(response)
    if not isinstance(answer, dict):
        raise Unavailable(f"{httpx.URL(url).host} answered something else than a token")
    return response.status_code, answer


async def _ask_first(consent: Consent, redirect: str) -> Question:
    """OAuth 1.0a: the question itself is given by the platform."""
    assert consent.request_url is not None  # noqa: S101 - asked before
    given = await _signed(consent, consent.request_url, redirect=redirect)
    query = {"oauth_token": given["oauth_token"], **consent.extra}
    url = httpx.URL(consent.authorize_url).copy_merge_params(query)
    return Question(str(url), redirect, given["oauth_token"], given["oauth_token_secret"])


async def _signed(
    consent: Consent, url: str, token: str = "", secret: str = "", *, redirect: str = "", verifier: str = ""
) -> dict[str, str]:
    """A call of OAuth 1.0a; its answer is a form with a token and the token's secret."""
    client_secret = consent.client_secret.get_secret_value() if consent.client_secret else ""
    auth = ClientAuth(consent.client_id, client_secret, token or None, secret or None, redirect or None)
    auth.verifier = verifier or None
    signed_url, headers, body = auth.prepare("POST", url, {}, b"")
    async with _client(consent) as client:
        request = client.build_request("POST", signed_url, headers=headers, content=body)
        response = await send(client, request, anonymous=True)
    answer = dict(parse_qsl(response.text))
    if not response.is_success or not {"oauth_token", "oauth_token_secret"} <= answer.keys():
        reason = _word(answer.get("oauth_problem", "no reason given"))
        raise NotAuthorised(f"the platform gave no token ({response.status_code} {reason})")
    return answer


def _client(consent: Consent) -> httpx.AsyncClient:
    transport = CheckedTransport(allow_loopback=consent.allow_loopback)
    return httpx.AsyncClient(transport=transport, timeout=20, follow_redirects=False)


def _reason(answer: Mapping[str, Any]) -> str:
    """The platform's own word for a failure: OAuth's `error`, which Meta makes an object with a message."""
    error = answer.get("error")
    if isinstance(error, dict):
        error = error.get("message") or error.get("type")
    return _word(error) if isinstance(error, str) else "no reason given"


def _word(text: str) -> str:
    return text[:200]
