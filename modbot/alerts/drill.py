"""A drill: a call that nothing caused, marked as a drill everywhere, with an end."""

from __future__ import annotations

from modbot.alerts import calls
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.store import SYSTEM, Store

KEY = "drill"
SAYS = "This is a drill. There is no threat, and no comment behind it."
SAMPLE = "Nobody listens, so I will bring my gun to the school tomorrow and shoot them all."
"""A comment as it must be found; it is scored and never stored."""


def start(store: Store, settings: Settings, by: str = "") -> int:
    """The number of the drill's call. Raises ConfigError where nobody could be alerted."""
    if not settings.on_call.person:
        raise ConfigError(
            "Nobody is on call, so there is nobody to alert.",
            remedy="Name people and their channels under [[on_call.person]] in modbot.toml.",
        )
    with store.write() as tx:
        news = News(about=About.URGENT, key=KEY, says=SAYS, drill=True)
        seq = calls.start(tx, settings, news, by=by or SYSTEM)
    if seq is None:
        raise ConfigError("A drill is under way.", remedy="End it with: modbot drill end")
    return seq


def under_way(store: Store) -> int | None:
    """The number of the call of a drill that nobody has ended."""
    found = calls.list_of(store, calls.alerts.c.drill, calls.calls.c.state != "ended", limit=1)
    return found[0].id if found else None
