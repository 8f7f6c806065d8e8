"""The WordPress adapter against the real WordPress, and against one whose answers a proxy spoils."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import ValidationError

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
from platforms.wordpress import OVERLAP, WordPress, WordPressSettings
from tests.peers.unreliable import Fault, Unreliable
from tests.peers.wordpress import WordPress as Site

pytestmark = pytest.mark.anyio

HTML_PAGE = b"<!doctype html><title>Maintenance</title>"


@pytest.fixture
def site(wordpress: Site) -> Iterator[Site]:
    """Without comments; options that a test changes are put back."""
    wordpress.stage(["empty"])
    yield wordpress
    options = {"permalink_structure": "/%postname%/", "timezone_string": "", "comment_moderation": 0}
    wordpress.stage(*(["option", name, value] for name, value in {**options, "peer_no_trash": 0}.items()))


@pytest.fixture
def proxy(site: Site) -> Iterator[Unreliable]:
    with Unreliable(site.url) as proxy:
        yield proxy


Adapter = Callable[..., WordPress]


@pytest.fixture
async def adapter(site: Site) -> AsyncIterator[Adapter]:
    """Makes adapters for the site, with any settings changed; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> WordPress:
            known = {"url": site.url, "user": site.user, "application_password": site.password}
            settings = WordPressSettings.model_validate({**known, "allow_loopback": True, **changes})
            platform = WordPress("blog", settings)
            stack.push_async_callback(platform.close)
            return platform

        yield make


@pytest.fixture
async def blog(adapter: Adapter) -> WordPress:
    platform = adapter()
    await platform.open()
    return platform


@pytest.fixture
async def spoiled(adapter: Adapter, proxy: Unreliable) -> WordPress:
    """Opened through the proxy."""
    platform = adapter(url=proxy.url)
    await platform.open()
    proxy.requests.clear()
    return platform


async def first_comment(blog: WordPress) -> Comment:
    event = (await blog.poll(None)).events[0]
    assert event.comment
    return event.comment


