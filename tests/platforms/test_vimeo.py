"""The Vimeo adapter on a simulated account, against Vimeo's description and Vimeo's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from vimeo import VimeoClient

from platforms.base import (
    ActionKind,
    Comment,
    CommentGone,
    Event,
    EventKind,
    Kind,
    NotAuthorised,
    PlatformError,
    RateLimited,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.vimeo import Vimeo, VimeoSettings
from tests.descriptions import Description
from tests.simulators.vimeo import VIDEO, Account, Failure

pytestmark = pytest.mark.anyio

DESCRIPTION = Description("vimeo", also=frozenset({"fields"}))
"""Vimeo documents `fields` for every call, outside its description."""


@pytest.fixture
def account(simulated_vimeo: Account) -> Account:
    return simulated_vimeo


Adapter = Callable[..., Vimeo]


@pytest.fixture
async def adapter(account: Account) -> AsyncIterator[Adapter]:
    """Makes adapters for the account, with any settings changed; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> Vimeo:
            known = {"access_token": "vimeo-access", "api": account.url, "allow_loopback": True}
            platform = Vimeo("videos", VimeoSettings.model_validate(known | changes))
            stack.push_async_callback(platform.close)
            return platform

        yield make


@pytest.fixture
async def page(adapter: Adapter) -> Vimeo:
    platform = adapter()
    await platform.open()
    return platform


