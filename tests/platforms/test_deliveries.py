"""Deliveries of every platform that pushes, through the receiver of the running app, right and spoiled.

Facebook's and Instagram's are recorded; X's and LinkedIn's have the form that their makers publish; the
inbox's are made by the reference library of Standard Webhooks; the feed's are a hub's, by W3C WebSub.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from standardwebhooks import Webhook

from modbot import config, deliveries, observe, wiring
from modbot.store import Store, bodies_of, table
from modbot.tables import Comment, Presence, PushDelivery
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.push import LARGEST
from tests.platforms.described import description
from tests.platforms.meta import FORM, SAMPLES, sample
from tests.platforms.meta import signed as signed_by_meta
from tests.simulators import linkedin, serve, site
from tests.simulators.feed import Blog
from tests.simulators.graph import APP_SECRET, Graph
from tests.simulators.linkedin import Organization
from tests.simulators.x import Service

OF_X = description("x-deliveries")
OF_LINKEDIN = description("linkedin")
PAGE, ACCOUNT = "1234567890321", "0"
"""Whose the recorded deliveries are."""
NAMES = ("facebook", "feed", "inbox", "instagram", "linkedin", "x")
OF_FACEBOOK = {
    "feed-comment-add-25": "and the next one",
    "feed-comment-edited-25": "Let's see the Webhooks in action :D",
    "feed-post-add-25": "Let's check this",
    "mention-comment-add": "Just a test message",
    "mention-post-add-real": "A test post message",
    "mention-post-add": "",
}
"""The recorded ones that each tell of a comment of its own, and its text; one mention came without."""
OF_INSTAGRAM = {"wh-comments": "This is an example."}
HUB_SECRET = "a long word that the hub signs with"
X_SECRET = Service().consumer_secret
Headers = dict[str, str]
CHUNK = b"x" * 65_536


@dataclass(frozen=True)
class Sender:
    """One platform as it pushes."""

    sign: Callable[[bytes], Headers]
    news: Sequence[bytes]
    """Deliveries that each tell of one comment of its own."""
    texts: Sequence[str]
    other: Sequence[bytes] = ()
    """Further ones: of the same comments again, of what is gone, of nothing that is archived."""


@dataclass(frozen=True)
class Receiver:
    url: str
    app: FastAPI
    store: Store
    settings: config.Settings
    senders: Mapping[str, Sender]

    def waiting(self, page: str) -> list[bytes]:
        rows = table(PushDelivery)
        its = sa.select(rows.c.body).where(rows.c.page == page, rows.c.state == deliveries.WAITING)
        with self.store.read() as connection:
            return list(connection.execute(its.order_by(rows.c.id)).scalars())

    def set_aside(self, page: str) -> list[str]:
        """Why nobody could make sense of deliveries."""
        rows = table(PushDelivery)
        its = sa.select(rows.c.failure).where(rows.c.page == page, rows.c.state == deliveries.SET_ASIDE)
        with self.store.read() as connection:
            return list(connection.execute(its).scalars())

    def elsewhere(self, page: str) -> list[tuple[int, str]]:
        """How many deliveries told of strangers, and of which."""
        with self.store.read() as connection:
            found = deliveries.standing(connection)
        return [(each.elsewhere, each.strangers) for each in found if each.page == page and each.elsewhere]

    def vanished(self, page: str) -> int:
        """How many archived comments of the page were noted as gone."""
        rows, its = table(Presence), table(Comment)
        found = sa.select(rows.c.id).join(its, its.c.id == rows.c.comment_id)
        with self.store.read() as connection:
            return len(connection.execute(found.where(its.c.page == page, ~rows.c.present)).all())

    def archived(self, page: str) -> list[str]:
        """The texts of a page's comments."""
        rows = table(Comment)
        its = sa.select(rows.c.id).where(rows.c.page == page).order_by(rows.c.id)
        with self.store.read() as connection:
            ids = list(connection.execute(its).scalars())
            return [bodies_of(connection, [each])[each]["text"] for each in ids]

    def read(self, page: str) -> None:
        """As the bot does beside the receiver."""

        async def reading() -> None:
            [found] = [each for each in self.settings.page if each.key == page]
            platform = wiring.open_page(found)
            await platform.open()
            try:
                native = platform.capabilities.native_revisions
                await deliveries.read(self.store, page, platform, native_revisions=native)
            finally:
                await platform.close()

        asyncio.run(reading())


