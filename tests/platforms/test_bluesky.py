"""The Bluesky adapter on a simulated network, against the lexicons and the client most used with Python."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from atproto import Client
from atproto.exceptions import AtProtocolError
from pydantic import SecretStr, ValidationError
from starlette.responses import JSONResponse, Response

from platforms import bluesky_rest
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
from platforms.bluesky import Bluesky, BlueskySettings
from platforms.budget import Budget
from platforms.tokens import Token
from tests.platforms.asking import passed, places
from tests.platforms.described import check_body, check_query, description
from tests.simulators.bluesky import GATE, Account, Network
from tests.simulators.bluesky_chat import Chat

pytestmark = pytest.mark.anyio

LEXICONS = description("bluesky")


@pytest.fixture
def network(simulated_bluesky: Network) -> Network:
    return simulated_bluesky


@pytest.fixture
def district(network: Network) -> Account:
    return network.join("district.test", "The district")


@pytest.fixture
def parent(network: Network) -> Account:
    return network.join("parent.test", "A parent")


@pytest.fixture
def root(network: Network, district: Account) -> str:
    return network.post(district, "Board meeting tonight.")


Make = Callable[..., Bluesky]


@pytest.fixture
async def make(network: Network, district: Account) -> AsyncIterator[Make]:
    made: list[Bluesky] = []

    def one(**changes: object) -> Bluesky:
        known = {"service": network.url, "handle": district.handle, "app_password": district.password}
        settings = BlueskySettings.model_validate({**known, "allow_loopback": True, **changes})
        made.append(Bluesky("page", settings))
        return made[-1]

    yield one
    for platform in made:
        await platform.close()


@pytest.fixture
async def page(make: Make) -> Bluesky:
    platform = make()
    await platform.open()
    return platform


async def everything(page: Bluesky, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(30):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("thirty batches and no end")


def comments(events: Sequence[Event]) -> list[Comment]:
    return [event.comment for event in events if event.comment]


# What comes in


async def test_mentions_and_quotes_are_told_from_answers(
    network: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    answer = network.post(parent, "and who pays?", parent=root, mentioning=district.did)
    mention = network.post(parent, "@district", mentioning=district.did)
    quote = network.post(parent, "look", quoting=root)
    elsewhere = network.post(parent, "my own thread")
    ours = network.post(district, "we answer there", parent=elsewhere)
    back = network.post(parent, "and I answer you", parent=ours)
    found = {comment.id: comment for comment in comments((await everything(page))[0])}
    kinds = {uri: found[uri].kind for uri in found}
    assert kinds == {
        answer: Kind.COMMENT,
        mention: Kind.MENTION,
        quote: Kind.MENTION,
        back: Kind.REPLY,
    }
    assert (found[back].post, found[back].parent) == (elsewhere, ours)
    assert found[mention].post == mention
    assert found[answer].author == "A parent (@parent.test)"
    assert found[answer].permalink == f"https://bsky.app/profile/{parent.did}/post/{answer.split('/')[-1]}"


async def test_an_answer_whose_clock_is_a_little_late_is_not_lost(
    network: Network, parent: Account, root: str, page: Bluesky
) -> None:
    network.post(parent, "on time", parent=root)
    _, cursor = await everything(page)
    late = network.post(parent, "late", parent=root, written=datetime.now(UTC) - timedelta(minutes=5))
    events, cursor = await everything(page, cursor)
    assert [event.id for event in events] == [late]
    assert (await everything(page, cursor))[0] == []


async def test_what_the_notifications_leave_out_is_found_in_the_whole_threads(
    network: Network, parent: Account, root: str, make: Make
) -> None:
    page = make(watch_seconds=0)
    await page.open()
    first = network.post(parent, "first", parent=root)
    _, cursor = await everything(page)
    uris = [first]
    for level in range(8):
        uris.append(network.post(parent, f"level {level}", parent=uris[-1]))
    old = network.post(parent, "dated back", parent=root, written=datetime(2020, 1, 1, tzinfo=UTC))
    told, cursor = await everything(page, cursor)
    assert old not in {event.id for event in told}
    missed, cursor = await everything(page, cursor)
    assert {event.id for event in [*told, *missed]} == {*uris[1:], old}
    assert not {event.id for event in told} & {event.id for event in missed}
    assert (await everything(page, cursor))[0] == []


async def test_an_answer_to_what_was_deleted_meanwhile_still_comes(
    network: Network, parent: Account, root: str, make: Make
) -> None:
    page = make()
    await page.open()
    above = network.post(parent, "soon gone", parent=root)
    below = network.post(parent, "to somebody who took it back", parent=above)
    network.delete(above)
    [event] = (await everything(page))[0]
    assert event.comment
    assert (event.id, event.comment.parent, event.comment.post) == (below, above, root)


async def test_what_the_archive_did_not_take_is_told_again(
    network: Network, parent: Account, root: str, make: Make
) -> None:
    page = make(watch_seconds=0)
    await page.open()
    network.post(parent, "first", parent=root)
    _, cursor = await everything(page)
    old = network.post(parent, "dated back", parent=root, written=datetime(2020, 1, 1, tzinfo=UTC))
    new = network.post(parent, "new", parent=root)
    assert [event.id for event in (await page.poll(cursor)).events] == [new]
    after_failure = await page.poll(cursor)
    assert [event.id for event in after_failure.events] == [new]
    for _ in range(2):
        missed = await page.poll(after_failure.cursor)
        assert [event.id for event in missed.events] == [old]
    assert (await page.poll(missed.cursor)).events == []


async def test_threads_older_than_is_watched_are_left_alone(
    network: Network, district: Account, parent: Account, make: Make
) -> None:
    page = make(watch_seconds=0, watch_days=7)
    await page.open()
    old_root = network.post(district, "long ago", written=datetime.now(UTC) - timedelta(days=8))
    new_root = network.post(district, "lately", written=datetime.now(UTC) - timedelta(days=6))
    for root in (old_root, new_root):
        network.post(parent, "dated back", parent=root, written=datetime(2020, 1, 1, tzinfo=UTC))
    _, cursor = await everything(page)
    network.requests.clear()
    await page.poll(cursor)
    asked = [query["uri"] for _, name, query, _ in network.requests if name.endswith("getPostThread")]
    assert asked == [[new_root]]


async def test_whoever_blocks_the_district_has_deleted_nothing(
    network: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    kept = network.post(parent, "kept", parent=root)
    gone = network.post(parent, "gone", parent=root)
    known = {comment.id: comment.revision for comment in comments((await everything(page))[0])}
    network.block(parent, district)
    network.delete(gone)
    [event] = await page.lookup(known)
    assert (event.kind, event.id) == (EventKind.DELETED, gone)
    assert list(await page.lookup({kept: known[kept], gone: ""})) == []


async def test_a_post_that_is_there_again_is_told_in_full(
    network: Network, parent: Account, root: str, page: Bluesky
) -> None:
    uri = network.post(parent, "back", parent=root)
    [event] = await page.lookup({uri: ""})
    assert event.comment
    assert (event.kind, event.comment.text) == (EventKind.EDITED, "back")


async def test_many_posts_are_looked_up_twenty_five_at_a_time(
    network: Network, parent: Account, root: str, page: Bluesky
) -> None:
    uris = [network.post(parent, f"comment {number}", parent=root) for number in range(60)]
    network.requests.clear()
    await page.lookup({uri: network._record(uri)["cid"] for uri in uris})
    assert [name for _, name, _, _ in network.requests] == ["app.bsky.feed.getPosts"] * 3


@pytest.mark.parametrize("created", ["yesterday", "", None, 5, "0000-00-00T00:00:00Z"])
async def test_a_post_without_a_readable_time_is_captured_by_the_time_it_was_listed(
    network: Network, parent: Account, root: str, page: Bluesky, created: object
) -> None:
    uri = network.post(parent, "a text", parent=root)
    network._record(uri)["value"]["createdAt"] = created
    [comment] = comments((await everything(page))[0])
    assert abs(comment.created_at - datetime.now(UTC)) < timedelta(minutes=5)


async def test_private_messages_are_archived_where_that_is_wanted(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account, make: Make
) -> None:
    address = bluesky_chat.write(parent, district, "Is there school tomorrow?")
    bluesky_chat.write(district, parent, "Yes.")
    bluesky_chat.delete(bluesky_chat.write(parent, district, "taken back"))
    off, page = make(), make(direct_messages=True, page_size=1)
    await off.open()
    assert (await off.poll(None)).events == []
    assert not any(name.startswith("chat.") for _, name, _, _ in network.requests)
    await page.open()
    events, cursor = await everything(page)
    [comment] = comments(events)
    assert (comment.kind, comment.id) == (Kind.DIRECT_MESSAGE, f"message:{address}")
    assert (comment.text, comment.author_id) == ("Is there school tomorrow?", parent.did)
    assert comment.author == "A parent (@parent.test)"
    assert comment.post == "messages/talk-district-parent"
    bluesky_chat.write(parent, district, "And on Monday?")
    again, last = await everything(page, cursor)
    assert [each.text for each in comments(again)] == ["And on Monday?"]
    network.requests.clear()
    assert (await page.poll(last)).cursor == last
    assert list(await page.lookup({comment.id: comment.revision})) == []
    with pytest.raises(Unsupported):
        await page.act(ActionKind.HIDE, comment.id)


async def test_many_people_and_long_talks_are_read_to_their_ends(
    network: Network, bluesky_chat: Chat, district: Account, make: Make
) -> None:
    people = [network.join(f"person{number}.test") for number in range(5)]
    for number in range(3):
        for person in people:
            bluesky_chat.write(person, district, f"{number} from {person.handle}")
    page = make(direct_messages=True, page_size=2)
    await page.open()
    events, _ = await everything(page)
    assert len({event.id for event in events}) == len(events) == 15


async def test_without_access_to_messages_the_page_says_what_to_do(bluesky_chat: Chat, make: Make) -> None:
    bluesky_chat.allowed = False
    await make().open()
    with pytest.raises(NotAuthorised, match="no access to direct messages"):
        await make(direct_messages=True).open()


# What goes out


async def test_somebody_else_at_the_list_of_hidden_replies_loses_nothing(
    network: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    ours, theirs = (network.post(parent, text, parent=root) for text in ("ours", "theirs"))
    allow = [{"$type": f"{GATE}#followingRule"}]
    network.put_gate(district, root, allow=allow, hiddenReplies=[])
    network.before_put.append(lambda: network.put_gate(district, root, hiddenReplies=[theirs], other="kept"))
    receipt = await page.act(ActionKind.HIDE, ours)
    gate = district.records[GATE, root.split("/")[-1]]["value"]
    assert gate["hiddenReplies"] == [theirs, ours]
    assert (gate["allow"], gate["other"]) == (allow, "kept")
    assert (receipt.visibility, receipt.already) == (Visibility.HIDDEN, False)


async def test_a_list_that_others_rewrite_all_the_time_is_tried_again_later(
    network: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    uri = network.post(parent, "a text", parent=root)
    for number in range(5):
        network.before_put.append(partial(network.put_gate, district, root, other=number))
    with pytest.raises(Unavailable, match="keeps being changed"):
        await page.act(ActionKind.HIDE, uri)
    assert (await page.act(ActionKind.HIDE, uri)).visibility is Visibility.HIDDEN


async def test_a_full_list_of_hidden_replies_is_said_plainly(
    network: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    uri = network.post(parent, "one more", parent=root)
    network.put_gate(district, root, hiddenReplies=[f"{uri}x{number}" for number in range(300)])
    with pytest.raises(Unsupported, match="at most 300"):
        await page.act(ActionKind.HIDE, uri)


@pytest.mark.parametrize("where", ["mention", "elsewhere"])
async def test_only_what_stands_under_our_own_posts_can_be_hidden(
    network: Network, district: Account, parent: Account, page: Bluesky, where: str
) -> None:
    uri = network.post(parent, "@district", mentioning=district.did)
    if where == "elsewhere":
        uri = network.post(parent, "and more", parent=uri, mentioning=district.did)
    for action in (ActionKind.HIDE, ActionKind.UNHIDE):
        with pytest.raises(Unsupported, match="under its own posts"):
            await page.act(action, uri)


async def test_an_action_whose_answer_was_lost_is_recognised_at_the_next_try(
    network: Network, parent: Account, root: str, page: Bluesky
) -> None:
    uri = network.post(parent, "a text", parent=root)
    # The post, the list of hidden replies, the writing; then reading back fails.
    network.answers += [None, None, None, JSONResponse({"error": "UpstreamFailure"}, 502)]
    with pytest.raises(Unavailable):
        await page.act(ActionKind.HIDE, uri)
    again = await page.act(ActionKind.HIDE, uri)
    assert (again.already, again.visibility) == (True, Visibility.HIDDEN)


# Who we are


async def test_an_expired_session_is_renewed_and_kept(network: Network, root: str, page: Bluesky) -> None:
    before = await page.tokens.get()
    network.expire_tokens()
    await page.poll(None)
    after = await page.tokens.get()
    assert before
    assert after
    assert after.access.get_secret_value() != before.access.get_secret_value()
    assert [name for _, name, _, _ in network.requests].count("com.atproto.server.createSession") == 1


async def test_when_the_refresh_token_has_ended_too_the_app_password_signs_in_again(
    network: Network, root: str, page: Bluesky
) -> None:
    network.expire_tokens("access refresh")
    await page.poll(None)
    names = [name for _, name, _, _ in network.requests]
    assert names.count("com.atproto.server.refreshSession") == 1
    assert names.count("com.atproto.server.createSession") == 2


async def test_a_kept_session_is_used_and_no_new_one_is_asked_for(network: Network, make: Make) -> None:
    first = make()
    await first.open()
    second = make()
    second.tokens = first.tokens
    await second.open()
    assert [name for _, name, _, _ in network.requests].count("com.atproto.server.createSession") == 1


async def test_a_wrong_app_password_says_where_to_make_a_new_one(make: Make) -> None:
    with pytest.raises(NotAuthorised, match="App passwords"):
        await make(app_password="wrong").open()


async def test_the_handle_may_be_written_with_at(make: Make) -> None:
    assert (await make(handle="@district.test").open()).account == "@district.test"


@pytest.mark.parametrize(
    "service", ["", "bsky.social", "ftp://bsky.social", "https://a:b@c.d", "https://a.b/?x=1"]
)
def test_an_address_that_is_more_or_less_than_one_is_refused(service: str) -> None:
    with pytest.raises(ValidationError):
        BlueskySettings(service=service, handle="h.test", app_password=SecretStr("x"))


# What goes wrong on the way

HTML = Response("<!doctype html>", 200, media_type="text/html")
FAILURES: dict[str, tuple[Response, type[PlatformError]]] = {
    "500": (JSONResponse({"error": "InternalServerError"}, 500), Unavailable),
    "502": (JSONResponse({"error": "UpstreamFailure"}, 502), Unavailable),
    "a page instead of JSON": (HTML, Unavailable),
    "a list instead of an object": (JSONResponse([]), Unavailable),
    "something else": (JSONResponse({"notifications": [{"uri": 1}]}), Unavailable),
    "nothing": (JSONResponse({}), Unavailable),
    "half a body": (Response('{"notifications": [', 200, media_type="application/json"), Unavailable),
    "a request it does not know": (JSONResponse({"error": "InvalidRequest"}, 400), Unavailable),
    "429": (JSONResponse({"error": "RateLimitExceeded"}, 429, {"retry-after": "7"}), RateLimited),
    "signed out": (JSONResponse({"error": "AuthMissing"}, 401), NotAuthorised),
    "refused": (JSONResponse({"error": "Forbidden"}, 403), NotAuthorised),
    "suspended": (JSONResponse({"error": "AccountTakedown"}, 400), NotAuthorised),
    "moved": (Response(None, 301, {"location": "https://elsewhere.example/?secret=1"}), NotAuthorised),
}


@pytest.mark.parametrize(("answer", "error"), FAILURES.values(), ids=FAILURES)
async def test_every_failure_is_put_into_its_class_and_the_next_list_is_whole(
    network: Network,
    parent: Account,
    root: str,
    page: Bluesky,
    answer: Response,
    error: type[PlatformError],
) -> None:
    uri = network.post(parent, "a text", parent=root)
    network.answers.append(answer)
    with pytest.raises(error) as raised:
        await page.poll(None)
    assert "secret" not in str(raised.value)
    assert [event.id for event in (await everything(page))[0]] == [uri]


class Clock:
    """Goes by itself only when it is told to."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


