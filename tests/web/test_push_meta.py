"""Recorded deliveries of Meta, signed, through the receiver into the archive; spoiled ones are harmless."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from modbot import config, deliveries, wiring
from modbot.records import archive
from modbot.records.archive import Taken
from modbot.store import Store, table
from modbot.tables import Comment, Content, Presence, PushDelivery
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.push import LARGEST
from platforms.base import Platform
from platforms.facebook import Facebook
from tests.platforms.meta import FORM, facebook, instagram, sample, signed
from tests.simulators.graph import APP_SECRET, Graph
from tests.simulators.graph_objects import Account

ADD = sample("facebook", "feed-comment-add-211")
COMMENT = "901097836652708_903438993085259"


@pytest.fixture
def account(graph: Graph) -> Iterator[Account]:
    """The page that the recorded deliveries are about."""
    graph.account("instagram", number="0")
    yield graph.account(number="1234567890321")
    graph.fail_no_more()


@pytest.fixture
def store(tmp_path: Path, migrated_file: Path) -> Iterator[Store]:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    opened = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    yield opened
    opened.close()


@pytest.fixture
def app(tmp_path: Path, store: Store, graph: Graph, account: Account) -> FastAPI:
    known = {"app_secret": APP_SECRET, "verify_token": FORM, "api": graph.url, "allow_loopback": True}
    pages: list[dict[str, Any]] = [
        {"key": "school", "platform": "facebook", "settings": known | {"page_id": "77"}},
        {"key": "district", "platform": "facebook", "settings": known | {"page_id": account.id}},
        {"key": "insta", "platform": "instagram", "settings": known | {"account_id": "0"}},
    ]
    settings = config.build({"page": pages}, tmp_path / "modbot.toml")
    wiring.register_pages(store, settings.page)
    return create_app(Desk(settings, store))


def post(app: FastAPI, body: bytes, headers: Mapping[str, str] | None = None, page: str = "district") -> int:
    async def send() -> int:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            given = signed(body) if headers is None else dict(headers)
            return (await client.post(f"/push/{page}", content=body, headers=given)).status_code

    return asyncio.run(send())


def read(store: Store, platform: Platform, page: str = "district") -> Taken:
    async def reading() -> Taken:
        await platform.open()
        taken = await deliveries.read(store, page, platform)
        await platform.close()
        return taken

    return asyncio.run(reading())


def archived(store: Store) -> list[tuple[str, str]]:
    """Id and text of every revision, in the order of the archive."""
    rows, bodies = table(Comment), table(Content)
    statement = sa.select(rows.c.native_id, bodies.c.body).join(bodies, bodies.c.seq == rows.c.id)
    with store.read() as connection:
        found = connection.execute(statement.order_by(rows.c.id)).all()
    return [(native_id, json.loads(body)["text"]) for native_id, body in found]


def waiting(store: Store) -> int:
    with store.read() as connection:
        rows = connection.execute(sa.select(table(PushDelivery))).all()
    return sum(row.state == deliveries.WAITING for row in rows)


def test_metas_check_of_the_address_is_answered_in_its_own_words(app: FastAPI) -> None:
    async def check(word: str) -> httpx.Response:
        asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": word}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.get("/push/district", params=asked)

    answer = asyncio.run(check(FORM))
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert asyncio.run(check("another word")).status_code != 200


def test_a_delivery_is_archived_once_whether_pushed_again_or_polled_too(
    app: FastAPI, store: Store, graph: Graph, account: Account
) -> None:
    graph.comment(account, "and the next one", number=COMMENT)
    assert [post(app, ADD) for _ in range(3)] == [200, 200, 200]
    page = facebook(graph, account)
    assert read(store, page).seen == 1

    async def poll() -> Taken:
        await page.open()
        batch = await page.poll(None)
        await page.close()
        return archive.take_in(store, "district", batch)

    assert asyncio.run(poll()) == Taken(known=1)
    assert archived(store) == [(COMMENT, "and the next one")]


@pytest.mark.parametrize("order", ["as it happened", "the removal first"])
def test_a_comment_that_lived_for_a_moment_is_archived_and_its_removal_too(
    app: FastAPI, store: Store, graph: Graph, account: Account, order: str
) -> None:
    removal = json.loads(sample("facebook", "feed-comment-remove-25"))
    removal["entry"][0]["changes"][0]["value"]["comment_id"] = COMMENT
    bodies = [ADD, json.dumps(removal).encode()]
    for body in bodies if order == "as it happened" else reversed(bodies):
        assert post(app, body) == 200
    read(store, facebook(graph, account))
    assert archived(store) == [(COMMENT, "and the next one")]
    with store.read() as connection:
        assert connection.execute(sa.select(table(Presence).c.present)).scalars().all() == [False]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (ADD, {}),
        (ADD, signed(ADD, "another secret")),
        (ADD[:-1], signed(ADD)),
        (ADD.replace(b"next", b"last"), signed(ADD)),
        (ADD, {"x-hub-signature-256": "sha256="}),
        (ADD, {"x-hub-signature": "sha1=0"}),
        (b"x" * (LARGEST + 1), signed(b"x" * (LARGEST + 1))),
    ],
    ids=["unsigned", "wrong", "truncated", "changed", "empty", "SHA-1 alone", "oversized"],
)
def test_what_meta_did_not_send_is_refused_and_stored_nowhere(
    app: FastAPI, store: Store, body: bytes, headers: dict[str, str]
) -> None:
    assert post(app, body, headers) in (403, 404, 413)
    assert waiting(store) == 0


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"object":"page","entry":[{"id":"1234567890321"}]}', b"null"]
)
def test_what_meta_signed_and_nobody_understands_keeps_nothing_else_waiting(
    app: FastAPI, store: Store, graph: Graph, account: Account, body: bytes
) -> None:
    assert post(app, body) == 200
    assert post(app, ADD) == 200
    read(store, facebook(graph, account))
    assert archived(store) == [(COMMENT, "and the next one")]
    assert waiting(store) == 0


def test_one_address_serves_all_pages_of_an_app(app: FastAPI, store: Store) -> None:
    two = json.loads(ADD)
    two["entry"].append(two["entry"][0] | {"id": "77"})
    for body in (ADD, json.dumps(two).encode()):
        assert post(app, body, page="school") == 200
    with store.read() as connection:
        pages = connection.execute(sa.select(table(PushDelivery).c.page)).scalars().all()
    assert sorted(pages) == ["district", "district", "school", "school"]


def test_a_delivery_waits_while_the_connection_has_ended(
    app: FastAPI, store: Store, graph: Graph, account: Account
) -> None:
    assert post(app, ADD) == 200
    page: Facebook = facebook(graph, account, edges=["feed"])

    async def reading() -> None:
        await page.open()
        graph.expire(account)
        await deliveries.read(store, "district", page)
        await page.close()

    asyncio.run(reading())
    assert (archived(store), waiting(store)) == ([], 1)


@pytest.mark.parametrize("name", ["wh-comments", "wh-comments-2021", "wh-livecomments"])
def test_recorded_deliveries_of_instagram_reach_the_archive(
    app: FastAPI, store: Store, graph: Graph, name: str
) -> None:
    body = sample("instagram", name)
    assert post(app, body, page="insta") == 200
    read(store, instagram(graph, graph.accounts["0"]), "insta")
    assert archived(store) == [("123456789", "This is an example.")]


def test_nothing_stored_of_a_delivery_holds_a_secret(
    app: FastAPI, store: Store, graph: Graph, account: Account, tmp_path: Path
) -> None:
    graph.comment(account, "and the next one", number=COMMENT)
    post(app, ADD)
    read(store, facebook(graph, account))
    kept: Any = b"".join(path.read_bytes() for path in tmp_path.glob("modbot.db*"))
    assert COMMENT.encode() in kept
    assert not [secret for secret in (APP_SECRET, FORM, *account.tokens) if secret.encode() in kept]
