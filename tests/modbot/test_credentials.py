"""Tokens of connected pages: sealed at rest, renewed by one process at a time, gone when disconnected."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from modbot import credentials, reconcile, sealing
from modbot.credentials import SealedTokens
from modbot.errors import ConfigError
from modbot.sealing import Seal
from modbot.store import Store, table
from modbot.tables import AuditEvent, Content, Credential
from platforms.base import NotAuthorised
from platforms.tokens import Renewal, Token
from tests.modbot.scene import district

SOON = datetime.now(UTC) + timedelta(days=3)
TOKEN = Token(
    SecretStr("access-secret"),
    SecretStr("refresh-secret"),
    datetime(2026, 1, 1, tzinfo=UTC),
    SOON,
    ("read", "hide"),
    SecretStr("token-secret"),
)


@pytest.fixture
def here(store: Store) -> Store:
    return district(store).store


@pytest.fixture
def seal(tmp_path: Path) -> Seal:
    return sealing.seal(tmp_path / "people.key")


def _renewal(names: list[str]) -> Renewal:
    async def renew(token: Token) -> Token:
        await asyncio.sleep(0.05)
        names.append(token.access.get_secret_value())
        return Token(SecretStr(f"access-{len(names)}"), token.refresh)

    return renew


def _connections(store: Store) -> list[credentials.Connection]:
    with store.read() as connection:
        return credentials.connections(connection)


def test_a_token_comes_back_as_it_was_kept_and_stands_nowhere_in_clear(here: Store, seal: Seal) -> None:
    credentials.keep(here, seal, "blog", TOKEN, by="ana", account="District page")
    assert asyncio.run(SealedTokens(here, seal, "blog").get()) == TOKEN
    with here.read() as connection:
        rows = [
            str(row) for each in (Credential, Content) for row in connection.execute(sa.select(table(each)))
        ]
    assert "District page" in "".join(rows)
    assert "secret" not in "".join(rows)


def test_who_connected_and_disconnected_a_page_is_on_record(here: Store, seal: Seal) -> None:
    credentials.keep(here, seal, "blog", TOKEN, by="ana")
    assert credentials.forget(here, "blog", by="ben")
    assert not credentials.forget(here, "blog", by="ben")
    events = table(AuditEvent)
    kinds = events.c.kind.in_(("page.connected", "page.disconnected"))
    with here.read() as connection:
        told = connection.execute(sa.select(events.c.actor, events.c.kind).where(kinds)).all()
    assert [tuple(row) for row in told] == [("ana", "page.connected"), ("ben", "page.disconnected")]
    reconcile.check(here)


def test_another_key_opens_nothing_and_says_what_to_do(here: Store, seal: Seal, tmp_path: Path) -> None:
    credentials.keep(here, seal, "blog", TOKEN)
    other = sealing.seal(tmp_path / "other.key")
    with pytest.raises(ConfigError) as refused:
        asyncio.run(SealedTokens(here, other, "blog").get())
    assert "modbot connect blog" in refused.value.remedy


def test_two_processes_renew_a_token_once(here: Store, seal: Seal) -> None:
    credentials.keep(here, seal, "blog", TOKEN)
    names: list[str] = []

    async def story() -> list[Token]:
        pages = [SealedTokens(here, seal, "blog") for _ in range(2)]
        return await asyncio.gather(*(page.renew(TOKEN, _renewal(names)) for page in pages))

    renewed = asyncio.run(story())
    assert names == ["access-secret"]
    assert {token.access.get_secret_value() for token in renewed} == {"access-1"}
    assert asyncio.run(SealedTokens(here, seal, "blog").get()) == renewed[0]


def test_a_renewal_that_fails_keeps_the_token_and_lets_the_next_one_try(here: Store, seal: Seal) -> None:
    credentials.keep(here, seal, "blog", TOKEN)
    names: list[str] = []

    async def refused(_token: Token) -> Token:
        raise NotAuthorised("no")

    async def story() -> None:
        page = SealedTokens(here, seal, "blog")
        with pytest.raises(NotAuthorised):
            await page.renew(TOKEN, refused)
        assert await page.get() == TOKEN
        await page.renew(TOKEN, _renewal(names))

    asyncio.run(story())
    assert names == ["access-secret"]


def test_the_token_of_a_page_that_was_disconnected_meanwhile_stays_away(here: Store, seal: Seal) -> None:
    credentials.keep(here, seal, "blog", TOKEN)

    async def story() -> None:
        page = SealedTokens(here, seal, "blog")
        await page.get()
        credentials.forget(here, "blog")
        with pytest.raises(NotAuthorised):
            await page.put(TOKEN)
        assert await page.get() is None

    asyncio.run(story())


def test_a_token_of_the_settings_is_renewed_in_memory(here: Store, seal: Seal) -> None:
    async def story() -> None:
        page = SealedTokens(here, seal, "blog")
        assert await page.get() is None
        await page.renew(TOKEN, _renewal([]))
        kept = await page.get()
        assert kept is not None
        assert kept.access.get_secret_value() == "access-1"

    asyncio.run(story())
    assert _connections(here) == []


def test_a_connection_that_ends_within_two_weeks_is_told(here: Store, seal: Seal) -> None:
    credentials.keep(here, seal, "blog", TOKEN)
    (connection,) = _connections(here)
    assert connection.ends_soon
    assert connection.scopes == "read hide"
    assert "secret" not in repr(connection)
