"""The LinkedIn adapter on a simulated page, with signed deliveries, and against LinkedIn's own client."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest
from linkedin_api.clients.restli.client import RestliClient
from pydantic import SecretStr
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from platforms import linkedin_rest
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
from platforms.linkedin import KEPT, LinkedIn, LinkedInSettings
from platforms.linkedin_rest import ACTIONS
from platforms.push import BadSignature
from platforms.tokens import Token
from tests.platforms.asking import passed, places
from tests.platforms.described import description
from tests.simulators.linkedin import (
    ACTIVITY,
    ORGANIZATION,
    SECRET,
    SHARE,
    US,
    Failure,
    Organization,
    delivery,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def company(simulated_linkedin: Organization) -> Organization:
    return simulated_linkedin


Adapter = Callable[..., LinkedIn]


@pytest.fixture
async def adapter(company: Organization) -> AsyncIterator[Adapter]:
    """Makes adapters for the page, with any settings changed; they are closed at the end."""
    async with AsyncExitStack() as stack:

        def make(**changes: object) -> LinkedIn:
            known = {
                "organization": ORGANIZATION,
                "access_token": "linkedin-access",
                "client_id": "client",
                "client_secret": SECRET,
                "api": company.url,
                "token_url": f"{company.url}/oauth/v2/accessToken",
                "allow_loopback": True,
            }
            platform = LinkedIn("company", LinkedInSettings.model_validate(known | changes))
            stack.push_async_callback(platform.close)
            return platform

        yield make


@pytest.fixture
async def page(adapter: Adapter) -> LinkedIn:
    platform = adapter()
    await platform.open()
    return platform


async def everything(page: LinkedIn, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(30):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("thirty batches and no end")


async def seen(page: LinkedIn, cursor: str | None = None) -> list[Comment]:
    return [event.comment for event in (await everything(page, cursor))[0] if event.comment]


# What comes in


async def test_a_comment_arrives_with_all_that_a_record_needs(company: Organization, page: LinkedIn) -> None:
    name = company.write("What a concert!")
    [comment] = await seen(page)
    assert (comment.id, comment.text, comment.post) == (name, "What a concert!", ACTIVITY)
    assert (comment.author, comment.author_id) == ("", "urn:li:person:zLqTygBP8S")
    assert comment.post_title == "Our spring concert"
    assert comment.permalink == f"https://www.linkedin.com/feed/update/{ACTIVITY}"
    assert (comment.edited_at, comment.kind) == (None, Kind.COMMENT)
    assert comment.payload["message"]["text"] == comment.text


async def test_a_new_comment_costs_two_calls_and_a_quiet_page_one(
    company: Organization, page: LinkedIn
) -> None:
    company.write("early")
    _, cursor = await everything(page)
    company.calls.clear()
    assert (await everything(page, cursor))[0] == []
    assert len(company.calls) == 1
    name = company.write("late")
    assert [comment.id for comment in await seen(page, cursor)] == [name]
    assert len(company.calls) == 3


async def test_answers_come_with_what_they_answer(company: Organization, page: LinkedIn) -> None:
    top = company.write("question")
    _, cursor = await everything(page)
    name = company.write("answer", parent=top)
    [comment] = await seen(page, cursor)
    assert (comment.id, comment.parent, comment.kind) == (name, top, Kind.REPLY)


async def test_long_lists_are_read_to_their_end(company: Organization, page: LinkedIn) -> None:
    top = company.write("question")
    names = [company.write(f"answer {number}", parent=top) for number in range(120)]
    assert [comment.id for comment in await seen(page)] == [top, *names]


async def test_a_post_that_mentions_the_page_is_archived_once(company: Organization, page: LinkedIn) -> None:
    share = company.mention("Ask @District about the buses.")
    [comment] = await seen(page)
    assert (comment.id, comment.kind, comment.text) == (share, Kind.MENTION, "Ask @District about the buses.")
    assert comment.author_id == "urn:li:person:aNeighbour"


async def test_edits_and_deletions_during_a_stop_are_told_afterwards(
    company: Organization, page: LinkedIn, adapter: Adapter
) -> None:
    edited, gone, _ = [company.write(text) for text in ("one", "two", "three")]
    _, cursor = await everything(page)
    company.edit(edited, "changed")
    company.delete(gone)
    restarted = adapter()
    await restarted.open()
    events, _ = await everything(restarted, cursor)
    assert {event.id: event.kind for event in events} == {
        edited: EventKind.EDITED,
        gone: EventKind.DELETED,
    }


async def test_what_nobody_is_told_of_is_found_at_the_rescan(company: Organization, adapter: Adapter) -> None:
    company.notifies = False
    page = adapter(rescan_hours=1e-9)
    await page.open()
    edited, gone, kept = [company.write(text) for text in ("one", "two", "three")]
    events, cursor = await everything(page)
    assert [event.id for event in events] == [edited, gone, kept]
    company.edit(edited, "changed")
    company.delete(gone)
    new = company.write("four")
    events, cursor = await everything(page, cursor)
    assert {event.id: event.kind for event in events} == {
        edited: EventKind.EDITED,
        gone: EventKind.DELETED,
        new: EventKind.CREATED,
    }
    assert (await everything(page, cursor))[0] == []


async def test_nothing_is_lost_or_repeated_by_a_restart(company: Organization, adapter: Adapter) -> None:
    names = [company.write(f"comment {number}") for number in range(230)]
    before: list[str] = []
    cursor = None
    for _ in range(4):
        page = adapter(batch_size=60)
        await page.open()
        batch = await page.poll(cursor)
        before, cursor = [*before, *(event.id for event in batch.events)], batch.cursor
    assert before == names


async def test_at_most_the_newest_posts_are_read(company: Organization, adapter: Adapter) -> None:
    page = adapter(rescan_posts=1)
    await page.open()
    await page.poll(None)
    assert len([path for _, path, _ in company.calls if path.endswith("/comments")]) == 1


# What is pushed


async def test_a_delivery_becomes_what_it_tells(company: Organization, page: LinkedIn) -> None:
    edited, gone = company.write("one"), company.write("two")
    company.edit(edited, "changed")
    company.delete(gone)
    share = company.mention("Look at @District")
    headers, body = delivery(company.notifications)
    page.check(headers, body)
    told = await page.unpack(body)
    assert [(event.kind, event.id, event.comment and event.comment.text) for event in told] == [
        (EventKind.CREATED, edited, "changed"),
        (EventKind.DELETED, gone, "two"),  # already gone when it was asked for: all that is left
        (EventKind.EDITED, edited, "changed"),
        (EventKind.DELETED, gone, "two"),
        (EventKind.CREATED, share, "Look at @District"),
    ]
    assert await page.unpack(body) == told


async def test_a_delivery_that_is_lost_is_found_by_the_next_poll(
    company: Organization, page: LinkedIn
) -> None:
    _, cursor = await everything(page)
    name = company.write("never delivered")
    assert [comment.id for comment in await seen(page, cursor)] == [name]


async def test_likes_and_other_pages_are_left_alone(company: Organization, page: LinkedIn) -> None:
    company.write("a comment")
    [told] = company.notifications
    strange = [told | {"action": "LIKE"}, told | {"organizationalEntity": "urn:li:organization:1"}]
    strange.append(told | {"generatedActivity": "urn:li:share:1"})
    assert await page.unpack(delivery(strange)[1]) == []


async def test_one_address_serves_the_pages_of_an_app(company: Organization, page: LinkedIn) -> None:
    company.write("a comment")
    [told] = company.notifications
    ours, theirs = (delivery([told | {"organizationalEntity": each}])[1] for each in (US, f"{US}0"))
    assert page.concerns(ours)
    assert not page.concerns(theirs)
    assert [page.concerns(each) for each in (b"[]", b"{", b'{"notifications": [5]}')] == [False] * 3


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"notifications": 5}', b'{"notifications": [5]}', b"{", b""]
)
async def test_a_delivery_that_makes_no_sense_is_said_to(page: LinkedIn, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"delivery|Expecting"):
        await page.unpack(body)


def test_the_signature_is_over_the_very_bytes(company: Organization) -> None:
    page = LinkedIn("company", LinkedInSettings(organization=ORGANIZATION, client_secret=SecretStr(SECRET)))
    company.write("a comment")
    headers, body = delivery(company.notifications)
    page.check(headers, body)
    page.check({"x-li-signature": f"hmacsha256={headers['x-li-signature']}"}, body)
    plain = hmac.new(SECRET.encode(), body, sha256).hexdigest()
    for wrong, altered in (
        ({}, body),
        ({"x-li-signature": ""}, body),
        ({"x-li-signature": "ü"}, body),
        ({"x-li-signature": plain}, body),
        (delivery(company.notifications, "another secret")[0], body),
        (headers, body[:-1]),
        (headers, body.replace(b"a comment", b"a coment")),
    ):
        with pytest.raises(BadSignature):
            page.check(wrong, altered)


def test_the_challenge_is_answered_with_its_signature() -> None:
    page = LinkedIn("company", LinkedInSettings(organization=ORGANIZATION, client_secret=SecretStr(SECRET)))
    code = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
    answer = page.challenge({"challengeCode": code})
    assert isinstance(answer, tuple)
    assert answer[1] == "application/json"
    expected = hmac.new(SECRET.encode(), code.encode(), sha256).hexdigest()
    assert json.loads(answer[0]) == {"challengeCode": code, "challengeResponse": expected}
    assert page.challenge({"hub.challenge": "1"}) is None
    for wrong in ("", 'hmacsha256={"type":1}', "a" * 41):
        with pytest.raises(BadSignature):
            page.challenge({"challengeCode": wrong})


async def test_connecting_asks_for_pushes_where_an_address_is_set(
    company: Organization, adapter: Adapter
) -> None:
    answer = {"access_token": "linkedin-access", "expires_in": 5_184_000}
    await adapter().exchanged(answer)
    assert company.subscriptions == {}
    where = "https://modbot.example.org/push/company"
    token = await adapter(application=4711, webhook=where).exchanged(answer)
    assert token.access.get_secret_value() == "linkedin-access"
    [(key, address)] = company.subscriptions.items()
    assert address == where
    assert f"entity={US}" in key
    assert "developerApplication=urn:li:developerApplication:4711" in key


async def test_a_refused_subscription_ends_the_connecting(company: Organization, adapter: Adapter) -> None:
    company.failures.extend([None, Failure(403, "ACCESS_DENIED")])
    page = adapter(application=4711, webhook="https://modbot.example.org/push/company")
    with pytest.raises(NotAuthorised, match="403"):
        await page.exchanged({"access_token": "linkedin-access"})


def test_without_a_secret_nothing_is_pushed() -> None:
    page = LinkedIn("company", LinkedInSettings(organization=ORGANIZATION))
    assert not page.pushes
    with pytest.raises(BadSignature):
        page.check(*delivery([]))


# What goes out


async def test_a_comment_is_deleted_in_the_pages_name_and_read_back(
    company: Organization, page: LinkedIn
) -> None:
    kept, name = company.write("kept"), company.write("gone")
    receipt = await page.act(ActionKind.DELETE, name)
    assert (receipt.visibility, receipt.already) == (Visibility.GONE, False)
    assert dict(receipt.answer) == {"answered": "204", "read_back": "404"}
    assert company.reader_sees(kept)
    assert not company.reader_sees(name)


async def test_hiding_is_refused_before_anything_is_asked(company: Organization, page: LinkedIn) -> None:
    name = company.write("a comment")
    company.calls.clear()
    for action in (ActionKind.HIDE, ActionKind.UNHIDE):
        with pytest.raises(Unsupported, match="deleting for good"):
            await page.act(action, name)
    assert company.calls == []


async def test_a_post_that_mentions_the_page_cannot_be_deleted(company: Organization, page: LinkedIn) -> None:
    with pytest.raises(Unsupported, match="somebody else"):
        await page.act(ActionKind.DELETE, company.mention("Ask @District"))


async def test_after_a_restart_what_was_deleted_is_gone(
    company: Organization, page: LinkedIn, adapter: Adapter
) -> None:
    name = company.write("gone")
    await page.act(ActionKind.DELETE, name)
    restarted = adapter()
    await restarted.open()
    with pytest.raises(CommentGone):
        await restarted.act(ActionKind.DELETE, name)


# What goes wrong


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "INVALID_ACCESS_TOKEN", NotAuthorised),
        (403, "ACCESS_DENIED", NotAuthorised),
        (426, "NONEXISTENT_VERSION", NotAuthorised),
        (400, "VERSION_MISSING", NotAuthorised),
        (429, "TOO_MANY_REQUESTS", RateLimited),
        (400, "PARAM_INVALID", Unavailable),
        (500, "INTERNAL_SERVER_ERROR", Unavailable),
        (504, "GATEWAY_TIMEOUT", Unavailable),
    ],
)
async def test_every_failure_has_its_class_and_loses_nothing(
    company: Organization, page: LinkedIn, status: int, code: str, expected: type[PlatformError]
) -> None:
    names = [company.write(f"comment {number}") for number in range(3)]
    company.failures.extend([None, Failure(status, code)])
    with pytest.raises(expected) as failure:
        await page.poll(None)
    assert not [secret for secret in ("linkedin-access", SECRET) if secret in str(failure.value)]
    assert [comment.id for comment in await seen(page)] == names


async def test_a_brake_is_left_a_quarter_of_an_hour(company: Organization, page: LinkedIn) -> None:
    company.failures.append(Failure(429, "TOO_MANY_REQUESTS"))
    with pytest.raises(RateLimited) as told:
        await page.poll(None)
    assert told.value.retry_after == 900


async def test_the_days_calls_are_not_exceeded(company: Organization, adapter: Adapter) -> None:
    page = adapter(calls_per_day=5)
    await page.open()
    cursor = None
    with pytest.raises(RateLimited, match="5 calls"):
        for _ in range(5):
            cursor = (await page.poll(cursor)).cursor
    assert len(company.calls) == 5


async def test_what_linkedin_refuses_at_the_days_end_is_read_on_the_next_day(
    company: Organization, adapter: Adapter
) -> None:
    page = adapter()
    await page.open()
    _, cursor = await everything(page)
    names = [company.write(f"comment {number}") for number in range(5)]
    company.limit = company.used + 3
    with pytest.raises(RateLimited) as refused:
        await page.poll(cursor)
    assert refused.value.retry_after == 900
    company.today -= timedelta(days=1)
    assert [comment.id for comment in await seen(page, cursor)] == names


async def test_a_switched_off_version_names_the_setting(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="`version`"):
        await adapter(version="202412").open()


@pytest.mark.parametrize("role", ["RECRUITING_POSTER", "ANALYST"])
async def test_a_role_that_would_get_empty_lists_is_refused(
    company: Organization, adapter: Adapter, role: str
) -> None:
    company.role = role
    with pytest.raises(NotAuthorised, match=role):
        await adapter().open()


async def test_an_unconnected_page_says_what_to_run(adapter: Adapter) -> None:
    with pytest.raises(NotAuthorised, match="modbot connect company"):
        await adapter(access_token=None).open()


async def test_an_ended_token_is_renewed_and_the_years_end_kept(adapter: Adapter) -> None:
    page = adapter()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await page.tokens.put(Token(SecretStr("old"), SecretStr("linkedin-refresh"), yesterday))
    await page.open()
    kept = await page.tokens.get()
    assert kept is not None
    assert kept.access.get_secret_value() == "linkedin-access+"
    assert kept.ends_at is not None
    assert kept.ends_at > datetime.now(UTC) + timedelta(days=200)


# Against LinkedIn's own client


class Rerouted(HTTPAdapter):
    """Takes what LinkedIn's client sends to LinkedIn to the simulated page."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address
        self.hosts: set[str] = set()

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        assert request.url
        host, path = re.match(r"(https://[^/]+)(.*)", request.url).groups()  # type: ignore[union-attr]
        self.hosts.add(host)
        request.url = self.address + path
        return super().send(request, *args, **options)


