"""The Facebook adapter against the simulated Graph."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from modbot import connecting
from platforms.base import (
    ActionKind,
    CommentGone,
    EventKind,
    Kind,
    NotAuthorised,
    RateLimited,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.facebook import Facebook
from platforms.push import BadSignature
from platforms.tokens import Token
from tests.peers.unreliable import Fault, Unreliable
from tests.platforms.meta import FORM, SAMPLES, everything, facebook, sample, signed, texts
from tests.simulators.graph import APP_ID, Graph
from tests.simulators.graph_objects import Account, GraphError

pytestmark = pytest.mark.anyio

Adapter = Callable[..., Facebook]
VISITOR = ("5550002", "A Visitor")


@pytest.fixture
def account(graph: Graph) -> Iterator[Account]:
    graph.requests.clear()
    yield graph.account()
    graph.fail_no_more()


@pytest.fixture
async def adapter(graph: Graph, account: Account) -> AsyncIterator[Adapter]:
    """Makes adapters for the page, with any settings changed; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> Facebook:
            platform = facebook(graph, account, **changes)
            stack.push_async_callback(platform.close)
            return platform

        yield make


@pytest.fixture
async def page(graph: Graph, adapter: Adapter) -> Facebook:
    platform = adapter()
    await platform.open()
    graph.requests.clear()
    return platform


# What comes in


async def test_a_comment_arrives_with_all_that_a_record_needs(
    graph: Graph, account: Account, page: Facebook
) -> None:
    comment_id = graph.comment(account, "The bus was late again.")
    [comment], _ = await everything(page)
    assert (comment.id, comment.text, comment.author) == (comment_id, "The bus was late again.", "A Reader")
    assert (comment.author_id, comment.kind, comment.parent) == ("5550001", Kind.COMMENT, None)
    assert (comment.post, comment.post_title) == (account.posts[0].id, "A first post")
    assert comment.permalink == f"https://www.facebook.com/{comment.post}?comment_id={comment_id}"
    assert abs(comment.created_at - datetime.now(UTC)) < timedelta(minutes=2)
    assert comment.visible
    assert comment.payload["can_hide"] is True


async def test_nothing_that_is_kept_holds_a_token(graph: Graph, account: Account, page: Facebook) -> None:
    visit = graph.post(account, "A visitor's words", author=VISITOR)
    for number in range(30):
        graph.comment(account, f"comment {number}", post=visit)
    comments, last = await everything(page)
    kept = json.dumps([dict(comment.payload) for comment in comments]) + last.cursor
    assert len(comments) == 31
    assert "token" not in kept
    assert "paging" not in kept


async def test_comments_of_all_posts_come_oldest_first(
    graph: Graph, account: Account, page: Facebook
) -> None:
    second = graph.post(account, "A second post")
    start = datetime.now(UTC) - timedelta(minutes=5)
    for number in range(6):
        post = second if number % 2 else account.posts[0]
        graph.comment(account, f"{number}", post=post, at=start + timedelta(seconds=number))
    comments, _ = await everything(page)
    assert texts(comments) == ["0", "1", "2", "3", "4", "5"]


async def test_old_posts_are_read_too_at_first(graph: Graph, account: Account, page: Facebook) -> None:
    for number in range(60):
        at = datetime.now(UTC) - timedelta(days=400 - number)
        old = graph.post(account, f"post {number}", at=at)
        graph.comment(account, f"under {number}", post=old, at=at)
    comments, _ = await everything(page)
    assert sorted(texts(comments)) == sorted(f"under {number}" for number in range(60))


async def test_a_quiet_poll_asks_once_for_each_edge(graph: Graph, account: Account, page: Facebook) -> None:
    start = datetime.now(UTC) - timedelta(hours=2)
    for number in range(60):
        graph.comment(account, f"comment {number}", at=start + timedelta(minutes=2 * number))
    _, last = await everything(page)
    graph.requests.clear()
    await page.poll(last.cursor)
    assert [path.partition("/")[2] for _, path, _ in graph.requests] == ["feed", "tagged", "video_reels"]