async def test_polling_slows_before_the_servers_limit_and_no_call_is_refused(
    network: Network, make: Make
) -> None:
    """Every call each 5 seconds for 5 minutes would be 60; 40 are allowed."""
    clock = Clock()
    network.allowed, network.reset_at = 40, int(clock.at.timestamp()) + 300
    page = make()
    page.budget = Budget(clock)
    await page.open()
    _, cursor = await everything(page)
    network.requests.clear()
    while clock.at.timestamp() < network.reset_at - 1:
        cursor = (await page.poll(cursor)).cursor
        [line] = page.budget.outlook()
        clock.at += timedelta(seconds=5 * page.budget.slowdown())
    assert 20 < len(network.requests) < 40
    assert page.budget.factor > 1
    assert (line.unit, line.limit, line.hard) == ("calls in 5 minutes to 127.0.0.1", 40, False)
    assert line.used == len(network.requests)


async def test_a_limit_that_is_reached_is_waited_for_as_the_server_says(
    network: Network, page: Bluesky
) -> None:
    network.allowed, network.reset_at = 0, int(datetime.now(UTC).timestamp()) + 300
    with pytest.raises(RateLimited) as told:
        await page.poll(None)
    assert 290 < told.value.retry_after <= 300
    asked = len(network.requests)
    with pytest.raises(RateLimited):
        await page.poll(None)
    assert len(network.requests) == asked


