"""The slow walk through all threads of a channel, which finds late answers under old ones.

How far it came stands in the page's cursor, behind what `following` writes there, so that a restart goes on
with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from platforms.budget import KEPT_FOR_ACTIONS, Budget
from platforms.youtube_rest import UNITS

SHARE = 0.1
"""A walk goes so slowly that this share of a day's units would last for one."""
BETWEEN = "#"
"""In no id of YouTube's, and so in no cursor of `following`."""


@dataclass(frozen=True, slots=True)
class Walk:
    began: int = 0
    """When the last one began, in seconds since 1970; 0: there was none."""
    token: str = ""
    """Of the page of threads to go on with; empty: none is under way."""

    def on(self, token: str, now: int) -> Walk:
        """After a page that was read at `now`; without a token it was the last one."""
        return Walk(self.began if self.token else now, token)


def read(cursor: str | None) -> tuple[str | None, Walk]:
    """The cursor of `following`, and the walk."""
    if cursor is None:
        return None, Walk()
    listed, _, walk = cursor.partition(BETWEEN)
    began, _, token = walk.partition(BETWEEN)
    return listed, Walk(int(began or 0), token)


def written(listed: str, walk: Walk) -> str:
    return listed if walk == Walk() else BETWEEN.join((listed, str(walk.began), walk.token))


class Walker:
    """Says when a walk may go on. Walks begin `hours` after one another."""

    def __init__(self, hours: float, units_per_day: int) -> None:
        self._every = hours * 3600
        self._unit_seconds = self._every / (SHARE * units_per_day)
        self._next = 0.0

    def wait(self, units: float) -> None:
        """For as long as so many units have to last."""
        self._next = time.monotonic() + self._unit_seconds * units

    def may_go_on(self, walk: Walk, budget: Budget) -> bool:
        """What of the day's units is kept for actions is not walked away."""
        if time.monotonic() < self._next or not (walk.token or now() - walk.began >= self._every):
            return False
        units = [each for each in budget.outlook() if each.unit == UNITS]
        return all(each.used < (1 - KEPT_FOR_ACTIONS) * each.limit for each in units)


def now() -> int:
    return int(time.time())
