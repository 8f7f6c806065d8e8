"""The YouTube adapter on a simulated channel, against Google's description and Google's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from pydantic import SecretStr, ValidationError

from platforms import youtube_rest, youtube_walk
from platforms.base import (
    ActionKind,
    Comment,
    CommentGone,
    Event,
    EventKind,
    NotAuthorised,
    PlatformError,
    RateLimited,
    Receipt,
    Unavailable,
    Visibility,
)
from platforms.tokens import Token
from platforms.youtube import YouTube, YouTubeSettings
from platforms.youtube_rest import midnight
from tests.descriptions import Description
from tests.platforms.asking import passed, places
from tests.simulators.youtube import CHANNEL, VIDEO, Channel, Failure

pytestmark = pytest.mark.anyio

DESCRIPTION = Description("youtube")
GOOGLES = {"alt", "prettyPrint"}
"""What Google's client adds to every request: the form of the answer."""


@pytest.fixture
def channel(simulated_youtube: Channel) -> Channel:
    return simulated_youtube


Adapter = Callable[..., YouTube]


@pytest.fixture
async def adapter(channel: Channel) -> AsyncIterator[Adapter]:
    """Makes adapters for the channel, with any settings changed; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> YouTube:
            known = {
                "channel": CHANNEL,
                "access_token": "access-1",
                "client_id": "client",
                "client_secret": "client-secret",
                "api": channel.url,
                "token_url": f"{channel.url}/token",
                "allow_loopback": True,
            }
            platform = YouTube("videos", YouTubeSettings.model_validate(known | changes))
            stack.push_async_callback(platform.close)
            return platform

        yield make


@pytest.fixture
async def page(adapter: Adapter) -> YouTube:
    platform = adapter()
    await platform.open()
    return platform


async def everything(page: YouTube, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(30):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("thirty batches and no end")


async def seen(page: YouTube, cursor: str | None = None) -> list[Comment]:
    return [event.comment for event in (await everything(page, cursor))[0] if event.comment]


# What comes in


async def test_a_comment_arrives_with_all_that_a_record_needs(channel: Channel, page: YouTube) -> None:
    name = channel.write("The bus was late again.", author="@ana-ruiz")
    [comment] = await seen(page)
    assert (comment.text, comment.author, comment.post) == ("The bus was late again.", "@ana-ruiz", VIDEO)
    assert comment.post_title == "Board meeting of 3 March"
    assert comment.permalink == f"https://www.youtube.com/watch?v={VIDEO}&lc={name}"
    assert comment.author_id.startswith("UC")
    assert (comment.visible, comment.edited_at) == (True, None)
    assert comment.payload["snippet"]["textDisplay"] == comment.text


async def test_what_youtube_holds_back_or_takes_for_spam_is_captured(channel: Channel, page: YouTube) -> None:
    channel.write("held", status="heldForReview")
    channel.write("spam", status="likelySpam")
    channel.write("shown")
    assert [(each.text, each.visible) for each in await seen(page)] == [
        ("held", False),
        ("spam", False),
        ("shown", True),
    ]


async def test_all_answers_of_a_long_thread_are_read_once(channel: Channel, page: YouTube) -> None:
    top = channel.write("question")
    names = [channel.write(f"answer {number}", parent=top) for number in range(130)]
    events, cursor = await everything(page)
    assert [event.id for event in events] == [top, *names]
    assert {event.comment.post for event in events if event.comment} == {VIDEO}
    channel.calls.clear()
    assert (await everything(page, cursor))[0] == []
    assert [path for _, path, _ in channel.calls] == ["/youtube/v3/commentThreads"] * 3


async def test_a_new_answer_in_an_old_thread_is_found_at_the_rescan(
    channel: Channel, adapter: Adapter
) -> None:
    old = channel.write("old")
    for number in range(150):
        channel.write(f"newer {number}")
    page = adapter(rescan_minutes=1e-9)
    await page.open()
    _, cursor = await everything(page)
    name = channel.write("late answer", parent=old)
    assert [event.id for event in (await everything(page, cursor))[0]] == [name]


OFTEN = {"walk_hours": 1e-9}


async def old_threads(channel: Channel, page: YouTube) -> tuple[list[str], str]:
    """More threads than are ever listed again, all captured: the oldest first, and the cursor."""
    names = [channel.write(f"thread {number}") for number in range(350)]
    return names, (await everything(page))[1]


async def walked(page: YouTube, cursor: str, polls: int) -> tuple[list[str], str]:
    """The ids that so many polls bring."""
    found: list[str] = []
    for _ in range(polls):
        batch = await page.poll(cursor)
        found, cursor = [*found, *(event.id for event in batch.events)], batch.cursor
    return found, cursor


async def test_a_late_answer_under_a_thread_that_is_not_listed_again_is_found_by_the_walk(
    channel: Channel, adapter: Adapter
) -> None:
    page = adapter(rescan_threads=100, **OFTEN)
    await page.open()
    names, cursor = await old_threads(channel, page)
    late = channel.write("late answer", parent=names[0])
    found, cursor = await walked(page, cursor, 4)
    assert found == [late]
    assert (await walked(page, cursor, 8))[0] == []


async def test_the_walk_goes_on_after_a_restart_where_it_was(channel: Channel, adapter: Adapter) -> None:
    first = adapter(rescan_threads=100, **OFTEN)
    await first.open()
    names, cursor = await old_threads(channel, first)
    _, cursor = await walked(first, cursor, 2)
    late = channel.write("late answer", parent=names[0])
    second = adapter(rescan_threads=100, **OFTEN)
    await second.open()
    # The first look of a process lists the newest ones in full, and walks no further.
    before, cursor = await walked(second, cursor, 1)
    channel.calls.clear()
    found, cursor = await walked(second, cursor, 2)
    assert late in found
    assert not set(before) & {late}
    assert [query["pageToken"] for _, _, query in channel.calls if "pageToken" in query] == [
        "page-200",
        "page-300",
    ]


async def test_what_the_walk_found_is_not_passed_over_when_it_was_not_committed(
    channel: Channel, adapter: Adapter
) -> None:
    page = adapter(rescan_threads=100, batch_size=1, **OFTEN)
    await page.open()
    names, cursor = [channel.write(f"thread {number}") for number in range(130)], None
    for _ in names:
        cursor = (await page.poll(cursor)).cursor
    assert cursor is not None
    late = [channel.write(f"late answer {number}", parent=names[0]) for number in range(3)]
    _, cursor = await walked(page, cursor, 1)
    batch = await page.poll(cursor)
    assert ([event.id for event in batch.events], batch.more) == (late[:1], True)
    again = adapter(rescan_threads=100, **OFTEN)
    await again.open()
    found, _ = await walked(again, batch.cursor, 4)
    assert set(late[1:]) <= set(found)


async def test_a_walk_begins_once_a_day_and_leaves_units_for_actions(
    channel: Channel, adapter: Adapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_770_000_000]
    monkeypatch.setattr(youtube_walk, "now", lambda: clock[0])
    monkeypatch.setattr(youtube_walk.Walker, "wait", lambda *_: None)
    page = adapter()
    await page.open()
    channel.write("thread")
    _, cursor = await everything(page)

    async def units() -> int:
        nonlocal cursor
        used = channel.used
        _, cursor = await walked(page, cursor, 1)
        return channel.used - used

    assert [await units() for _ in range(3)] == [4, 3, 3]
    clock[0] += 24 * 3600
    page.budget.learn("units", used=9_500)
    assert await units() == 3
    page.budget.learn("units", used=100)
    assert [await units() for _ in range(2)] == [4, 3]


async def test_a_walk_whose_place_youtube_has_forgotten_begins_anew(
    channel: Channel, adapter: Adapter
) -> None:
    page = adapter(rescan_threads=100, **OFTEN)
    await page.open()
    names, cursor = await old_threads(channel, page)
    _, cursor = await walked(page, cursor, 2)
    late = channel.write("late answer", parent=names[0])
    channel.failures.extend([None] * 3 + [Failure(400, "invalidPageToken")])
    assert (await walked(page, cursor, 5))[0] == [late]


def test_a_cursor_from_before_there_were_walks_is_still_good() -> None:
    assert youtube_walk.read("[3,{}]") == ("[3,{}]", youtube_walk.Walk())
    place = youtube_walk.Walk(1_770_000_000, "CAoQ#=")
    assert youtube_walk.read(youtube_walk.written("[3,{}]", place)) == ("[3,{}]", place)


async def test_a_held_answer_in_an_old_thread_is_found(channel: Channel, page: YouTube) -> None:
    old = channel.write("old")
    _, cursor = await everything(page)
    name = channel.write("held answer", parent=old, status="heldForReview")
    [comment] = await seen(page, cursor)
    assert (comment.id, comment.parent, comment.visible) == (name, old, False)


async def test_nothing_is_lost_or_repeated_by_a_restart(channel: Channel, adapter: Adapter) -> None:
    names = [channel.write(f"comment {number}") for number in range(230)]
    at = channel.items[names[0]].written
    for name in names[60:180]:
        channel.items[name].written = at + timedelta(minutes=10)
    for name in names[180:]:
        channel.items[name].written = at + timedelta(minutes=20)
    before: list[str] = []
    cursor = None
    for _ in range(4):
        first = adapter(batch_size=60)
        await first.open()
        batch = await first.poll(cursor)
        before, cursor = [*before, *(event.id for event in batch.events)], batch.cursor
    assert sorted(before) == sorted(names)


async def test_a_quiet_channel_costs_three_units_a_poll(channel: Channel, page: YouTube) -> None:
    for number in range(250):
        channel.write(f"comment {number}")
    _, cursor = await everything(page)
    used = channel.used
    await page.poll(cursor)
    assert channel.used - used == 3
    [units] = page.budget.outlook()
    assert (units.unit, units.used, units.limit) == ("units", channel.used, 10_000)


async def test_edits_and_deletions_are_looked_up_fifty_at_a_time(channel: Channel, page: YouTube) -> None:
    names = [channel.write(f"comment {number}") for number in range(120)]
    known = {comment.id: comment.revision for comment in await seen(page)}
    channel.edit(names[7], "changed")
    used = channel.used
    [event] = await page.lookup(known)
    assert channel.used - used == 3
    assert (event.kind, event.id) == (EventKind.EDITED, names[7])
    assert event.comment
    assert (event.comment.text, event.comment.post_title) == ("changed", "Board meeting of 3 March")
    assert event.comment.edited_at
    channel.delete(names[8])
    assert (EventKind.DELETED, names[8]) in [(each.kind, each.id) for each in await page.lookup(known)]


async def test_a_comment_that_is_known_to_be_gone_costs_no_more_than_another(
    channel: Channel, page: YouTube
) -> None:
    name = channel.write("a comment")
    channel.delete(name)
    used = channel.used
    assert [event.kind for event in await page.lookup({name: ""})] == [EventKind.DELETED]
    assert channel.used - used == 1


async def test_an_edited_answer_keeps_its_video(channel: Channel, page: YouTube) -> None:
    top = channel.write("question")
    name = channel.write("answer", parent=top)
    known = {comment.id: comment.revision for comment in await seen(page)}
    channel.edit(name, "another answer")
    [event] = await page.lookup(known)
    assert event.comment
    assert (event.comment.parent, event.comment.post) == (top, VIDEO)


@pytest.mark.parametrize("by_id", [True, False])
async def test_a_held_comment_is_not_taken_for_deleted(channel: Channel, page: YouTube, by_id: bool) -> None:
    name = channel.write("a comment")
    [comment] = await seen(page)
    channel.held_by_id = by_id
    await page.act(ActionKind.HIDE, name)
    assert await page.lookup({name: comment.revision}) == []


# What goes out


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("answer", [True, False])
async def test_hiding_and_showing_are_read_back_from_the_lists(
    channel: Channel, page: YouTube, by_id: bool, answer: bool
) -> None:
    channel.held_by_id = by_id
    name = channel.write("a comment")
    if answer:
        name = channel.write("an answer", parent=name)
    hidden = await page.act(ActionKind.HIDE, name)
    assert (hidden.visibility, hidden.already) == (Visibility.HIDDEN, False)
    assert dict(hidden.answer) == {"before": "published", "answered": "204", "read_back": "heldForReview"}
    assert (await page.act(ActionKind.HIDE, name)).already
    shown = await page.act(ActionKind.UNHIDE, name)
    assert (shown.visibility, shown.already) == (Visibility.VISIBLE, False)
    assert channel.reader_sees(name)


async def test_what_youtube_took_for_spam_counts_as_hidden(channel: Channel, page: YouTube) -> None:
    receipt = await page.act(ActionKind.HIDE, channel.write("spam", status="likelySpam"))
    assert (receipt.visibility, receipt.already) == (Visibility.HIDDEN, True)


@pytest.mark.parametrize("by_id", [True, False])
@pytest.mark.parametrize("before", ["published", "heldForReview"])
async def test_a_deleted_comment_is_rejected_with_its_answers(
    channel: Channel, page: YouTube, by_id: bool, before: str
) -> None:
    channel.rejected_by_id = by_id
    top = channel.write("a comment", status=before)
    answer = channel.write("an answer", parent=top)
    receipt = await page.act(ActionKind.DELETE, top)
    assert (receipt.visibility, receipt.already) == (Visibility.GONE, False)
    assert channel.items[top].status == "rejected"
    assert not channel.reader_sees(answer)


async def test_a_comment_under_a_video_with_comments_switched_off_counts_as_hidden(
    channel: Channel, page: YouTube
) -> None:
    name = channel.write("a comment")
    # The comment by its id, the held and the spam ones; then the video's published ones.
    channel.failures.extend([None] * 3 + [Failure(403, "commentsDisabled")])
    receipt = await page.act(ActionKind.HIDE, name)
    assert (receipt.visibility, receipt.already) == (Visibility.HIDDEN, True)


async def test_nobody_is_ever_banned(channel: Channel, page: YouTube) -> None:
    for action in ActionKind:
        await page.act(action, channel.write("a comment", status="heldForReview"))
    assert not [query for _, _, query in channel.calls if "banAuthor" in query]


async def test_a_refused_action_is_read_again_before_it_is_blamed_on_us(
    channel: Channel, page: YouTube
) -> None:
    name = channel.write("a comment")
    for status, reason, expected in (
        (403, "forbidden", NotAuthorised),
        (400, "processingFailure", Unavailable),
        (404, "commentNotFound", Unavailable),
    ):
        # The comment by its id, the held, the spam and the published ones; then the action.
        channel.failures.extend([None] * 4 + [Failure(status, reason)])
        with pytest.raises(expected, match=reason):
            await page.act(ActionKind.HIDE, name)
    assert channel.reader_sees(name)


def asked(channel: Channel) -> list[str]:
    """The ids of each call that changes comments."""
    return [query["id"] for _, path, query in channel.calls if path.endswith("setModerationStatus")]


async def test_fifty_comments_are_hidden_for_the_price_of_one(channel: Channel, page: YouTube) -> None:
    top = channel.write("a comment")
    names = [top, channel.write("an answer", parent=top)]
    names += [channel.write(f"comment {number}") for number in range(46)]
    held = channel.write("held already", status="heldForReview")
    gone, odd = "Ugx0000000000000099999AaABAg", "two,ids"
    hidden = await page.act_on(ActionKind.HIDE, [*names, held, gone, odd])
    assert asked(channel) == [",".join(names)]
    assert [each.already for each in hidden[:49] if isinstance(each, Receipt)] == [False] * 48 + [True]
    assert {type(each) for each in hidden[49:]} == {CommentGone}
    shown = await page.act_on(ActionKind.UNHIDE, names)
    assert {each.visibility for each in shown if isinstance(each, Receipt)} == {Visibility.VISIBLE}
    assert len(asked(channel)) == 2
    assert channel.used < 300


async def test_of_a_batch_that_is_refused_each_is_asked_for_by_itself(
    channel: Channel, page: YouTube
) -> None:
    names = [channel.write("one"), channel.write("two")]
    # The held and the spam ones, both by their ids, and the published ones for each; then the action.
    channel.failures.extend([None] * 5 + [Failure(400, "processingFailure")])
    found = await page.act_on(ActionKind.HIDE, names)
    assert asked(channel) == [",".join(names), *names]
    assert [each.visibility for each in found if isinstance(each, Receipt)] == [Visibility.HIDDEN] * 2


async def test_what_cannot_be_brought_back_is_rejected_one_by_one(channel: Channel, page: YouTube) -> None:
    names = [channel.write("one"), channel.write("two")]
    await page.act_on(ActionKind.DELETE, names)
    assert asked(channel) == names


async def test_a_comment_that_vanishes_while_it_is_hidden_is_gone(channel: Channel, page: YouTube) -> None:
    name = channel.write("a comment")
    spoiled = page.rest.set_status

    async def gone_just_now(ids: Sequence[str], status: str) -> str:
        channel.delete(ids[0])
        return await spoiled(ids, status)

    page.rest.set_status = gone_just_now
    with pytest.raises(CommentGone):
        await page.act(ActionKind.HIDE, name)


# What goes wrong


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (401, "authError", NotAuthorised),
        (403, "forbidden", NotAuthorised),
        (403, "commentsDisabled", NotAuthorised),
        (404, "channelNotFound", NotAuthorised),
        (403, "rateLimitExceeded", RateLimited),
        (403, "userRateLimitExceeded", RateLimited),
        (429, "rateLimitExceeded", RateLimited),
        (403, "quotaExceeded", RateLimited),
        (403, "dailyLimitExceeded", RateLimited),
        (400, "processingFailure", Unavailable),
        (500, "backendError", Unavailable),
        (503, "backendError", Unavailable),
    ],
)
async def test_every_failure_has_its_class_and_loses_nothing(
    channel: Channel, adapter: Adapter, status: int, reason: str, expected: type[PlatformError]
) -> None:
    page = adapter(units_per_day=10**6)
    await page.open()
    names = [channel.write(f"comment {number}") for number in range(3)]
    channel.failures.append(Failure(status, reason))
    with pytest.raises(expected) as failure:
        await page.poll(None)
    assert "access-1" not in str(failure.value)
    again = adapter()
    await again.open()
    assert [event.id for event in (await everything(again))[0]] == names


async def test_a_used_up_quota_waits_for_midnight_in_california(channel: Channel, page: YouTube) -> None:
    channel.quota = channel.used
    with pytest.raises(RateLimited) as told:
        await page.poll(None)
    until = datetime.now(UTC) + timedelta(seconds=told.value.retry_after)
    assert abs(until - midnight(datetime.now(UTC))) < timedelta(minutes=1)
    # By this Health and the alert know that capture waits.
    [line] = page.budget.outlook()
    assert line.used == line.limit
    channel.calls.clear()
    with pytest.raises(RateLimited):
        await page.poll(None)
    assert channel.calls == []


async def test_our_own_quota_stops_an_action_before_it_is_sent(channel: Channel, adapter: Adapter) -> None:
    page = adapter(units_per_day=40)
    await page.open()
    name = channel.write("a comment")
    with pytest.raises(RateLimited, match="40 units"):
        await page.act(ActionKind.HIDE, name)
    assert channel.reader_sees(name)
    assert channel.used < 40


def test_midnight_in_california_follows_its_clocks() -> None:
    winter, summer = datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 7, 5, 9, tzinfo=UTC)
    assert midnight(winter) == datetime(2026, 1, 6, 8, tzinfo=UTC)
    assert midnight(summer) == datetime(2026, 7, 6, 7, tzinfo=UTC)
    assert midnight(datetime(2026, 3, 8, 9, tzinfo=UTC)) == datetime(2026, 3, 9, 7, tzinfo=UTC)


async def test_half_an_answer_is_no_answer(page: YouTube, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*args: object, **options: object) -> httpx.Response:
        return httpx.Response(200, json={"items": [{"id": "x", "snippet": {}}]})

    monkeypatch.setattr(page.rest._bearer, "send", broken)
    with pytest.raises(Unavailable):
        await page.poll(None)


# Who we are


async def test_an_unconnected_page_says_what_to_run(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="modbot connect videos"):
        await adapter(access_token=None).open()


async def test_an_ended_token_is_renewed_and_kept(channel: Channel, adapter: Adapter) -> None:
    page = adapter()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await page.tokens.put(Token(SecretStr("access-0"), SecretStr("refresh-1"), yesterday))
    await page.open()
    kept = await page.tokens.get()
    assert kept is not None
    assert (kept.access.get_secret_value(), kept.refresh.get_secret_value()) == ("access-2", "refresh-1")
    channel.token = "access-7"  # ended before its time
    assert (await page.poll(None)).events == ()
    assert channel.token == "access-8"


async def test_a_withdrawn_consent_asks_a_person(channel: Channel, adapter: Adapter) -> None:
    page = adapter()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await page.tokens.put(Token(SecretStr("access-0"), SecretStr("withdrawn"), yesterday))
    with pytest.raises(NotAuthorised, match="connect the page again") as refused:
        await page.open()
    assert "withdrawn" not in str(refused.value)


async def test_another_channels_token_is_refused(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match=CHANNEL):
        await adapter(channel="UC" + "x" * 22).open()


def test_the_consent_asks_for_one_scope_and_a_refresh_token() -> None:
    consent = YouTube("videos", YouTubeSettings(channel=CHANNEL, client_id="client")).consent()
    assert consent.scopes == ("https://www.googleapis.com/auth/youtube.force-ssl",)
    assert consent.extra == {"access_type": "offline", "prompt": "consent"}
    assert consent.pkce


def test_a_channel_is_named_by_its_id() -> None:
    with pytest.raises(ValidationError):
        YouTubeSettings(channel="@district", client_id="client")


# Against Google's own words


async def story(channel: Channel, page: YouTube) -> None:
    """Every call the adapter can make."""
    top = channel.write("question")
    for number in range(130):
        channel.write(f"comment {number}")
    names = [channel.write(f"answer {number}", parent=top) for number in range(8)]
    comments = await seen(page)
    channel.edit(names[0], "changed")
    await page.lookup({comment.id: comment.revision for comment in comments})
    for action in ActionKind:
        await page.act(action, top)


async def test_every_request_is_as_google_describes_it(channel: Channel, page: YouTube) -> None:
    await story(channel, page)
    operations = {(verb, path) for verb, path, _ in channel.calls}
    assert len(operations) == 5
    assert [fault for call in channel.calls for fault in DESCRIPTION.faults(*call)] == []


async def test_the_simulator_answers_as_google_describes_it(
    channel: Channel, page: YouTube, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {
        "channels": "ChannelListResponse",
        "videos": "VideoListResponse",
        "commentThreads": "CommentThreadListResponse",
        "comments": "CommentListResponse",
    }
    strangers: list[str] = []
    send = page.rest._bearer.send

    async def watched(verb: str, url: httpx.URL) -> httpx.Response:
        response = await send(verb, url)
        if verb == "GET":
            strangers.extend(DESCRIPTION.strangers(kinds[url.path.rpartition("/")[2]], response.json()))
        return response

    monkeypatch.setattr(page.rest._bearer, "send", watched)
    await story(channel, page)
    assert strangers == []


@pytest.fixture
def google(channel: Channel) -> Iterator[Any]:
    """Google's own client, pointed at the simulated channel."""
    with build(
        "youtube",
        "v3",
        credentials=Credentials("access-1"),
        client_options={"api_endpoint": channel.url},
        static_discovery=True,
        cache_discovery=False,
    ) as client:
        yield client