@pytest.fixture
def official(company: Organization) -> Iterator[RestliClient]:
    client = RestliClient()
    client.session.mount("https://", Rerouted(company.url))
    yield client
    client.session.close()


def as_read(calls: list[tuple[str, str, str]]) -> list[tuple[str, str, dict[str, str]]]:
    """Verb, path as sent and query; LinkedIn's client writes the parts in brackets by the alphabet."""
    return [
        (
            verb,
            re.sub(r"(?<=/)\((.*)\)$", lambda found: ",".join(sorted(found[1].split(","))), path),
            {
                key: "".join(sorted(value)) if value.startswith("(") else value
                for key, [value] in parse_qs(query).items()
            },
        )
        for verb, path, query in calls
    ]


START, END = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)
WEBHOOK = "https://modbot.example.org/push/company"
KNOWN = {"access_token": "linkedin-access", "version_string": "202606"}


async def test_what_is_described_of_linkedin_is_what_we_send(company: Organization, page: LinkedIn) -> None:
    """Subscribing, and the address of the notifications: nothing else is described."""
    described = description("linkedin")
    await page.rest.subscribe(4711, WEBHOOK)
    verb, path, _ = company.calls[-1]
    asked = re.sub(r"(?<=:)(\d+|zLqTygBP8S)(?=[,)])", "{id}", unquote(path))
    assert f"{verb} https://api.linkedin.com{asked}" == described["subscribe"]
    assert list(company.body) == described["subscribe_body"]
    assert company.headers["x-restli-protocol-version"] == "2.0.0"
    assert company.headers["linkedin-version"] == "202606"
    await page.rest.notifications(START, END)
    verb, path, query = company.calls[-1]
    assert f"{verb} https://api.linkedin.com{path}?q={parse_qs(query)['q'][0]}" == described["pull"]
    assert set(ACTIONS) <= set(described["actions"])
    assert timedelta(days=described["kept_days"]) > KEPT