@pytest.mark.parametrize("reset", ["", "soon", "9" * 30, "-1"])
async def test_headers_that_say_nothing_are_passed_over(network: Network, page: Bluesky, reset: str) -> None:
    odd = {"ratelimit-limit": "3000", "ratelimit-remaining": "0", "ratelimit-reset": reset}
    network.answers.append(JSONResponse({"notifications": []}, headers=odd))
    await page.poll(None)
    assert not page.budget.outlook()


async def test_a_session_that_is_refused_even_when_new_needs_a_person(
    network: Network, page: Bluesky
) -> None:
    expired = JSONResponse({"error": "ExpiredToken"}, 400)
    network.answers += [expired, None, expired]
    with pytest.raises(NotAuthorised, match="app password"):
        await page.poll(None)


@pytest.mark.parametrize(
    "uri", ["at://x/app.bsky.feed.post/3k", "3kaaaaaaaaa2a", "at://did:plc:a/../../b", ""]
)
async def test_an_id_that_is_no_posts_is_never_asked_for(network: Network, page: Bluesky, uri: str) -> None:
    network.requests.clear()
    with pytest.raises(CommentGone):
        await page.act(ActionKind.HIDE, uri)
    assert list(await page.lookup({uri: "r"})) == []
    assert network.requests == []


