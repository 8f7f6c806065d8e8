"""Tokens from a platform's answers, and their renewal by a real authorisation server's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from platforms.base import NotAuthorised, RateLimited, Unavailable
from platforms.oauth import Consent, refreshed, token_of
from platforms.tokens import Token

NOW = datetime(2026, 3, 3, tzinfo=UTC)
CONSENT = Consent(
    client_id="district",
    client_secret=SecretStr("s3cret"),
    token_url="https://id.example.org/token",
    scopes=("read",),
)
OLD = Token(SecretStr("a-old"), SecretStr("r-old"), NOW, NOW + timedelta(days=60), ("read",))


def _renew(answer: Callable[[httpx.Request], httpx.Response], consent: Consent = CONSENT) -> Token:
    async def story() -> Token:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            return await refreshed(client, consent, OLD)

    return asyncio.run(story())


def test_an_answer_becomes_a_token_with_its_ends() -> None:
    answer = {"access_token": "a", "refresh_token": "r", "expires_in": "3600", "scope": "read,write hide"}
    token = token_of(answer | {"refresh_token_expires_in": 86400}, NOW)
    assert token.expires_at == NOW + timedelta(hours=1)
    assert token.refresh_expires_at == NOW + timedelta(days=1)
    assert token.scopes == ("read", "write", "hide")


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": None}, {"access_token": 5}])
def test_an_answer_without_a_token_is_none(answer: dict[str, object]) -> None:
    with pytest.raises(Unavailable):
        token_of(answer)


@pytest.mark.parametrize("seconds", [None, 0, -1, "never", 1e300])
def test_a_token_without_an_end_has_none(seconds: object) -> None:
    assert token_of({"access_token": "a", "expires_in": seconds}, NOW).expires_at is None


def test_what_the_platform_does_not_repeat_stays() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(httpx.QueryParams(request.content.decode()))
        assert form == {
            "grant_type": "refresh_token",
            "refresh_token": "r-old",
            "client_id": "district",
            "client_secret": "s3cret",
        }
        return httpx.Response(200, json={"access_token": "a-new", "expires_in": 7200})

    token = _renew(answer)
    assert token.access.get_secret_value() == "a-new"
    assert token.refresh == OLD.refresh
    assert (token.refresh_expires_at, token.scopes) == (OLD.refresh_expires_at, ("read",))


def test_the_clients_secret_may_go_as_basic() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Basic ")
        assert b"s3cret" not in request.content
        return httpx.Response(200, json={"access_token": "a-new"})

    basic = Consent(
        client_id="district",
        client_secret=CONSENT.client_secret,
        token_url=CONSENT.token_url,
        scopes=(),
        basic=True,
    )
    _renew(answer, basic)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, '{"error":"invalid_grant","error_description":"r-old"}', NotAuthorised),
        (401, '{"error":"invalid_client"}', NotAuthorised),
        (400, '{"error":"temporarily_unavailable"}', Unavailable),
        (429, "", RateLimited),
        (503, "", Unavailable),
        (200, "<html>", Unavailable),
        (200, "[]", NotAuthorised),
    ],
)
def test_every_refusal_is_put_into_its_class_and_quotes_nothing(
    status: int, body: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as refused:
        _renew(lambda _: httpx.Response(status, text=body))
    assert "r-old" not in str(refused.value)


def test_without_a_refresh_token_a_person_has_to_connect_again() -> None:
    async def story() -> None:
        async with httpx.AsyncClient() as client:
            await refreshed(client, CONSENT, Token(SecretStr("a")))

    with pytest.raises(NotAuthorised, match="connect the page again"):
        asyncio.run(story())
