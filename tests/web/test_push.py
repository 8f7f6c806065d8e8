"""The receiver of what platforms push, asked by a platform, by an impostor and by many."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from pydantic import SecretStr
from standardwebhooks import Webhook

from modbot import config, users, wiring
from modbot.store import Store, table
from modbot.tables import PushDelivery
from modbot.web import push
from modbot.web.app import create_app
from modbot.web.desk import Desk
from platforms.base import Event
from platforms.feed import CommentFeed, FeedSettings
from platforms.push import Answer, BadSignature, Pushed
from platforms.websub import Hub, Subscriber
from tests.web.member import member
from tests.web.visitor import words

SECRET = "whsec_" + base64.b64encode(b"an invented key of 24 by").decode()
BODY = json.dumps({"type": "comment.created", "data": {"id": "1", "text": "Hello"}}).encode()
PAGES = [
    {"key": "letters", "platform": "inbox", "settings": {"secret": SECRET}},
    {"key": "blog", "platform": "memory"},
]


class Own(Pushed):
    """A platform that checks our address as Meta does."""

    def challenge(self, query: Mapping[str, str]) -> Answer | None:
        if "hub.challenge" not in query:
            return None
        if query.get("hub.verify_token") != "right":
            raise BadSignature
        return query["hub.challenge"]

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        raise BadSignature

    async def unpack(self, body: bytes) -> Sequence[Event]:
        return ()


class Telling(Own):
    def challenge(self, query: Mapping[str, str]) -> Answer | None:
        return json.dumps({"response_token": query["crc_token"]}), "application/json"


@pytest.fixture
def store(tmp_path: Path, migrated_file: Path) -> Iterator[Store]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    opened = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    yield opened
    opened.close()


@pytest.fixture
def app(tmp_path: Path, store: Store) -> FastAPI:
    settings = config.build({"page": PAGES}, tmp_path / "modbot.toml")
    wiring.register_pages(store, settings.page)
    return create_app(Desk(settings, store))


def signed(body: bytes = BODY, name: str = "msg_1", at: datetime | None = None) -> dict[str, str]:
    """The headers of Standard Webhooks, made by its own reference library."""
    at = at or datetime.now(UTC)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(name, at, body.decode()),
        "content-type": "application/json",
    }


def ask(app: FastAPI, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return [await client.request(method, path, **more) for method, path, more in requests]

    return asyncio.run(send())


def post(app: FastAPI, page: str = "letters", body: Any = BODY, **headers: str) -> httpx.Response:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    (answer,) = ask(app, ("POST", f"/push/{page}", {"content": body, "headers": raw}))
    return answer


def stored(store: Store) -> Sequence[Any]:
    with store.read() as connection:
        return connection.execute(sa.select(table(PushDelivery))).all()


def test_what_a_platform_signed_is_stored_when_it_is_answered(app: FastAPI, store: Store) -> None:
    answer = post(app, **signed())
    assert (answer.status_code, answer.content) == (200, b"")
    (row,) = stored(store)
    assert (row.page, row.delivery, row.body, row.state) == ("letters", "msg_1", BODY, "waiting")


def test_a_delivery_that_comes_again_is_answered_alike_and_stored_once(app: FastAPI, store: Store) -> None:
    answers = [post(app, **signed()).status_code for _ in range(3)]
    assert answers == [200, 200, 200]
    assert len(stored(store)) == 1


def test_platforms_are_let_in_from_any_origin_and_under_any_name(app: FastAPI) -> None:
    outside = {"Origin": "https://elsewhere.example", "Host": "hooks.example.org"}
    assert post(app, **signed(), **outside).status_code == 200
    (answer,) = ask(app, ("POST", "/push/letters/more", {"headers": outside}))
    assert answer.status_code == 403


def test_who_cannot_sign_learns_nothing(app: FastAPI, store: Store) -> None:
    """Wrong key, other bytes, part of them, none, an old one; pages that are not there or take none."""
    old = datetime.now(UTC) - timedelta(minutes=6)
    wrong = signed() | {"webhook-signature": "v1,AAAA"}
    answers = [
        post(app, **wrong),
        post(app, body=BODY + b" ", **signed()),
        post(app, body=BODY[:-5], **signed()),
        post(app),
        post(app, **signed(at=old)),
        post(app, **(signed() | {"webhook-signature": "v1,\u00e4"})),
        post(app, page="nowhere", **signed()),
        post(app, page="blog", **signed()),
        *ask(app, ("GET", "/push/letters", {}), ("GET", "/push/nowhere", {})),
    ]
    assert {(each.status_code, each.text) for each in answers} == {(404, "There is nothing here.\n")}
    assert len({tuple(sorted(set(each.headers) - {"allow"})) for each in answers}) == 1
    assert stored(store) == []


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 65_536


def test_what_is_too_large_is_refused_before_it_is_read_to_its_end(app: FastAPI, store: Store) -> None:
    assert post(app, body=b"x" * (push.LARGEST + 1), **signed()).status_code == 413
    assert post(app, body=_endless(), **signed()).status_code == 413
    assert stored(store) == []


def test_whoever_is_refused_again_and_again_has_to_wait(app: FastAPI) -> None:
    requests = [("POST", "/push/letters", {"content": b"x"})] * (push.REFUSALS + 1)
    *refused, last = ask(app, *requests)
    assert {each.status_code for each in refused} == {404}
    assert last.status_code == 429
    assert last.headers["retry-after"] == "60"


def test_a_delivery_that_cannot_be_stored_is_not_taken(app: FastAPI, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE push_delivery RENAME TO gone")
    assert post(app, **signed()).status_code == 503


def test_many_deliveries_at_once_are_stored_each_once(app: FastAPI, store: Store) -> None:
    async def send() -> list[int]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            calls = [
                client.post("/push/letters", content=BODY, headers=signed(name=f"msg_{number % 20}"))
                for number in range(40)
            ]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert asyncio.run(send()) == [200] * 40
    assert len({row.delivery for row in stored(store)}) == len(stored(store)) == 20


def test_more_at_once_than_can_be_served_are_told_to_come_later(app: FastAPI) -> None:
    app.state.doors.busy = asyncio.Semaphore(0)
    assert post(app, **signed()).status_code == 503


def test_a_platforms_check_of_our_address_is_answered(app: FastAPI) -> None:
    app.state.doors = push.Doors({"own": Own(), "telling": Telling()})
    right = {"hub.challenge": "<b>1158201444", "hub.verify_token": "right"}
    meta, wrong, nothing, crc = ask(
        app,
        ("GET", "/push/own", {"params": right}),
        ("GET", "/push/own", {"params": right | {"hub.verify_token": "other"}}),
        ("GET", "/push/own", {}),
        ("GET", "/push/telling", {"params": {"crc_token": "abc"}}),
    )
    assert (meta.status_code, meta.text) == (200, "<b>1158201444")
    assert meta.headers["content-type"].startswith("text/plain")
    assert meta.headers["x-content-type-options"] == "nosniff"
    assert {wrong.status_code, nothing.status_code} == {404}
    assert crc.json() == {"response_token": "abc"}
    assert crc.headers["content-type"] == "application/json"


def test_a_feeds_hub_is_answered_and_what_it_signs_is_stored(app: FastAPI, store: Store) -> None:
    secret, topic = "an invented word, long enough", "https://blog.example.org/comments/feed"
    settings = {"url": topic, "callback": "https://modbot.example.org/push/blog", "push_secret": secret}
    feed = CommentFeed("blog", FeedSettings.model_validate(settings))
    app.state.doors = push.Doors({"blog": feed})
    asked: list[dict[str, str]] = []

    def hub(request: httpx.Request) -> httpx.Response:
        asked.append(dict(parse_qsl(request.content.decode())))
        return httpx.Response(202)

    async def subscribe() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(hub)) as client:
            subscriber = Subscriber(str(settings["callback"]), SecretStr(secret))
            await subscriber.subscribe(client, Hub("https://hub.example.org/", topic))

    asyncio.run(subscribe())
    callback = urlsplit(asked[0]["hub.callback"])
    question = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": "do-you-want-it"}
    right = question | dict(parse_qsl(callback.query))
    body = b"<rss/>"
    signature = f"sha256={hmac.new(secret.encode(), body, 'sha256').hexdigest()}"
    answered, refused, taken = ask(
        app,
        ("GET", callback.path, {"params": right}),
        ("GET", callback.path, {"params": right | {"hub.topic": "https://other.example/"}}),
        ("POST", callback.path, {"content": body, "headers": {"X-Hub-Signature": signature}}),
    )
    assert (answered.status_code, answered.text) == (200, "do-you-want-it")
    assert (refused.status_code, taken.status_code) == (404, 200)
    assert [row.body for row in stored(store)] == [body]


def test_health_names_the_account_of_deliveries_that_belong_to_no_page_here(
    app: FastAPI, store: Store
) -> None:
    post(app, **signed())
    with store.write(logged=False) as tx:
        tx.execute(sa.update(table(PushDelivery)).values(state="elsewhere", failure="5550001"))
    users.add(store, "vic", "Vic", "viewer")
    told = words(member(app, store, "vic").get("/health").text)
    assert "1 delivery of the platform within a day told of an account that is no page here: 5550001." in told
    assert "end what it sends, at the platform" in told