async def test_our_requests_are_those_of_googles_client(
    channel: Channel, adapter: Adapter, google: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = passed(monkeypatch, youtube_rest.YouTubeRest, ["_send", "_pages"])
    page = adapter(**OFTEN)
    await page.open()
    await story(channel, page)
    await page.act_on(ActionKind.HIDE, [channel.write("one"), channel.write("two")])
    await page.rest.some_threads({"allThreadsRelatedToChannelId": CHANNEL}, "published", "")
    comments, threads = google.comments(), google.commentThreads()
    calls = {
        "channels": google.channels().list,
        "videos": google.videos().list,
        "commentThreads": threads.list,
        "comments": comments.list,
        "comments/setModerationStatus": comments.setModerationStatus,
    }
    names = {name for _, _, query in channel.calls for name in query}
    assert {"allThreadsRelatedToChannelId", "videoId", "pageToken", "parentId"} <= names
    assert any("," in query["id"] for _, path, query in channel.calls if path.endswith("Status"))
    for verb, path, query in channel.calls:
        request = calls[path.removeprefix("/youtube/v3/")](**query)
        url = httpx.URL(request.uri)
        theirs = {key: value for key, value in url.params.items() if key not in GOOGLES}
        assert (request.method, url.path, theirs, request.body) == (verb, path, query, None)
    assert {path.removeprefix("/youtube/v3/") for _, path, _ in channel.calls} == set(calls)
    assert seen == places([youtube_rest], "self", ["_send", "_pages"])
    assert YouTubeSettings(channel=CHANNEL, client_id="client").api == DESCRIPTION.root


def test_googles_client_takes_the_simulator_for_youtube(channel: Channel, google: Any) -> None:
    names = [channel.write(f"comment {number}") for number in range(45)]
    threads = google.commentThreads()
    request = threads.list(part="snippet", allThreadsRelatedToChannelId=CHANNEL, order="time", maxResults=20)
    listed = []
    while request is not None:
        answer = request.execute()
        listed += [item["id"] for item in answer["items"]]
        request = threads.list_next(request, answer)
    assert listed == names[::-1]
    google.comments().setModerationStatus(id=names[0], moderationStatus="heldForReview").execute()
    held = threads.list(
        part="snippet", allThreadsRelatedToChannelId=CHANNEL, moderationStatus="heldForReview"
    ).execute()
    assert [item["id"] for item in held["items"]] == [names[0]]
    assert json.dumps(held)
