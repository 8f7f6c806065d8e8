"""Tokens in an adapter's hand: never shown, renewed once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from pydantic import SecretStr

from platforms.tokens import Token, Tokens


def _token(access: str) -> Token:
    return Token(SecretStr(access), SecretStr("refresh-" + access))


def test_no_secret_is_in_a_tokens_repr() -> None:
    assert "abc" not in repr(Token(SecretStr("abc"), SecretStr("abcd"), secret=SecretStr("abcde")))


def test_what_can_be_renewed_ends_with_its_renewal() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    assert Token(SecretStr("a"), expires_at=early).ends_at == early
    assert Token(SecretStr("a"), SecretStr("r"), early, late).ends_at == late
    assert Token(SecretStr("a"), SecretStr("r"), early).ends_at is None


def test_two_calls_that_both_found_the_token_expired_renew_it_once() -> None:
    async def story() -> tuple[list[str], Token, Token]:
        held = _token("old")
        tokens, renewed = Tokens(held), []

        async def renewal(token: Token) -> Token:
            await asyncio.sleep(0)
            renewed.append(token.access.get_secret_value())
            return _token("new")

        first, second = await asyncio.gather(tokens.renew(held, renewal), tokens.renew(held, renewal))
        return renewed, first, second

    renewed, first, second = asyncio.run(story())
    assert renewed == ["old"]
    assert first == second == _token("new")
