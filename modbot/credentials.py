"""The tokens of connected pages: sealed in the database, with a key that lies outside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from modbot.errors import ConfigError
from modbot.sealing import Seal
from modbot.store import SYSTEM, Store, table, utcnow
from modbot.tables import Credential
from platforms.base import NotAuthorised
from platforms.tokens import Renewal, Token, Tokens

credentials = table(Credential)

RENEWING = timedelta(minutes=2)
"""For so long nobody else renews a token; longer than a platform may take to answer."""
LOOK_SECONDS = 0.5
NOTICE = timedelta(days=14)
"""How long before a connection ends people are told."""


class SealedTokens(Tokens):
    """One page's. Of several processes only one renews at a time; the others take what it got.

    While nobody has connected the page, what an adapter puts (renewed from a token in its settings) is kept
    in memory.
    """

    def __init__(self, store: Store, seal: Seal, page: str) -> None:
        super().__init__()
        self._store = store
        self._seal = seal
        self._page = page
        self._connected = False

    async def get(self) -> Token | None:
        return await asyncio.to_thread(self._read)

    async def put(self, token: Token) -> None:
        await asyncio.to_thread(self._write, token)

    async def renew(self, held: Token, renewal: Renewal) -> Token:
        while not await asyncio.to_thread(self._lease):
            kept = await self.get()
            if kept is not None and _differ(kept, held):
                return kept
            await asyncio.sleep(LOOK_SECONDS)
        try:
            return await super().renew(held, renewal)
        finally:
            await asyncio.to_thread(self._release)

    def _read(self) -> Token | None:
        with self._store.read() as connection:
            sealed = connection.execute(
                sa.select(credentials.c.sealed).where(credentials.c.page == self._page)
            ).scalar()
        if sealed is None:
            return None if self._connected else self._token
        self._connected = True
        opened = self._seal.open(sealed)
        if opened is None:
            raise ConfigError(
                f"The connection of page '{self._page}' was sealed with another key.",
                remedy="Restore the [web] key_file from your copy, or connect the page again: "
                f"modbot connect {self._page}",
            )
        return _token(json.loads(opened))

    def _write(self, token: Token) -> None:
        with self._store.write(logged=False) as tx:
            values = _columns(self._seal, token) | {"renewed_at": tx.now}
            done = tx.execute(sa.update(credentials).where(credentials.c.page == self._page).values(**values))
        if not done.rowcount:
            if self._connected:
                # Its token must not come back.
                raise NotAuthorised(f"page {self._page} was disconnected")
            self._token = token

    def _lease(self) -> bool:
        c = credentials.c
        with self._store.write(logged=False) as tx:
            free = sa.or_(c.renewing_until.is_(None), c.renewing_until < tx.now)
            statement = sa.update(credentials).where(c.page == self._page, free)
            if tx.execute(statement.values(renewing_until=tx.now + RENEWING)).rowcount:
                return True
            # Without a row there is nobody to wait for.
            return tx.execute(sa.select(c.page).where(c.page == self._page)).first() is None

    def _release(self) -> None:
        with self._store.write(logged=False) as tx:
            mine = sa.update(credentials).where(credentials.c.page == self._page)
            tx.execute(mine.values(renewing_until=None))


@dataclass(frozen=True, slots=True)
class Connection:
    """A connected page as people are told of it; nothing secret."""

    page: str
    ends_at: datetime | None
    scopes: str
    connected: int
    """The log's entry that tells who connected it, and when."""
    renewed_at: datetime

    @property
    def ends_soon(self) -> bool:
        return self.ends_at is not None and self.ends_at - utcnow() <= NOTICE


def keep(store: Store, seal: Seal, page: str, token: Token, *, by: str = SYSTEM, account: str = "") -> None:
    """Put a new connection on record, in place of an earlier one; the page is in the register."""
    body = {"account": account, "scopes": list(token.scopes), "ends_at": _iso(token.ends_at)}
    with store.write() as tx:
        connected = tx.record("page.connected", f"page:{page}", body, actor=by)
        tx.execute(sa.delete(credentials).where(credentials.c.page == page))
        values = _columns(seal, token)
        tx.add(Credential, page=page, connected=connected, renewed_at=tx.now, **values)


def forget(store: Store, page: str, *, by: str = SYSTEM) -> bool:
    """Remove a page's token; False if there was none. What the platform granted must be ended there."""
    with store.write() as tx:
        if not tx.execute(sa.delete(credentials).where(credentials.c.page == page)).rowcount:
            return False
        tx.record("page.disconnected", f"page:{page}", actor=by)
        return True


def connections(connection: sa.Connection) -> list[Connection]:
    fields = [credentials.c[name] for name in Connection.__dataclass_fields__]
    rows = connection.execute(sa.select(*fields).order_by(credentials.c.page))
    return [Connection(*row) for row in rows]


def _columns(seal: Seal, token: Token) -> dict[str, Any]:
    return {
        "sealed": seal.close(json.dumps(_document(token))),
        "ends_at": token.ends_at,
        "scopes": " ".join(token.scopes),
    }


def _document(token: Token) -> dict[str, Any]:
    return {
        "access": token.access.get_secret_value(),
        "refresh": token.refresh and token.refresh.get_secret_value(),
        "secret": token.secret and token.secret.get_secret_value(),
        "expires_at": _iso(token.expires_at),
        "refresh_expires_at": _iso(token.refresh_expires_at),
        "scopes": list(token.scopes),
    }


def _token(kept: Mapping[str, Any]) -> Token:
    return Token(
        access=SecretStr(kept["access"]),
        refresh=_secret(kept["refresh"]),
        expires_at=_moment(kept["expires_at"]),
        refresh_expires_at=_moment(kept["refresh_expires_at"]),
        scopes=tuple(kept["scopes"]),
        secret=_secret(kept["secret"]),
    )


def _secret(text: str | None) -> SecretStr | None:
    return None if text is None else SecretStr(text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _differ(kept: Token, held: Token) -> bool:
    return kept.access.get_secret_value() != held.access.get_secret_value()