# What others say of it


async def every_call(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account, root: str, make: Make
) -> None:
    page = make(watch_seconds=0, page_size=1, direct_messages=True)
    await page.open()
    for text in ("a question", "and another"):
        bluesky_chat.write(parent, district, text)
    uris = [network.post(parent, text, parent=root) for text in ("one", "two", "three")]
    _, cursor = await everything(page)
    await page.poll(cursor)
    await page.lookup(dict.fromkeys(uris, "other"))
    network.delete(uris[0])
    await page.lookup({uris[0]: "other"})
    for action in (ActionKind.HIDE, ActionKind.HIDE, ActionKind.UNHIDE):
        await page.act(action, uris[1])
    await page.answer(parent.did, "Write to office@district.example.org.")
    assert await page.has_answered(parent.did, "Write to office@district.example.org.", datetime.now(UTC))
    network.expire_tokens()
    await page.poll(cursor)


async def test_every_request_is_one_that_the_lexicons_know(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account, root: str, make: Make
) -> None:
    await every_call(network, bluesky_chat, district, parent, root, make)
    assert {name for _, name, _, _ in network.requests} == set(LEXICONS["calls"])
    for method, name, query, body in network.requests:
        lexicon = LEXICONS["calls"][name]
        assert method == ("GET" if lexicon["type"] == "query" else "POST")
        parameters = lexicon["parameters"]
        check_query(parameters["properties"], parameters["required"], query)
        check_body(lexicon["input"], body or {})
        if name.endswith("putRecord"):
            check_body(LEXICONS["records"][body["collection"]], body["record"])
        if name.endswith("sendMessage"):
            check_body(LEXICONS["objects"][body["message"]["$type"]], body["message"])


