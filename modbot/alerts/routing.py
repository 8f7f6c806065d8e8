"""Which channels an alert takes, and not before when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from modbot.alerts import hours
from modbot.alerts.settings import About, Alerts, OnCall, Route

AT_ONCE = (About.URGENT, About.REFERRED_THREAT, About.DRILL_OVER)
"""Told at once, at any time, in a message of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something that people must know. `says` is for everybody: no words of a comment, nobody's name."""

    about: About
    key: str
    says: str
    case_id: int | None = None
    page: str = ""
    school: str = ""
    clauses: tuple[str, ...] = ()
    drill: bool = False
    calls: bool = False
    """It is not urgent by a comment, and yet the people on call are alerted until one of them answers."""

    @property
    def at_once(self) -> bool:
        return self.calls or self.about in AT_ONCE


def ladders(alerts: Alerts, on_call: OnCall, news: News, local: datetime) -> list[tuple[str, ...]]:
    """Channels that stand in for each other, for every route that fits. `local` is in the district's zone.

    What no route fits goes where all goes without routes: to the first channel, and what calls people to them
    alone.
    """
    fitting = [route.to for route in alerts.route if _fits(route, news, local)]
    if fitting:
        return list(dict.fromkeys(fitting))
    called = (news.calls or news.about is About.URGENT) and on_call.person
    return [] if called or not alerts.channel else [tuple(channel.name for channel in alerts.channel)]


def unrouted(alerts: Alerts, news: News, local: datetime) -> bool:
    """Whether there are routes and none is for this."""
    return bool(alerts.route) and not any(_fits(route, news, local) for route in alerts.route)


def not_before(alerts: Alerts, last: datetime | None, local: datetime) -> datetime:
    """When something that is not urgent may leave.

    `last`: when the channel's last such message left or is going to leave.
    """
    earliest = local
    if last is not None:
        # A message that has not left yet takes this one along.
        pause = timedelta(minutes=alerts.digest_minutes)
        earliest = max(local, last if last > local else last + pause)
    return hours.end_of(hours.parse(alerts.quiet), earliest.astimezone(local.tzinfo))


def _fits(route: Route, news: News, local: datetime) -> bool:
    return (
        _one_of(route.about, (news.about,))
        and _one_of(route.clauses, news.clauses)
        and _one_of(route.pages, (news.page,))
        and _one_of(route.schools, (news.school,))
        and (not route.hours or hours.hold(hours.parse(route.hours), local))
    )


def _one_of(wanted: Sequence[str], found: Sequence[str]) -> bool:
    return not wanted or any(each in wanted for each in found)