async def everything(page: Vimeo, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(30):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("thirty batches and no end")


async def seen(page: Vimeo, cursor: str | None = None) -> list[Comment]:
    return [event.comment for event in (await everything(page, cursor))[0] if event.comment]


# What comes in


async def test_a_comment_arrives_with_all_that_a_record_needs(account: Account, page: Vimeo) -> None:
    name = account.write("What a concert!", author="Ana Ruiz")
    [comment] = await seen(page)
    assert (comment.id, comment.text, comment.author) == (name, "What a concert!", "Ana Ruiz")
    assert (comment.post, comment.post_title) == (str(VIDEO), "Winter concert")
    assert comment.permalink == f"https://vimeo.com/{VIDEO}"
    assert comment.author_id.isdigit()
    assert comment.payload["resource_key"]


async def test_a_comment_of_a_closed_account_is_captured(account: Account, page: Vimeo) -> None:
    account.write("left behind", author=None)
    [comment] = await seen(page)
    assert (comment.author, comment.author_id) == ("", "")


async def test_comments_of_all_videos_come_in_the_order_of_their_writing(
    account: Account, page: Vimeo
) -> None:
    account.videos[111] = "Spring concert"
    names = [account.write(f"comment {number}", video=(VIDEO, 111)[number % 2]) for number in range(230)]
    comments = await seen(page)
    assert [comment.id for comment in comments] == names
    assert {comment.post_title for comment in comments} == {"Winter concert", "Spring concert"}


async def test_only_videos_whose_number_changed_are_read(account: Account, page: Vimeo) -> None:
    account.videos[111] = "Spring concert"
    account.write("one")
    account.write("two", video=111)
    _, cursor = await everything(page)
    account.calls.clear()
    await page.poll(cursor)
    assert [path for _, path, _ in account.calls] == ["/me/videos"]
    name = account.write("three", video=111)
    assert [comment.id for comment in await seen(page, cursor)] == [name]
    assert [path for _, path, _ in account.calls[1:]] == ["/me/videos", "/videos/111/comments"]


@pytest.mark.parametrize("counted", [True, False])
async def test_answers_are_found_whether_or_not_the_video_counts_them(
    account: Account, adapter: Adapter, counted: bool
) -> None:
    account.answers_counted = counted
    page = adapter(rescan_minutes=1e-9)
    await page.open()
    top = account.write("question")
    _, cursor = await everything(page)
    name = account.write("answer", parent=top)
    [comment] = await seen(page, cursor)
    assert (comment.id, comment.parent, comment.kind) == (name, top, Kind.REPLY)


async def test_nothing_is_lost_or_repeated_by_a_restart(account: Account, adapter: Adapter) -> None:
    names = [account.write(f"comment {number}") for number in range(230)]
    before: list[str] = []
    cursor = None
    for _ in range(4):
        page = adapter(batch_size=60)
        await page.open()
        batch = await page.poll(cursor)
        before, cursor = [*before, *(event.id for event in batch.events)], batch.cursor
    assert before == names


async def test_edits_and_deletions_are_looked_up_video_by_video(account: Account, page: Vimeo) -> None:
    names = [account.write(f"comment {number}") for number in range(120)]
    answer = account.write("answer", parent=names[0])
    known = {comment.id: comment.revision for comment in await seen(page)}
    account.edit(answer, "another answer")
    account.delete(names[5])
    account.calls.clear()
    events = {event.id: event for event in await page.lookup(known)}
    assert set(events) == {answer, names[5]}
    edited = events[answer].comment
    assert edited
    assert (edited.text, edited.parent, edited.post_title) == ("another answer", names[0], "Winter concert")
    assert (events[names[5]].kind, events[names[5]].detail) == (EventKind.DELETED, "404 at Vimeo")
    assert len(account.calls) == 4


async def test_a_video_that_is_gone_takes_its_comments_along(account: Account, page: Vimeo) -> None:
    name = account.write("a comment")
    [comment] = await seen(page)
    del account.videos[VIDEO]
    account.delete(name)
    assert [event.kind for event in await page.lookup({name: comment.revision})] == [EventKind.DELETED]


async def test_a_video_that_is_refused_stops_neither_reading_nor_looking_up(
    account: Account, page: Vimeo
) -> None:
    account.videos[111] = "Spring concert"
    names = [account.write("one"), account.write("two", video=111)]
    events, cursor = await everything(page)
    known = {event.id: event.comment.revision for event in events if event.comment}
    account.closed.add(VIDEO)
    account.write("while it was closed")
    new = account.write("three", video=111)
    batch = await page.poll(cursor)
    assert [event.id for event in batch.events] == [new]
    assert "Vimeo refuses modbot the comments of “Winter concert”" in batch.unreadable
    assert (await page.poll(batch.cursor)).unreadable == batch.unreadable
    account.edit(names[1], "two, edited")
    assert [event.id for event in await page.lookup(known)] == [names[1]]
    account.closed.clear()
    await page.lookup(known)
    assert (await page.poll(batch.cursor)).unreadable == ""


async def test_what_was_written_under_a_refused_video_is_read_when_it_opens(
    account: Account, adapter: Adapter
) -> None:
    page = adapter(rescan_minutes=1e-9)
    await page.open()
    account.closed.add(VIDEO)
    name = account.write("while it was closed")
    events, cursor = await everything(page)
    assert events == []
    account.closed.clear()
    assert [comment.id for comment in await seen(page, cursor)] == [name]


async def test_after_a_restart_old_comments_of_a_video_that_opens_are_read_all_the_same(
    account: Account, adapter: Adapter
) -> None:
    account.videos[111] = "Spring concert"
    account.closed.add(VIDEO)
    old = [account.write("before the others") for _ in range(3)]
    for _ in range(200):
        account.write("under the other video", video=111)
    page = adapter()
    await page.open()
    _, cursor = await everything(page)
    page = adapter()
    await page.open()
    events, cursor = await everything(page, cursor)
    assert events == []
    account.closed.clear()
    batch = await page.poll(cursor)
    assert [event.id for event in batch.events] == old
    page = adapter()
    await page.open()
    assert await seen(page, batch.cursor) == []


async def test_a_token_that_is_refused_everywhere_is_no_refused_video(account: Account, page: Vimeo) -> None:
    account.write("one")
    events, _ = await everything(page)
    account.failures.extend([Failure(403, 3200), Failure(401, 8003)])
    with pytest.raises(NotAuthorised, match="connect the page again"):
        await page.lookup({event.id: "" for event in events})


# What goes out


async def test_a_comment_is_deleted_and_read_back(account: Account, page: Vimeo) -> None:
    kept, name = account.write("kept"), account.write("gone")
    receipt = await page.act(ActionKind.DELETE, name)
    assert (receipt.visibility, receipt.already) == (Visibility.GONE, False)
    assert dict(receipt.answer) == {"answered": "204", "read_back": "404"}
    assert account.reader_sees(kept)
    assert not account.reader_sees(name)


async def test_after_a_restart_what_was_deleted_is_gone(account: Account, adapter: Adapter) -> None:
    name = account.write("gone")
    for expected in (None, CommentGone):
        page = adapter()
        await page.open()
        if expected is None:
            await page.act(ActionKind.DELETE, name)
        else:
            with pytest.raises(expected):
                await page.act(ActionKind.DELETE, name)


async def test_hiding_is_refused_before_anything_is_asked(account: Account, page: Vimeo) -> None:
    name = account.write("a comment")
    account.calls.clear()
    for action in (ActionKind.HIDE, ActionKind.UNHIDE):
        with pytest.raises(Unsupported, match="deleting for good"):
            await page.act(action, name)
    assert account.calls == []


# What goes wrong


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, 8003, NotAuthorised),
        (429, 9000, RateLimited),
        (400, 2204, Unavailable),
        (500, 4000, Unavailable),
        (503, 4100, Unavailable),
    ],
)
async def test_every_failure_has_its_class_and_loses_nothing(
    account: Account, page: Vimeo, status: int, code: int, expected: type[PlatformError]
) -> None:
    names = [account.write(f"comment {number}") for number in range(3)]
    account.failures.extend([None, Failure(status, code)])
    with pytest.raises(expected) as failure:
        await page.poll(None)
    assert "vimeo-access" not in str(failure.value)
    assert [comment.id for comment in await seen(page)] == names