@pytest.fixture(scope="module")
def blog() -> Iterator[tuple[Blog, str]]:
    served = Blog()
    with serve(served.app) as url:
        yield served, f"{url}/comments/feed"


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_file: Path,
    graph: Graph,
    served_x: Service,
    served_linkedin: Organization,
    blog: tuple[Blog, str],
) -> Iterator[Receiver]:
    folder = tmp_path_factory.mktemp("receiver")
    (folder / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    served_x.clear()
    served_linkedin.clear()
    pages = [*_meta(graph), _x(served_x), _linkedin(served_linkedin), _feed(blog[1])]
    pages.append({"key": "inbox", "platform": "inbox", "settings": {"secret": site.SECRET}})
    settings = config.build({"page": pages}, folder / "modbot.toml")
    wiring.register_pages(store, settings.page)
    app = create_app(Desk(settings, store))
    senders = {
        "facebook": _recorded("facebook", OF_FACEBOOK),
        "feed": _hub(blog[0]),
        "instagram": _recorded("instagram", OF_INSTAGRAM),
        "inbox": _inbox(),
        "linkedin": _company(served_linkedin),
        "x": _network(served_x),
    }
    with serve(app) as url:
        yield Receiver(url, app, store, settings, senders)
    store.close()


@pytest.fixture
def receiver(running: Receiver) -> Receiver:
    """With nothing waiting, and patient with this address again."""
    with running.store.write(logged=False) as tx:
        tx.execute(sa.delete(table(PushDelivery)))
    running.app.state.doors._refusals.clear()
    return running


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def sender(receiver: Receiver, name: str) -> Sender:
    return receiver.senders[name]


def _meta(graph: Graph) -> list[dict[str, Any]]:
    known = {"app_secret": APP_SECRET, "verify_token": FORM, "api": graph.url, "allow_loopback": True}
    [token] = graph.account(number=PAGE).tokens
    [other] = graph.account("instagram", number=ACCOUNT).tokens
    return [
        {
            "key": "facebook",
            "platform": "facebook",
            "settings": known | {"page_id": PAGE, "access_token": token},
        },
        {
            "key": "instagram",
            "platform": "instagram",
            "settings": known | {"account_id": ACCOUNT, "access_token": other},
        },
    ]


def _x(service: Service) -> dict[str, Any]:
    settings = {
        "api": service.url,
        "token_url": f"{service.url}/2/oauth2/token",
        "consumer_secret": service.consumer_secret,
        "access_token": service.tokens(service.join("district"))["access_token"],
        "monthly_dollars": 100,
        "direct_messages": True,
        "allow_loopback": True,
    }
    return {"key": "x", "platform": "x", "settings": settings}


def _linkedin(company: Organization) -> dict[str, Any]:
    settings = {
        "organization": linkedin.ORGANIZATION,
        "access_token": company.token,
        "client_secret": linkedin.SECRET,
        "api": company.url,
        "allow_loopback": True,
    }
    return {"key": "linkedin", "platform": "linkedin", "settings": settings}


def _feed(address: str) -> dict[str, Any]:
    settings = {
        "url": address,
        "callback": "https://hooks.example.org/push/feed",
        "push_secret": HUB_SECRET,
        "allow_loopback": True,
    }
    return {"key": "feed", "platform": "feed", "settings": settings}


def _recorded(platform: str, news: Mapping[str, str]) -> Sender:
    """Every delivery of Meta's that somebody recorded, those that are `news` apart."""
    others = [name for name, body in SAMPLES[platform].items() if "entry" in body and name not in news]
    return Sender(
        signed_by_meta,
        [sample(platform, each) for each in news],
        list(news.values()),
        [sample(platform, each) for each in others],
    )


def _hub(blog: Blog) -> Sender:
    """One comment to a delivery: the older ones have left the feed when they are read."""
    texts, bodies = ["The first comment", "The second comment"], []
    blog.shown = 1
    for text in texts:
        blog.write(text)
        bodies.append(blog.content())
    return Sender(_signed_by_hub, bodies, texts, [b""])


def _signed_by_hub(body: bytes) -> Headers:
    return {"x-hub-signature": f"sha256={_hmac(HUB_SECRET, body).hex()}"}


def _network(service: Service) -> Sender:
    news = ("post.reply.create", "post.mention.create", "post.quote.create", "dm.received")
    others = [each for each in OF_X if each not in news]
    return Sender(
        lambda body: {"x-twitter-webhooks-signature": service.signed(body)},
        [_to_the_district(service, each) for each in news],
        ["Some words"] * len(news),
        [_to_the_district(service, each) for each in others],
    )


def _to_the_district(service: Service, kind: str) -> bytes:
    """X names whose subscription a delivery is for."""
    [district] = [each.id for each in service.users.values() if each.username == "district"]
    told = OF_X[kind]["data"] | {"filter": {"user_id": district}}
    return json.dumps(OF_X[kind] | {"data": told}).encode()


def _company(company: Organization) -> Sender:
    texts = ["Which day?", "The room is too small."]
    for text in texts:
        company.write(text)
    return Sender(
        _signed_by_linkedin, [linkedin.delivery([each])[1] for each in company.notifications], texts
    )


def _signed_by_linkedin(body: bytes) -> Headers:
    return {"x-li-signature": _hmac(linkedin.SECRET, b"hmacsha256=" + body).hex()}


def _inbox() -> Sender:
    sending, texts = site.Site(), ["Hello", "Hello again"]
    for text in texts:
        sending.write(text)
    return Sender(_signed_by_site, [each.body for each in sending.deliveries], texts)


def _signed_by_site(body: bytes) -> Headers:
    """The same delivery keeps its name when it is sent again."""
    name, now = f"msg_{hashlib.sha256(body).hexdigest()[:20]}", datetime.now(UTC)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(site.SECRET).sign(name, now, body.decode()),
    }