async def test_our_requests_are_those_of_linkedins_client(
    company: Organization, page: LinkedIn, official: RestliClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = passed(monkeypatch, linkedin_rest.LinkedInRest, ["_send", "_pages"])
    name = company.write("a comment")
    company.calls.clear()
    rest = page.rest
    await rest.identify()
    await rest.posts(30)
    _ = [comment async for comment in rest.comments(SHARE)]
    _ = [comment async for comment in rest.comments(name)]
    await rest.notifications(START, END)
    await rest.one(name)
    await rest.delete(name)
    await rest.subscribe(4711, WEBHOOK)
    assert seen == places([linkedin_rest], "self", ["_send", "_pages"])
    ours = as_read(company.calls)
    company.calls.clear()
    assert company.subscriptions.popitem()[1] == WEBHOOK
    the_same_by(official, name)
    assert ours == as_read(company.calls)
    assert company.subscriptions.popitem()[1] == WEBHOOK
    adapter = official.session.get_adapter("https://")
    assert isinstance(adapter, Rerouted)
    assert adapter.hosts == {LinkedInSettings(organization=1).api}


def the_same_by(official: RestliClient, name: str) -> None:
    """What LinkedIn's client sends for the same calls."""
    paging = {"start": 0, "count": 100}
    comments = "/socialActions/{on}/comments"
    roles = {"state": "APPROVED", "count": 100}
    find = partial(official.finder, **KNOWN)
    find(resource_path="/organizationAcls", finder_name="roleAssignee", query_params=roles)
    posts = {"author": US, "sortBy": "LAST_MODIFIED"} | paging
    find(resource_path="/posts", finder_name="author", query_params=posts)
    for on in (SHARE, name):
        official.get_all(resource_path=comments, path_keys={"on": on}, query_params=paging, **KNOWN)
    span = {"start": int(START.timestamp() * 1000), "end": int(END.timestamp() * 1000)}
    told = {"organizationalEntity": US, "actions": list(ACTIONS), "timeRange": span} | paging
    find(resource_path="/organizationalEntityNotifications", finder_name="criteria", query_params=told)
    number = name.rpartition(",")[2].rstrip(")")
    one = {"resource_path": comments + "/{number}", "path_keys": {"on": ACTIVITY, "number": number}}
    official.get(**one, **KNOWN)
    official.delete(**one, query_params={"actor": US}, **KNOWN)
    find(resource_path="/organizationAcls", finder_name="roleAssignee", query_params=roles)
    key = {
        "developerApplication": "urn:li:developerApplication:4711",
        "user": "urn:li:person:zLqTygBP8S",
        "entity": US,
        "eventType": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS",
    }
    path = "/eventSubscriptions/{key}"
    official.update(resource_path=path, path_keys={"key": key}, entity={"webhook": WEBHOOK}, **KNOWN)


def test_linkedins_client_takes_the_simulator_for_linkedin(
    company: Organization, official: RestliClient
) -> None:
    names = [company.write(f"comment {number}") for number in range(3)]
    comments = {"resource_path": "/socialActions/{on}/comments", "path_keys": {"on": SHARE}}
    answer = official.get_all(**comments, query_params={"start": 1, "count": 1}, **KNOWN)
    assert [each["message"]["text"] for each in answer.elements] == ["comment 1"]
    assert (answer.paging.start, answer.paging.count, answer.paging.total) == (1, 1, 3)
    number = answer.elements[0]["id"]
    keys = {"on": ACTIVITY, "number": number}
    gone = official.delete(
        resource_path="/socialActions/{on}/comments/{number}",
        path_keys=keys,
        query_params={"actor": US},
        **KNOWN,
    )
    assert gone.status_code == 204
    assert not company.reader_sees(names[1])
