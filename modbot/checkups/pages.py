"""Every configured page, opened as modbot would open it: who are we there, and what time is it?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import platforms
from modbot import backlog, health, page_openings, wiring
from modbot.checkups import connections
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import PageSettings, Settings
from modbot.errors import ConfigError
from modbot.store import Store
from platforms.base import Identity, NotAuthorised, Platform, PlatformError

SKEW_WANTED, SKEW_NEEDED = timedelta(seconds=30), timedelta(minutes=5)
PATIENCE = 30
"""Seconds that a page gets to answer."""


def pages(settings: Settings) -> Iterator[Finding]:
    if not settings.page:
        yield look("pages", "none is configured", "Add a [[page]] block to modbot.toml.")
    store = connections.readable(settings)
    try:
        for page in settings.page:
            yield from _page(page, settings, store)
        yield from _not_read(settings, store)
        yield from _left(settings, store)
    finally:
        if store is not None:
            store.close()


def _page(page: PageSettings, settings: Settings, store: Store | None) -> Iterator[Finding]:
    what = f"page {page.key}"
    try:
        platform = wiring.open_page(page)
        # Before the first start nothing is on record that this look could be counted with.
        if store is not None and wiring.is_registered(store, page.key):
            wiring.make_lasting(platform, store, settings)
        identity = asyncio.run(_open(platform))
    except ConfigError as error:
        yield wrong(what, str(error), error.remedy)
    except NotAuthorised as error:
        yield wrong(what, str(error), "Mend this page's settings in modbot.toml, or connect it again.")
    except PlatformError as error:
        yield wrong(what, str(error), "modbot tries again by itself; is the address right and the site up?")
    except TimeoutError:
        yield wrong(what, f"no answer in {PATIENCE} seconds", "Is the address right and the site up?")
    else:
        yield from _identity(what, page, identity)


def _not_read(settings: Settings, store: Store | None) -> Iterator[Finding]:
    """What of the pages modbot could not read or look through when it last tried, though they answer."""
    zone = ZoneInfo(settings.district.timezone)
    watched = {page.key for page in settings.page}
    for page in backlog.watched(store) if store is not None else ():
        if page.key not in watched:
            continue
        if page.unreadable:
            yield look(f"page {page.key}", page.unreadable, "Open that part to modbot on the platform.")
        since = page.unchecked_since
        if since is not None and health.is_unchecked(since, settings):
            when = f"{since.astimezone(zone):%B %-d, %-I:%M %p}"
            says = f"edits and deletions have not been looked at since {when}: {page.unchecked}"
            yield look(f"page {page.key}", says, "modbot goes on trying. Mend what the message names.")


def _left(settings: Settings, store: Store | None) -> Iterator[Finding]:
    """Pages of the register that the settings do not name."""
    if store is None:
        return
    zone, named = ZoneInfo(settings.district.timezone), {page.key for page in settings.page}
    stranded = health.measure(store).stranded
    with store.read() as connection:
        retired = page_openings.retired(connection)
    for key in sorted({page.key for page in backlog.watched(store)} - named):
        if key in stranded:
            says = f"it is no longer in modbot.toml, and {stranded[key]} decided actions wait there"
            yield look(f"page {key}", says, "Put its [[page]] back: then they are carried out.")
        elif key in retired:
            since = f"{retired[key].astimezone(zone):%B %-d, %Y}"
            yield fine(f"page {key}", f"not watched since {since}; its records stay")
        else:
            says = "it is no longer in modbot.toml, so the next start retires it: nobody watches it then"
            yield look(f"page {key}", says, "If that is not meant, put its [[page]] back.")


async def _open(platform: Platform) -> Identity:
    try:
        async with asyncio.timeout(PATIENCE):
            return await platform.open()
    finally:
        await platform.close()
        platform.budget.noting()()


def _identity(what: str, page: PageSettings, identity: Identity) -> Iterator[Finding]:
    if not platforms.load(page.platform).capabilities.actions:
        yield fine(what, f"{page.platform}, {identity.account}: what is decided, people carry out there")
    elif identity.can_moderate:
        yield fine(what, f"{page.platform}, signed in as {identity.account}")
    else:
        says = f"signed in as {identity.account}, who may not hide comments there"
        yield look(what, says, "Give that account the platform's moderating role; reading works without.")
    skew = identity.clock_skew
    if abs(skew) > SKEW_WANTED:
        verdict = wrong if abs(skew) > SKEW_NEEDED else look
        says = f"the platform's clock and this machine's differ by {abs(round(skew.total_seconds()))} seconds"
        yield verdict("clock", f"{what}: {says}", "Set this machine's clock, best by a time server.")
