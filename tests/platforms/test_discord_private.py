"""What is private on a Discord server: threads that were put away, and the fixed answer to messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from platforms import discord_threads
from platforms.base import CommentGone, NotAuthorised, Unavailable, Unsupported
from tests.platforms.test_discord import texts
from tests.platforms.test_discord_channels import drained, later, opened
from tests.simulators.discord import CHANNEL, PRIVATE, Guild
from tests.simulators.discord_objects import ANA, ME, STARTED

pytestmark = pytest.mark.anyio

TEXT = "This bot's messages are not read around the clock. Write to office@district.example.org."


@pytest.fixture
def guild(simulated_discord: Guild) -> Guild:
    return simulated_discord


def put_away(guild: Guild, *numbers: str) -> None:
    """Private threads with a message each."""
    for number in numbers:
        guild.thread(number, archived=True, private=True)
        guild.write(f"in {number}", channel=number)


async def test_private_threads_are_read_that_the_bot_was_added_to(guild: Guild) -> None:
    put_away(guild, "6000", "6001")
    guild.threads.joined.add("6001")
    guild.write("in public")
    async with opened(guild) as page:
        events, cursor = await drained(page)
        assert texts(events) == ["in 6001", "in public"]
        assert (await page.poll(cursor)).unreadable == ""


async def test_with_the_right_to_manage_threads_every_private_one_is_read(guild: Guild) -> None:
    put_away(guild, "6000", "6001")
    guild.threads.shows_all = True
    async with opened(guild) as page:
        events, cursor = await drained(page)
        cursor = (await page.poll(cursor)).cursor
    assert texts(events) == ["in 6000", "in 6001"]
    put_away(guild, "6002")
    async with opened(guild) as page:
        assert texts((await drained(page, cursor))[0]) == ["in 6002"]


async def test_all_that_the_bot_was_added_to_are_listed_whenever_they_were_put_away(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [str(each) for each in range(6000, 6102)]
    for each in numbers[1:-1]:
        guild.thread(each, archived=True, private=True)
    put_away(guild, numbers[0], numbers[-1])
    guild.threads.joined.update(numbers)
    async with opened(guild) as page:
        events, cursor = await drained(page)
        assert texts(events) == ["in 6000", "in 6101"]
        guild.write("a word more", channel="6000")
        monkeypatch.setattr(discord_threads, "time", later(discord_threads.AGAIN))
        assert texts((await page.poll(cursor)).events) == ["a word more"]


async def test_who_is_given_the_right_later_reads_the_others_then(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_away(guild, "6000", "6001")
    guild.threads.joined.add("6001")
    async with opened(guild) as page:
        events, cursor = await drained(page)
        guild.threads.shows_all = True
        monkeypatch.setattr(discord_threads, "time", later(discord_threads.AGAIN))
        assert (texts(events), texts((await page.poll(cursor)).events)) == (["in 6001"], ["in 6000"])


async def test_a_right_that_is_taken_away_is_told_and_stops_nothing_else(
    guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild.threads.shows_all = True
    put_away(guild, "6000")
    async with opened(guild) as page:
        _, cursor = await drained(page)
        cursor = (await page.poll(cursor)).cursor
    guild.threads.shows_all = False
    put_away(guild, "6001")
    guild.write("in public")
    async with opened(guild) as page:
        batch = await page.poll(cursor)
        assert texts(batch.events) == ["in public"]
        assert "the private threads that were put away in #general" in batch.unreadable
        assert "Manage Threads" in batch.unreadable
        guild.threads.shows_all = True
        monkeypatch.setattr(discord_threads, "time", later(discord_threads.AGAIN))
        batch = await page.poll(batch.cursor)
        assert (texts(batch.events), batch.unreadable) == (["in 6001"], "")


async def test_a_channel_that_is_closed_is_told_once(guild: Guild) -> None:
    guild.threads.shows_all = True
    guild.write("open")
    async with opened(guild) as page:
        _, cursor = await drained(page)
        cursor = (await page.poll(cursor)).cursor
    guild.closed.add(CHANNEL)
    guild.write("closed")
    async with opened(guild) as page:
        unreadable = (await page.poll(cursor)).unreadable
    assert "no longer shows modbot #general" in unreadable
    assert "private threads" not in unreadable


async def test_where_the_district_does_not_want_them_no_private_thread_is_asked_for(guild: Guild) -> None:
    guild.threads.shows_all = True
    put_away(guild, "6000")
    guild.thread("6001", private=True)
    guild.write("in an open one", channel="6001")
    guild.write("in public")
    async with opened(guild, private_threads=False) as page:
        assert texts((await drained(page))[0]) == ["in public"]
    assert not [call for call in guild.calls if call.url.path.endswith("/private")]


def own(guild: Guild) -> list[str]:
    """What the bot has written to Ana."""
    return [each["content"] for each in guild.messages[PRIVATE] if each["author"] == ME]


async def test_the_fixed_answer_goes_to_who_wrote_and_can_be_looked_up(guild: Guild) -> None:
    async with opened(guild, direct_messages=True) as page:
        assert page.may_answer(ANA["id"])
        assert not [each for each in (ME["id"], "", "٣", "7/7") if page.may_answer(str(each))]
        assert not await page.has_answered(ANA["id"], TEXT, STARTED)
        await page.answer(ANA["id"], TEXT)
        assert own(guild) == [TEXT]
        assert await page.has_answered(ANA["id"], f" {TEXT}\n", STARTED)
        assert not await page.has_answered(ANA["id"], "Another text", STARTED)
        assert not await page.has_answered(ANA["id"], TEXT, datetime.now(UTC) + timedelta(hours=1))


async def test_an_answer_that_is_sent_again_within_minutes_is_no_second_message(guild: Guild) -> None:
    async with opened(guild, direct_messages=True) as page:
        guild.stays_silent = True
        with pytest.raises(Unavailable):
            await page.answer(ANA["id"], TEXT)
        guild.stays_silent = False
        await page.answer(ANA["id"], TEXT)
    assert own(guild) == [TEXT]


async def test_an_answer_is_found_behind_whatever_was_written_since(guild: Guild) -> None:
    for number in range(150):
        guild.write(f"message {number}", channel=PRIVATE)
    async with opened(guild, direct_messages=True) as page:
        await page.answer(ANA["id"], TEXT)
        assert await page.has_answered(ANA["id"], TEXT, STARTED)


async def test_who_cannot_be_answered_is_no_failure_of_the_page(guild: Guild) -> None:
    async with opened(guild, direct_messages=True) as page:
        guild.takes_none = True
        with pytest.raises(Unsupported, match="50007"):
            await page.answer(ANA["id"], TEXT)
        with pytest.raises(CommentGone):
            await page.answer("78", TEXT)
        guild.takes_none = False
        guild.closed.add(PRIVATE)
        with pytest.raises(NotAuthorised):
            await page.answer(ANA["id"], TEXT)
    assert own(guild) == []


async def test_our_own_answer_is_no_message_to_us(guild: Guild) -> None:
    guild.write("a question", channel=PRIVATE)
    async with opened(guild, direct_messages=True) as page:
        await page.answer(ANA["id"], TEXT)
        page._channels.wrote_in_private(PRIVATE, str(2**62))
        assert texts((await drained(page))[0]) == ["a question"]
