"""discord.py, pointed at the simulated server, takes it for Discord; and sends what our client sends."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.requests import Request
from yarl import URL

from platforms import discord_answers
from platforms.base import ActionKind
from platforms.discord import REASON, Discord, DiscordSettings
from tests.simulators import serve
from tests.simulators.discord import CHANNEL, TOKEN, Guild
from tests.simulators.discord_objects import ANA, SERVER

with warnings.catch_warnings():  # discord.py's voice part uses a module that Python 3.13 dropped
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord.gateway import DiscordWebSocket
    from discord.http import HTTPClient, Route, handle_message_parameters

pytestmark = pytest.mark.anyio

TEXT = "Write to office@district.example.org."
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def guild(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guild]:
    guild = Guild()
    with serve(guild.app) as url:
        guild.url = url
        monkeypatch.setattr(Route, "BASE", f"{url}/api/v10")
        gateway = URL(f"{url.replace('http://', 'ws://')}/gateway")
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
        yield guild


async def ours(guild: Guild) -> None:
    known = {"token": TOKEN, "server": SERVER, "url": f"{guild.url}/api/v10", "allow_loopback": True}
    platform = Discord("server", DiscordSettings.model_validate(known))
    await platform.open()
    assert platform._gateway
    async with asyncio.timeout(30):
        await platform._gateway.ready.wait()
    [event] = (await platform.poll(None)).events
    await platform.act(ActionKind.DELETE, event.id)
    await platform.filters()
    await platform.answer(ANA["id"], TEXT)
    assert await platform.has_answered(ANA["id"], TEXT, BEGUN)
    await platform.close()


async def theirs(number: str, nonce: str) -> None:
    client = HTTPClient(asyncio.get_running_loop())
    await client.static_login(TOKEN)
    await client.get_guild(int(SERVER), with_counts=False)
    await client.get_bot_gateway()
    await client.get_all_guild_channels(int(SERVER))
    await client.get_active_threads(int(SERVER))
    await client.get_public_archived_threads(int(CHANNEL), limit=100)
    with pytest.raises(discord.Forbidden):
        await client.get_private_archived_threads(int(CHANNEL), limit=100)
    await client.get_joined_private_archived_threads(int(CHANNEL), limit=100)
    await client.get_auto_moderation_rules(int(SERVER))
    await client.logs_from(int(CHANNEL), 100, after=0)
    await client.delete_message(int(CHANNEL), int(number), reason=REASON)
    with pytest.raises(discord.NotFound):
        await client.get_message(int(CHANNEL), int(number))
    talk = await client.start_private_message(ANA["id"])
    with handle_message_parameters(TEXT, nonce=nonce) as parameters:
        await client.send_message(talk["id"], params=parameters)
    since = discord.utils.time_snowflake(BEGUN - discord_answers.CLOCKS)
    await client.logs_from(talk["id"], 100, after=since)
    await client.close()


def plain(call: Request) -> tuple[Any, ...]:
    """Without what only says a default."""
    query = {key: value for key, value in call.query_params.items() if (key, value) != ("with_counts", "0")}
    body = {key: value for key, value in call.scope.get("sent", {}).items() if (key, value) != ("tts", False)}
    headers = call.headers
    return (
        call.method,
        call.url.path,
        tuple(sorted(query.items())),
        tuple(sorted(body.items())),
        headers["authorization"],
        headers.get("x-audit-log-reason", ""),
    )


async def test_the_same_calls_send_the_same_requests(guild: Guild) -> None:
    guild.write("one")
    await ours(guild)
    own = {plain(call) for call in guild.calls}
    [nonce] = [call.scope["sent"]["nonce"] for call in guild.calls if "nonce" in call.scope.get("sent", {})]
    guild.calls.clear()
    await theirs(guild.write("two"), nonce)
    other = {plain(call) for call in guild.calls}

    def without_numbers(calls: set[Any]) -> set[Any]:
        """The two messages have different numbers."""
        return {
            (verb, "/".join(part if len(part) < 12 else "message" for part in path.split("/")), *rest)
            for verb, path, *rest in calls
        }

    assert without_numbers(own) == without_numbers(other)


async def test_discord_py_reads_listens_and_deletes_on_the_simulated_server(guild: Guild) -> None:
    heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    class Bot(discord.Client):
        async def on_ready(self) -> None:
            heard.put_nowait(("ready", self.user))

        async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
            heard.put_nowait(("edit", event.message_id))

        async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
            heard.put_nowait(("delete", event.message_id))

    bot = Bot(intents=discord.Intents(guilds=True, guild_messages=True, message_content=True))
    running = asyncio.create_task(bot.start(TOKEN))
    try:
        async with asyncio.timeout(30):
            assert (await heard.get())[0] == "ready"
            number = guild.write("one")
            guild.edit(number, "changed")
            assert await heard.get() == ("edit", int(number))
            guild.delete(number)
            assert await heard.get() == ("delete", int(number))
    finally:
        await bot.close()
        await running
