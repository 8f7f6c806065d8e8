"""The X adapter on a simulated X, against X's own description and tweepy."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import tweepy
from pydantic import ValidationError
from requests.adapters import HTTPAdapter
from starlette.responses import JSONResponse, Response

from platforms import x_rest
from platforms.base import (
    ActionKind,
    CapReached,
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
)
from platforms.oauth import token_of
from platforms.push import BadSignature
from platforms.x import X, XSettings
from platforms.x_posts import first_id, queries, written_ms
from platforms.x_rest import ASKED_OF_MESSAGES, DOLLARS
from tests.platforms.asking import passed, places
from tests.platforms.described import check_body, check_query, description
from tests.simulators.x import PROBLEMS, Service
from tests.simulators.x_objects import User

pytestmark = pytest.mark.anyio

OPERATIONS = description("x")


@pytest.fixture
def service(simulated_x: Service) -> Service:
    return simulated_x


@pytest.fixture
def district(service: Service) -> User:
    return service.join("district", "The district")


@pytest.fixture
def parent(service: Service) -> User:
    return service.join("parent", "A parent")


@pytest.fixture
def root(service: Service, district: User) -> str:
    return service.post(district, "Board meeting tonight.")


Make = Callable[..., X]


@pytest.fixture
async def make(service: Service, district: User) -> AsyncIterator[Make]:
    """Pages that somebody connected: with a token that can be renewed."""
    made: list[X] = []

    def one(**changes: object) -> X:
        settings = {
            "api": service.url,
            "token_url": f"{service.url}/2/oauth2/token",
            "client_id": service.client[0],
            "client_secret": service.client[1],
            "consumer_secret": service.consumer_secret,
            "monthly_dollars": 100,
            "allow_loopback": True,
        }
        made.append(X("page", XSettings.model_validate({**settings, **changes})))
        made[-1].tokens._token = token_of(service.tokens(district))
        return made[-1]

    yield one
    for platform in made:
        await platform.close()


@pytest.fixture
async def page(make: Make) -> X:
    platform = make()
    await platform.open()
    return platform


async def everything(page: X, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(30):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("thirty batches and no end")


def comments(events: Sequence[Event]) -> list[Comment]:
    return [event.comment for event in events if event.comment]


def spent(page: X) -> float:
    return next(each.used for each in page.budget.outlook() if each.unit == DOLLARS)


# What comes in


async def test_answers_are_told_from_mentions_and_our_own_posts_are_no_comments(
    service: Service, district: User, parent: User, root: str, page: X
) -> None:
    answer = service.post(parent, "who pays?", answers=root)
    ours = service.post(district, "the county", answers=answer)
    below = service.post(parent, "thanks", answers=ours)
    mention = service.post(parent, "@district hello", naming=[district])
    theirs = service.post(parent, "my thread")
    beside = service.post(district, "we answer there", answers=theirs)
    back = service.post(parent, "and I you", answers=beside)
    found = {comment.id: comment for comment in comments((await everything(page))[0])}
    assert {key: found[key].kind for key in found} == {
        answer: Kind.COMMENT,
        below: Kind.REPLY,
        mention: Kind.MENTION,
        back: Kind.REPLY,
    }
    assert (found[below].parent, found[below].post) == (ours, root)
    assert (found[answer].parent, found[answer].post) == (None, root)
    assert found[answer].author == "A parent (@parent)"
    assert found[answer].permalink == f"https://x.com/parent/status/{answer}"


async def test_an_answer_from_which_the_districts_name_was_taken_out_is_found_in_its_conversation(
    service: Service, district: User, parent: User, root: str, page: X
) -> None:
    _, cursor = await everything(page)
    answer = service.post(parent, "who pays?", answers=root)
    service.leave_out(answer, district)
    later_root = service.post(district, "Next meeting.")
    below = service.post(parent, "and when?", answers=later_root)
    service.leave_out(below, district)
    events, _ = await everything(page, cursor)
    assert [event.id for event in events] == [answer, below]


async def test_a_long_posts_whole_text_is_captured(
    service: Service, parent: User, root: str, page: X
) -> None:
    service.post(parent, "long " * 400, answers=root)
    [comment] = comments((await everything(page))[0])
    assert comment.text == "long " * 400


async def test_an_edit_is_a_revision_of_the_same_comment(
    service: Service, district: User, parent: User, page: X
) -> None:
    first = service.post(parent, "@district befor", naming=[district])
    _, cursor = await everything(page)
    second = service.edit(first, "@district before")
    [event] = (await everything(page, cursor))[0]
    assert event.comment
    assert (event.kind, event.id, event.comment.revision) == (EventKind.EDITED, first, second)
    assert event.comment.edited_at
    assert event.comment.created_at < event.comment.edited_at
    assert list(await page.lookup({first: second})) == []
    [late] = await page.lookup({first: first})
    assert late.comment
    assert (late.kind, late.id, late.comment.text) == (EventKind.EDITED, first, "@district before")


async def test_many_new_posts_come_oldest_first_over_several_pages(
    service: Service, parent: User, root: str, page: X
) -> None:
    ids = [service.post(parent, f"comment {number}", answers=root) for number in range(230)]
    events, cursor = await everything(page)
    assert [event.id for event in events] == ids
    assert (await everything(page, cursor)) == ([], cursor)


async def test_after_weeks_without_us_the_mentions_go_on_and_the_search_starts_where_it_can(
    service: Service, district: User, parent: User, page: X
) -> None:
    old_root = service.post(district, "long ago", days=20)
    seen = service.post(parent, "seen", answers=old_root, days=19)
    _, cursor = await everything(page)
    missed = service.post(parent, "missed", answers=old_root, days=12)
    new_root = service.post(district, "lately", days=3)
    hidden_name = service.post(parent, "no name", answers=new_root, days=2)
    service.leave_out(hidden_name, district)
    events, _ = await everything(page, cursor)
    assert [event.id for event in events] == [missed, hidden_name]
    assert seen not in [event.id for event in events]


async def test_posts_that_are_not_for_us_are_not_taken_for_deleted(
    service: Service, parent: User, root: str, page: X
) -> None:
    gone, closed = (service.post(parent, text, answers=root) for text in ("gone", "closed"))
    known = {comment.id: comment.revision for comment in comments((await everything(page))[0])}
    service.delete(gone)
    service.protected.add(closed)
    [event] = await page.lookup(known)
    assert (event.kind, event.id, event.detail) == (EventKind.DELETED, gone, "resource-not-found")
    assert list(await page.lookup({gone: ""})) == []


async def test_a_post_that_is_there_again_is_told_in_full(
    service: Service, parent: User, root: str, page: X
) -> None:
    post = service.post(parent, "back", answers=root)
    [event] = await page.lookup({post: ""})
    assert event.comment
    assert event.comment.text == "back"


def test_searches_hold_every_conversation_and_are_never_longer_than_allowed() -> None:
    conversations = [str(2_090_000_000_000_000_000 + number) for number in range(40)]
    made = list(queries(conversations, "district", 512))
    assert all(len(query) <= 512 for query in made)
    assert all(query.endswith(") -from:district") for query in made)
    named = [
        word.strip("()").split(":")[1] for query in made for word in query.split() if "conversation" in word
    ]
    assert named == conversations[::-1]
    assert list(queries([], "district", 512)) == []


def test_an_id_tells_when_its_post_was_written() -> None:
    ms = round(datetime(2026, 11, 1, 8, 30, tzinfo=UTC).timestamp() * 1000)
    assert written_ms(first_id(ms)) == ms
    assert written_ms("2080761390344937796") // 1000 == 1784927148  # as X prints of that post


async def test_direct_messages_are_archived_where_the_district_says_so_and_never_acted_on(
    service: Service, district: User, parent: User, make: Make
) -> None:
    page = make(direct_messages=True)
    await page.open()
    ids = [service.message(parent, district, f"message {number}", days=2) for number in range(130)]
    service.message(district, parent, "our answer")
    picture = service.message(parent, district, None)
    events, cursor = await everything(page)
    found = comments(events)
    assert [comment.id for comment in found] == [f"dm:{number}" for number in [*ids, picture]]
    assert {comment.kind for comment in found} == {Kind.DIRECT_MESSAGE}
    assert (found[0].text, found[0].author, found[-1].text) == ("message 0", "A parent (@parent)", "")
    assert spent(page) == pytest.approx(0.01 * len(service.messages_read))
    service.requests.clear()
    assert await everything(page, cursor) == ([], cursor)
    assert [path for _, path, _, _ in service.requests].count("/2/dm_events") == 1
    with pytest.raises(Unsupported, match="archived only"):
        await page.act(ActionKind.HIDE, found[0].id)
    assert "dm.read" in page.consent().scopes


async def test_without_the_districts_word_no_message_is_asked_for(
    service: Service, district: User, parent: User, page: X
) -> None:
    service.message(parent, district, "private")
    assert (await everything(page))[0] == []
    assert "/2/dm_events" not in [path for _, path, _, _ in service.requests]


# What it costs


async def test_our_sum_is_the_bill_and_reading_again_on_the_same_day_costs_nothing(
    service: Service, parent: User, root: str, page: X
) -> None:
    ids = [service.post(parent, f"comment {number}", answers=root) for number in range(120)]
    _, cursor = await everything(page)
    once = spent(page)
    assert once == pytest.approx(len(service.read_today) * 0.005)
    for _ in range(3):
        await page.poll(cursor)
    await page.poll(None)
    await page.lookup(dict.fromkeys(ids, ids[0]))
    assert spent(page) == pytest.approx(once)
    service.post(parent, "one more", answers=root)
    await page.poll(cursor)
    assert spent(page) == pytest.approx(len(service.read_today) * 0.005)
    await page.act(ActionKind.HIDE, ids[0])
    assert spent(page) == pytest.approx((len(service.read_today) + service.writes) * 0.005)


@pytest.mark.parametrize("dollars", [0.03, 0.2, 0.61, 1.0])
async def test_the_months_cap_is_never_exceeded_and_what_was_paid_for_is_captured(
    service: Service, parent: User, root: str, make: Make, dollars: float
) -> None:
    for number in range(250):
        service.post(parent, f"comment {number}", answers=root)
    page = make(monthly_dollars=dollars)
    await page.open()
    captured: set[str] = set()
    cursor = None
    with pytest.raises(CapReached, match="used up"):
        for _ in range(10):
            batch = await page.poll(cursor)
            cursor = batch.cursor
            captured |= {event.id for event in batch.events}
    assert len(service.read_today) * 0.005 <= dollars
    assert spent(page) <= dollars
    assert captured == service.read_today - {root}


async def test_a_call_that_failed_costs_nothing(service: Service, root: str, page: X) -> None:
    service.answers += [Response(None, 503)] * 3
    for _ in range(3):
        with pytest.raises(Unavailable):
            await page.poll(None)
    assert spent(page) == 0


async def test_looking_for_deletions_is_left_when_the_money_is_nearly_gone(
    service: Service, parent: User, root: str, make: Make
) -> None:
    page = make(monthly_dollars=1)
    await page.open()
    post = service.post(parent, "a text", answers=root)
    page.budget.spend(DOLLARS, 0.91)
    service.delete(post)
    service.requests.clear()
    assert list(await page.lookup({post: post})) == []
    assert service.requests == []


async def test_an_unchanged_comment_is_looked_up_once_a_week(
    service: Service, parent: User, root: str, page: X
) -> None:
    post = service.post(parent, "a text", answers=root)
    service.requests.clear()
    for _ in range(3):
        await page.lookup({post: post})
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"type": PROBLEMS + "usage-capped", "title": "UsageCapExceeded"}, 429),
        JSONResponse({"title": "CreditsDepleted", "type": PROBLEMS + "credits"}, 402),
    ],
)
async def test_when_x_itself_wants_money_a_person_is_told(
    service: Service, page: X, answer: Response
) -> None:
    service.answers.append(answer)
    with pytest.raises(CapReached, match="developer console"):
        await page.poll(None)


async def test_a_cap_must_be_set() -> None:
    with pytest.raises(ValidationError, match="monthly_dollars"):
        XSettings.model_validate({})


# What goes out


async def test_only_answers_under_our_own_posts_can_be_hidden(
    service: Service, district: User, parent: User, page: X
) -> None:
    mention = service.post(parent, "@district hello", naming=[district])
    with pytest.raises(Unsupported, match="under its own posts"):
        await page.act(ActionKind.HIDE, mention)


async def test_an_answer_that_says_otherwise_is_not_believed(
    service: Service, parent: User, root: str, page: X
) -> None:
    post = service.post(parent, "a text", answers=root)
    service.answers += [None, JSONResponse({"data": {"hidden": False}})]
    with pytest.raises(Unavailable, match="not hidden"):
        await page.act(ActionKind.HIDE, post)


async def test_without_the_scope_to_moderate_a_person_has_to_connect_again(
    service: Service, parent: User, root: str, page: X
) -> None:
    post = service.post(parent, "a text", answers=root)
    service.answers += [None, JSONResponse({"type": PROBLEMS + "client-forbidden"}, 403)]
    with pytest.raises(NotAuthorised, match="developer console"):
        await page.act(ActionKind.HIDE, post)


# Who we are


async def test_an_expired_token_is_renewed_kept_and_never_used_twice(service: Service, page: X) -> None:
    before = await page.tokens.get()
    service.expire()
    await page.poll(None)
    service.expire()
    await page.poll(None)
    after = await page.tokens.get()
    assert before
    assert after
    assert after.refresh != before.refresh
    assert [path for _, path, _, _ in service.requests].count("/2/oauth2/token") == 2


async def test_a_connection_that_was_ended_needs_a_person(service: Service, page: X) -> None:
    service._refresh.clear()
    service.expire()
    with pytest.raises(NotAuthorised, match="connect the page again"):
        await page.poll(None)


async def test_a_page_that_nobody_connected_says_how(service: Service, make: Make) -> None:
    page = make()
    page.tokens._token = None
    with pytest.raises(NotAuthorised, match="modbot connect page"):
        await page.open()


async def test_the_consent_asks_for_the_least(make: Make) -> None:
    consent = make().consent()
    described = {scope for operation in OPERATIONS for scope in operation["scopes"]} | {"offline.access"}
    assert set(consent.scopes) == described - {"dm.read", "dm.write"}
    assert (consent.pkce, consent.basic) == (True, True)
    assert set(make(answer_messages=True).consent().scopes) == described - {"dm.read", "dm.write"}
    assert set(make(direct_messages=True).consent().scopes) == described - {"dm.write"}
    assert set(make(direct_messages=True, answer_messages=True).consent().scopes) == described


# What goes wrong on the way

FAILURES: dict[str, tuple[Response, type[PlatformError]]] = {
    "500": (Response(None, 500), Unavailable),
    "503": (Response(None, 503), Unavailable),
    "a page instead of JSON": (Response("<!doctype html>", 200, media_type="text/html"), Unavailable),
    "half a body": (Response('{"data": [', 200, media_type="application/json"), Unavailable),
    "a list instead of an object": (JSONResponse([]), Unavailable),
    "something else": (JSONResponse({"data": [{"id": 5}]}), Unavailable),
    "a request it does not know": (JSONResponse({"type": PROBLEMS + "invalid-request"}, 400), Unavailable),
    "refused": (JSONResponse({"type": PROBLEMS + "client-forbidden"}, 403), NotAuthorised),
    "gone": (JSONResponse({"type": PROBLEMS + "resource-not-found"}, 404), CommentGone),
    "429": (JSONResponse({"type": PROBLEMS + "rate-limit-exceeded"}, 429), RateLimited),
}


@pytest.mark.parametrize(("answer", "error"), FAILURES.values(), ids=FAILURES)
async def test_every_failure_is_put_into_its_class_and_the_next_list_is_whole(
    service: Service, parent: User, root: str, page: X, answer: Response, error: type[PlatformError]
) -> None:
    post = service.post(parent, "a text", answers=root)
    service.answers.append(answer)
    with pytest.raises(error):
        await page.poll(None)
    assert [event.id for event in (await everything(page))[0]] == [post]


async def test_a_used_up_window_is_waited_for_until_x_says_it_is_over(service: Service, page: X) -> None:
    service.left["mentions"] = 0
    with pytest.raises(RateLimited) as limited:
        await page.poll(None)
    assert 0 < limited.value.retry_after <= 900
    asked = len(service.requests)
    with pytest.raises(RateLimited):
        await page.poll(None)
    assert len(service.requests) == asked + 1, "the list that is used up is not asked again"


async def test_a_429_without_a_time_waits_a_quarter_of_an_hour(service: Service, page: X) -> None:
    service.answers.append(JSONResponse({"type": "about:blank"}, 429))
    with pytest.raises(RateLimited) as limited:
        await page.poll(None)
    assert limited.value.retry_after == 900


@pytest.mark.parametrize("post", ["1/../1", "no id", "", "9" * 20, "１２３"])
async def test_an_id_that_is_no_posts_is_never_asked_for(service: Service, page: X, post: str) -> None:
    service.requests.clear()
    with pytest.raises(CommentGone):
        await page.act(ActionKind.HIDE, post)
    assert list(await page.lookup({post: "r"})) == []
    assert service.requests == []


# What X pushes


async def test_the_check_of_our_address_is_answered_with_the_signed_token(
    service: Service, make: Make
) -> None:
    answer = make().challenge({"crc_token": "a token"})
    assert isinstance(answer, tuple)
    assert json.loads(answer[0]) == {"response_token": service.signed(b"a token")}
    assert answer[1] == "application/json"
    assert make().challenge({"other": "1"}) is None


async def test_a_delivery_is_read_into_the_whole_comment(
    service: Service, parent: User, root: str, page: X
) -> None:
    post = service.post(parent, "a text", answers=root)
    headers, body = service.delivery("post.reply.create", post)
    page.check(headers, body)
    [event] = await page.unpack(body)
    assert event.comment
    assert (event.id, event.comment.author, event.comment.kind) == (post, "A parent (@parent)", Kind.COMMENT)
    [polled] = (await everything(page))[0]
    assert polled.comment == event.comment


async def test_what_was_deleted_before_it_could_be_read_is_archived_as_it_was_pushed(
    service: Service, parent: User, root: str, page: X
) -> None:
    post = service.post(parent, "gone at once", answers=root)
    _, body = service.delivery("post.reply.create", post)
    service.delete(post)
    [event] = await page.unpack(body)
    assert event.comment
    assert (event.id, event.comment.text, event.comment.author_id) == (post, "gone at once", parent.id)


async def test_a_delivery_is_counted_and_archived_also_when_the_money_is_used_up(
    service: Service, parent: User, root: str, make: Make
) -> None:
    page = make(monthly_dollars=0.012)
    await page.open()
    bodies = [
        service.delivery("post.reply.create", service.post(parent, "a text", answers=root))[1]
        for _ in range(4)
    ]
    found = [comments(await page.unpack(body)) for body in bodies]
    assert [len(each) for each in found] == [1] * 4
    assert [each[0].author for each in found] == ["A parent (@parent)", "", "", ""]
    assert spent(page) == pytest.approx(5 * 0.005)


async def test_what_is_told_of_another_account_of_the_app_is_left_to_its_page(
    service: Service, district: User, parent: User, root: str, make: Make
) -> None:
    school = service.join("school", "A school")
    ours, theirs = make(), make()
    theirs.tokens._token = token_of(service.tokens(school))
    for page in (ours, theirs):
        await page.open()
    post = service.post(parent, "@school hello", naming=[school])
    for filter_, outside in (({"user_id": school.id}, {}), ({}, {"for_user_id": school.id})):
        _, body = service.delivery("post.mention.create", post, filter=filter_)
        body = json.dumps(json.loads(body) | outside).encode()
        assert ours.concerns(body)
        assert theirs.concerns(body)
        before = spent(ours)
        assert list(await ours.unpack(body)) == []
        assert spent(ours) == before
        assert [event.id for event in await theirs.unpack(body)] == [post]


async def test_a_delivery_that_names_nobody_is_read_where_it_came(
    service: Service, parent: User, root: str, page: X
) -> None:
    post = service.post(parent, "an answer", answers=root)
    _, body = service.delivery("post.reply.create", post)
    assert not page.concerns(body)
    assert [event.id for event in await page.unpack(body)] == [post]
    assert [page.concerns(each) for each in (b"no json", b"[]", b'{"data": 3}')] == [False] * 3


@pytest.mark.parametrize("event", ["post.delete", "oauth.revoke", "broadcast.start", "post.create"])
async def test_other_deliveries_tell_no_comment(
    service: Service, parent: User, root: str, page: X, event: str
) -> None:
    _, body = service.delivery(event, service.post(parent, "a text", answers=root))
    assert list(await page.unpack(body)) == []


@pytest.mark.parametrize("spoil", ["body", "signature", "none", "hex", "other secret", "cut"])
async def test_what_x_did_not_sign_is_refused(
    service: Service, parent: User, root: str, make: Make, spoil: str
) -> None:
    headers, body = service.delivery("post.reply.create", service.post(parent, "a text", answers=root))
    name = "x-twitter-webhooks-signature"
    if spoil == "body":
        body = body.replace(b"a text", b"b text")
    elif spoil == "cut":
        body = body[:-1]
    elif spoil == "none":
        headers = {}
    elif spoil == "other secret":
        service.consumer_secret = "another"
        headers = {name: service.signed(body)}
        service.consumer_secret = "consumer-secret-of-the-app"
    else:
        headers = {name: "sha256=" + ("é" if spoil == "signature" else body.hex()[:64])}
    with pytest.raises(BadSignature):
        make().check(headers, body)


async def test_the_same_event_sent_twice_is_known_by_its_id(
    service: Service, make: Make, district: User
) -> None:
    post = service.post(district, "a text")
    _, body = service.delivery("post.reply.create", post, event_uuid="-5")
    again = json.dumps(json.loads(body), indent=1).encode()
    assert make().delivery_id({}, body) == make().delivery_id({}, again) == "event -5"
    assert len(make().delivery_id({}, b"not json")) == 64


async def test_without_the_apps_secret_nothing_is_pushed(make: Make) -> None:
    page = make(consumer_secret=None)
    assert not page.pushes
    with pytest.raises(BadSignature):
        page.check({}, b"{}")


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_pushed_message_is_the_one_that_is_listed(
    service: Service, district: User, parent: User, make: Make, wanted: bool
) -> None:
    page = make(direct_messages=wanted)
    await page.open()
    number = service.message(parent, district, "hello!")
    created = {"sender_id": parent.id, "message_data": {"text": "hello!"}, "target": {}}
    event = {"type": "message_create", "id": number, "message_create": created}
    writer = {"data": {"id": parent.id, "name": parent.name, "username": parent.username}}
    data = {
        "event_type": "dm.received",
        "payload": {"direct_message_events": [event], "users": {parent.id: writer}},
    }
    pushed = comments(await page.unpack(json.dumps({"data": data}).encode()))
    listed = comments((await everything(page))[0])
    shown = [
        [(each.id, each.revision, each.text, each.author) for each in found] for found in (pushed, listed)
    ]
    assert shown[0] == shown[1]
    assert bool(pushed) is wanted


# What others say of it


async def every_call(service: Service, district: User, parent: User, root: str, page: X) -> None:
    post = service.post(parent, "a text", answers=root)
    for number in range(100):
        service.post(parent, f"comment {number}", answers=root)
    _, cursor = await everything(page)
    await page.poll(cursor)
    await page.lookup({post: "1"})
    await page.act(ActionKind.HIDE, post)
    await page.act(ActionKind.UNHIDE, post)
    await page.answer(parent.id, "Write to the office.")
    await page.has_answered(parent.id, "Write to the office.", datetime(2026, 11, 1, tzinfo=UTC))


async def test_every_request_is_one_that_x_describes(
    service: Service, district: User, parent: User, root: str, make: Make
) -> None:
    page = make(direct_messages=True, answer_messages=True)
    await page.open()
    await every_call(service, district, parent, root, page)
    met = set()
    for method, path, query, body in service.requests:
        operation = next(each for each in OPERATIONS if method == each["verb"] and _fits(each["path"], path))
        met.add(operation["path"])
        required = [name for name, limits in operation["parameters"].items() if limits["required"]]
        check_query(operation["parameters"], required, {name: [value] for name, value in query.items()})
        check_body(operation["body"], json.loads(body) if body else {})
    assert met == {each["path"] for each in OPERATIONS}


def _fits(template: str, path: str) -> bool:
    parts, given = template.split("/"), path.split("/")
    return len(parts) == len(given) and all(
        part == value or (part.startswith("{") and value.isdigit())
        for part, value in zip(parts, given, strict=True)
    )


ASKING = ("_send", "_pages", "_read", "_paid_for")
"""What the client calls to ask X."""


class ToLoopback(HTTPAdapter):
    """tweepy knows one address, which is X's."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        assert request.url
        request.url = request.url.replace("https://api.twitter.com", self.url)
        return super().send(request, **options)


