"""The feed adapter against feeds as blogs serve them, and against what nobody should read."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
from starlette.responses import Response

from platforms import feed_xml
from platforms.base import Batch, Comment, NotAuthorised, PlatformError, RateLimited, Unavailable
from platforms.feed import LARGEST, CommentFeed, FeedSettings
from platforms.feed_xml import NoFeed
from tests.peers.wordpress import WordPress as Site
from tests.simulators import serve
from tests.simulators.feed import Blog

pytestmark = pytest.mark.anyio

BLOG = Blog()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(BLOG.app) as url:
        yield f"{url}/comments/feed"


@pytest.fixture(params=["rss", "atom"])
def blog(request: pytest.FixtureRequest) -> Blog:
    BLOG.clear(request.param)
    return BLOG


@pytest.fixture
def plain() -> Blog:
    BLOG.clear()
    return BLOG


@pytest.fixture
async def feed(address: str) -> AsyncIterator[CommentFeed]:
    adapter = CommentFeed("blog", FeedSettings(url=address, allow_loopback=True))
    await adapter.open()
    yield adapter
    await adapter.close()


def comments(batch: Batch) -> list[Comment]:
    return [event.comment for event in batch.events if event.comment]


async def test_a_comment_arrives_with_all_that_a_record_needs(blog: Blog, feed: CommentFeed) -> None:
    blog.write("The <b>bus</b> was late &amp; full.\n")
    [comment] = comments(await feed.poll(None))
    assert comment.text == "The <b>bus</b> was late &amp; full.\n"
    assert (comment.id, comment.author) == ("https://blog.example.org/?p=1#comment-1", "Ana")
    assert (comment.post, comment.post_title) == (
        "https://blog.example.org/hello/",
        "Comments for District Blog",
    )
    assert comment.permalink == "https://blog.example.org/hello/#comment-1"
    assert comment.created_at == datetime(2026, 11, 1, 8, 1, tzinfo=UTC)
    assert "bus" in comment.payload["xml"]


async def test_what_answers_the_post_is_no_reply_and_what_answers_a_comment_is(
    blog: Blog, feed: CommentFeed
) -> None:
    question = blog.write("question")
    first = await feed.poll(None)
    blog.write("answer", answers=question)
    second = await feed.poll(first.cursor)
    assert [each.parent for each in (*comments(first), *comments(second))] == [None, blog.id_of(question)]


async def test_older_pages_are_read_back_to_the_known_and_no_further(blog: Blog, feed: CommentFeed) -> None:
    for number in range(35):
        blog.write(f"comment {number}")
    first = await feed.poll(None)
    assert [comment.text for comment in comments(first)] == [f"comment {number}" for number in range(35)]
    for number in range(35, 50):
        blog.write(f"comment {number}")
    blog.asked.clear()
    second = await feed.poll(first.cursor)
    assert [comment.text for comment in comments(second)] == [f"comment {number}" for number in range(35, 50)]
    assert [request.url.query for request in blog.asked] == ["", "paged=2"]
    assert not second.gap


async def test_a_feed_that_ran_over_between_two_polls_is_a_gap_on_record(
    plain: Blog, feed: CommentFeed
) -> None:
    plain.paged = False
    plain.write("first")
    first = await feed.poll(None)
    for number in range(20):
        plain.write(f"comment {number}")
    second = await feed.poll(first.cursor)
    assert len(second.events) == 10
    assert "more were written than it holds" in second.gap


async def test_an_unchanged_feed_is_not_sent_again(plain: Blog, feed: CommentFeed) -> None:
    plain.write("only")
    batch = await feed.poll(None)
    plain.asked.clear()
    await feed.poll(batch.cursor)
    assert plain.asked[0].headers["if-none-match"]
    assert plain.asked[0].headers["if-modified-since"]


async def test_a_batch_that_was_not_archived_comes_again(plain: Blog, feed: CommentFeed) -> None:
    before = await feed.poll(None)
    plain.write("lost in a crash")
    assert comments(await feed.poll(before.cursor))
    assert [comment.text for comment in comments(await feed.poll(before.cursor))] == ["lost in a crash"]


async def test_an_edit_behind_an_unchanged_etag_is_found_by_looking_up(
    plain: Blog, feed: CommentFeed
) -> None:
    edited = plain.write("before")
    plain.write("newer")
    batch = await feed.poll(None)
    plain.edit(edited, "after")
    assert not (await feed.poll(batch.cursor)).events
    known = {comment.id: comment.revision for comment in comments(batch)}
    [event] = await feed.lookup(known)
    assert event.comment
    assert event.comment.text == "after"


async def test_an_erased_comment_lets_an_older_one_back_in_and_nothing_is_new(
    plain: Blog, feed: CommentFeed
) -> None:
    plain.paged = False
    numbers = [plain.write(f"comment {number}") for number in range(12)]
    batch = await feed.poll(None)
    plain.erase(numbers[-1])
    again = await feed.poll(batch.cursor)
    assert [comment.text for comment in comments(again)] == ["comment 1"]
    assert not (await feed.poll(again.cursor)).events


@pytest.mark.parametrize("path", ["/comments/feed/", "/comments/feed/atom/"])
async def test_the_feeds_of_a_real_wordpress_are_read_and_not_sent_again(wordpress: Site, path: str) -> None:
    wordpress.stage(["empty"])
    [question] = wordpress.stage(["insert", {"comment_content": "When does <b>school</b> start?"}])
    adapter = CommentFeed("blog", FeedSettings(url=f"{wordpress.url}{path}", allow_loopback=True))
    identity = await adapter.open()
    first = await adapter.poll(None)
    later = {"comment_date": "2031-01-01 08:00:00", "comment_date_gmt": "2031-01-01 16:00:00"}
    wordpress.stage(["insert", {"comment_content": "On Tuesday.", "comment_parent": question, **later}])
    second = await adapter.poll(first.cursor)
    assert not (await adapter.poll(second.cursor)).events
    await adapter.close()
    assert identity.account == "Comments for District Blog"
    [asked], [answered] = comments(first), comments(second)
    assert asked.id == f"{wordpress.url}/?p=1#comment-{question}"
    assert "<b>school</b>" in asked.text
    assert asked.permalink == f"{wordpress.url}/hello-world/#comment-{question}"
    # RSS says what a comment answers in prose alone.
    assert answered.parent == (asked.id if "atom" in path else None)


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><rss><channel>&b;</channel></rss>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><rss><channel>&a;</channel></rss>'


@pytest.mark.parametrize(
    "body",
    [ENTITIES, OUTSIDE, b"<rss><channel><item>", b"", b"<html></html>", b"\xff\xfe<", b"<rss>" * 200_000],
    ids=["entities", "outside", "half", "empty", "html", "bytes", "deep"],
)
def test_what_is_no_feed_or_means_harm_is_not_read(body: bytes) -> None:
    with pytest.raises(NoFeed):
        feed_xml.parse(body)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Response("<html></html>"), Unavailable, "neither RSS nor Atom"),
        (Response(status_code=503), Unavailable, "503"),
        (Response(status_code=429, headers={"retry-after": "7"}), RateLimited, "slow down"),
        (Response(status_code=404), NotAuthorised, "the feed's address"),
        (
            Response(status_code=301, headers={"location": "https://b.example.org/f?t=1"}),
            NotAuthorised,
            "moved",
        ),
        (Response(b" " * (LARGEST + 1)), Unavailable, "longer than"),
        (
            Response(gzip.compress(b" " * (LARGEST + 1)), headers={"content-encoding": "gzip"}),
            Unavailable,
            "longer than",
        ),
    ],
    ids=["html", "503", "429", "404", "moved", "large", "packed"],
)
async def test_every_other_answer_says_what_to_do(
    plain: Blog, feed: CommentFeed, answer: Response, error: type[PlatformError], words: str
) -> None:
    plain.answer = answer
    with pytest.raises(error, match=words):
        await feed.poll(None)


async def test_a_feed_that_goes_on_at_another_host_is_not_followed(plain: Blog, feed: CommentFeed) -> None:
    body = plain._atom([], "https://elsewhere.example.org/feed")
    plain.answer = Response(body.replace("</feed>", "<entry><id>1</id></entry></feed>"))
    with pytest.raises(NotAuthorised, match="another host"):
        await feed.poll(None)


def test_an_entry_with_next_to_nothing_is_read_all_the_same() -> None:
    body = b"<rss><channel><item><description>words</description></item><item/></channel></rss>"
    [first, second] = feed_xml.parse(body).entries
    assert (first.text, first.written_at, second.text) == ("words", None, "")
    assert first.id != second.id


@pytest.mark.parametrize("url", ["", "blog.example.org", "ftp://b.example.org", "https://u:p@b.example.org"])
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        FeedSettings(url=url)
