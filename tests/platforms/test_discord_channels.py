"""The Discord adapter on threads that were put away, closed and private channels, and what AutoMod stops."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from starlette.responses import JSONResponse

from platforms import discord_closed, discord_threads
from platforms.base import ActionKind, Event, EventKind, Kind, NotAuthorised, RateLimited, Unsupported
from platforms.discord import Discord, DiscordSettings
from tests.platforms.test_discord import listening, texts, told, until
from tests.simulators.discord import CHANNEL, PRIVATE, TOKEN, Guild
from tests.simulators.discord_objects import SERVER

pytestmark = pytest.mark.anyio


@pytest.fixture
def guild(simulated_discord: Guild) -> Guild:
    return simulated_discord


def later(seconds: float) -> SimpleNamespace:
    """A clock that is so far ahead."""
    return SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)


@asynccontextmanager
async def opened(guild: Guild, **changes: object) -> AsyncIterator[Discord]:
    known = {"token": TOKEN, "server": SERVER, "url": f"{guild.url}/api/v10", "allow_loopback": True}
    platform = Discord("server", DiscordSettings.model_validate(known | changes))
    await platform.open()
    try:
        yield platform
    finally:
        await platform.close()


async def drained(page: Discord, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(20):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("twenty batches and no end")


def looks(guild: Guild) -> list[str | None]:
    """From where threads that were put away have been asked for."""
    asked = [call for call in guild.calls if call.url.path.endswith("/archived/public")]
    return [call.query_params.get("before") for call in asked]


def revisions(events: Sequence[Event]) -> dict[str, str]:
    return {event.id: event.comment.revision for event in events if event.comment}


# Threads that were put away


async def test_every_thread_that_was_ever_put_away_is_read(guild: Guild) -> None:
    for number in range(250):
        guild.thread(str(10_000 + number), archived=True)
    for number in (0, 120, 249):
        guild.write(f"thread {number}", channel=str(10_000 + number))
    async with opened(guild) as page:
        events, _ = await drained(page)
    assert texts(events) == ["thread 0", "thread 120", "thread 249"]
    assert len(looks(guild)) == 3


async def test_a_long_thread_that_was_put_away_is_read_to_its_end(guild: Guild) -> None:
    guild.thread("6000", archived=True)
    for number in range(230):
        guild.write(f"message {number}", channel="6000")
    async with opened(guild) as page:
        events, _ = await drained(page)
    assert len(texts(events)) == 230


async def test_what_was_written_and_put_away_between_two_polls_is_read_while_the_process_lives(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild.thread("6000")
    guild.write("seen", channel="6000")
    async with opened(guild) as page:
        _, cursor = await drained(page)
        guild.write("said before it was put away", channel="6000")
        guild.put_away("6000")
        assert not (await page.poll(cursor)).events
        monkeypatch.setattr(discord_threads, "time", later(discord_threads.AGAIN))
        assert texts((await page.poll(cursor)).events) == ["said before it was put away"]
    assert discord_threads.AGAIN < 3600


async def test_a_restart_asks_no_further_back_than_what_was_read(guild: Guild) -> None:
    for number in range(250):
        guild.thread(str(10_000 + number), archived=True)
    guild.write("old", channel="10000")
    guild.write("newest", channel="10249")
    async with opened(guild) as page:
        _, cursor = await drained(page)
        cursor = (await page.poll(cursor)).cursor
    guild.thread("30000", archived=True)
    guild.write("late", channel="30000")
    guild.calls.clear()
    async with opened(guild) as page:
        assert texts((await drained(page, cursor))[0]) == ["late"]
    assert looks(guild) == [None]


async def test_a_look_that_a_rate_limit_cut_off_goes_on_where_it_was(guild: Guild) -> None:
    for number in range(150):
        guild.thread(str(10_000 + number), archived=True)
    guild.write("the oldest thread", channel="10000")
    guild.write("the newest thread", channel="10149")
    async with opened(guild) as page:
        rest, given = page.rest, page.rest.archived_threads

        async def limited(channel: str, before: str = "") -> tuple[Sequence[object], bool]:
            if before and len(looks(guild)) == 1:
                rest.archived_threads = given  # type: ignore[method-assign]
                raise RateLimited("slow down", retry_after=1)
            return await given(channel, before)

        rest.archived_threads = limited  # type: ignore[assignment,method-assign]
        batch = await page.poll(None)
        assert texts(batch.events) == ["the newest thread"]
        assert texts((await page.poll(batch.cursor)).events) == ["the oldest thread"]


# Channels that are closed to the bot


async def test_one_closed_channel_does_not_stop_the_look_up_of_the_others(guild: Guild) -> None:
    guild.thread("6000")
    shut = [guild.write(f"closed {number}", channel="6000") for number in range(3)]
    edited = guild.write("before")
    async with opened(guild) as page:
        events, cursor = await drained(page)
        guild.closed.add("6000")
        guild.edit(edited, "after")
        guild.calls.clear()
        found = await page.lookup(revisions(events))
        assert texts(found) == ["after"]
        asked = [call.url.path.rpartition("/")[2] for call in guild.calls]
        assert asked.count(SERVER) == 1
        assert len(set(asked) & set(shut)) == 1
        unreadable = (await page.poll(cursor)).unreadable
        assert "Discord no longer shows modbot #a thread: give the bot's role View Channel" in unreadable
        guild.closed.clear()
        await page.lookup(revisions(events))
        assert (await page.poll(cursor)).unreadable == ""


async def test_a_bot_that_is_refused_everywhere_is_no_closed_channel(guild: Guild) -> None:
    guild.write("one")
    async with opened(guild) as page:
        events, _ = await drained(page)
        guild.refuse[SERVER] = JSONResponse({"message": "401: Unauthorized", "code": 0}, 401)
        guild.closed.add(CHANNEL)
        with pytest.raises(NotAuthorised, match="token"):
            await page.lookup(revisions(events))


async def test_a_channel_that_is_closed_later_is_told_and_read_on_when_it_opens(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild.write("open")
    async with opened(guild) as page:
        _, cursor = await drained(page)
        guild.closed.add(CHANNEL)
        guild.write("said while it was closed")
        assert "#general" in (await page.poll(cursor)).unreadable
        guild.calls.clear()
        assert "#general" in (await page.poll(cursor)).unreadable
        assert not [call for call in guild.calls if call.url.path.endswith("/messages")]
        guild.closed.clear()
        monkeypatch.setattr(discord_closed, "time", later(discord_closed.AGAIN))
        batch = await page.poll(cursor)
        assert (texts(batch.events), batch.unreadable) == (["said while it was closed"], "")


@pytest.mark.parametrize(("channels", "is_told"), [([], False), ([CHANNEL], True)])
async def test_a_channel_that_never_was_open_is_told_only_where_it_is_to_be_read(
    guild: Guild, channels: list[str], is_told: bool
) -> None:
    guild.write("closed to the bot")
    guild.closed.add(CHANNEL)
    async with opened(guild, channels=channels) as page:
        assert bool((await page.poll(None)).unreadable) is is_told


async def test_edits_in_channels_that_are_not_to_be_read_are_left_out(guild: Guild) -> None:
    guild.thread("6000")
    elsewhere, here = guild.write("elsewhere"), guild.write("here", channel="6000")
    async with opened(guild, channels=["6000"]) as page:
        await listening(page)
        _, cursor = await drained(page)
        guild.edit(elsewhere, "elsewhere, edited")
        guild.edit(here, "here, edited")
        assert texts((await told(page, cursor))[0]) == ["here, edited"]


# What people write to the bot alone


async def test_direct_messages_are_archived_where_the_district_wants_it(guild: Guild) -> None:
    async with opened(guild, direct_messages=True) as page:
        await listening(page)
        cursor = (await page.poll(None)).cursor
        number = guild.write("My child was hit on the bus.", channel=PRIVATE)
        [event], cursor = await told(page, cursor)
        comment = event.comment
        assert comment
        assert (comment.kind, comment.text) == (Kind.DIRECT_MESSAGE, "My child was hit on the bus.")
        assert (comment.id, comment.author) == (f"dm-{PRIVATE}-{number}", "Ana")
        assert comment.permalink == f"https://discord.com/channels/@me/{PRIVATE}/{number}"
        guild.edit(number, "My child was hit on bus 12.")
        [event], cursor = await told(page, cursor)
        assert (event.kind, event.id) == (EventKind.EDITED, comment.id)
        [found] = await page.lookup({comment.id: comment.revision})
        assert texts([found]) == ["My child was hit on bus 12."]
        with pytest.raises(Unsupported, match="archived only"):
            await page.act(ActionKind.DELETE, comment.id)
        guild.delete(number, channel=PRIVATE)
        [event], _ = await told(page, cursor)
        assert (event.kind, event.id) == (EventKind.DELETED, comment.id)


async def test_who_wrote_before_is_read_again_after_a_restart(guild: Guild) -> None:
    async with opened(guild, direct_messages=True) as page:
        await listening(page)
        cursor = (await page.poll(None)).cursor
        guild.write("first", channel=PRIVATE)
        _, cursor = await told(page, cursor)
    guild.write("written while modbot did not run", channel=PRIVATE)
    async with opened(guild, direct_messages=True) as page:
        batch = await page.poll(cursor)
        assert texts(batch.events) == ["written while modbot did not run"]
        await page.poll(batch.cursor)
        guild.calls.clear()
        await page.poll(batch.cursor)
        assert not [call for call in guild.calls if PRIVATE in call.url.path]


async def test_direct_messages_are_not_even_asked_for_where_nobody_wants_them(guild: Guild) -> None:
    async with opened(guild) as page:
        await listening(page)
        assert not guild.intents & 1 << 12
        cursor = (await page.poll(None)).cursor
        guild.write("in private", channel=PRIVATE)
        guild.write("in public")
        assert texts((await told(page, cursor))[0]) == ["in public"]


# What AutoMod stopped


async def test_what_automod_stopped_is_archived_once_as_never_shown(guild: Guild) -> None:
    async with opened(guild) as page:
        await listening(page)
        cursor = (await page.poll(None)).cursor
        guild.stop("Vote no on the levy")
        guild.drop()
        [event], cursor = await told(page, cursor)
        comment = event.comment
        assert comment
        assert (comment.text, comment.visible, comment.author_id) == ("Vote no on the levy", False, "77")
        assert (comment.post, comment.post_title) == (CHANNEL, "#general")
        assert comment.payload["matched_keyword"] == "levy"
        await until(lambda: any(message["op"] == 6 for message in guild.heard))
        await listening(page)
        assert not (await page.poll(cursor)).events
        guild.stop("Vote no on the levy")
        [again], _ = await told(page, cursor)
        assert again.id != comment.id
        assert list(await page.lookup({comment.id: comment.revision})) == []
        with pytest.raises(Unsupported, match="AutoMod stopped"):
            await page.act(ActionKind.DELETE, comment.id)