async def test_a_list_that_is_not_in_the_order_asked_for_is_read_to_its_end(
    graph: Graph, account: Account, page: Facebook
) -> None:
    old = datetime.now(UTC) - timedelta(days=2)
    for number in range(30):
        graph.comment(account, f"old {number}", at=old)
    _, last = await everything(page)
    graph.ignores_order = True
    new = graph.comment(account, "the newest")
    try:
        comments, _ = await everything(page, last.cursor)
    finally:
        graph.ignores_order = False
    assert [comment.id for comment in comments] == [new]


async def test_a_visitors_post_is_captured_and_the_pages_own_are_not(
    graph: Graph, account: Account, page: Facebook
) -> None:
    visit = graph.post(account, "When is the meeting?", author=VISITOR)
    graph.comment(account, "On Tuesday.", post=visit)
    comments, _ = await everything(page)
    assert [(each.kind, each.text, each.post) for each in comments] == [
        (Kind.VISITOR_POST, "When is the meeting?", visit.id),
        (Kind.COMMENT, "On Tuesday.", visit.id),
    ]
    assert await page.lookup({each.id: each.revision for each in comments}) == []


async def test_a_visitors_post_that_was_hidden_before_is_captured(
    graph: Graph, account: Account, page: Facebook
) -> None:
    graph.post(account, "hidden already", author=VISITOR).hidden = True
    [comment], _ = await everything(page)
    assert (comment.text, comment.visible) == ("hidden already", False)


async def test_a_post_that_tags_the_page_is_a_mention_which_nobody_here_can_change(
    graph: Graph, account: Account, page: Facebook
) -> None:
    elsewhere = graph.post(account, "Thanks to our schools!", edge="tagged", author=VISITOR)
    graph.comment(account, "under somebody else's post", post=elsewhere)
    [mention], _ = await everything(page)
    assert (mention.kind, mention.id, mention.text) == (
        Kind.MENTION,
        f"mention:{elsewhere.id}",
        "Thanks to our schools!",
    )
    for action in ActionKind:
        with pytest.raises(Unsupported, match="does not stand on the page"):
            await page.act(action, mention.id)
    assert await page.lookup({mention.id: "another revision"}) == []


@pytest.mark.parametrize("edge", ["ads_posts", "photos", "videos", "video_reels"])
async def test_comments_on_ads_photos_and_videos_are_read(
    graph: Graph, account: Account, adapter: Adapter, edge: str
) -> None:
    page = adapter(edges=["feed", edge])
    await page.open()
    post = graph.post(account, "Enrol now", edge=edge)
    graph.comment(account, "a comment", post=post)
    [comment], _ = await everything(page)
    assert (comment.post, comment.post_title, comment.text) == (post.id, "Enrol now", "a comment")
    assert await page.lookup({comment.id: comment.revision}) == []