def _hmac(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def push(receiver: Receiver, page: str, body: Any, headers: Mapping[str, str]) -> int:
    url = f"{receiver.url}/push/{page}"
    return httpx.post(url, content=body, headers=dict(headers), timeout=60).status_code


def push_all(receiver: Receiver, page: str, bodies: Sequence[bytes]) -> list[int]:
    sign = receiver.senders[page].sign
    return [push(receiver, page, body, sign(body)) for body in bodies]


def test_what_comes_in_any_order_and_more_than_once_is_archived_once(
    receiver: Receiver, name: str, sender: Sender
) -> None:
    before = receiver.archived(name)
    came = [*reversed(sender.news), *sender.other, *sender.news]
    assert push_all(receiver, name, came) == [200] * len(came)
    assert receiver.waiting(name) == [*reversed(sender.news), *sender.other]
    receiver.read(name)
    assert receiver.waiting(name) == []
    push_all(receiver, name, sender.news)
    assert receiver.waiting(name) == []
    archived = receiver.archived(name)
    assert receiver.set_aside(name) == []
    assert Counter(sender.texts) <= Counter(archived)
    assert set(archived) == {*sender.texts, *before}
    receiver.read(name)
    assert receiver.archived(name) == archived


def test_what_is_not_signed_as_the_platform_signs_is_kept_nowhere(
    receiver: Receiver, name: str, sender: Sender
) -> None:
    [body, *_] = sender.news
    right = sender.sign(body)
    [signature] = [each for each in right if "signature" in each]
    spoiled: list[tuple[bytes, Headers]] = [
        (body, {}),
        (body, {key: value for key, value in right.items() if key != signature}),
        (body, right | {signature: ""}),
        (body, right | {signature: right[signature][:-2]}),
        (body, right | {signature: right[signature].swapcase()}),
        (body, sender.sign(body + b" ")),
        (body[:-1], right),
        (body + b"\n", right),
        (body.replace(b"e", b"3", 1), right),
        (b"", right),
        *((body, receiver.senders[other].sign(body)) for other in NAMES if _differ(name, other)),
    ]
    assert {push(receiver, name, *each) for each in spoiled} == {404}
    assert receiver.waiting(name) == []


def test_what_is_too_large_is_refused_though_it_is_signed(
    receiver: Receiver, name: str, sender: Sender
) -> None:
    large = b" " * (LARGEST + 1)
    headers = sender.sign(large)
    assert push(receiver, name, large, headers) == 413
    assert push(receiver, name, iter([CHUNK] * (LARGEST // len(CHUNK) + 1)), headers) == 413
    assert receiver.waiting(name) == []


def test_what_breaks_off_on_its_way_is_kept_nowhere_and_holds_nothing_up(
    receiver: Receiver, name: str, sender: Sender
) -> None:
    [body, *_] = sender.news
    host, _, port = receiver.url.removeprefix("http://").partition(":")
    lines = [f"POST /push/{name} HTTP/1.1", "Host: hooks.example.org", f"Content-Length: {len(body)}"]
    lines += [f"{key}: {value}" for key, value in sender.sign(body).items()]
    with socket.create_connection((host, int(port))) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + body[: len(body) // 2])
    assert push(receiver, name, body, sender.sign(body)) == 200
    assert receiver.waiting(name) == [body]


def test_what_nobody_understands_keeps_nothing_else_waiting(
    receiver: Receiver, name: str, sender: Sender
) -> None:
    came = [b"[]", b"{}", b"null", b'{"data": 7, "object": "page"', CHUNK, *sender.news]
    assert push_all(receiver, name, came) == [200] * len(came)
    receiver.read(name)
    assert receiver.waiting(name) == []
    assert Counter(sender.texts) <= Counter(receiver.archived(name))


STRANGER = "5550001"
OF_A_STRANGER: Mapping[str, dict[str, Any]] = {
    "facebook": {"object": "page", "entry": [{"id": STRANGER, "time": 1, "changes": []}]},
    "instagram": {"object": "instagram", "entry": [{"id": STRANGER, "time": 1, "changes": []}]},
    "linkedin": {"notifications": [{"organizationalEntity": STRANGER, "action": "COMMENT"}]},
    "x": {"data": {"filter": {"user_id": STRANGER}, "event_type": "post.create", "payload": {}}},
}
"""Of an account that is no page here."""


@pytest.mark.parametrize("name", OF_A_STRANGER)
def test_what_is_told_of_an_account_that_is_no_page_here_is_counted_and_told(
    receiver: Receiver, name: str, sender: Sender
) -> None:
    before, counted = receiver.archived(name), _counted(name)
    body = json.dumps(OF_A_STRANGER[name]).encode()
    assert push_all(receiver, name, [body, body, *sender.news]) == [200] * (2 + len(sender.news))
    receiver.read(name)
    assert receiver.elsewhere(name) == [(1, STRANGER)]
    assert _counted(name) == counted + 1
    assert {*before, *sender.texts} == {*receiver.archived(name)}
    assert (receiver.waiting(name), receiver.set_aside(name)) == ([], [])


@pytest.mark.parametrize("name", ["facebook", "instagram", "linkedin"])
def test_an_account_that_is_no_page_here_is_told_beside_one_that_is(
    receiver: Receiver, name: str, sender: Sender
) -> None:
    both, strange = json.loads(sender.news[0]), OF_A_STRANGER[name]
    [of] = {"entry", "notifications"} & strange.keys()
    both[of] += strange[of]
    push_all(receiver, name, [json.dumps(both).encode()])
    receiver.read(name)
    assert receiver.elsewhere(name) == [(1, STRANGER)]
    assert sender.texts[0] in receiver.archived(name)


def test_what_is_told_of_an_instagram_account_at_a_pages_address_is_not_lost_in_silence(
    receiver: Receiver,
) -> None:
    push_all(receiver, "facebook", [json.dumps(OF_A_STRANGER["instagram"]).encode()])
    receiver.read("facebook")
    assert receiver.elsewhere("facebook") == [(1, f"instagram {STRANGER}")]


def _counted(page: str) -> float:
    told = {"page": page, "what": deliveries.ELSEWHERE}
    return observe.REGISTRY.get_sample_value("modbot_pushed_total", told) or 0.0


@pytest.mark.parametrize(("name", "account"), [("facebook", PAGE), ("instagram", ACCOUNT)])
def test_a_message_that_its_sender_takes_back_is_gone_and_its_words_stay(
    receiver: Receiver, name: str, account: str
) -> None:
    mid, before = f"aWdf-{name}", receiver.vanished(name)
    said, edited = f"Words to {name} that were taken back", f"Words to {name}, edited"
    push_all(
        receiver,
        name,
        [
            messaging(name, account, message={"mid": mid, "text": said}),
            messaging(name, account, message_edit={"mid": mid, "text": edited, "num_edit": 1}),
        ],
    )
    receiver.read(name)
    archived = receiver.archived(name)
    push_all(receiver, name, [messaging(name, account, message={"mid": mid, "is_deleted": True})])
    receiver.read(name)
    assert {said, edited} <= set(archived)
    assert receiver.archived(name) == archived
    assert receiver.vanished(name) - before == 1


def messaging(name: str, account: str, **told: Mapping[str, Any]) -> bytes:
    sent = {"sender": {"id": "77"}, "recipient": {"id": account}, "timestamp": 1519399307000, **told}
    entry = {"id": account, "time": 1519399307, "messaging": [sent]}
    return json.dumps({"object": "page" if name == "facebook" else name, "entry": [entry]}).encode()


def test_each_platforms_check_of_the_address_is_answered_as_it_asks(receiver: Receiver) -> None:
    hub = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": FORM}
    code, token = "890e4665-4dfe-4ab1-b689-ed553bceeed0", "a-token-of-x"
    x, company = _hmac(X_SECRET, token.encode()), _hmac(linkedin.SECRET, code.encode())
    expected: list[tuple[str, dict[str, str], Any]] = [
        ("facebook", hub, 1158201444),
        ("instagram", hub, 1158201444),
        ("x", {"crc_token": token}, {"response_token": f"sha256={base64.b64encode(x).decode()}"}),
        ("linkedin", {"challengeCode": code}, {"challengeCode": code, "challengeResponse": company.hex()}),
    ]
    for page, asked, answer in expected:
        found = httpx.get(f"{receiver.url}/push/{page}", params=asked, timeout=60)
        assert (found.status_code, found.json()) == (200, answer)
    others = [
        ("facebook", hub | {"hub.verify_token": "another"}),
        ("facebook", hub | {"hub.mode": "unsubscribe"}),
        ("x", {"crc": token}),
        ("linkedin", {"challengeCode": "a text that somebody would like to have signed"}),
        ("inbox", hub),
        ("feed", hub),
    ]
    for page, asked in others:
        assert httpx.get(f"{receiver.url}/push/{page}", params=asked, timeout=60).status_code == 404


def test_linkedins_deliveries_have_the_form_that_its_documentation_names(receiver: Receiver) -> None:
    for body in receiver.senders["linkedin"].news:
        told = json.loads(body)
        assert set(told) == set(OF_LINKEDIN["delivery"])
        assert len(told["notifications"]) <= OF_LINKEDIN["at_once"]
        assert all(set(each) == set(OF_LINKEDIN["notification"]) for each in told["notifications"])


def _differ(one: str, other: str) -> bool:
    """Facebook's and Instagram's pages are of one app, which has one secret."""
    return one != other and {one, other} != {"facebook", "instagram"}
