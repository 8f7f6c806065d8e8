"""modbot connect: give modbot the right to act on a page, by signing in at the platform itself."""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import Awaitable, Mapping
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import typer

from modbot import connecting, credentials, landing, sealing, users, wiring
from modbot.commands import connect_text
from modbot.commands.installation import Installation, opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, note, say, table, when
from modbot.config import PageSettings
from modbot.connecting import NotOurs
from modbot.credentials import Connection
from modbot.errors import ConfigError
from platforms.base import Identity, NotAuthorised, Platform, PlatformError
from platforms.oauth import Consent
from platforms.tokens import Token, Tokens

app = typer.Typer()

PORT = 8765
DEVICE = (
    "Type a code in on any device. For platforms that you added: none of modbot's own gives such codes for "
    "moderating comments (Google gives them for other rights only). Use --paste there."
)


@app.command()
def connect(
    page: Annotated[str, typer.Argument(metavar="[PAGE]", help="The key of a page in modbot.toml.")] = "",
    show: Annotated[bool, typer.Option("--list", help="Show which pages are connected.")] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="The browser is on another computer: paste its address here.")
    ] = False,
    device: Annotated[bool, typer.Option("--device", help=DEVICE)] = False,
    port: Annotated[
        int, typer.Option("--port", help="Where the browser comes back to on this computer.")
    ] = PORT,
    by: As = "",
    config: Config = None,
    as_data: Json = False,
) -> None:
    """Give modbot the right to act on a page: sign in at the platform and agree. modbot sees no password.

    For a page that needs no more than its settings, it looks whether they are right.
    """
    with opened(config) as here:
        if show:
            _show(here, as_data)
        elif not page:
            raise ConfigError("Which page?", remedy="Write: modbot connect PAGE, or modbot connect --list")
        else:
            found = _page(here, page)
            platform = wiring.open_page(found)
            if type(platform).consent is Platform.consent:
                _look(here, found, platform)
            else:
                _connect(here, found, platform, by, port=port, paste=paste, device=device)


def _look(here: Installation, page: PageSettings, platform: Platform) -> None:
    """Of a page that is connected by its settings alone: whether it answers to them."""
    if wiring.is_registered(here.store, page.key):
        # So that this look is counted with the others.
        wiring.make_lasting(platform, here.store, here.settings)
    try:
        identity = asyncio.run(_opened(platform))
    except NotAuthorised as error:
        raise ConfigError(
            f"Page '{page.key}' ({page.platform}) does not take what its settings say: {error}.",
            remedy=f"Mend [page.settings] of this page in modbot.toml: the help under Platforms, "
            f"{page.platform}, tells what belongs there and where it comes from. Then run this again.",
        ) from None
    except PlatformError as error:
        raise ConfigError(
            f"Page '{page.key}' ({page.platform}) does not answer now: {error}.",
            remedy="Is its address in modbot.toml right, and is the site up? Then run this again.",
        ) from None
    connect_text.say_by_settings(page, platform.capabilities, identity)


async def _opened(platform: Platform) -> Identity:
    try:
        return await platform.open()
    finally:
        await platform.close()
        platform.budget.noting()()


def _connect(
    here: Installation,
    page: PageSettings,
    platform: Platform,
    by: str,
    *,
    port: int,
    paste: bool,
    device: bool,
) -> None:
    consent = _consent(page, platform)
    if device and consent.device_url is None:
        raise ConfigError(
            f"{page.platform} gives no code that could be typed in on another device"
            f"{': ' + consent.why_no_device if consent.why_no_device else ''}.",
            remedy=f"Agree in a browser on any computer instead: modbot connect {page.key} --paste",
        )
    with here.store.write() as tx:
        actor = users.acting(tx, by)
    wiring.register_pages(here.store, here.settings.page)
    wiring.make_lasting(platform, here.store, here.settings)
    connect_text.say_what_for(page, platform.capabilities, consent)
    if device:
        way = _by_device(consent)
    else:
        way = _by_pasting(consent, port) if paste or consent.redirect else _by_browser(consent, port)
    try:
        token, identity = asyncio.run(_agreed(platform, way))
    except PlatformError as error:
        raise ConfigError(
            f"Page '{page.key}' is not connected: {error}.",
            remedy=f"The help under Platforms tells what {page.platform} wants. Then run this again.",
        ) from None
    seal = sealing.seal(here.settings.path(here.settings.web.key_file))
    credentials.keep(here.store, seal, page.key, token, by=actor, account=identity.account)
    connect_text.say_outcome(page, consent, token, identity, here.zone)