@pytest.mark.parametrize("number", [True, False])
async def test_the_limit_is_learnt_from_the_answers(account: Account, page: Vimeo, number: bool) -> None:
    account.limit, account.reset_as_number = account.used + 2, number
    await page.poll(None)
    [calls] = page.budget.outlook()
    assert (calls.used, calls.limit) == (account.used, account.limit)
    assert timedelta(0) < calls.resets_at - datetime.now(UTC) <= timedelta(minutes=1)
    account.calls.clear()
    await page.poll(None)
    with pytest.raises(RateLimited, match="calls"):
        await page.poll(None)
    assert len(account.calls) == 1


@pytest.mark.parametrize("scope", ["public", "public private", "public delete"])
async def test_a_token_that_may_too_little_is_refused_at_once(
    account: Account, adapter: Adapter, scope: str
) -> None:
    account.scope = scope
    with pytest.raises(NotAuthorised, match="permission"):
        await adapter().open()


async def test_an_unconnected_page_says_what_to_run(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="modbot connect videos"):
        await adapter(access_token=None).open()


# Against Vimeo's own words


async def story(account: Account, page: Vimeo) -> None:
    """Every call the adapter can make."""
    names = [account.write(f"comment {number}") for number in range(120)]
    account.write("answer", parent=names[0])
    comments = await seen(page)
    account.delete(names[3])
    await page.lookup({comment.id: comment.revision for comment in comments})
    await page.act(ActionKind.DELETE, names[0])


async def test_every_request_is_as_vimeo_describes_it(account: Account, adapter: Adapter) -> None:
    page = adapter()
    await page.open()
    await story(account, page)
    operations = {DESCRIPTION.operation(verb, path)["path"] + verb for verb, path, _ in account.calls}
    assert len(operations) == 6
    assert [fault for call in account.calls for fault in DESCRIPTION.faults(*call)] == []


@pytest.fixture
def vimeos(account: Account) -> Any:
    """Vimeo's own client, pointed at the simulated account."""
    client = VimeoClient(token="vimeo-access", key="client", secret="client-secret")
    client.API_ROOT = account.url
    return client


async def test_our_requests_are_those_of_vimeos_client(account: Account, page: Vimeo, vimeos: Any) -> None:
    top = account.write("a comment")
    number = top.partition("_")[2]
    base = f"/videos/{VIDEO}/comments"
    account.calls.clear()
    rest = page.rest
    await rest.identify()
    _ = [video async for video in rest.videos()]
    _ = [comment async for comment in rest.comments(str(VIDEO))]
    _ = [reply async for reply in rest.replies(str(VIDEO), number)]
    await rest.one(str(VIDEO), number)
    await rest.delete(str(VIDEO), number)
    ours = list(account.calls)
    account.calls.clear()
    account.items.clear()
    paging = {"page": 1, "per_page": 100}
    fields = "uri,name,link,metadata.connections.comments.total"
    vimeos.get("/oauth/verify")
    vimeos.get("/me/videos", params={"sort": "date", "direction": "desc", "fields": fields} | paging)
    vimeos.get(base, params={"direction": "desc"} | paging)
    vimeos.get(f"{base}/{number}/replies", params=paging)
    vimeos.get(f"{base}/{number}")
    vimeos.delete(f"{base}/{number}")
    assert ours == account.calls
    assert VimeoSettings().api == DESCRIPTION.root == VimeoClient.API_ROOT


def test_vimeos_client_takes_the_simulator_for_vimeo(account: Account, vimeos: Any) -> None:
    names = [account.write(f"comment {number}") for number in range(3)]
    answer = vimeos.get(f"/videos/{VIDEO}/comments", params={"direction": "desc"})
    assert [row["text"] for row in answer.json()["data"]] == ["comment 2", "comment 1", "comment 0"]
    assert vimeos.delete(answer.json()["data"][0]["uri"]).status_code == 204
    assert not account.reader_sees(names[2])
    token, user, scope = vimeos.exchange_code("the-code", "http://127.0.0.1:8400/")
    assert (token, user["name"], scope) == ("vimeo-access", "A School District", "public private delete")


async def test_the_simulators_comments_have_what_vimeo_promises(account: Account, page: Vimeo) -> None:
    account.write("a comment")
    [comment] = await seen(page)
    assert set(DESCRIPTION.required["comment"]) <= set(comment.payload)
