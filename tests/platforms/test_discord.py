"""The Discord adapter against a simulated server: what is read, what is deleted, and the gateway's moods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
from starlette.responses import JSONResponse, Response

from platforms.base import (
    ActionKind,
    CommentGone,
    Event,
    EventKind,
    NotAuthorised,
    PlatformError,
    RateLimited,
    Unavailable,
)
from platforms.discord import Discord, DiscordSettings
from tests.descriptions import Description
from tests.platforms.described import check_body
from tests.simulators import serve
from tests.simulators.discord import CHANNEL, TOKEN, Guild
from tests.simulators.discord_objects import SERVER, snowflake

pytestmark = pytest.mark.anyio


@pytest.fixture
def guild() -> Iterator[Guild]:
    guild = Guild()
    with serve(guild.app) as url:
        guild.url = url
        yield guild


def adapter(guild: Guild, **changes: object) -> Discord:
    known = {"token": TOKEN, "server": SERVER, "url": f"{guild.url}/api/v10", "allow_loopback": True}
    return Discord("server", DiscordSettings.model_validate(known | changes))


@pytest.fixture
async def discord(guild: Guild) -> AsyncIterator[Discord]:
    platform = adapter(guild)
    await platform.open()
    yield platform
    await platform.close()


async def listening(discord: Discord) -> None:
    assert discord._gateway
    async with asyncio.timeout(30):
        await discord._gateway.ready.wait()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():
            await asyncio.sleep(0.01)


async def told(discord: Discord, cursor: str) -> tuple[Sequence[Event], str]:
    """What the gateway brings, as soon as a poll hands it out."""
    async with asyncio.timeout(30):
        while not (batch := await discord.poll(cursor)).events:
            await asyncio.sleep(0.02)
    return batch.events, batch.cursor


def texts(events: Sequence[Event]) -> list[str]:
    return [event.comment.text for event in events if event.comment]


async def test_a_message_arrives_with_all_that_a_record_needs(guild: Guild, discord: Discord) -> None:
    number = guild.write("Where is **the** meeting?")
    [event] = (await discord.poll(None)).events
    comment = event.comment
    assert comment
    assert (comment.id, comment.text) == (f"{CHANNEL}-{number}", "Where is **the** meeting?")
    assert (comment.author, comment.author_id) == ("Ana", "77")
    assert (comment.post, comment.post_title) == (CHANNEL, "#general")
    assert comment.permalink == f"https://discord.com/channels/{SERVER}/{CHANNEL}/{number}"
    assert comment.payload["timestamp"]


async def test_bots_and_notices_are_left_out_and_the_cursor_moves_past_them(
    guild: Guild, discord: Discord
) -> None:
    guild.write("I am a bot", author={"id": "8", "username": "bot", "bot": True})
    guild.write("", type=7)
    batch = await discord.poll(None)
    assert not batch.events
    guild.write("a person")
    assert texts((await discord.poll(batch.cursor)).events) == ["a person"]


async def test_threads_are_read_those_put_away_as_well(guild: Guild) -> None:
    guild.thread("6000")
    guild.thread("6001", archived=True)
    guild.write("in a thread", channel="6000")
    guild.write("in one that was put away", channel="6001")
    platform = adapter(guild)
    await platform.open()
    batch = await platform.poll(None)
    await platform.close()
    assert texts(batch.events) == ["in a thread", "in one that was put away"]


async def test_only_the_named_channels_and_their_threads_are_read(guild: Guild) -> None:
    guild.thread("6000")
    guild.write("in a thread", channel="6000")
    guild.write("in the channel")
    for channels, expected in (("6000", ["in a thread"]), (CHANNEL, ["in a thread", "in the channel"])):
        platform = adapter(guild, channels=[channels])
        await platform.open()
        batch = await platform.poll(None)
        await platform.close()
        assert texts(batch.events) == expected


async def test_a_long_channel_is_read_in_batches_to_its_end(guild: Guild, discord: Discord) -> None:
    for number in range(230):
        guild.write(f"message {number}")
    cursor, seen = None, []
    for _ in range(5):
        batch = await discord.poll(cursor)
        cursor, seen = batch.cursor, [*seen, *texts(batch.events)]
        if not batch.more:
            break
    assert seen == [f"message {number}" for number in range(230)]


async def test_a_quiet_server_costs_two_calls_a_poll(guild: Guild, discord: Discord) -> None:
    guild.write("only")
    cursor = (await discord.poll(None)).cursor
    guild.calls.clear()
    await discord.poll(cursor)
    assert [call.url.path.rpartition("/")[2] for call in guild.calls] == ["channels", "active"]


async def test_edits_and_deletions_come_by_the_gateway(guild: Guild, discord: Discord) -> None:
    await listening(discord)
    first, second, third = (guild.write(text) for text in ("one", "two", "three"))
    cursor = (await discord.poll(None)).cursor
    guild.edit(first, "changed")
    [event], cursor = await told(discord, cursor)
    assert (event.kind, texts([event])) == (EventKind.EDITED, ["changed"])
    guild.delete(second, third)
    gone, cursor = await told(discord, cursor)
    assert [(each.kind, each.id) for each in gone] == [
        (EventKind.DELETED, f"{CHANNEL}-{second}"),
        (EventKind.DELETED, f"{CHANNEL}-{third}"),
    ]
    assert not (await discord.poll(cursor)).events


async def test_what_the_gateway_told_comes_again_until_it_is_archived(guild: Guild, discord: Discord) -> None:
    await listening(discord)
    number = guild.write("one")
    cursor = (await discord.poll(None)).cursor
    guild.edit(number, "changed")
    events, after = await told(discord, cursor)
    again = await discord.poll(cursor)
    assert texts(again.events) == texts(events) == ["changed"]
    assert not (await discord.poll(after)).events


async def test_what_happened_while_the_line_was_down_comes_with_the_resumed_session(
    guild: Guild, discord: Discord
) -> None:
    await listening(discord)
    number = guild.write("one")
    cursor = (await discord.poll(None)).cursor
    guild.drop()
    guild.edit(number, "changed meanwhile")
    events, _ = await told(discord, cursor)
    assert texts(events) == ["changed meanwhile"]
    resumed = [message["d"] for message in guild.heard if message["op"] == 6]
    assert resumed[0]["session_id"] == "s1"


async def test_a_gateway_that_answers_no_beat_is_left(guild: Guild) -> None:
    guild.heartbeat_ms, guild.deaf = 40, True
    platform = adapter(guild)
    await platform.open()
    await until(lambda: any(message["op"] == 6 for message in guild.heard))
    await platform.close()


async def test_beats_carry_the_last_number(guild: Guild) -> None:
    guild.heartbeat_ms = 40
    platform = adapter(guild)
    await platform.open()
    await listening(platform)
    guild.write("one")
    await until(lambda: {"op": 1, "d": 1} in guild.heard)
    await platform.close()


@pytest.mark.parametrize(("code", "words"), [(4014, "Message Content Intent"), (4004, "token")])
async def test_what_only_a_person_can_mend_stops_the_page_and_says_so(
    guild: Guild, code: int, words: str
) -> None:
    guild.close_with = code
    platform = adapter(guild)
    await platform.open()
    assert platform._gateway
    await until(lambda: platform._gateway is not None and platform._gateway.failure is not None)
    with pytest.raises(NotAuthorised, match=words):
        await platform.poll(None)
    await platform.close()


async def test_after_a_lost_session_a_new_one_begins(guild: Guild) -> None:
    guild.close_with = 4009
    platform = adapter(guild)
    await platform.open()
    await until(lambda: len(guild.heard) >= 1)
    guild.close_with = None
    await listening(platform)
    assert {message["op"] for message in guild.heard} <= {1, 2}
    await platform.close()


async def test_a_deletion_says_why_and_is_read_back(guild: Guild, discord: Discord) -> None:
    number = guild.write("one")
    receipt = await discord.act(ActionKind.DELETE, f"{CHANNEL}-{number}")
    assert "10008" in receipt.answer["read_back"]
    [deleting] = [call for call in guild.calls if call.method == "DELETE"]
    assert deleting.headers["x-audit-log-reason"].startswith("Comment policy")


async def test_an_empty_bucket_is_waited_for_without_asking(guild: Guild, discord: Discord) -> None:
    guild.left = 1
    number = guild.write("one")
    with pytest.raises(RateLimited) as limited:
        await discord.lookup({f"{CHANNEL}-{number}": "x", f"{CHANNEL}-{snowflake(99)}": "x"})
    assert 0 < limited.value.retry_after <= 2
    assert len([call for call in guild.calls if call.url.path.endswith(number)]) == 1


async def test_a_look_up_that_was_cut_off_goes_on_where_it_was(guild: Guild, discord: Discord) -> None:
    first, second, third = (guild.write(text) for text in ("one", "two", "three"))
    known = {event.id: event.comment.revision for event in (await discord.poll(None)).events if event.comment}
    guild.edit(first, "one, edited")
    guild.refuse[third] = JSONResponse({"message": "You are being rate limited."}, 429, {"retry-after": "3"})
    with pytest.raises(RateLimited):
        await discord.lookup(known)
    guild.refuse.clear()
    guild.calls.clear()
    events = await discord.lookup(known)
    assert texts(events) == ["one, edited"]
    assert [call.url.path.rpartition("/")[2] for call in guild.calls] == [third]
    guild.calls.clear()
    await discord.lookup(known)
    assert [call.url.path.rpartition("/")[2] for call in guild.calls] == [first, second, third]


UNAUTHORISED = JSONResponse({"message": "401: Unauthorized", "code": 0}, 401)
FORBIDDEN = JSONResponse({"message": "Missing Permissions", "code": 50013}, 403)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (UNAUTHORISED, NotAuthorised),
        (FORBIDDEN, NotAuthorised),
        (JSONResponse({"message": "Unknown Message", "code": 10008}, 404), CommentGone),
        (JSONResponse({"message": "You are being rate limited."}, 429, {"retry-after": "3"}), RateLimited),
        (Response(status_code=502), Unavailable),
        (JSONResponse({"code": 20028}, 400), Unavailable),
        (Response("<html>", status_code=400), Unavailable),
    ],
)
async def test_every_refusal_says_what_to_do(
    guild: Guild, discord: Discord, answer: Response, error: type[PlatformError]
) -> None:
    number = guild.write("one")
    guild.refuse[number] = answer
    with pytest.raises(error):
        await discord.act(ActionKind.DELETE, f"{CHANNEL}-{number}")


async def test_a_channel_that_the_bot_is_not_shown_does_not_stop_the_others(
    guild: Guild, discord: Discord
) -> None:
    guild.thread("6000")
    guild.write("in a thread", channel="6000")
    guild.write("closed to the bot")
    guild.refuse["messages"] = FORBIDDEN
    batch = await discord.poll(None)
    assert not batch.events
    guild.refuse.clear()
    guild.write("open again")
    assert texts((await discord.poll(batch.cursor)).events) == ["closed to the bot", "open again"]


async def test_a_wrong_token_and_a_foreign_server_are_found_at_the_start(guild: Guild) -> None:
    with pytest.raises(NotAuthorised, match="token"):
        await adapter(guild, token="wrong").open()
    with pytest.raises(NotAuthorised, match="invite"):
        await adapter(guild, server="4999").open()


async def everything_that_is_asked(guild: Guild, discord: Discord) -> None:
    for each in range(6000, 6101):
        guild.thread(str(each), archived=True)
    for each in range(7000, 7101):
        guild.thread(str(each), archived=True, private=True)
        guild.threads.joined.add(str(each))
    number = guild.write("one")
    guild.write("two", channel="6000")
    batch = await discord.poll(None)
    await discord.lookup({event.id: "" for event in batch.events})
    await discord.act(ActionKind.DELETE, f"{CHANNEL}-{number}")
    await discord.filters()
    await discord.answer("77", "Write to the office.")
    await discord.has_answered("77", "Write to the office.", batch.events[0].at)
    guild.threads.shows_all = True
    another = adapter(guild)
    await another.open()
    await another.poll(None)
    await another.close()


async def test_every_request_is_one_that_discord_describes(guild: Guild, discord: Discord) -> None:
    await listening(discord)
    await everything_that_is_asked(guild, discord)
    described = Description("discord")
    made = {
        (call.method, call.url.path.removeprefix("/api/v10"), "before" in call.query_params): call
        for call in guild.calls
    }
    assert [path.rpartition("/threads/")[2] for _, path, more in made if more] == [
        "archived/public",
        "archived/private",
        "archived/private",
    ]
    assert len(made) >= 16
    for (verb, path, _), call in made.items():
        assert described.faults(verb, path, dict(call.query_params)) == []
        if verb == "POST":
            check_body(described.operation(verb, path)["body"], call.scope["sent"])


def test_the_simulated_messages_are_as_discord_describes_them(guild: Guild) -> None:
    described = Description("discord")
    guild.write("one")
    [message] = guild.messages[CHANNEL]
    assert [key for key in described.required["Message"] if key not in message] == []
    assert described.strangers("Message", message) == []


@pytest.mark.parametrize("changes", [{"server": "general"}, {"url": "ftp://discord.com"}, {"server": ""}])
def test_settings_that_cannot_be_right_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"server|url"):
        DiscordSettings.model_validate({"token": TOKEN, "server": SERVER} | changes)