async def test_every_request_is_sent_by_the_atproto_client_as_well(
    network: Network,
    bluesky_chat: Chat,
    district: Account,
    parent: Account,
    root: str,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = passed(monkeypatch, bluesky_rest.BlueskyRest, ["_send", "_call"])
    await every_call(network, bluesky_chat, district, parent, root, make)
    ours = list(network.requests)
    assert seen == places([bluesky_rest], "self", ["_send", "_call"])
    client = Client(network.url)
    client.login(district.handle, district.password)
    chat = client.with_bsky_chat_proxy()
    for method, name, query, body in ours:
        network.requests.clear()
        # What a call answers now is another matter: what was hidden then is so already.
        with contextlib.suppress(AtProtocolError):
            _ask_by(chat if name.startswith("chat.") else client, name, query, body)
        [theirs] = network.requests
        assert _readable(theirs) == _readable((method, name, query, _without_null(body)))
    chat.request.close()
    client.request.close()


def _ask_by(client: Client, name: str, query: Mapping[str, list[str]], body: object) -> None:
    """The client's own method of this name: `getPosts` is called `get_posts` there."""
    if name.endswith("refreshSession"):
        client._refresh_and_set_session()
        return
    asked: Any = client
    for part in name.split("."):
        asked = getattr(asked, re.sub("([A-Z])", r"_\1", part).lower())
    kinds = LEXICONS["calls"][name]["parameters"]["properties"]
    given = {key: AS_MEANT[kinds[key]["type"]](values) for key, values in query.items()}
    asked(*[each for each in (given or body,) if each])


AS_MEANT: Mapping[str, Callable[[list[str]], Any]] = {
    "array": lambda values: values,
    "string": lambda values: values[0],
    "integer": lambda values: int(values[0]),
    "boolean": lambda values: values == ["true"],
}


def _without_null(body: object) -> object:
    """`swapRecord: null` wants that there is no record yet; the client has no way to say so."""
    return {key: each for key, each in body.items() if each is not None} if isinstance(body, dict) else body


async def test_the_atproto_client_sends_the_same_and_takes_the_simulated_network_for_real(
    network: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    uri = network.post(parent, "a text", parent=root)
    network.put_gate(district, root, hiddenReplies=[])
    before = district.records[GATE, root.split("/")[-1]]
    network.requests.clear()
    await page.poll(None)
    await page.lookup({uri: network._record(uri)["cid"]})
    await page.act(ActionKind.HIDE, uri)
    await page.rest._renewed(await held(page))
    ours = list(map(_readable, network.requests))
    gate = district.records[GATE, root.split("/")[-1]]
    district.records[GATE, root.split("/")[-1]] = before

    client = Client(network.url)
    client.login(district.handle, district.password)
    network.requests.clear()
    feed, repo = client.app.bsky.feed, client.com.atproto.repo
    asked = {"reasons": ["reply", "mention", "quote"], "limit": 100}
    listed = client.app.bsky.notification.list_notifications(asked)
    own = feed.get_author_feed({"actor": district.did, "filter": "posts_no_replies", "limit": 100})
    thread = feed.get_post_thread({"uri": root, "depth": 1000, "parent_height": 0})
    posts = feed.get_posts({"uris": [uri]})
    post_key = {"repo": parent.did, "collection": "app.bsky.feed.post", "rkey": uri.split("/")[-1]}
    gate_key = {"repo": district.did, "collection": GATE, "rkey": root.split("/")[-1]}
    found = repo.get_record(post_key)
    read = repo.get_record(gate_key)
    written = repo.put_record({**gate_key, "record": gate["value"], "swap_record": read.cid})
    hidden = repo.get_record(gate_key)
    client._refresh_and_set_session()
    client.request.close()

    assert list(map(_readable, network.requests)) == ours
    assert listed.notifications[0].record.text == found.value.text == "a text"
    assert own.feed[0].post.reply_count == 1
    assert thread.thread.replies[0].post.uri == posts.posts[0].uri == uri
    assert (written.cid, hidden.value.hidden_replies) == (gate["cid"], [uri])


async def test_the_atproto_client_reads_the_same_messages_with_the_same_requests(
    network: Network, bluesky_chat: Chat, district: Account, parent: Account, make: Make
) -> None:
    page = make(direct_messages=True)
    await page.open()
    bluesky_chat.write(parent, district, "a question")
    network.requests.clear()
    await page.poll(None)
    ours = [_readable(each) for each in network.requests if each[1].startswith("chat.")]

    client = Client(network.url)
    client.login(district.handle, district.password)
    network.requests.clear()
    through = client.with_bsky_chat_proxy()
    convo = through.chat.bsky.convo
    [talk] = convo.list_convos({"limit": 100}).convos
    [message] = convo.get_messages({"convo_id": talk.id, "limit": 100}).messages
    through.request.close()
    client.request.close()
    assert list(map(_readable, network.requests)) == ours
    assert message.text == talk.last_message.text == "a question"


async def held(page: Bluesky) -> Token:
    token = await page.tokens.get()
    assert token
    return token


def _readable(request: tuple[str, str, dict[str, list[str]], object]) -> str:
    method, name, query, body = request
    return json.dumps([method, name, query, body], sort_keys=True)
