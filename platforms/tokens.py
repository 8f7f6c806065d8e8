"""The right to act on a page, as an adapter holds it: taken from where it is kept, renewed, put back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

Renewal = Callable[["Token"], Awaitable["Token"]]


@dataclass(frozen=True, slots=True)
class Token:
    """What a platform gave us when somebody connected the page. No secret is in its repr."""

    access: SecretStr
    refresh: SecretStr | None = None
    expires_at: datetime | None = None
    """Of the access token; None: it lasts until it is taken back."""
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    secret: SecretStr | None = None
    """The token's own secret, which OAuth 1.0a signs with."""

    @property
    def ends_at(self) -> datetime | None:
        """When a person has to connect the page again; None: not by the calendar."""
        return self.refresh_expires_at if self.refresh is not None else self.expires_at


class Tokens:
    """In memory; modbot gives an adapter one that is sealed and outlives the process."""

    def __init__(self, token: Token | None = None) -> None:
        self._token = token
        self._renewing = asyncio.Lock()

    async def get(self) -> Token | None:
        """The newest token, also if another process renewed it; None: nobody has connected the page."""
        return self._token

    async def put(self, token: Token) -> None:
        self._token = token

    async def renew(self, held: Token, renewal: Renewal) -> Token:
        """A token that is newer than `held`: somebody else's, or that of `renewal`, which is put.

        Always renew through this: where refresh tokens rotate, using an old one twice ends the connection.
        Whatever `renewal` raises is raised, and the kept token stays.
        """
        async with self._renewing:
            kept = await self.get()
            if kept is not None and kept.access.get_secret_value() != held.access.get_secret_value():
                return kept
            renewed = await renewal(kept or held)
            await self.put(renewed)
            return renewed