async def _agreed(platform: Platform, way: Awaitable[Mapping[str, Any]]) -> tuple[Token, Identity]:
    """The token, proven by a first call with it, and who it makes us."""
    try:
        platform.tokens = Tokens(await platform.exchanged(await way))
        identity = await platform.open()
        token = await platform.tokens.get()
    finally:
        await platform.close()
        platform.budget.noting()()
    assert token is not None  # noqa: S101 - put above
    return token, identity


async def _by_browser(consent: Consent, port: int) -> Mapping[str, Any]:
    with landing.listen(port) as listening:
        where = f"http://{consent.redirect_host}:{listening.getsockname()[1]}{landing.PATH}"
        question = await connecting.ask(consent, where)
        connect_text.say_question(question)
        say("modbot waits until you have agreed there. Ctrl-C ends it; nothing is connected then.")
        webbrowser.open(question.url)
        code = await landing.landed(listening, lambda query: connecting.answered(consent, question, query))
    return await connecting.exchange(consent, question, code)


async def _by_pasting(consent: Consent, port: int) -> Mapping[str, Any]:
    where = consent.redirect or f"http://{consent.redirect_host}:{port}{landing.PATH}"
    question = await connecting.ask(consent, where)
    connect_text.say_question(question)
    say("Then the browser goes to an address that it cannot open. Copy that address from its address line.")
    while True:
        pasted = typer.prompt("The address", err=True)
        try:
            code = connecting.answered(consent, question, dict(parse_qsl(urlsplit(pasted.strip()).query)))
        except NotOurs:
            note("That is not the address that the platform sent the browser to. Copy all of it.")
        else:
            return await connecting.exchange(consent, question, code)


async def _by_device(consent: Consent) -> Mapping[str, Any]:
    begun = await connecting.device(consent)
    say(f"On any device, open {begun.address}, sign in as who has the page, and type in:")
    say(f"\n  {begun.user_code}\n")
    say(f"The code holds for {round(begun.seconds / 60)} minutes. modbot waits; Ctrl-C ends it.")
    return await connecting.by_device(consent, begun)


def _page(here: Installation, key: str) -> PageSettings:
    for page in here.settings.page:
        if page.key == key:
            return page
    known = ", ".join(page.key for page in here.settings.page) or "none"
    raise ConfigError(
        f"modbot.toml has no page '{key}'; it has: {known}.",
        remedy="Add a [[page]] block for it first: the help under Platforms shows one.",
    )


def _consent(page: PageSettings, platform: Platform) -> Consent:
    consent = platform.consent()
    if consent is None or not consent.client_id:
        raise ConfigError(
            f"Page '{page.key}' ({page.platform}) cannot be connected with the settings it has.",
            remedy=f"See the help under Platforms, {page.platform}: what it needs stands in [page.settings].",
        )
    return consent


def _show(here: Installation, as_data: bool) -> None:
    with here.store.read() as connection:
        found = {each.page: each for each in credentials.connections(connection)}
    if as_data:
        as_json([asdict(each) for each in found.values()])
        return
    rows = [_line(here, page, found.get(page.key)) for page in here.settings.page]
    rows += [_line(here, None, each) for key, each in found.items() if key not in _keys(here)]
    table(("page", "platform", "connected", "ends", "rights"), rows, empty="modbot.toml names no page.")


def _keys(here: Installation) -> set[str]:
    return {page.key for page in here.settings.page}


def _line(here: Installation, page: PageSettings | None, found: Connection | None) -> tuple[str, ...]:
    key = page.key if page else found.page if found else ""
    platform = page.platform if page else "(not in modbot.toml)"
    if found is None:
        needs = page is not None and wiring.open_page(page).consent() is not None
        return key, platform, "no" if needs else "by its settings", "", ""
    ends = when(found.ends_at, here.zone) if found.ends_at else "never by itself"
    return key, platform, "yes", ends, found.scopes
