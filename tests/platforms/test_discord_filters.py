"""What a Discord server filters by itself, in words, and on record when it changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.responses import JSONResponse

from modbot import filters
from modbot.reports import filters as reported
from modbot.reports.capture import Registered
from modbot.store import Store
from platforms.discord import Discord, DiscordSettings
from platforms.discord_filters import filter_of
from tests.modbot.scene import District, district
from tests.simulators.discord import TOKEN, Guild
from tests.simulators.discord_objects import SERVER

pytestmark = pytest.mark.anyio


def rule(**changes: Any) -> dict[str, Any]:
    """As Discord's documentation shows one."""
    return {
        "id": "969707018069872670",
        "guild_id": SERVER,
        "name": "No levy talk",
        "creator_id": "9",
        "trigger_type": 1,
        "event_type": 1,
        "actions": [{"type": 1, "metadata": {"custom_message": "Not here"}}, {"type": 2, "metadata": {}}],
        "trigger_metadata": {"keyword_filter": ["levy", "bond*"], "regex_patterns": []},
        "enabled": True,
        "exempt_roles": [],
        "exempt_channels": [],
    } | changes


@pytest.fixture
def guild(simulated_discord: Guild) -> Guild:
    return simulated_discord


async def read(guild: Guild, store: Store) -> bool:
    known = {"token": TOKEN, "server": SERVER, "url": f"{guild.url}/api/v10", "allow_loopback": True}
    platform = Discord("blog", DiscordSettings.model_validate(known))
    try:
        await platform.open()
        return await filters.look(store, "blog", platform)
    finally:
        await platform.close()


def told(store: Store, *, named: bool = True) -> list[str]:
    page = Registered("blog", "discord", "Our server", "", datetime(2026, 9, 1, tzinfo=UTC), None)
    with store.read() as connection:
        return reported.told([page], reported.read(connection, [page], 10_000), named=named)


def entries(here: District) -> int:
    return here.kinds().count(filters.READ)


async def test_filters_go_on_record_when_they_change_and_only_then(guild: Guild, store: Store) -> None:
    here = district(store, "discord")
    guild.refuse, guild.rules = {}, [rule(), rule(name="Spam", trigger_type=3, trigger_metadata={})]
    assert [await read(guild, store) for _ in range(2)] == [True, False]
    assert told(store) == [
        "Our server: 2 filters of the platform's own were on: “No levy talk” looks for messages with words "
        "of a list (levy, bond*); stops them, tells the server's moderators; “Spam” looks for messages that "
        "Discord takes for spam; stops them, tells the server's moderators."
    ]
    assert told(store, named=False) == ["Our server: 2 filters of the platform's own were on."]
    guild.rules = [rule(enabled=False)]
    assert await read(guild, store)
    assert told(store) == ["Our server: no filter of the platform's own was on."]
    assert entries(here) == 2


async def test_a_bot_that_may_not_see_them_says_so_in_the_report(guild: Guild, store: Store) -> None:
    district(store, "discord")
    guild.refuse = {"rules": JSONResponse({"message": "Missing Access", "code": 50001}, 403)}
    assert await read(guild, store)
    (sentence,) = told(store)
    assert "could not be read" in sentence
    assert "Manage Server" in sentence


def test_a_page_whose_platform_tells_nobody_is_named_as_such(store: Store) -> None:
    district(store)
    (sentence,) = told(store)
    assert sentence.startswith("modbot cannot read what discord filters by itself")


def test_what_discord_adds_later_is_called_by_its_number() -> None:
    found = filter_of(rule(trigger_type=77, actions=[{"type": 9}], trigger_metadata=None))
    assert "kind 77" in found.does
    assert "action 9" in found.does
