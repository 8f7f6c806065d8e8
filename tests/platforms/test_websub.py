"""Following a feed by its hub, as the W3C recommendation has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import ValidationError

from platforms.base import CommentGone, PlatformError
from platforms.feed import CommentFeed, FeedSettings
from platforms.push import BadSignature
from tests.simulators import serve
from tests.simulators.feed import Blog

pytestmark = pytest.mark.anyio

BLOG = Blog()
SECRET = "an invented word, long enough"
CALLBACK = "https://modbot.example.org/push/news"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(BLOG.app) as url:
        yield f"{url}/comments/feed"


@pytest.fixture(params=["rss", "atom"])
def blog(request: pytest.FixtureRequest) -> Blog:
    BLOG.clear(request.param)
    BLOG.hub = True
    return BLOG


def made(address: str, **changes: object) -> CommentFeed:
    settings = {"url": address, "allow_loopback": True, "callback": CALLBACK, "push_secret": SECRET}
    return CommentFeed("news", FeedSettings.model_validate(settings | changes))


@pytest.fixture
async def feed(blog: Blog, address: str) -> AsyncIterator[CommentFeed]:
    adapter = made(address)
    await adapter.open()
    yield adapter
    await adapter.close()


async def test_the_hub_that_the_feed_names_is_asked_for_pushes(
    blog: Blog, feed: CommentFeed, address: str
) -> None:
    [asked] = blog.subscriptions
    assert asked["hub.callback"].startswith(f"{CALLBACK}?proof=")
    assert (asked["hub.mode"], asked["hub.topic"], asked["hub.secret"]) == ("subscribe", address, SECRET)
    assert asked["hub.lease_seconds"] == "864000"
    await feed.poll(None)
    assert len(blog.subscriptions) == 1


async def test_the_hubs_question_is_answered_by_an_adapter_that_was_never_opened(
    blog: Blog, feed: CommentFeed, address: str
) -> None:
    _, query = blog.verification()
    assert feed.challenge(query) == made(address).challenge(query) == "do-you-want-it"


async def test_a_question_that_we_never_caused_is_refused(
    blog: Blog, feed: CommentFeed, address: str
) -> None:
    _, query = blog.verification()
    _, ending = blog.verification("unsubscribe")
    for wrong in (query | {"hub.topic": "https://other.example/feed"}, query | {"proof": ""}, ending):
        with pytest.raises(BadSignature):
            feed.challenge(wrong)
    assert feed.challenge({"page": "1"}) is None
    with pytest.raises(BadSignature):
        made(address, callback="").challenge(query)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
async def test_every_method_of_the_recommendation_proves_a_delivery(
    blog: Blog, feed: CommentFeed, method: str
) -> None:
    blog.write("Hello")
    headers, body = blog.delivery(method)
    feed.check(headers, body)
    for wrong in ({}, {"x-hub-signature": f"md5={'0' * 32}"}, {"x-hub-signature": f"{method}=0"}):
        with pytest.raises(BadSignature):
            feed.check(wrong, body)
    with pytest.raises(BadSignature):
        feed.check(headers, body + b" ")


async def test_a_delivery_tells_what_is_new_and_an_older_one_does_not_undo_an_edit(
    blog: Blog, feed: CommentFeed
) -> None:
    number = blog.write("Hello")
    _, older = blog.delivery()
    blog.edit(number, "Hello again")
    _, newer = blog.delivery()
    for body in (newer, older, b""):
        [event] = await feed.unpack(body)
        assert event.comment
        assert event.comment.text == "Hello again"


async def test_what_has_left_the_feed_is_told_by_its_delivery(blog: Blog, feed: CommentFeed) -> None:
    number = blog.write("Short of a minute")
    _, body = blog.delivery()
    blog.erase(number)
    [event] = await feed.unpack(body)
    assert event.comment
    assert event.comment.text == "Short of a minute"


async def test_a_hub_that_refuses_leaves_the_feed_polled_as_ever(blog: Blog, address: str) -> None:
    blog.hub_answers = 403
    blog.write("Hello")
    adapter = made(address)
    await adapter.open()
    assert len((await adapter.poll(None)).events) == 1
    assert len(blog.subscriptions) == 1
    await adapter.close()


async def test_a_hub_that_has_moved_is_followed(blog: Blog, address: str) -> None:
    blog.hub_answers = 307
    adapter = made(address)
    await adapter.open()
    first, second = blog.subscriptions
    assert first == second
    await adapter.close()


@pytest.mark.parametrize("hub", ["http://[", "javascript:alert(1)", "//", "http://10.0.0.1/hub"])
async def test_a_hub_that_cannot_be_one_is_passed_over(blog: Blog, address: str, hub: str) -> None:
    blog.hub_address = hub
    blog.write("Hello")
    adapter = made(address)
    await adapter.open()
    assert len((await adapter.poll(None)).events) == 1
    await adapter.close()


async def test_a_feed_without_a_hub_or_a_page_without_an_address_asks_nobody(
    blog: Blog, address: str
) -> None:
    for adapter, hub in ((made(address), False), (made(address, callback=""), True)):
        blog.hub = hub
        await adapter.open()
        assert blog.subscriptions == []
        await adapter.close()
    assert not made(address, push_secret=None).pushes


async def test_before_its_lease_ends_it_is_asked_for_anew(
    blog: Blog, feed: CommentFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    blog.write("Hello")
    cursor = (await feed.poll(None)).cursor
    monkeypatch.setattr("platforms.feed.RENEW_SECONDS", 0.0)
    feed._subscribe_at = 0.0
    await feed.poll(cursor)
    await feed.poll(cursor)
    assert len(blog.subscriptions) == 3


def test_a_secret_that_is_too_short_or_too_long_for_a_hub_is_refused(address: str) -> None:
    for secret in ("short", "x" * 200):
        with pytest.raises(ValidationError):
            made(address, push_secret=secret)


async def test_a_delivery_that_is_no_feed_is_set_aside(feed: CommentFeed) -> None:
    with pytest.raises(ValueError, match="root") as failed:
        await feed.unpack(b"<html/>")
    assert not isinstance(failed.value, CommentGone | PlatformError)