async def everything(blog: WordPress, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(30):
        batch = await blog.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("thirty batches and no end")


def insert(site: Site, *texts: str, **fields: object) -> list[str]:
    rows = [["insert", {"comment_content": text, **fields}] for text in texts]
    return [str(number) for number in site.stage(*rows)]


# What comes in


async def test_a_comment_of_the_public_form_arrives_with_all_that_a_record_needs(
    site: Site, blog: WordPress
) -> None:
    assert site.write("The bus was late again.", author="Ana Ruiz").status_code == 302
    comment = await first_comment(blog)
    assert (comment.text, comment.author, comment.author_id) == ("The bus was late again.", "Ana Ruiz", "")
    assert (comment.post, comment.post_title, comment.parent, comment.kind) == (
        "1",
        "Hello world!",
        None,
        Kind.COMMENT,
    )
    assert comment.permalink == f"{site.url}/hello-world/#comment-{comment.id}"
    assert abs(comment.created_at - datetime.now(UTC)) < timedelta(minutes=2)
    assert comment.visible
    assert comment.payload["author_email"] == "reader@example.org"
    assert comment.payload["content"]["raw"] == comment.text
    assert "_embedded" not in comment.payload


async def test_an_answer_of_the_public_form_is_a_reply(site: Site, blog: WordPress) -> None:
    site.write("When does school start?")
    question = await first_comment(blog)
    site.write("On Tuesday.", parent=int(question.id))
    events, _ = await everything(blog)
    assert events[1].comment
    assert (events[1].comment.parent, events[1].comment.kind) == (question.id, Kind.REPLY)


@pytest.mark.parametrize(
    "text",
    [
        "<strong>bold</strong> and <em>slanted</em>",
        "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \u05e9\u05dc\u05d5\u05dd",
        "ten thousand characters ".ljust(10_000, "x"),
    ],
    ids=["html", "emoji", "long"],
)
async def test_what_the_public_form_accepts_arrives_unchanged(site: Site, blog: WordPress, text: str) -> None:
    assert site.write(text).status_code == 302
    assert (await first_comment(blog)).text == text


async def test_a_comment_that_wordpress_holds_back_is_captured_as_not_visible(
    site: Site, blog: WordPress
) -> None:
    site.stage(["option", "comment_moderation", 1])
    site.write("held on arrival")
    assert not (await first_comment(blog)).visible
    assert "held on arrival" not in site.page()


async def test_comments_that_arrive_as_spam_or_in_the_trash_are_captured(site: Site, blog: WordPress) -> None:
    for status in ("spam", "trash", "0", "1"):
        insert(site, f"status {status}", comment_approved=status)
    events, _ = await everything(blog)
    seen = [(event.comment.text, event.comment.visible) for event in events if event.comment]
    assert seen == [("status spam", False), ("status trash", False), ("status 0", False), ("status 1", True)]


async def test_imported_comments_with_old_dates_are_captured(site: Site, blog: WordPress) -> None:
    insert(site, "today")
    _, cursor = await everything(blog)
    dates = {"comment_date": "2011-05-06 07:08:09", "comment_date_gmt": "2011-05-06 12:08:09"}
    insert(site, "imported", **dates)
    events, _ = await everything(blog, cursor)
    assert [event.at for event in events] == [datetime(2011, 5, 6, 12, 8, 9, tzinfo=UTC)]


async def test_the_hour_that_comes_twice_loses_no_comment(site: Site, blog: WordPress) -> None:
    site.stage(["option", "timezone_string", "America/Los_Angeles"])
    insert(site, "summer", comment_date="2026-11-01 01:50:00", comment_date_gmt="2026-11-01 08:50:00")
    _, cursor = await everything(blog)
    insert(site, "winter", comment_date="2026-11-01 01:05:00", comment_date_gmt="2026-11-01 09:05:00")
    events, _ = await everything(blog, cursor)
    assert [event.at for event in events] == [datetime(2026, 11, 1, 9, 5, tzinfo=UTC)]


async def test_a_comment_without_a_date_does_not_stop_the_others(site: Site, blog: WordPress) -> None:
    zero = "0000-00-00 00:00:00"
    insert(site, "undated", comment_date=zero, comment_date_gmt=zero)
    insert(site, "dated")
    events, _ = await everything(blog)
    assert [event.comment.text for event in events if event.comment] == ["undated", "dated"]
    assert all(event.at.tzinfo for event in events)


@pytest.mark.parametrize("erased", [slice(0, 45), slice(0, 60), slice(30, 60), slice(0, 60, 2)])
async def test_erasing_old_comments_does_not_hide_new_ones(
    site: Site, adapter: Adapter, erased: slice
) -> None:
    blog = adapter(page_size=25)
    await blog.open()
    old = insert(site, *(f"old {number}" for number in range(60)))
    _, cursor = await everything(blog)
    site.stage(*(["erase", int(comment_id)] for comment_id in old[erased]))
    assert await blog.poll(cursor) == await blog.poll(cursor)
    new = insert(site, *(f"new {number}" for number in range(40)))
    events, cursor = await everything(blog, cursor)
    assert [event.id for event in events] == new
    assert (await everything(blog, cursor))[0] == []


@pytest.mark.parametrize("newer", [1, OVERLAP - 1])
async def test_a_lower_id_that_shows_up_after_higher_ones_is_captured_once(
    site: Site, blog: WordPress, newer: int
) -> None:
    _, late, *_ = ids = insert(site, *(f"comment {number}" for number in range(2 + newer)))
    # Its place is kept while its transaction is not yet seen by others.
    site.stage(["erase", int(late)])
    first, cursor = await everything(blog)
    assert [event.id for event in first] == [each for each in ids if each != late]
    dates = dict.fromkeys(("comment_date", "comment_date_gmt"), "2026-11-21 20:00:00")
    site.stage(["row", {"comment_ID": int(late), "comment_content": "late", **dates}])
    events, cursor = await everything(blog, cursor)
    assert [(event.id, event.comment and event.comment.text) for event in events] == [(late, "late")]
    assert (await everything(blog, cursor))[0] == []


async def test_edited_erased_and_trashed_comments_are_told_apart_in_one_look(
    site: Site, blog: WordPress
) -> None:
    same, edited, erased, trashed = insert(site, "same", "before", "erased by its author", "trashed")
    events, _ = await everything(blog)
    known = {event.comment.id: event.comment.revision for event in events if event.comment}
    site.stage(["edit", int(edited), "after <b>\\"], ["erase", int(erased)], ["trash", int(trashed)])
    found = {event.id: event for event in await blog.lookup(known)}
    assert set(found) == {edited, erased, trashed}
    assert found[edited].kind is EventKind.EDITED
    assert [event.comment.text for event in found.values() if event.comment] == ["after <b>\\"]
    assert (found[erased].kind, found[erased].detail) == (EventKind.DELETED, "404 rest_comment_invalid_id")
    assert (found[trashed].kind, found[trashed].detail) == (EventKind.DELETED, "in the trash")
    assert same not in found


async def test_comments_that_go_to_the_trash_with_their_post_are_seen_as_deleted(
    site: Site, blog: WordPress
) -> None:
    [post] = site.stage(["post", "Board meeting &amp; budget"])
    [comment_id] = insert(site, "on the second post", comment_post_ID=post)
    comment = await first_comment(blog)
    assert (comment.post, comment.post_title) == (str(post), "Board meeting & budget")
    site.stage(["trash_post", post])
    [event] = await blog.lookup({comment_id: comment.revision})
    assert (event.kind, event.detail) == (EventKind.DELETED, "in the trash with its post")


async def test_a_look_at_many_comments_takes_them_a_hundred_at_a_time(
    site: Site, spoiled: WordPress, proxy: Unreliable
) -> None:
    ids = insert(site, *(f"comment {number}" for number in range(120)))
    found = await spoiled.lookup(dict.fromkeys(ids, "another revision"))
    assert [event.id for event in found] == ids
    assert len(proxy.requests) == 2


# What goes out


async def test_a_held_comment_is_no_longer_seen_by_an_anonymous_reader_until_it_is_restored(
    site: Site, blog: WordPress
) -> None:
    site.write("You are all idiots.")
    comment = await first_comment(blog)
    assert comment.text in site.page()
    hidden = await blog.act(ActionKind.HIDE, comment.id)
    assert comment.text not in site.page()
    assert hidden.visibility is Visibility.HIDDEN
    assert dict(hidden.answer) == {
        "before": "approved",
        "answered": "hold",
        "read_back": "hold",
        "anonymous": "401 rest_cannot_read",
    }
    shown = await blog.act(ActionKind.UNHIDE, comment.id)
    assert comment.text in site.page()
    assert shown.visibility is Visibility.VISIBLE


async def test_a_comment_in_the_trash_can_be_restored(site: Site, blog: WordPress) -> None:
    [comment_id] = insert(site, "a phone number")
    assert (await blog.act(ActionKind.DELETE, comment_id)).visibility is Visibility.GONE
    assert "a phone number" not in site.page()
    await blog.act(ActionKind.UNHIDE, comment_id)
    assert "a phone number" in site.page()


@pytest.mark.parametrize(("status", "visibility"), [("spam", Visibility.HIDDEN), ("trash", Visibility.GONE)])
async def test_hiding_leaves_what_nobody_sees_where_it_is(
    site: Site, blog: WordPress, status: str, visibility: Visibility
) -> None:
    [comment_id] = insert(site, "a text", comment_approved=status)
    receipt = await blog.act(ActionKind.HIDE, comment_id)
    assert (receipt.already, receipt.visibility, receipt.answer["before"]) == (True, visibility, status)


async def test_where_the_trash_is_switched_off_nothing_is_deleted(site: Site, blog: WordPress) -> None:
    site.stage(["option", "peer_no_trash", 1])
    [comment_id] = insert(site, "still here")
    with pytest.raises(Unsupported, match="final"):
        await blog.act(ActionKind.DELETE, comment_id)
    assert "still here" in site.page()


async def test_acting_on_an_erased_comment_says_that_it_is_gone(site: Site, blog: WordPress) -> None:
    [comment_id] = insert(site, "a text")
    site.stage(["erase", int(comment_id)])
    with pytest.raises(CommentGone):
        await blog.act(ActionKind.HIDE, comment_id)


async def test_an_action_whose_answer_was_lost_is_recognised_at_the_next_try(
    site: Site, spoiled: WordPress, proxy: Unreliable
) -> None:
    [comment_id] = insert(site, "a text")
    proxy.spoil(None, Fault(half=True))
    with pytest.raises(Unavailable):
        await spoiled.act(ActionKind.HIDE, comment_id)
    again = await spoiled.act(ActionKind.HIDE, comment_id)
    assert (again.already, again.visibility) == (True, Visibility.HIDDEN)
    assert len([request for request in proxy.requests if request.startswith("POST")]) == 1


async def test_an_answer_that_shows_another_status_is_not_believed(
    site: Site, spoiled: WordPress, proxy: Unreliable
) -> None:
    [comment_id] = insert(site, "a text")
    ignored = {"id": int(comment_id), "content": {"raw": "a text"}, "status": "approved"}
    proxy.spoil(None, Fault(body=json.dumps(ignored).encode()))
    with pytest.raises(Unavailable, match="approved"):
        await spoiled.act(ActionKind.HIDE, comment_id)


async def test_hiding_fails_while_a_cache_still_serves_the_comment(
    site: Site, spoiled: WordPress, proxy: Unreliable
) -> None:
    [comment_id] = insert(site, "a text")
    proxy.spoil(None, None, None, Fault(status=200, body=b"{}", headers={"content-type": "application/json"}))
    with pytest.raises(Unavailable, match="anonymous readers"):
        await spoiled.act(ActionKind.HIDE, comment_id)


# Who we are


@pytest.mark.parametrize("changes", [{"application_password": "wrong wrong"}, {"user": "nobody-here"}])
async def test_wrong_credentials_are_found_at_the_start(adapter: Adapter, changes: dict[str, str]) -> None:
    with pytest.raises(NotAuthorised, match="Application Passwords"):
        await adapter(**changes).open()


async def test_a_subscriber_is_told_which_role_is_needed(site: Site, adapter: Adapter) -> None:
    reader = adapter(user="parent", application_password=site.passwords["parent"])
    with pytest.raises(NotAuthorised, match="role Editor"):
        await reader.open()


async def test_a_password_withdrawn_later_is_an_error_and_not_an_empty_list(
    spoiled: WordPress, proxy: Unreliable
) -> None:
    refusal = b'{"code":"rest_forbidden_context"}'
    proxy.spoil(Fault(status=401, body=refusal, headers={"content-type": "application/json"}))
    with pytest.raises(NotAuthorised, match="rest_forbidden_context"):
        await spoiled.poll(None)


async def test_the_site_works_with_plain_permalinks_too(site: Site, adapter: Adapter) -> None:
    site.stage(["option", "permalink_structure", ""])
    [comment_id] = insert(site, "a text")
    blog = adapter()
    assert (await blog.open()).account == site.user
    assert [event.id for event in (await blog.poll(None)).events] == [comment_id]
    assert (await blog.act(ActionKind.HIDE, comment_id)).visibility is Visibility.HIDDEN


async def test_a_web_server_without_wordpress_is_named_as_such(adapter: Adapter, proxy: Unreliable) -> None:
    proxy.spoil(Fault(status=404, body=HTML_PAGE), Fault(status=200, body=HTML_PAGE))
    with pytest.raises(NotAuthorised, match="not as a WordPress"):
        await adapter(url=proxy.url).open()


async def test_a_redirect_is_reported_and_never_followed(adapter: Adapter, proxy: Unreliable) -> None:
    elsewhere = Fault(status=301, headers={"location": "https://other.example/wp-json/?secret=1"})
    proxy.spoil(elsewhere, elsewhere)
    with pytest.raises(NotAuthorised, match=r"redirects to https://other\.example: "):
        await adapter(url=proxy.url).open()
    assert len(proxy.requests) == 2


async def test_loopback_needs_to_be_allowed(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="allow_loopback"):
        await adapter(allow_loopback=False).open()


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_wrong_clock_of_the_site_is_measured(adapter: Adapter, proxy: Unreliable, hours: int) -> None:
    wrong = datetime.now(UTC) + timedelta(hours=hours)
    proxy.spoil(Fault(headers={"date": format_datetime(wrong, usegmt=True)}))
    identity = await adapter(url=proxy.url).open()
    assert abs(identity.clock_skew - timedelta(hours=hours)) < timedelta(seconds=10)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "blog.example.org",
        "ftp://blog.example.org",
        "https://me:pw@blog.example.org",
        "https://a.b/?x=1",
        "https://",
    ],
)
def test_an_address_that_is_more_or_less_than_one_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        WordPressSettings(url=url, user="modbot", application_password="x")


