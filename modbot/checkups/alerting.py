"""Whether alerts would reach anybody: channels, the people on call, the last drill."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from modbot import users
from modbot.alerts import building, listing
from modbot.alerts.channels import SECONDS, Channel, ChannelFailed
from modbot.alerts.settings import About, Route
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.errors import ConfigError, StoreUnavailable
from modbot.store import Store, utcnow

DRILL_DAYS = 90
NOT_ROUTED = (About.DRILL_OVER,)


def alerts(settings: Settings) -> Iterator[Finding]:
    if not settings.alerts.channel:
        remedy = (
            "Add [[alerts.channel]] and [[on_call.person]] blocks to modbot.toml: see the help under Alerts."
        )
        yield look("alerts", "none are sent: a threat waits until somebody looks at the queue", remedy)
        return
    yield from _channels(settings)
    yield from _routes(settings)
    if not settings.web.address:
        remedy = "Set [web] address to what people type into their browsers."
        yield look("alerts", "messages have no link to answer by: [web] address is empty", remedy)
    yield from _on_call(settings)


def _channels(settings: Settings) -> Iterator[Finding]:
    try:
        channels = building.channels(settings)
    except ConfigError as error:
        yield wrong("alerts", str(error), error.remedy)
        return
    yield from asyncio.run(_reached(list(channels.values())))


async def _reached(channels: list[Channel]) -> list[Finding]:
    return list(await asyncio.gather(*map(_reach, channels)))


async def _reach(channel: Channel) -> Finding:
    what = f"channel {channel.name}"
    try:
        async with asyncio.timeout(SECONDS):
            return fine(what, await channel.check())
    except (ChannelFailed, TimeoutError) as error:
        says = str(error) or f"no answer in {SECONDS} seconds"
        return wrong(what, says, "Mend it, then try it with: modbot alert test")
    finally:
        await channel.close()


def _routes(settings: Settings) -> Iterator[Finding]:
    """Kinds of news that every route takes only for some pages, schools or clauses, or at some hours."""
    routes = settings.alerts.route
    covered = {about for route in routes if _is_unlimited(route) for about in (route.about or About)}
    missing = [about for about in About if about not in (*covered, *NOT_ROUTED)]
    if About.URGENT in missing and settings.on_call.person:
        missing.remove(About.URGENT)
        if routes:
            yield fine("alerts", "what is urgent and fits no route goes to the people on call alone")
    if routes and missing:
        remedy = (
            "If somebody else should know, add a [[alerts.route]] for them without pages, schools or hours."
        )
        instead = f"what fits none goes to {settings.alerts.channel[0].name}"
        yield look("alerts", f"no route without limits takes {', '.join(missing)}: {instead}", remedy)


def _is_unlimited(route: Route) -> bool:
    return not (route.clauses or route.pages or route.schools or route.hours)


def _on_call(settings: Settings) -> Iterator[Finding]:
    chain = settings.on_call.person
    if not chain:
        remedy = "Name people and their channels under [[on_call.person]] in modbot.toml."
        yield wrong("on call", "nobody is: a threat alerts no person by name", remedy)
        return
    store = Store(settings.database_url())
    try:
        active = {person.name for person in users.everyone(store) if person.active}
        drilled = listing.last_drill(store)
    except StoreUnavailable:
        return  # the finding about the database says so
    finally:
        store.close()
    unknown = [person.name for person in chain if person.name not in active]
    if unknown:
        remedy = "Mend the names in modbot.toml, or add the people with: modbot user add"
        yield wrong("on call", f"{', '.join(unknown)} has no access to modbot", remedy)
    else:
        yield fine("on call", " → ".join(person.name for person in chain))
    yield _drill(drilled, ZoneInfo(settings.district.timezone))


def _drill(last: datetime | None, zone: ZoneInfo) -> Finding:
    remedy = "Try whether a threat would reach them: modbot drill threat"
    if last is None:
        return look("drill", "there was none so far", remedy)
    says = f"the last was on {last.astimezone(zone):%B %-d, %Y}"
    late = utcnow() - last > timedelta(days=DRILL_DAYS)
    return look("drill", f"{says}, more than {DRILL_DAYS} days ago", remedy) if late else fine("drill", says)