async def test_tweepy_sends_the_same_and_takes_the_simulated_x_for_real(
    service: Service, district: User, parent: User, root: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = passed(monkeypatch, x_rest.XRest, ASKING)
    page = make(direct_messages=True, answer_messages=True)
    await page.open()
    for number in range(11):
        service.message(parent, district, f"message {number}")
    await every_call(service, district, parent, root, page)
    ours, service.requests = service.requests, []
    client = tweepy.Client(bearer_token=service.tokens(district)["access_token"])
    client.session.mount("https://", ToLoopback(service.url))
    asked = {
        "tweet_fields": ours[1][2]["tweet.fields"].split(","),
        "expansions": "author_id",
        "user_fields": ["name", "username"],
        "user_auth": False,
    }
    users = {
        "me": lambda _: client.get_me(user_fields=asked["user_fields"], user_auth=False),
        "mentions": lambda query: client.get_users_mentions(district.id, **query, **asked),
        "tweets": lambda query: client.get_users_tweets(district.id, **query, **asked),
        "recent": lambda query: client.search_recent_tweets(**query, **asked),
        "lookup": lambda query: client.get_tweets(**query, **asked),
        "dm_events": lambda query: client.get_direct_message_events(
            **query,
            dm_event_fields=ASKED_OF_MESSAGES["dm_event.fields"].split(","),
            expansions="sender_id",
            user_fields=asked["user_fields"],
            user_auth=False,
        ),
    }
    answers, written = [], []
    for method, path, query, body in ours:
        if method != "GET":
            written.append(_written(client, path, json.loads(body)).data)
            continue
        name = "lookup" if path == "/2/tweets" else path.rsplit("/", 1)[1]
        own = {key: value for key, value in query.items() if "." not in key and key != "expansions"}
        answers.append(users[name](own | _with_whom(path)))
    client.session.close()
    assert [_readable(*request) for request in service.requests] == [_readable(*request) for request in ours]
    assert answers[0].data.username == "district"
    assert any(answer.data and answer.data[0].author_id == int(parent.id) for answer in answers[1:])
    assert written[:2] == [{"hidden": True}, {"hidden": False}]
    assert [each["dm_event_id"] for each in written[2:]] == [service.messages[-1]["id"]]
    assert any("pagination_token" in query for _, path, query, _ in ours if path.endswith("dm_events"))
    assert seen == places([x_rest], "self", ASKING)


def _written(client: tweepy.Client, path: str, body: dict[str, Any]) -> tweepy.Response:
    if "text" in body:
        return client.create_direct_message(**_with_whom(path), **body, user_auth=False)
    call = client.hide_reply if body["hidden"] else client.unhide_reply
    return call(path.split("/")[3], user_auth=False)


def _with_whom(path: str) -> dict[str, str]:
    return {"participant_id": path.split("/")[4]} if "/with/" in path else {}


def _readable(method: str, path: str, query: dict[str, str], body: bytes) -> tuple[object, ...]:
    return method, path, sorted(query.items()), json.loads(body) if body else None