# What goes wrong on the way


async def test_the_server_may_stop_and_start_and_nothing_is_lost(site: Site, blog: WordPress) -> None:
    before = insert(site, "before the outage")
    events, cursor = await everything(blog)
    unseen = insert(site, "seen by nobody yet")
    site.stop()
    try:
        with pytest.raises(Unavailable):
            await blog.poll(cursor)
        with pytest.raises(Unavailable):
            await blog.act(ActionKind.HIDE, before[0])
    finally:
        site.start()
    later = insert(site, "after the outage")
    events, _ = await everything(blog, cursor)
    assert [event.id for event in events] == [*unseen, *later]
    assert (await blog.act(ActionKind.HIDE, before[0])).already is False


FAULTS = {
    "500": Fault(status=500, body=HTML_PAGE),
    "503": Fault(status=503, headers={"retry-after": "600"}),
    "a page instead of JSON": Fault(status=200, body=HTML_PAGE, headers={"content-type": "text/html"}),
    "garbage that says it is JSON": Fault(body=b"\x00\xff{{{"),
    "a JSON object instead of a list": Fault(body=b'{"hello": "world"}'),
    "a list of something else": Fault(body=b'[{"id": "1"}, null]'),
    "half a body": Fault(half=True),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_spoiled_list_is_an_error_and_the_next_one_is_whole(
    site: Site, spoiled: WordPress, proxy: Unreliable, fault: Fault
) -> None:
    ids = insert(site, *(f"comment {number}" for number in range(30)))
    proxy.spoil(fault)
    with pytest.raises(Unavailable):
        await spoiled.poll(None)
    assert [event.id for event in (await everything(spoiled))[0]] == ids


async def test_an_answer_that_does_not_come_in_time_is_not_waited_for(
    adapter: Adapter, proxy: Unreliable
) -> None:
    hurried = adapter(url=proxy.url, timeout=3)
    await hurried.open()
    proxy.spoil(Fault(wait=5))
    with pytest.raises(Unavailable, match="ReadTimeout"):
        await hurried.poll(None)


@pytest.mark.parametrize("call", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "fault", [FAULTS["500"], FAULTS["garbage that says it is JSON"], FAULTS["half a body"]]
)
async def test_an_action_spoiled_at_any_of_its_calls_succeeds_when_repeated(
    site: Site, spoiled: WordPress, proxy: Unreliable, fault: Fault, call: int
) -> None:
    [comment_id] = insert(site, "a text")
    proxy.spoil(*[None] * call, fault)
    with pytest.raises(Unavailable):
        await spoiled.act(ActionKind.HIDE, comment_id)
    assert (await spoiled.act(ActionKind.HIDE, comment_id)).visibility is Visibility.HIDDEN
    assert "a text" not in site.page()


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), (None, 60), ("soon", 60)])
async def test_a_429_says_how_long_to_wait_and_is_not_repeated_by_the_adapter(
    site: Site, spoiled: WordPress, proxy: Unreliable, header: str | None, seconds: float
) -> None:
    [comment_id] = insert(site, "a text")
    slow_down = Fault(status=429, headers={"retry-after": header} if header else {})
    proxy.spoil(slow_down, slow_down)
    with pytest.raises(RateLimited) as limited:
        await spoiled.poll(None)
    assert limited.value.retry_after == seconds
    with pytest.raises(RateLimited):
        await spoiled.act(ActionKind.HIDE, comment_id)
    assert len(proxy.requests) == 2


async def test_a_firewall_that_refuses_is_not_authorised(spoiled: WordPress, proxy: Unreliable) -> None:
    proxy.spoil(Fault(status=403, body=HTML_PAGE, headers={"content-type": "text/html"}))
    with pytest.raises(NotAuthorised, match="403"):
        await spoiled.poll(None)


async def test_no_error_shows_the_password(site: Site, adapter: Adapter, proxy: Unreliable) -> None:
    platform = adapter(url=proxy.url)
    proxy.spoil(Fault(status=401, body=b"{}", headers={"content-type": "application/json"}))
    shown = [await failure(platform.open())]
    await platform.open()
    for fault in [*FAULTS.values(), Fault(status=429), Fault(status=403)]:
        proxy.spoil(fault)
        shown.append(await failure(platform.poll(None)))
    assert not [text for text in shown if site.password in text or "Basic " in text]


async def failure(call: object) -> str:
    try:
        await call  # type: ignore[misc]
    except PlatformError as error:
        return "".join(traceback.format_exception(error)) + repr(error)
    raise AssertionError("it did not fail")
