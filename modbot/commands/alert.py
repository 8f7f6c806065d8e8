"""modbot alert: what people were told, answering a call, trying the channels."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from modbot import config as configuration
from modbot import users
from modbot.alerts import building, calls, listing
from modbot.alerts.channels import SECONDS, ChannelFailed, Message
from modbot.alerts.listing import Listed
from modbot.commands.installation import opened
from modbot.commands.options import As, Config, Json
from modbot.commands.output import as_json, note, say, table, when
from modbot.config import Settings
from modbot.errors import ConfigError, NotAllowed

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def show(config: Config = None, as_document: Json = False) -> None:
    """The newest alerts: what came up, through which channels it went, who answered."""
    with opened(config) as here:
        found = listing.newest(here.store)
        zone = here.zone
    if as_document:
        as_json([asdict(each) for each in found])
        return
    rows = [
        (each.call or "", when(each.at, zone), _about(each), each.says, _told(each), _answer(each))
        for each in found
    ]
    table(("call", "when", "about", "what", "told", "answer"), rows, empty="Nothing came up so far.")


@app.command()
def answer(
    call: Annotated[int, typer.Argument(metavar="CALL", help="The call's number, from modbot alert list.")],
    by: As = "",
    config: Config = None,
) -> None:
    """Say that --as NAME has seen a call and looks after it: nobody else is alerted."""
    with opened(config) as here:
        if not any(person.name == by and person.active for person in users.everyone(here.store)):
            raise NotAllowed(
                f"{by or 'Nobody'} is not an active user.", remedy="Name a person with --as NAME."
            )
        seen = calls.acknowledge(here.store, call, by, "command")
    say(
        f"Call {call} was answered by {seen.acknowledged_by}."
        if seen.state == "acknowledged"
        else "It has ended."
    )


@app.command("test")
def try_channels(config: Config = None) -> None:
    """Send a test message through every channel. Status 1 if one did not take it."""
    settings = configuration.load(configuration.find(config))
    if not settings.alerts.channel:
        raise ConfigError(
            "There is no channel to try.", remedy="Add an [[alerts.channel]] block to modbot.toml."
        )
    raise typer.Exit(0 if asyncio.run(_try_all(settings)) else 1)


async def _try_all(settings: Settings) -> bool:
    fine = True
    now = datetime.now(UTC)
    for name, channel in building.channels(settings).items():
        message = Message(
            key=f"modbot-test-{now:%Y%m%dT%H%M%S%f}-{name}",
            subject=f"Test message · {settings.district.name}",
            lines=("This is a test of modbot's alerts. Nothing happened and nobody needs to do anything.",),
            link=settings.web.address,
            at=now,
        )
        try:
            async with asyncio.timeout(SECONDS):
                say(f"✓ {name}: {await channel.send(message)}")
        except (ChannelFailed, TimeoutError) as error:
            fine = False
            say(f"✗ {name}: {error or f'no answer in {SECONDS} seconds'}")
        finally:
            await channel.close()
    if not fine:
        note("What to do: see each kind of channel in the help under Alerts.")
    return fine


def _about(each: Listed) -> str:
    return f"{each.about} (drill)" if each.drill else each.about


def _told(each: Listed) -> str:
    states = {"sent": "✓", "dropped": "", "waiting": ""}
    told = (f"{states.get(one.state, '…')} {one.channel}" for one in each.told if states.get(one.state, "…"))
    return ", ".join(dict.fromkeys(told))


def _answer(each: Listed) -> str:
    if each.call_state == "calling":
        return "nobody yet"
    return each.answered_by or ("ended" if each.call_state else "")
