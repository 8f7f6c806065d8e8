"""The Instagram adapter against the simulated Graph."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from modbot import connecting
from platforms.base import ActionKind, EventKind, Kind, NotAuthorised, Unsupported, Visibility
from platforms.instagram import Instagram
from platforms.instagram_login import FOR_MESSAGES, OWN_PERMISSIONS, InstagramSettings
from platforms.push import BadSignature
from platforms.tokens import Token, Tokens
from tests.platforms.meta import FORM, SAMPLES, everything, instagram, sample, signed, texts
from tests.simulators.graph import Graph
from tests.simulators.graph_objects import Account, GraphError

pytestmark = pytest.mark.anyio

Adapter = Callable[..., Instagram]
START = datetime.now(UTC) - timedelta(hours=3)


@pytest.fixture
def account(graph: Graph) -> Iterator[Account]:
    graph.requests.clear()
    yield graph.account("instagram", name="example_district")
    graph.fail_no_more()


@pytest.fixture
async def adapter(graph: Graph, account: Account) -> AsyncIterator[Adapter]:
    """Makes adapters for the account, with any settings changed; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> Instagram:
            platform = instagram(graph, account, **changes)
            stack.push_async_callback(platform.close)
            return platform

        yield make


@pytest.fixture
async def page(graph: Graph, adapter: Adapter) -> Instagram:
    platform = adapter()
    await platform.open()
    graph.requests.clear()
    return platform


# What comes in


async def test_a_comment_arrives_with_all_that_a_record_needs(
    graph: Graph, account: Account, page: Instagram
) -> None:
    comment_id = graph.comment(account, "Go Wolves!")
    [comment], last = await everything(page)
    assert (comment.id, comment.text, comment.author) == (comment_id, "Go Wolves!", "a_reader")
    assert (comment.author_id, comment.kind, comment.parent) == ("5550001", Kind.COMMENT, None)
    assert (comment.post, comment.post_title) == (account.posts[0].id, "A first post")
    assert comment.permalink == f"https://www.instagram.com/p/{comment.post}/"
    assert comment.visible
    assert "token" not in json.dumps(dict(comment.payload)) + last.cursor


async def test_an_answer_to_an_old_comment_is_found_by_the_number_of_comments(
    graph: Graph, account: Account, page: Instagram
) -> None:
    old = graph.comment(account, "old", at=START)
    for number in range(40):
        graph.comment(account, f"comment {number}", at=START + timedelta(minutes=number))
    _, last = await everything(page)
    graph.comment(account, "a late answer", parent=old)
    [answer], _ = await everything(page, last.cursor)
    assert (answer.text, answer.parent, answer.kind) == ("a late answer", old, Kind.REPLY)


async def test_more_answers_than_come_with_their_comment_are_all_read(
    graph: Graph, account: Account, page: Instagram
) -> None:
    top = graph.comment(account, "top", at=START)
    expected = ["top"]
    for number in range(35):
        graph.comment(account, f"answer {number}", parent=top, at=START + timedelta(seconds=number + 1))
        expected.append(f"answer {number}")
    comments, last = await everything(page)
    assert texts(comments) == expected
    graph.comment(account, "answer 35", parent=top)
    comments, _ = await everything(page, last.cursor)
    assert texts(comments) == ["answer 35"]


async def test_a_quiet_poll_asks_once_for_each_edge(graph: Graph, account: Account, page: Instagram) -> None:
    top = graph.comment(account, "top")
    for number in range(30):
        graph.comment(account, f"comment {number}", parent=top if number % 2 else None)
    _, last = await everything(page)
    graph.requests.clear()
    assert (await page.poll(last.cursor)).cursor == last.cursor
    assert [path.partition("/")[2] for _, path, _ in graph.requests] == ["media", "tags", "live_media"]


async def test_one_deleted_and_one_new_comment_do_not_cancel_out(
    graph: Graph, account: Account, page: Instagram
) -> None:
    ids = [graph.comment(account, f"comment {number}", at=START) for number in range(20)]
    _, last = await everything(page)
    graph.delete(ids[3])
    graph.comment(account, "new")
    comments, _ = await everything(page, last.cursor)
    assert texts(comments) == ["new"]


