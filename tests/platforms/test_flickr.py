"""The Flickr adapter on a simulated account, against flickrapi; signatures are verified by oauthlib."""

from __future__ import annotations

import inspect
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import flickrapi
import pytest
import requests
from flickrapi.auth import FlickrAccessToken
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response

from platforms import flickr_rest
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
    Visibility,
)
from platforms.flickr import PHOTOS_AT_ONCE, Flickr, FlickrSettings
from platforms.flickr_comments import comments_of
from platforms.tokens import Token
from tests.platforms.asking import passed, places
from tests.platforms.described import description
from tests.simulators.flickr import Account, Photo

pytestmark = pytest.mark.anyio

OF_EVERY_CALL = {"method", "format", "nojsoncallback"}
UNDESCRIBED = {"flickr.auth.oauth.checkToken", "flickr.photos.recentlyUpdated"}
"""In no description; what flickrapi sends for them is compared below."""


@pytest.fixture
def account(simulated_flickr: Account) -> Account:
    return simulated_flickr


@pytest.fixture
def photo(account: Account) -> Photo:
    return account.photo("Graduation")


Make = Callable[..., Flickr]


@pytest.fixture
async def make(account: Account) -> AsyncIterator[Make]:
    made: list[Flickr] = []

    def one(**changes: object) -> Flickr:
        settings = {
            "api_key": account.key,
            "api_secret": account.secret,
            "oauth_token": account.token,
            "oauth_token_secret": account.token_secret,
            "api": account.url,
            "allow_loopback": True,
        }
        made.append(Flickr("page", FlickrSettings.model_validate({**settings, **changes})))
        return made[-1]

    yield one
    for platform in made:
        await platform.close()


@pytest.fixture
async def page(make: Make) -> Flickr:
    platform = make()
    await platform.open()
    return platform


