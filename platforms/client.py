"""A platform that is reached through one client, which lives from `open` to `close`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, Protocol, TypeVar

from platforms.base import Identity, Platform


class Client(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=Client)


class ClientPlatform(Platform, Generic[C]):
    _rest: C | None = None

    @abstractmethod
    async def connect(self) -> C:
        """A client that has called nothing yet. Raises NotAuthorised where nobody has connected the page."""

    @abstractmethod
    async def identify(self, rest: C) -> Identity:
        """The first call; raises as `open` does."""

    async def open(self) -> Identity:
        await self.close()
        rest = await self.connect()
        try:
            identity = await self.identify(rest)
        except BaseException:
            await rest.close()
            raise
        self._rest = rest
        return identity

    async def close(self) -> None:
        rest, self._rest = self._rest, None
        if rest:
            await rest.close()

    @property
    def rest(self) -> C:
        if self._rest is None:
            raise RuntimeError("open the page before using it")
        return self._rest