async def test_a_late_answer_that_a_deletion_cancels_out_is_found_by_the_next_walk(
    graph: Graph, account: Account, page: Instagram, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [graph.comment(account, f"comment {number}", at=START) for number in range(20)]
    _, last = await everything(page)
    graph.delete(ids[3])
    graph.comment(account, "a late answer", parent=ids[0])
    assert (await page.poll(last.cursor)).events == []
    monkeypatch.setattr("platforms.graph_reading.PAUSE", timedelta(minutes=-1))
    found = [await page.poll(last.cursor) for _ in range(2)]
    assert [event.comment.text for batch in found for event in batch.events if event.comment] == [
        "a late answer"
    ]


async def test_comments_of_live_videos_and_posts_that_tag_the_account_are_read(
    graph: Graph, account: Account, page: Instagram
) -> None:
    live = graph.post(account, "Graduation", edge="live_media")
    graph.comment(account, "congratulations", post=live)
    tagged = graph.post(account, "Thanks @example_district", edge="tags", author=("7", "a_parent"))
    graph.comment(account, "under somebody else's post", post=tagged)
    comments, _ = await everything(page)
    assert {(each.kind, each.text) for each in comments} == {
        (Kind.COMMENT, "congratulations"),
        (Kind.MENTION, "Thanks @example_district"),
    }
    [mention] = [each for each in comments if each.kind is Kind.MENTION]
    assert (mention.id, mention.author) == (f"mention:{tagged.id}", "a_parent")
    with pytest.raises(Unsupported):
        await page.act(ActionKind.HIDE, mention.id)


async def test_messages_are_read_where_the_district_names_them(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    page = adapter(edges=["conversations"])
    await page.open()
    talk = graph.post(account, "", edge="conversations", author=("77", "a_parent"))
    written = [graph.message(talk, f"message {number}") for number in range(25)]
    messages, last = await everything(page)
    assert [each.id for each in messages] == written
    assert {(each.kind, each.post, each.author, each.author_id) for each in messages} == {
        (Kind.DIRECT_MESSAGE, talk.id, "a_parent", "77")
    }
    new = graph.message(talk, "My child was hit on the bus.")
    graph.requests.clear()
    [message], _ = await everything(page, last.cursor)
    assert (message.id, message.text) == (new, "My child was hit on the bus.")
    verb, path, sent = graph.requests[0]
    assert (verb, path, sent["platform"]) == ("GET", "me/conversations", "INSTAGRAM")
    for action in ActionKind:
        with pytest.raises(Unsupported):
            await page.act(action, message.id)
    assert await page.lookup({message.id: "another revision"}) == []


async def test_messages_that_instagram_no_longer_shows_hold_nothing_up(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    page = adapter(edges=["conversations"])
    await page.open()
    talk = graph.post(account, "", edge="conversations")
    written = [graph.message(talk, f"message {number}") for number in range(30)]
    graph.fail(None, GraphError(100, 33))
    messages, _ = await everything(page)
    assert [each.id for each in messages] == written[-10:]


async def test_without_the_permission_for_messages_everything_else_is_read(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    account.denied.add("conversations")
    page = adapter()
    await page.open()
    graph.comment(account, "a comment")
    assert texts((await everything(page))[0]) == ["a comment"]
    with pytest.raises(NotAuthorised, match=r"`conversations`.*take it out"):
        await adapter(edges=["media", "conversations"]).open()


async def test_a_deleted_comment_is_found_by_looking_it_up(
    graph: Graph, account: Account, page: Instagram
) -> None:
    kept, gone = graph.comment(account, "kept"), graph.comment(account, "gone")
    graph.delete(gone)
    [event] = await page.lookup(
        {kept: "0", gone: "0", "m_1": "0", "mention:1": "0"} | {kept: await rev(page)}
    )
    assert (event.kind, event.id) == (EventKind.DELETED, gone)


async def rev(page: Instagram) -> str:
    comments, _ = await everything(page)
    return comments[0].revision


async def test_with_instagrams_own_login_comments_are_looked_up_one_by_one(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    page = adapter(login="instagram")
    await page.open()
    kept, gone = graph.comment(account, "kept"), graph.comment(account, "gone")
    comments, _ = await everything(page)
    graph.delete(gone)
    known = {each.id: each.revision for each in comments}
    graph.requests.clear()
    [event] = await page.lookup(known)
    assert event.id == gone
    assert [path for _, path, _ in graph.requests][:2] == [kept, gone]
    await page.close()


async def test_a_comment_that_left_the_list_when_it_was_hidden_is_not_taken_for_deleted_or_new(
    graph: Graph, account: Account, page: Instagram
) -> None:
    hidden = graph.comment(account, "hidden")
    graph.comment(account, "shown")
    comments, last = await everything(page)
    await page.act(ActionKind.HIDE, hidden)
    account.lists_hidden = False
    again, _ = await everything(page, last.cursor)
    assert again == []
    assert await page.lookup({each.id: each.revision for each in comments}) == []
    assert (await page.act(ActionKind.UNHIDE, hidden)).visibility is Visibility.VISIBLE


# What goes out


async def test_hiding_asks_for_hide_and_reads_it_back(
    graph: Graph, account: Account, page: Instagram
) -> None:
    comment_id = graph.comment(account, "an insult")
    receipt = await page.act(ActionKind.HIDE, comment_id)
    assert (receipt.visibility, receipt.already) == (Visibility.HIDDEN, False)
    assert [(verb, dict(sent)) for verb, _, sent in graph.requests if verb == "POST"] == [
        ("POST", {"hide": "true"})
    ]
    assert not graph.public_sees(comment_id)


# Who we are


async def test_opening_says_the_accounts_name(page: Instagram) -> None:
    assert (await page.open()).account == "example_district"


async def test_an_edge_that_may_not_be_read_is_named(account: Account, adapter: Adapter) -> None:
    account.denied.add("tags")
    with pytest.raises(NotAuthorised, match=r"`tags`.*take it out"):
        await adapter().open()
    await adapter(edges=["media"]).open()
    with pytest.raises(NotAuthorised, match="'stories'; Instagram has media"):
        await adapter(edges=["stories"]).open()


async def test_the_account_is_a_number(adapter: Adapter) -> None:
    with pytest.raises(ValidationError):
        adapter(account_id="example_district")


async def test_connecting_ends_in_the_token_of_the_linked_page(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    short = next(iter(account.tokens))
    page = adapter(access_token=None)
    consent = page.consent()
    assert consent
    assert "instagram_manage_comments" in consent.scopes
    token = await page.exchanged({"access_token": short})
    assert token.access.get_secret_value() == f"page-long-{short}"
    subscribed = ("POST", f"9{account.id}/subscribed_apps", {"subscribed_fields": "feed"})
    assert subscribed in graph.requests
    await page.tokens.put(token)
    assert (await page.open()).can_moderate


async def test_an_account_that_is_linked_to_no_page_of_ours_cannot_be_connected(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    other = graph.account("instagram")
    with pytest.raises(NotAuthorised, match=f"linked to the Instagram account {other.id}"):
        await adapter(account_id=other.id).exchanged({"access_token": next(iter(account.tokens))})


async def test_instagrams_own_login_ends_in_a_token_of_sixty_days(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    short = next(iter(account.tokens))
    page = adapter(access_token=None, login="instagram")
    consent = page.consent()
    assert consent
    assert consent.scopes == ("instagram_business_basic", "instagram_business_manage_comments")
    assert (consent.authorize_url, consent.redirect) == (
        "https://www.instagram.com/oauth/authorize",
        "https://localhost:8765/connected",
    )
    token = await page.exchanged({"access_token": short, "permissions": "instagram_business_basic"})
    assert token.access.get_secret_value() == f"newer-{short}"
    assert token.scopes == ("instagram_business_basic",)
    assert token.ends_at
    assert token.ends_at - datetime.now(UTC) > timedelta(days=59)
    fields = {"subscribed_fields": "comments,live_comments,mentions"}
    assert ("POST", f"{account.id}/subscribed_apps", fields) in graph.requests


async def test_with_the_permission_for_messages_they_are_pushed_too(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    wanted = (*OWN_PERMISSIONS, FOR_MESSAGES)
    page = adapter(access_token=None, login="instagram", permissions=wanted)
    await page.exchanged({"access_token": next(iter(account.tokens))})
    fields = {"subscribed_fields": "comments,live_comments,mentions,messages,message_edit"}
    assert ("POST", f"{account.id}/subscribed_apps", fields) in graph.requests


async def test_instagrams_own_login_goes_from_the_dialog_to_the_first_call(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    graph.signed_in = account
    addresses = {"dialog": graph.url, "token_url": f"{graph.url}/oauth/access_token"}
    page = adapter(access_token=None, login="instagram", **addresses)
    consent = page.consent()
    assert consent
    question = await connecting.ask(consent, consent.redirect)
    async with httpx.AsyncClient() as browser:
        sent_on = (await browser.get(question.url)).headers["location"]
    assert sent_on.startswith(f"{consent.redirect}?")
    code = connecting.answered(consent, question, dict(parse_qsl(urlsplit(sent_on).query)))
    token = await page.exchanged(await connecting.exchange(consent, question, code))
    assert token.scopes == consent.scopes
    await page.tokens.put(token)
    assert (await page.open()).account == "example_district"


def kept_for(days: float, account: Account) -> Tokens:
    ends = datetime.now(UTC) + timedelta(days=days)
    return Tokens(Token(SecretStr(next(iter(account.tokens))), expires_at=ends, scopes=("basic",)))


async def test_a_token_of_instagrams_own_login_is_renewed_once_a_week(
    account: Account, adapter: Adapter
) -> None:
    page = adapter(access_token=None, login="instagram")
    for days, renewed in ((59.0, False), (52.0, True), (0.5, True)):
        page = adapter(access_token=None, login="instagram")
        page.tokens = kept_for(days, account)
        await page.open()
        token = await page.tokens.get()
        await page.close()
        assert token
        assert token.expires_at
        assert token.access.get_secret_value().startswith("newer-") is renewed
        assert (token.expires_at - datetime.now(UTC) > timedelta(days=58)) is (renewed or days > 58)
        assert token.scopes == ("basic",)


async def test_while_a_token_cannot_be_renewed_the_old_one_is_used_and_it_is_tried_again_later(
    graph: Graph, account: Account, adapter: Adapter
) -> None:
    page = adapter(access_token=None, login="instagram")
    page.tokens = kept_for(20, account)
    graph.fail(GraphError(2))
    await page.open()
    calls = len(graph.wire)
    await page.lookup({graph.comment(account, "a comment"): "0"})
    assert not any("refresh" in path for _, path, _, _ in graph.wire[calls:])
    await page.close()


def test_an_account_with_its_own_address_has_its_own_login() -> None:
    settings = InstagramSettings.model_validate({"account_id": "1", "api": "https://graph.instagram.com"})
    assert (settings.login, settings.dialog) == ("instagram", "https://www.instagram.com")


# Pushes


@pytest.fixture
async def pushed(graph: Graph) -> AsyncIterator[Instagram]:
    """The account that the recorded deliveries are about: Meta's test deliveries name it 0."""
    account = graph.account("instagram", number="0")
    platform = instagram(graph, account)
    await platform.open()
    yield platform
    await platform.close()
    del graph.accounts["0"]


@pytest.fixture
def recorded(graph: Graph, pushed: Instagram) -> Account:
    return graph.accounts["0"]


async def test_metas_check_and_signature_are_those_of_facebook(adapter: Adapter) -> None:
    page, body = adapter(), sample("instagram", "wh-comments")
    asked = {"hub.mode": "subscribe", "hub.challenge": "7", "hub.verify_token": FORM}
    assert page.challenge(asked) == "7"
    page.check(signed(body), body)
    with pytest.raises(BadSignature):
        page.check(signed(body, "another secret"), body)


@pytest.mark.parametrize("name", ["wh-comments", "wh-comments-2021", "wh-livecomments"])
async def test_a_recorded_comment_is_fetched_whole(
    graph: Graph, recorded: Account, pushed: Instagram, name: str
) -> None:
    graph.comment(recorded, "This is an example, in full.", number="123456789")
    [event] = await pushed.unpack(sample("instagram", name))
    assert event.comment
    assert (event.id, event.comment.text) == ("123456789", "This is an example, in full.")
    assert (event.comment.post, event.comment.author) == (recorded.posts[0].id, "a_reader")


async def test_a_comment_that_is_gone_before_it_is_fetched_is_kept_as_it_was_delivered(
    pushed: Instagram,
) -> None:
    [event] = await pushed.unpack(sample("instagram", "wh-comments-2021"))
    comment = event.comment
    assert comment
    assert (comment.text, comment.author, comment.author_id) == (
        "This is an example.",
        "testuser",
        "1234536447",
    )
    assert (comment.post, comment.parent, comment.kind) == ("76543987", "987654321", Kind.REPLY)
    assert comment.created_at == datetime.fromtimestamp(1519399307, UTC)


async def test_a_recorded_mention_in_a_comment_is_asked_for_in_the_only_way_there_is(
    graph: Graph, recorded: Account, pushed: Instagram
) -> None:
    told = {
        "id": "17887498072083520",
        "text": "@example_district look",
        "timestamp": "2018-02-23T15:21:50+0000",
    }
    recorded.mentions["17887498072083520"] = told
    [event] = await pushed.unpack(sample("instagram", "wh-mentions"))
    assert event.comment
    assert (event.id, event.comment.kind, event.comment.text) == (
        "mention:17887498072083520",
        Kind.MENTION,
        "@example_district look",
    )


async def test_a_mention_in_a_caption_is_captured(graph: Graph, recorded: Account, pushed: Instagram) -> None:
    native = SAMPLES["instagram"]["mentioned-media"]["mentioned_media"]
    recorded.mentions["17873440459141021"] = native | {"timestamp": "2018-02-23T15:21:50+0000"}
    entry = {"id": "0", "changes": [{"field": "mentions", "value": {"media_id": "17873440459141021"}}]}
    [event] = await pushed.unpack(json.dumps({"object": "instagram", "entry": [entry]}).encode())
    assert event.comment
    assert event.comment.text == "metricsaurus headquarters!"


@pytest.mark.parametrize("asked", ["1){id},comments", "", "17887498072083520"])
async def test_a_mention_that_cannot_be_asked_for_tells_nothing(pushed: Instagram, asked: str) -> None:
    entry = {"id": "0", "changes": [{"field": "mentions", "value": {"comment_id": asked}}]}
    assert await pushed.unpack(json.dumps({"object": "instagram", "entry": [entry]}).encode()) == []


async def test_a_message_whose_delivery_was_lost_is_found_by_the_poll_and_is_the_same_as_the_delivered_one(
    graph: Graph, recorded: Account
) -> None:
    page = instagram(graph, recorded, edges=["conversations"])
    await page.open()
    talk = graph.post(recorded, "", edge="conversations", author=("77", "a_parent"))
    lost, came = graph.message(talk, "lost"), graph.message(talk, "came")
    said = {"sender": {"id": "77"}, "timestamp": 1519399307000, "message": {"mid": came, "text": "came"}}
    [event] = await page.unpack(delivered(said))
    polled, _ = await everything(page)
    await page.close()
    assert [each.id for each in polled] == [lost, came]
    assert event.comment
    assert (event.id, event.comment.revision) == (came, polled[1].revision)


async def test_a_message_that_its_sender_takes_back_is_deleted_and_not_emptied(pushed: Instagram) -> None:
    unsent = {"sender": {"id": "77"}, "recipient": {"id": "0"}, "timestamp": 1519399307000}
    unsent["message"] = {"mid": "aWdfZAG1fc2FtcGxl", "is_deleted": True}
    [event] = await pushed.unpack(delivered(unsent))
    assert (event.kind, event.id, event.comment) == (EventKind.DELETED, "aWdfZAG1fc2FtcGxl", None)
    assert event.at == datetime.fromtimestamp(1519399307, UTC)


def delivered(*messages: object) -> bytes:
    entry = {"id": "0", "time": 1519399307, "messaging": messages}
    return json.dumps({"object": "instagram", "entry": [entry]}).encode()


async def test_a_delivery_for_a_facebook_page_is_not_ours(pushed: Instagram) -> None:
    assert await pushed.unpack(sample("facebook", "feed-comment-add-211")) == []


async def test_a_withdrawn_permission_does_not_turn_a_delivery_into_a_copy(
    graph: Graph, recorded: Account, pushed: Instagram
) -> None:
    graph.expire(recorded)
    with pytest.raises(NotAuthorised):
        await pushed.unpack(sample("instagram", "wh-comments"))


async def test_recorded_comments_without_an_author_are_read(pushed: Instagram) -> None:
    for name in ("comment", "comment_missing_user"):
        native = SAMPLES["instagram"][name]
        comment = pushed.comment_of(native)
        assert comment.text == native["text"]
        assert comment.post == native["media"]["id"]
        assert comment.author == native.get("username", "")
        assert "replies" not in comment.payload


async def test_being_refused_for_one_comment_alone_keeps_the_delivery(
    graph: Graph, recorded: Account, pushed: Instagram
) -> None:
    graph.fail(GraphError(10, status=403))
    [event] = await pushed.unpack(sample("instagram", "wh-comments-2021"))
    assert event.comment
    assert event.comment.text == "This is an example."