async def everything(page: Flickr, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(30):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("thirty batches and no end")


def comments(events: Sequence[Event]) -> list[Comment]:
    return [event.comment for event in events if event.comment]


def asked(account: Account, method: str) -> list[dict[str, str]]:
    return [fields for _, fields in account.requests if fields["method"].endswith(method)]


# What comes in


async def test_comments_of_every_photo_come_with_the_photos_title(account: Account, page: Flickr) -> None:
    photos = [account.photo(f"Photo {number}", ago=9000) for number in range(3)]
    ids = [
        account.comment(photo, f"on {photo.title}", ago=8000 - number) for number, photo in enumerate(photos)
    ]
    found = comments((await everything(page))[0])
    assert [comment.id for comment in found] == ids
    assert [(comment.post, comment.post_title) for comment in found] == [(p.id, p.title) for p in photos]


async def test_a_large_account_is_read_in_parts_and_old_comments_on_any_photo_are_new(
    account: Account, make: Make
) -> None:
    ids = set()
    for number in range(2 * PHOTOS_AT_ONCE + 5):
        photo = account.photo(ago=100_000 - number * 1000)
        ids |= {
            account.comment(photo, "old", ago=90_000_000),
            account.comment(photo, "new", ago=90_000 - number),
        }
    page, cursor, found = make(), None, list[str]()
    for _ in range(10):
        await page.open()
        batch = await page.poll(cursor)
        cursor = batch.cursor
        found += [event.id for event in batch.events]
        await page.close()
        if not batch.more:
            break
        page = make()
    assert set(found) == ids


async def test_a_comment_in_the_second_of_the_last_look_is_not_lost(
    account: Account, photo: Photo, page: Flickr
) -> None:
    account.comment(photo, "first")
    _, cursor = await everything(page)
    second = account.comment(photo, "second")
    photo.comments[second]["datecreate"] = str(photo.lastupdate)
    events, _ = await everything(page, cursor)
    assert [event.id for event in events] == [second]


async def test_photos_that_changed_long_ago_are_not_listed_again(account: Account, page: Flickr) -> None:
    for _ in range(10):
        account.comment(account.photo(ago=9000), "old", ago=8000)
    _, cursor = await everything(page)
    account.requests.clear()
    for _ in range(3):
        await page.poll(cursor)
    assert asked(account, "comments.getList") == []


async def test_what_the_archive_did_not_take_is_told_again(
    account: Account, photo: Photo, page: Flickr
) -> None:
    account.comment(photo, "first", ago=7000)
    photo.lastupdate -= 7000
    _, cursor = await everything(page)
    new = account.comment(photo, "new", ago=3000)
    photo.lastupdate = int(time.time()) - 3000
    for _ in range(3):
        assert [event.id for event in (await page.poll(cursor)).events] == [new]


async def test_a_failure_in_the_middle_loses_nothing(account: Account, page: Flickr) -> None:
    ids = [account.comment(account.photo(ago=9000), "old", ago=8000 - number) for number in range(5)]
    account.answers += [None, None, None, Response(None, 500)]
    with pytest.raises(Unavailable):
        await page.poll(None)
    assert [event.id for event in (await everything(page))[0]] == ids


async def test_the_reply_buttons_address_tells_what_is_answered(
    account: Account, photo: Photo, page: Flickr
) -> None:
    account.comment(photo, "first", author="1@N01")
    second = account.comment(photo, "second", author="1@N01")
    text = "[https://www.flickr.com/photos/1@N01] no, <b>you</b>"
    account.comment(photo, text, author="2@N01")
    account.comment(photo, "[https://www.flickr.com/photos/nobody] hello", author="2@N01")
    found = comments((await everything(page))[0])
    assert (found[2].parent, found[2].kind, found[2].text) == (second, Kind.REPLY, text)
    assert (found[3].parent, found[3].kind) == (None, Kind.COMMENT)


def test_an_author_may_be_named_by_the_alias_of_the_address() -> None:
    first = {"id": "1-2-3", "author": "1@N01", "path_alias": "bees", "datecreate": "5", "_content": "a"}
    answer = {
        **first,
        "id": "1-2-4",
        "_content": "[http://www.flickr.com/photos/bees/] b",
        "path_alias": None,
    }
    assert comments_of([first, answer], "2")[1].parent == "1-2-3"


async def test_edited_and_deleted_comments_are_told_apart_in_one_look_at_the_photo(
    account: Account, photo: Photo, page: Flickr
) -> None:
    same, edited, gone = (account.comment(photo, text) for text in ("same", "before", "gone"))
    events, _ = await everything(page)
    known = {comment.id: comment.revision for comment in comments(events)}
    account.edit(edited, "after")
    account.delete(gone)
    account.requests.clear()
    found = {event.id: event for event in await page.lookup(known)}
    assert {key: event.kind for key, event in found.items()} == {
        edited: EventKind.EDITED,
        gone: EventKind.DELETED,
    }
    assert same not in found
    assert len(account.requests) == 1


async def test_a_photo_that_is_gone_took_its_comments_along(
    account: Account, photo: Photo, page: Flickr
) -> None:
    comment_id = account.comment(photo, "a text")
    del account.photos[photo.id]
    [event] = await page.lookup({comment_id: "r"})
    assert (event.kind, event.detail) == (EventKind.DELETED, "code 1: photo not found")
    assert list(await page.lookup({comment_id: ""})) == []


async def test_an_unchanged_photo_is_looked_at_once_an_hour(
    account: Account, photo: Photo, page: Flickr
) -> None:
    account.comment(photo, "a text")
    known = {c.id: c.revision for c in comments((await everything(page))[0])}
    account.requests.clear()
    for _ in range(3):
        await page.lookup(known)
    assert len(account.requests) == 1


async def test_of_a_photo_with_many_comments_those_asked_about_later_are_looked_at_too(
    account: Account, photo: Photo, page: Flickr
) -> None:
    account.comment(photo, "asked about first")
    edited = account.comment(photo, "asked about next")
    first, second = (c for c in comments((await everything(page))[0]))
    account.edit(edited, "after")
    assert list(await page.lookup({first.id: first.revision})) == []
    [event] = await page.lookup({second.id: second.revision})
    assert (event.id, event.kind) == (edited, EventKind.EDITED)


# What goes out


async def test_a_deletion_is_read_back_and_its_repetition_recognised(
    account: Account, photo: Photo, page: Flickr
) -> None:
    comment_id = account.comment(photo, "a phone number")
    receipt = await page.act(ActionKind.DELETE, comment_id)
    assert (receipt.visibility, receipt.already, receipt.answer["answered"]) == (Visibility.GONE, False, "ok")
    assert (await page.act(ActionKind.DELETE, comment_id)).already
    assert len(asked(account, "deleteComment")) == 1


async def test_a_deletion_that_flickr_did_not_carry_out_is_not_believed(
    account: Account, photo: Photo, page: Flickr
) -> None:
    comment_id = account.comment(photo, "a text")
    account.answers += [None, JSONResponse({"stat": "ok"})]
    with pytest.raises(Unavailable, match="still lists"):
        await page.act(ActionKind.DELETE, comment_id)


async def test_a_comment_deleted_by_its_author_a_moment_before_is_gone(
    account: Account, photo: Photo, page: Flickr
) -> None:
    comment_id = account.comment(photo, "a text")
    account.delete(comment_id)
    with pytest.raises(CommentGone):
        await page.act(ActionKind.DELETE, comment_id)


@pytest.mark.parametrize("comment_id", ["1-2", "1/../2-3-4", "", "a-b-c", "1-2-3\n"])
async def test_an_id_that_is_no_comments_is_never_asked_for(
    account: Account, page: Flickr, comment_id: str
) -> None:
    account.requests.clear()
    with pytest.raises(CommentGone):
        await page.act(ActionKind.DELETE, comment_id)
    assert list(await page.lookup({comment_id: "r"})) == []
    assert account.requests == []


# Who we are


async def test_a_connected_pages_token_counts_before_the_settings(account: Account, make: Make) -> None:
    page = make(oauth_token="wrong", oauth_token_secret="wrong")
    with pytest.raises(NotAuthorised, match="code 98"):
        await page.open()
    await page.tokens.put(
        Token(access=SecretStr(account.token), secret=SecretStr(account.token_secret), scopes=("write",))
    )
    assert (await page.open()).account == "district"


async def test_a_page_that_nobody_connected_says_how(make: Make) -> None:
    with pytest.raises(NotAuthorised, match="modbot connect page"):
        await make(oauth_token=None).open()


async def test_a_connection_that_may_only_read_is_refused_at_the_start(account: Account, make: Make) -> None:
    account.perms = "read"
    with pytest.raises(NotAuthorised, match="'read'"):
        await make().open()


async def test_what_flickr_gives_for_the_consent_becomes_a_token(make: Make) -> None:
    page = make()
    token = await page.exchanged({"oauth_token": "t", "oauth_token_secret": "s", "username": "district"})
    assert token.secret
    assert (token.access.get_secret_value(), token.secret.get_secret_value()) == ("t", "s")
    with pytest.raises(Unavailable):
        await page.exchanged({"oauth_problem": "token_rejected"})
    consent = page.consent()
    assert (consent.scopes, consent.extra["perms"]) == (("write",), "write")


# What goes wrong on the way


def fail(code: int) -> Response:
    return JSONResponse({"stat": "fail", "code": code, "message": "no"})


FAILURES: dict[str, tuple[Response, type[PlatformError]]] = {
    "signature": (fail(96), NotAuthorised),
    "signature missing": (fail(97), NotAuthorised),
    "token": (fail(98), NotAuthorised),
    "permission": (fail(99), NotAuthorised),
    "key": (fail(100), NotAuthorised),
    "not now": (fail(105), Unavailable),
    "write failed": (fail(106), Unavailable),
    "method": (fail(112), Unavailable),
    "an unknown code": (fail(7), Unavailable),
    "500": (Response(None, 500), Unavailable),
    "429": (Response(None, 429), RateLimited),
    "401": (Response("oauth_problem=token_rejected", 401), NotAuthorised),
    "a page instead of JSON": (Response("<!doctype html>", 200, media_type="text/html"), Unavailable),
    "half a body": (Response('{"photos": {', 200, media_type="application/json"), Unavailable),
    "a list": (JSONResponse([]), Unavailable),
    "something else": (JSONResponse({"stat": "ok", "photos": {"photo": [{"id": 5}]}}), Unavailable),
}


@pytest.mark.parametrize(("answer", "error"), FAILURES.values(), ids=FAILURES)
async def test_every_failure_is_put_into_its_class_and_the_next_list_is_whole(
    account: Account, photo: Photo, page: Flickr, answer: Response, error: type[PlatformError]
) -> None:
    comment_id = account.comment(photo, "a text")
    account.answers.append(answer)
    with pytest.raises(error) as raised:
        await page.poll(None)
    assert not [secret for secret in (account.token, account.secret) if secret in str(raised.value)]
    assert [event.id for event in (await everything(page))[0]] == [comment_id]


async def test_the_hours_calls_are_never_exceeded(account: Account, photo: Photo, make: Make) -> None:
    page = make(hourly_calls=5)
    await page.open()
    with pytest.raises(RateLimited):
        for _ in range(10):
            await page.poll(None)
    assert len(account.requests) == 5


async def test_what_flickr_refuses_when_a_key_asks_too_often_is_read_in_the_next_hour(
    account: Account, make: Make
) -> None:
    ids = [account.comment(account.photo(ago=9000), "a text", ago=8000 - number) for number in range(5)]
    page = make()
    await page.open()
    account.limit = account.used + 3
    with pytest.raises(RateLimited) as refused:
        await page.poll(None)
    assert refused.value.retry_after == 60
    account.used, account.limit = 0, 3_600
    assert [event.id for event in (await everything(page))[0]] == ids


# What others say of it


def test_of_flickrs_four_calls_the_description_knows_two_and_one_of_them_by_its_name_alone() -> None:
    described = description("flickr")
    source = inspect.getsource(flickr_rest)
    assert set(re.findall(r'"(flickr\.[\w.]+)"', source)) == {*described, *UNDESCRIBED}
    assert set(described) & UNDESCRIBED == set()


async def test_what_is_described_of_flickr_is_what_we_send(
    account: Account, photo: Photo, page: Flickr
) -> None:
    comment_id = account.comment(photo, "a text")
    await page.poll(None)
    await page.act(ActionKind.DELETE, comment_id)
    listing, [deletion] = asked(account, "getList"), asked(account, "deleteComment")
    described = description("flickr")
    for sent in listing:
        assert set(sent) - OF_EVERY_CALL <= set(described["flickr.photos.comments.getList"]["parameters"])
        assert sent["photo_id"] == photo.id
    assert described["flickr.photos.comments.deleteComment"]["verb"] == "POST"
    assert {verb for verb, fields in account.requests if fields == deletion} == {"POST"}


async def test_flickrapi_sends_the_same_and_takes_the_simulated_flickr_for_real(
    account: Account, photo: Photo, page: Flickr, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = passed(monkeypatch, flickr_rest.FlickrRest, ["_send"])
    account.requests.clear()
    await page.open()
    comment_id = account.comment(photo, "a text")
    await page.poll(None)
    await page.act(ActionKind.DELETE, comment_id)
    assert seen == places([flickr_rest], "self", ["_send"])
    ours, account.requests = account.requests, []
    account.comment(photo, "another")
    photo.comments[comment_id] = {**next(iter(photo.comments.values())), "id": comment_id}
    client = flickrapi.FlickrAPI(
        account.key,
        account.secret,
        format="parsed-json",
        store_token=False,
        token=FlickrAccessToken(account.token, account.token_secret, "write"),
    )
    client.REST_URL = f"{account.url}/services/rest/"
    client.flickr_oauth.session = requests.Session()
    answers: list[Any] = []
    for _, fields in ours:
        own = {
            key: value for key, value in fields.items() if key not in ("method", "format", "nojsoncallback")
        }
        answers.append(client.do_flickr_call(fields["method"], **own))
    client.flickr_oauth.session.close()
    assert list(map(_readable, account.requests)) == list(map(_readable, ours))
    assert answers[0]["oauth"]["user"]["username"] == "district"
    listed = next(answer["comments"] for answer in answers if "comments" in answer)
    assert {comment["_content"] for comment in listed["comment"]} == {"another"}


def _readable(request: tuple[str, dict[str, str]]) -> str:
    return json.dumps([request[0], request[1]], sort_keys=True)
