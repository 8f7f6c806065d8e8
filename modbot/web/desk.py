"""What every screen works with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from modbot.config import Settings
from modbot.store import Store


@dataclass(frozen=True, slots=True)
class Desk:
    settings: Settings
    store: Store
    ended: Collection[str] = ()
    """Pages whose source has ended; the running service adds to it."""

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.settings.district.timezone)


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _at(request: Request) -> Desk:
    """Not `desk_of`, which FastAPI would run in a thread, because it is no coroutine."""
    return desk_of(request)


AtDesk = Annotated[Desk, Depends(_at)]