async def test_messages_are_read_where_the_district_wants_it(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    page = adapter(edges=["conversations"])
    await page.open()
    talk = graph.post(account, "", edge="conversations", author=VISITOR)
    message_id = graph.message(talk, "My child was hit on the bus.")
    [message], _ = await everything(page)
    assert (message.id, message.kind, message.text) == (
        message_id,
        Kind.DIRECT_MESSAGE,
        "My child was hit on the bus.",
    )
    with pytest.raises(Unsupported):
        await page.act(ActionKind.HIDE, message.id)


async def test_comments_of_one_post_are_looked_up_by_its_list(
    graph: Graph, account: Account, page: Facebook
) -> None:
    ids = [graph.comment(account, f"comment {number}") for number in range(120)]
    answer = graph.comment(account, "an answer", parent=ids[7])
    comments, _ = await everything(page)
    graph.edit(answer, "an answer, edited")
    graph.delete(ids[3])
    graph.requests.clear()
    found = {event.id: event for event in await page.lookup({each.id: each.revision for each in comments})}
    probe = 1 + len(page.edges)
    assert len(graph.requests) <= 3 * 2 + 1 + probe
    assert set(found) == {answer, ids[3]}
    assert (found[ids[3]].kind, found[ids[3]].comment) == (EventKind.DELETED, None)
    edited = found[answer].comment
    assert edited
    assert (edited.text, edited.parent, edited.kind) == ("an answer, edited", ids[7], Kind.REPLY)
    assert edited.post == account.posts[0].id


async def test_comments_of_many_posts_are_looked_up_fifty_at_once(
    graph: Graph, account: Account, page: Facebook
) -> None:
    posts = [graph.post(account, f"post {number}") for number in range(30)]
    ids = [graph.comment(account, f"comment {number}", post=posts[number // 2]) for number in range(60)]
    comments, _ = await everything(page)
    graph.edit(ids[3], "edited")
    graph.delete(ids[4])
    calls = graph.calls
    found = {
        event.id: event.kind for event in await page.lookup({each.id: each.revision for each in comments})
    }
    assert graph.calls - calls == 2 + 1 + len(page.edges)
    assert found == {ids[3]: EventKind.EDITED, ids[4]: EventKind.DELETED}


@pytest.mark.parametrize("edge", ["photos", "video_reels"])
async def test_comments_whose_ids_name_no_post_are_looked_up_all_the_same(
    graph: Graph, account: Account, adapter: Adapter, edge: str
) -> None:
    page = adapter(edges=[edge])
    await page.open()
    picture = graph.post(account, "a picture", edge=edge)
    ids = [graph.comment(account, f"comment {number}", post=picture) for number in range(10)]
    comments, _ = await everything(page)
    graph.edit(ids[3], "edited")
    [event] = await page.lookup({each.id: each.revision for each in comments})
    assert event.comment
    assert (event.id, event.comment.post) == (ids[3], picture.id)


async def test_a_deletion_whose_reading_back_failed_is_done_when_repeated(
    graph: Graph, account: Account, page: Facebook
) -> None:
    comment_id = graph.comment(account, "a comment")
    graph.fail(None, None, GraphError(2))
    with pytest.raises(Unavailable):
        await page.act(ActionKind.DELETE, comment_id)
    again = await page.act(ActionKind.DELETE, comment_id)
    assert (again.visibility, again.already) == (Visibility.GONE, True)


async def test_a_permission_that_was_taken_back_is_no_deletion(
    graph: Graph, account: Account, page: Facebook
) -> None:
    [comment_id] = [graph.comment(account, "still there")]
    account.denied.add("feed")
    graph.fail(GraphError(100, 33))
    with pytest.raises(NotAuthorised, match="feed"):
        await page.lookup({comment_id: "a revision"})
    graph.fail(GraphError(100, 33))
    with pytest.raises(NotAuthorised):
        await page.act(ActionKind.HIDE, comment_id)


@pytest.mark.parametrize("error", [GraphError(10, status=403), GraphError(100), GraphError(99_999)])
async def test_one_comment_that_may_not_be_read_is_no_deletion_and_stops_no_look(
    graph: Graph, account: Account, page: Facebook, error: GraphError
) -> None:
    refused, edited = graph.comment(account, "refused"), graph.comment(account, "before")
    graph.edit(edited, "after")
    graph.fail(error)
    [event] = await page.lookup({refused: "a revision", edited: "a revision"})
    assert event.id == edited


# What goes out


async def test_what_was_asked_of_facebook_and_read_back_stands_in_the_receipt(
    graph: Graph, account: Account, page: Facebook
) -> None:
    comment_id = graph.comment(account, "You are all idiots.")
    receipt = await page.act(ActionKind.HIDE, comment_id)
    assert receipt.visibility is Visibility.HIDDEN
    assert dict(receipt.answer) == {"before": "visible", "answered": {"success": True}, "read_back": "hidden"}
    assert [(verb, path) for verb, path, _ in graph.requests] == [
        ("GET", comment_id),
        ("POST", comment_id),
        ("GET", comment_id),
    ]
    assert graph.requests[1][2] == {"is_hidden": "true"}


async def test_a_visitors_post_can_be_hidden_and_deleted(
    graph: Graph, account: Account, page: Facebook
) -> None:
    visit = graph.post(account, "An insult", author=VISITOR)
    assert (await page.act(ActionKind.HIDE, visit.id)).visibility is Visibility.HIDDEN
    assert (await page.act(ActionKind.UNHIDE, visit.id)).visibility is Visibility.VISIBLE
    assert (await page.act(ActionKind.DELETE, visit.id)).visibility is Visibility.GONE
    assert visit not in account.posts


async def test_what_facebook_does_not_let_the_page_hide_is_for_a_person(
    graph: Graph, account: Account, page: Facebook
) -> None:
    own = graph.comment(account, "our own answer", own=True)
    with pytest.raises(Unsupported, match="does not let the page hide"):
        await page.act(ActionKind.HIDE, own)
    assert [verb for verb, _, _ in graph.requests] == ["GET"]


async def test_a_missing_permission_to_moderate_is_not_taken_for_done(
    graph: Graph, account: Account, page: Facebook
) -> None:
    comment_id = graph.comment(account, "a comment")
    account.denied.add("change")
    with pytest.raises(NotAuthorised, match="permission"):
        await page.act(ActionKind.HIDE, comment_id)
    assert graph.public_sees(comment_id)


async def test_an_action_that_facebook_only_pretends_is_not_believed(
    graph: Graph, account: Account, page: Facebook
) -> None:
    comment_id = graph.comment(account, "a comment")
    graph.pretends = True
    try:
        with pytest.raises(Unavailable, match="still visible"):
            await page.act(ActionKind.HIDE, comment_id)
    finally:
        graph.pretends = False


@pytest.mark.parametrize("call", [0, 1, 2])
@pytest.mark.parametrize("fault", [Fault(status=500), Fault(half=True), Fault(status=200, body=b"garbage")])
async def test_an_action_spoiled_at_any_of_its_calls_succeeds_when_repeated(
    graph: Graph, account: Account, adapter: Adapter, fault: Fault, call: int
) -> None:
    comment_id = graph.comment(account, "a comment")
    with Unreliable(graph.url) as proxy:
        page = adapter(api=proxy.url, edges=["feed"])
        await page.open()
        proxy.spoil(*[None] * call, fault)
        with pytest.raises(Unavailable):
            await page.act(ActionKind.HIDE, comment_id)
        assert (await page.act(ActionKind.HIDE, comment_id)).visibility is Visibility.HIDDEN
        await page.close()
    assert not graph.public_sees(comment_id)


async def test_deleting_again_after_a_restart_says_that_it_is_gone(
    graph: Graph, account: Account, adapter: Adapter, page: Facebook
) -> None:
    comment_id = graph.comment(account, "a comment")
    await page.act(ActionKind.DELETE, comment_id)
    restarted = adapter()
    await restarted.open()
    with pytest.raises(CommentGone):
        await restarted.act(ActionKind.DELETE, comment_id)


# Who we are


async def test_a_page_that_nobody_connected_says_what_to_run(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="modbot connect page"):
        await adapter(access_token=None).open()


async def test_the_token_of_the_connection_counts_over_the_one_in_the_settings(
    account: Account, adapter: Adapter
) -> None:
    page = adapter(access_token="worn-out")
    await page.tokens.put(Token(access=SecretStr(next(iter(account.tokens)))))
    assert (await page.open()).account == "Example District"


async def test_a_token_that_ended_later_is_an_error_that_says_so(
    graph: Graph, account: Account, page: Facebook
) -> None:
    _, last = await everything(page)
    graph.expire(account)
    with pytest.raises(NotAuthorised, match="has run out"):
        await page.poll(last.cursor)


async def test_a_page_that_is_connected_again_goes_on_with_the_new_token(
    graph: Graph, account: Account, page: Facebook
) -> None:
    _, last = await everything(page)
    graph.expire(account)
    with pytest.raises(NotAuthorised):
        await page.poll(last.cursor)
    account.tokens["a-new-token"] = None
    await page.tokens.put(Token(access=SecretStr("a-new-token")))
    assert (await page.poll(last.cursor)).events == []


async def test_somebody_elses_page_is_named_in_the_refusal(graph: Graph, adapter: Adapter) -> None:
    other = graph.account()
    with pytest.raises(NotAuthorised, match=f"shows no {other.id}"):
        await adapter(page_id=other.id).open()


async def test_an_edge_that_may_not_be_read_is_named(account: Account, adapter: Adapter) -> None:
    account.denied.add("ads_posts")
    with pytest.raises(NotAuthorised, match=r"`ads_posts`.*take it out"):
        await adapter(edges=["feed", "ads_posts"]).open()
    await adapter(edges=["feed"]).open()


async def test_the_secret_of_another_app_is_found_at_the_start(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="app_secret"):
        await adapter(app_secret="of another app").open()


async def test_an_edge_that_facebook_does_not_have_is_named(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="'wall'; Facebook has ads_posts"):
        await adapter(edges=["wall"]).open()


@pytest.mark.parametrize(
    "changes",
    [
        {"page_id": "district"},
        {"page_id": "1/../2"},
        {"version": "26"},
        {"api": "graph.facebook.com"},
        {"api": "https://graph.facebook.com/?access_token=x"},
        {"dialog": "https://me:pw@www.facebook.com"},
        {"edges": []},
        {"page_size": 101},
    ],
)
async def test_settings_that_cannot_be_meant_are_refused(
    adapter: Adapter, changes: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        adapter(**changes)


async def test_loopback_needs_to_be_allowed(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="allow_loopback"):
        await adapter(allow_loopback=False).open()


async def test_being_asked_to_slow_down_says_how_long(graph: Graph, page: Facebook) -> None:
    graph.fail(GraphError(32))
    with pytest.raises(RateLimited) as limited:
        await page.poll(None)
    assert limited.value.retry_after == 60


# Connecting


async def test_consent_asks_for_what_is_needed_and_ends_in_a_token_of_the_page_alone(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    short = next(iter(account.tokens))
    page = adapter(access_token=None)
    consent = page.consent()
    assert consent
    assert (consent.client_id, consent.scope_separator, consent.pkce) == (APP_ID, ",", False)
    assert consent.authorize_url == "https://www.facebook.com/v26.0/dialog/oauth"
    assert consent.token_url == f"{graph.url}/v26.0/oauth/access_token"
    assert "pages_manage_engagement" in consent.scopes
    token = await page.exchanged({"access_token": short, "token_type": "bearer", "expires_in": 3600})
    assert token.access.get_secret_value() == f"page-long-{short}"
    assert token.expires_at is None
    assert ("POST", f"{account.id}/subscribed_apps", {"subscribed_fields": "feed,mention"}) in graph.requests
    await page.tokens.put(token)
    assert (await page.open()).can_moderate


async def test_a_person_who_agrees_at_facebook_connects_the_page(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    page = adapter(access_token=None, dialog=graph.url)
    graph.signed_in = account
    consent = page.consent()
    assert consent
    question = await connecting.ask(consent, "http://localhost:8765/")
    async with httpx.AsyncClient() as browser:
        back = (await browser.get(question.url)).headers["location"]
        graph.signed_in = None
        refused = (await browser.get(question.url)).headers["location"]
    code = connecting.answered(consent, question, dict(httpx.URL(back).params))
    answer = await connecting.exchange(consent, question, code)
    await page.tokens.put(await page.exchanged(answer))
    assert (await page.open()).account == "Example District"
    with pytest.raises(NotAuthorised, match="did not agree"):
        connecting.answered(consent, question, dict(httpx.URL(refused).params))
    with pytest.raises(NotAuthorised, match="no token"):
        await connecting.exchange(consent, question, code)


async def test_somebody_who_does_not_manage_the_page_cannot_connect_it(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    other = graph.account()
    with pytest.raises(NotAuthorised, match="may not manage"):
        await adapter(page_id=other.id).exchanged({"access_token": next(iter(account.tokens))})


async def test_without_an_app_there_is_nothing_to_consent_to(adapter: Adapter) -> None:
    assert adapter(app_id="").consent() is None


# Pushes


@pytest.fixture
async def pushed(graph: Graph) -> AsyncIterator[Facebook]:
    """The page that the recorded deliveries are about."""
    account = graph.account(number="1234567890321")
    platform = facebook(graph, account)
    await platform.open()
    yield platform
    await platform.close()


@pytest.fixture
def recorded(graph: Graph, pushed: Facebook) -> Account:
    return graph.accounts["1234567890321"]


async def test_metas_check_of_our_address_is_answered_only_with_our_word(adapter: Adapter) -> None:
    page = adapter()
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": FORM}
    assert page.challenge(asked) == "1158201444"
    assert page.challenge({}) is None
    for word in ("another", "", "ü"):
        with pytest.raises(BadSignature):
            page.challenge(asked | {"hub.verify_token": word})


async def test_without_its_secrets_the_page_is_not_pushed_to(adapter: Adapter) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""}
    page = adapter(verify_token=None)
    assert not page.pushes
    with pytest.raises(BadSignature):
        page.challenge(asked)
    page = adapter(app_secret=None)
    assert not page.pushes
    with pytest.raises(BadSignature):
        page.check({"x-hub-signature-256": "sha256="}, b"")


async def test_a_delivery_must_be_signed_with_the_apps_secret_over_the_very_bytes(adapter: Adapter) -> None:
    page, body = adapter(), sample("facebook", "feed-comment-add-211")
    assert page.pushes
    page.check(signed(body), body)
    wrong: list[tuple[dict[str, str], bytes]] = [
        ({}, body),
        (signed(body, "another secret"), body),
        (signed(body), body + b" "),
        (signed(body), body[:-1]),
        ({"x-hub-signature-256": signed(body)["x-hub-signature-256"][7:]}, body),
        ({"x-hub-signature-256": "sha256=ü"}, body),
        ({"x-hub-signature": signed(body)["x-hub-signature-256"]}, body),
    ]
    for headers, given in wrong:
        with pytest.raises(BadSignature):
            page.check(headers, given)


@pytest.mark.parametrize("name", ["feed-comment-add-211", "feed-comment-add-25"])
async def test_a_recorded_new_comment_is_fetched_whole(
    graph: Graph, recorded: Account, pushed: Facebook, name: str
) -> None:
    value = SAMPLES["facebook"][name]["entry"][0]["changes"][0]["value"]
    graph.comment(recorded, "and the next one, in full", number=value["comment_id"])
    [event] = await pushed.unpack(sample("facebook", name))
    assert event.comment
    assert (event.kind, event.id) == (EventKind.CREATED, "901097836652708_903438993085259")
    assert event.comment.text == "and the next one, in full"
    assert (event.comment.post, event.comment.parent) == ("1234567890321_901097836652708", None)
    assert event.comment.payload["can_hide"] is True


@pytest.mark.parametrize("name", ["feed-comment-add-211", "feed-comment-add-25"])
async def test_a_comment_that_is_gone_before_it_is_fetched_is_kept_as_it_was_delivered(
    pushed: Facebook, name: str
) -> None:
    [event] = await pushed.unpack(sample("facebook", name))
    assert event.comment
    assert (event.comment.text, event.comment.author) == ("and the next one", "Tester")
    assert event.comment.created_at == datetime.fromtimestamp(1449135003, UTC)
    assert event.comment.author_id == "1234567890321"


async def test_the_same_delivery_twice_and_in_any_order_tells_the_same(pushed: Facebook) -> None:
    names = ["feed-comment-remove-25", "feed-comment-edited-25", "feed-comment-add-211"]
    first = [await pushed.unpack(sample("facebook", name)) for name in names]
    again = [await pushed.unpack(sample("facebook", name)) for name in reversed(names)]
    told = [[(event.kind, event.id, event.comment) for event in events] for events in first]
    assert [[(event.kind, event.id, event.comment) for event in events] for events in reversed(again)] == told


async def test_a_recorded_edit_brings_the_new_words(
    graph: Graph, recorded: Account, pushed: Facebook
) -> None:
    graph.comment(recorded, "the new words", number="900728623356296_900744590021366")
    [event] = await pushed.unpack(sample("facebook", "feed-comment-edited-25"))
    assert event.comment
    assert event.comment.text == "the new words"


async def test_a_recorded_removal_is_a_deletion(pushed: Facebook) -> None:
    [event] = await pushed.unpack(sample("facebook", "feed-comment-remove-25"))
    assert (event.kind, event.id, event.comment) == (
        EventKind.DELETED,
        "905578656204626_905579239537901",
        None,
    )
    assert event.at == datetime.fromtimestamp(1452107182, UTC)
    assert event.detail


@pytest.mark.parametrize(
    "name",
    [
        "feed-comment-hide",
        "feed-comment-unhide",
        "feed-post-hide",
        "feed-status-add-25",
        "feed-two-entries-25",
        "ratings-comment-add-25",
    ],
)
async def test_our_own_hiding_our_own_posts_and_what_is_no_comment_are_no_news(
    pushed: Facebook, name: str
) -> None:
    assert await pushed.unpack(sample("facebook", name)) == []


@pytest.mark.parametrize("name", ["feed-post-add-25", "feed-post-edit"])
async def test_a_recorded_post_of_a_visitor_is_captured(pushed: Facebook, name: str) -> None:
    [event] = await pushed.unpack(sample("facebook", name))
    assert event.comment
    assert (event.comment.kind, event.comment.text) == (Kind.VISITOR_POST, "Let's check this")
    assert event.comment.author_id == "8423678347823"


@pytest.mark.parametrize(
    ("name", "text"),
    [("mention-comment-add", "Just a test message"), ("mention-post-add-real", "A test post message")],
)
async def test_a_recorded_mention_is_captured_without_its_author(
    pushed: Facebook, name: str, text: str
) -> None:
    [event] = await pushed.unpack(sample("facebook", name))
    assert event.comment
    assert event.id.startswith("mention:")
    assert (event.comment.kind, event.comment.text, event.comment.author) == (Kind.MENTION, text, "")
    removed = json.loads(sample("facebook", name))
    removed["entry"][0]["changes"][0]["value"]["verb"] = "remove"
    [gone] = await pushed.unpack(json.dumps(removed).encode())
    assert (gone.kind, gone.id) == (EventKind.DELETED, event.id)


async def test_a_message_is_captured_as_it_was_delivered(pushed: Facebook) -> None:
    said = {
        "sender": {"id": "77"},
        "recipient": {"id": "1234567890321"},
        "timestamp": 1449135003000,
        "message": {"mid": "m_abc", "text": "My child was hit on the bus."},
    }
    seen = {"sender": {"id": "77"}, "timestamp": 1449135004000, "read": {"watermark": 1}}
    entry = {"id": "1234567890321", "time": 1449135003000, "messaging": [said, seen]}
    [event] = await pushed.unpack(json.dumps({"object": "page", "entry": [entry]}).encode())
    assert event.comment
    assert (event.id, event.comment.kind) == ("m_abc", Kind.DIRECT_MESSAGE)
    assert event.comment.text == "My child was hit on the bus."
    assert event.at == datetime.fromtimestamp(1449135003, UTC)


async def test_an_edited_message_is_a_later_revision_of_the_same(pushed: Facebook) -> None:
    said = {
        "sender": {"id": "77"},
        "recipient": {"id": "1234567890321"},
        "timestamp": 1449135063000,
        "message_edit": {"mid": "m_abc", "text": "I know which bus you take.", "num_edit": 1},
    }
    entry = {"id": "1234567890321", "time": 1449135063000, "messaging": [said]}
    [event] = await pushed.unpack(json.dumps({"object": "page", "entry": [entry]}).encode())
    assert event.comment
    assert (event.kind, event.id, event.comment.kind) == (EventKind.EDITED, "m_abc", Kind.DIRECT_MESSAGE)
    assert event.comment.text == "I know which bus you take."
    assert event.comment.edited_at == datetime.fromtimestamp(1449135063, UTC)


async def test_another_page_of_the_same_app_is_not_ours(page: Facebook) -> None:
    assert await page.unpack(sample("facebook", "feed-comment-add-211")) == []


async def test_a_delivery_waits_while_facebook_cannot_be_asked(graph: Graph, pushed: Facebook) -> None:
    graph.fail(GraphError(32))
    with pytest.raises(RateLimited):
        await pushed.unpack(sample("facebook", "feed-comment-add-211"))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"object":"page"}', b"\xff"])
async def test_a_body_that_makes_no_sense_is_a_value_error(pushed: Facebook, body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever one, the delivery is set aside
        await pushed.unpack(body)


ODD: list[Any] = [None, [], "x", 7, {"comment_id": "1/../2", "item": "comment", "verb": "add"}]


@pytest.mark.parametrize("value", ODD, ids=str)
async def test_odd_parts_of_a_delivery_are_passed_over(pushed: Facebook, value: object) -> None:
    entry = {
        "id": "1234567890321",
        "changes": [None, {"field": "feed", "value": value}],
        "messaging": [value],
    }
    assert await pushed.unpack(json.dumps({"object": "page", "entry": [entry, None]}).encode()) == []
