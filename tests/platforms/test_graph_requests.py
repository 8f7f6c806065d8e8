"""Requests of the Meta adapters against Meta's own description, and against what Meta's own client sends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import pytest
from facebook_business.adobjects.advideo import AdVideo
from facebook_business.adobjects.comment import Comment
from facebook_business.adobjects.igcomment import IGComment
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.photo import Photo
from facebook_business.adobjects.unifiedthread import UnifiedThread
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession
from pydantic import SecretStr

from platforms import facebook as facebook_module
from platforms import facebook_items as fb
from platforms import graph_account, graph_page, graph_push, instagram_login
from platforms import instagram as instagram_module
from platforms.base import ActionKind, NotAuthorised, RateLimited, Unavailable, Unsupported
from platforms.facebook import Facebook
from platforms.graph import Graph as Client
from platforms.instagram import Instagram
from platforms.instagram_login import EDGES, FOR_MESSAGES, OWN_PERMISSIONS, READABLE
from platforms.tokens import Token
from tests.platforms.asking import Place, passed, places
from tests.platforms.meta import SPECS, everything, facebook, instagram, sample
from tests.simulators.graph import APP_ID, APP_SECRET, Graph
from tests.simulators.graph_fields import Wanted, parse
from tests.simulators.graph_objects import Account, GraphError

pytestmark = pytest.mark.anyio

SPEC: dict[str, Any] = json.loads((SPECS / "graph.json").read_text(encoding="utf-8"))
EVERYWHERE = {"fields", "limit", "after"}
"""Parameters of Graph itself, which no object's description names."""
UNDESCRIBED = {"UnifiedMessage"}
"""Objects that Meta's description names and does not describe."""
SPEC["Page"]["calls"]["GET video_reels"] = {"of": "AdVideo", "parameters": []}
# Missing there; named by the reference of Page Post and by the guide to publishing reels.
OWN_LOGIN = "own login"
MENTIONED = {"mentioned_comment", "mentioned_media"}
"""Fields that the description of Instagram's own login does not have; asked for all the same, and if they are
refused the mention is not captured, as instagram.md says."""
OF_A_CONSENT = re.compile(r"/(v[\d.]+/oauth/access_token|access_token|refresh_access_token)")
"""What turns a person's consent into tokens: in Meta's guides alone, in no description and in no client."""
VISITOR = ("5550002", "A Visitor")
Sent = tuple[str, str, Mapping[str, str]]
Wire = tuple[str, str, Mapping[str, str], Mapping[str, str]]


@dataclass
class Used:
    """An adapter that did everything it can, and what it asked for."""

    account: Account
    login: str = ""
    requests: list[Sent] = field(default_factory=list)
    wire: list[Wire] = field(default_factory=list)


@contextmanager
def used(graph: Graph, account: Account, login: str = "") -> Iterator[Used]:
    kept, requests, wire = Used(account, login), len(graph.requests), len(graph.wire)
    yield kept
    kept.requests, kept.wire = graph.requests[requests:], graph.wire[wire:]


async def use_facebook(graph: Graph) -> Used:
    """On a page that has something on every edge."""
    account = graph.account()
    with used(graph, account) as kept:
        page = facebook(graph, account, edges=list(fb.FIELDS), page_size=5)
        await page.open()
        for edge in ("feed", "ads_posts", "tagged", "photos", "videos", "video_reels"):
            post = graph.post(account, edge, edge=edge, author=VISITOR)
            ids = [graph.comment(account, f"{number}", post=post) for number in range(15)]
        visit = graph.post(account, "a visitor's post", author=VISITOR)
        talk = graph.post(account, "", edge="conversations")
        for number in range(15):
            graph.message(talk, f"{number}")
        for _ in range(30):
            graph.post(account, "old")
        comments, _ = await everything(page)
        await page.lookup({each.id: each.revision for each in comments})
        for target in (ids[0], visit.id):
            for action in (ActionKind.HIDE, ActionKind.UNHIDE, ActionKind.DELETE):
                await page.act(action, target)
        await page.unpack(sample("facebook", "feed-comment-add-211"))
        delivered = {"item": "comment", "verb": "add", "comment_id": ids[1], "post_id": post.id}
        entry = {"id": account.id, "changes": [{"field": "feed", "value": delivered}]}
        await page.unpack(json.dumps({"object": "page", "entry": [entry]}).encode())
        await answered(page)
        await page.exchanged({"access_token": next(iter(account.tokens))})
        await page.close()
    return kept


async def use_instagram(graph: Graph) -> Used:
    return await _use_instagram(graph, edges=list(READABLE))


async def use_own_login(graph: Graph) -> Used:
    permissions = (*OWN_PERMISSIONS, FOR_MESSAGES)
    return await _use_instagram(graph, edges=list(READABLE), login="instagram", permissions=permissions)


async def _use_instagram(graph: Graph, **settings: Any) -> Used:
    account = graph.account("instagram")
    with used(graph, account, OWN_LOGIN if "login" in settings else "") as kept:
        page = instagram(graph, account, page_size=5, **settings)
        await page.open()
        for edge in EDGES:
            post = graph.post(account, edge, edge=edge)
            ids = [graph.comment(account, f"{number}", post=post) for number in range(15)]
            for number in range(15):
                graph.comment(account, f"{number}", parent=ids[0])
        talk = graph.post(account, "", edge="conversations")
        for number in range(15):
            graph.message(talk, f"{number}")
        comments, _ = await everything(page)
        await page.lookup({each.id: each.revision for each in comments})
        for action in (ActionKind.HIDE, ActionKind.UNHIDE, ActionKind.DELETE):
            await page.act(action, ids[0])
        for kind in ("comment", "media"):
            account.mentions["5"] = {"id": "5", "text": "hello", "timestamp": "2026-11-22T06:00:00+0000"}
            changes = [{"field": "mentions", "value": {f"{kind}_id": "5"}}]
            changes.append({"field": "comments", "value": {"id": ids[1]}})
            entry = {"id": account.id, "changes": changes}
            await page.unpack(json.dumps({"object": "instagram", "entry": [entry]}).encode())
        await answered(page)
        await page.exchanged({"access_token": next(iter(account.tokens))})
        soon = datetime.now(UTC) + timedelta(days=20)
        await page.tokens.put(Token(SecretStr(next(iter(account.tokens))), expires_at=soon))
        await page.open()
        await page.close()
    return kept


async def answered(page: Facebook | Instagram) -> None:
    await page.answer("77", "Write to us.")
    assert await page.has_answered("77", "Write to us.", datetime.now(UTC))


CALLS = ("get", "listing", "post", "delete", "exchange", "pages", "each")
WAYS = {"facebook": use_facebook, "instagram": use_instagram, OWN_LOGIN: use_own_login}


@dataclass(frozen=True)
class Day:
    ways: Mapping[str, Used]
    places: set[Place]


@pytest.fixture(scope="module")
def day(graph: Graph) -> Iterator[Day]:
    """Everything that the adapters can do, done once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        seen = passed(monkeypatch, Client, CALLS)
        ways = {name: asyncio.run(use(graph)) for name, use in WAYS.items()}
        yield Day(ways, {each for each in seen if not each[0].startswith("Graph.")})


def test_every_place_that_asks_meta_was_passed(day: Day) -> None:
    """So what is said below of requests is said of all that there can be."""
    sources = [facebook_module, instagram_module, instagram_login, graph_account, graph_page, graph_push]
    assert places(sources, "graph", CALLS) == day.places


# The description


@pytest.mark.parametrize("name", WAYS)
def test_every_request_is_one_that_meta_describes(day: Day, name: str) -> None:
    way = day.ways[name]
    kinds, seen = kinds_of(way), set()
    for verb, path, parameters in way.requests:
        node, _, edge = path.partition("/")
        owner = kind_of(way, kinds, node)
        seen.add(f"{owner} {verb} {edge}")
        if edge == "accounts":
            # A person's own object is in no description here; what is asked of it are pages.
            check_fields("Page", parse(parameters["fields"]))
            continue
        check(owner, verb, edge, parameters)
    assert len(seen) > 10


def kinds_of(way: Used) -> dict[str, str]:
    """Node → the name of its object in Meta's description."""
    account, only = way.account, "ForIGOnlyAPI" if way.login else ""
    talks = {post.id: "UnifiedThread" for post in account.posts if post.edge == "conversations"}
    if account.kind == "instagram":
        of_posts = dict.fromkeys((post.id for post in account.posts), f"IGMedia{only}")
        us = f"IGUser{only}"
        return {account.id: us, "me": us if only else "Page", f"9{account.id}": "Page"} | of_posts | talks
    of_edge = {"photos": "Photo", "videos": "AdVideo", "video_reels": "AdVideo"}
    of_posts = {post.id: of_edge.get(post.edge, "PagePost") for post in account.posts}
    return {account.id: "Page", "me": "Page"} | of_posts | talks


def kind_of(way: Used, kinds: Mapping[str, str], node: str) -> str:
    """What is gone again is a comment, or a post on the page."""
    if node in kinds or way.account.kind == "instagram":
        return kinds.get(node, "IGComment")
    return "PagePost" if node.startswith(f"{way.account.id}_") else "Comment"


def check(owner: str, verb: str, edge: str, parameters: Mapping[str, str]) -> None:
    change = {"GET": "#get", "POST": "#update", "DELETE": "#delete"}[verb]
    call = SPEC[owner]["calls"][f"{verb} {edge or change}"]
    assert set(parameters) <= {*EVERYWHERE, *call["parameters"]}, (owner, edge)
    check_values(owner, parameters)
    if "fields" in parameters:
        check_fields(call["of"] if edge else owner, parse(parameters["fields"]))


def check_values(owner: str, parameters: Mapping[str, str]) -> None:
    for name in parameters:
        allowed = SPEC["enums"].get(f"{owner} {name}") or SPEC["enums"].get(name)
        assert allowed is None or set(parameters[name].split(",")) <= set(allowed), name


def check_fields(owner: str, wanted: Sequence[Wanted]) -> None:
    for each in wanted if owner not in UNDESCRIBED else ():
        if each.name in SPEC[owner]["fields"] or (owner.endswith("ForIGOnlyAPI") and each.name in MENTIONED):
            assert set(each.arguments) <= {"comment_id", "media_id"}
            continue
        check(owner, "GET", each.name, each.arguments)
        of = SPEC[owner]["calls"][f"GET {each.name}"]["of"]
        check_fields(of, each.fields)


@pytest.mark.parametrize(
    ("owner", "verb", "edge", "parameters"),
    [
        ("Comment", "GET", "", {"fields": "id,updated_time"}),
        ("Comment", "POST", "", {"hidden": "true"}),
        ("IGComment", "POST", "", {"is_hidden": "true"}),
        ("IGMedia", "GET", "comments", {"fields": "id", "order": "chronological"}),
        ("IGUserForIGOnlyAPI", "POST", "subscribed_apps", {"subscribed_fields": "feed"}),
        ("Page", "GET", "feed", {"fields": "id,comments.sort(new){id}"}),
        ("PagePost", "GET", "comments", {"order": "newest"}),
    ],
)
def test_a_request_that_meta_does_not_describe_is_found(
    owner: str, verb: str, edge: str, parameters: dict[str, str]
) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check(owner, verb, edge, parameters)


# Meta's own client


KINDS = {
    each.__name__: each
    for each in (AdVideo, Comment, IGComment, IGMedia, IGUser, Page, PagePost, Photo, UnifiedThread)
}


@pytest.fixture
def official(graph: Graph) -> Iterator[Callable[[Account], FacebookAdsApi]]:
    sessions: list[FacebookSession] = []

    def api(account: Account) -> FacebookAdsApi:
        session = FacebookSession(APP_ID, APP_SECRET, next(iter(account.tokens)))
        session.GRAPH = graph.url
        sessions.append(session)
        return FacebookAdsApi(session)

    yield api
    for session in sessions:
        session.requests.close()


# The client knows the names of fields, but not what stands in brackets behind one, nor any of a message's.
@pytest.mark.filterwarnings(r"ignore:\w* does not allow field \w+[.{]:UserWarning")
@pytest.mark.filterwarnings(r"ignore:(messages|conversations) does not allow field \w+$:UserWarning")
@pytest.mark.parametrize("name", WAYS)
def test_every_request_is_the_one_that_metas_own_client_sends(
    graph: Graph, day: Day, official: Callable[[Account], FacebookAdsApi], name: str
) -> None:
    way = day.ways[name]
    kinds, api = kinds_of(way), official(way.account)
    ours = {shape(way, kinds, each): each for each in way.wire if not OF_A_CONSENT.fullmatch(each[1])}
    for request in ours.values():
        start = len(graph.wire)
        with suppress(FacebookRequestError):
            repeat(api, partial(kind_of, way, kinds), request)
        assert [plain(each) for each in graph.wire[start:]] == [plain(request)]
    assert len(ours) > 15


def shape(way: Used, kinds: Mapping[str, str], request: Wire) -> tuple[Any, ...]:
    """The same for requests that differ only in which object of a kind is asked for, and how many of them."""
    verb, path, query, form = plain(request)
    _, _, node, edge = [*path.split("/"), "", ""][:4]
    sent = {**query, **form}
    values = sorted((key, "" if key in ("batch", "after") else str(value)) for key, value in sent.items())
    return verb, kind_of(way, kinds, node), edge, *values


def repeat(api: FacebookAdsApi, kind_of_node: Callable[[str], str], request: Wire) -> None:
    """The same by Meta's client: its method for this object and edge, with values of the types it wants."""
    verb, path, query, form = plain(request)
    _, version, node, edge = [*path.split("/"), "", ""][:4]
    assert version == FacebookAdsApi.API_VERSION
    sent = {key: value for key, value in {**query, **form}.items() if key != "fields"}
    if "batch" in sent:
        return repeat_batch(api, kind_of_node, sent["batch"])
    kind = User if edge == "accounts" else KINDS[kind_of_node(node).removesuffix("ForIGOnlyAPI")]
    asked = kind(node, api=api)
    word = {"GET": "get", "POST": "create" if edge else "update", "DELETE": "delete"}[verb]
    method = f"{word}_{edge.removesuffix('s') if word == 'create' else edge}" if edge else f"api_{word}"
    fields = {"fields": split(query["fields"])} if "fields" in query else {}
    getattr(asked, method)(**fields, params={key: typed(key, value) for key, value in sent.items()})
    return None


def repeat_batch(api: FacebookAdsApi, kind_of_node: Callable[[str], str], parts: Sequence[Any]) -> None:
    batch = api.new_batch()
    for verb, node, query in parts:
        assert verb == "GET"
        KINDS[kind_of_node(node)](node, api=api).api_get(fields=split(dict(query)["fields"]), batch=batch)
    batch.execute()


def split(fields: str) -> list[str]:
    """At the commas that are in no bracket."""
    return re.findall(r"(?:[^,({]|\([^)]*\)|\{(?:[^{}]|\{[^{}]*\})*\})+", fields)


def typed(name: str, value: Any) -> Any:
    return value.split(",") if name == "subscribed_fields" else value


def plain(request: Wire) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    """What was on the wire, without what names the sender and what only counts."""
    verb, path, query, form = request
    return verb, path.rstrip("/"), _plain(query), _plain(form)


def _plain(parameters: Mapping[str, str]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        key: json.loads(value) if value.startswith(("{", "[")) else value
        for key, value in parameters.items()
        if key not in ("access_token", "appsecret_proof", "summary", "include_headers")
    }
    if "batch" in kept:
        return kept | {"batch": [part(each) for each in kept["batch"]]}
    # Meta takes a list with commas, as its guides write it, or as JSON, as its client does.
    lists = {key: ",".join(value) for key, value in kept.items() if isinstance(value, list)}
    return kept | lists


def part(call: Mapping[str, str]) -> tuple[str, str, list[tuple[str, str]]]:
    path, _, query = call["relative_url"].partition("?")
    return call["method"], path.rstrip("/"), parse_qsl(query)


async def test_metas_own_client_takes_the_simulator_for_graph(
    graph: Graph, official: Callable[[Account], FacebookAdsApi]
) -> None:
    account = graph.account()
    ids = [graph.comment(account, f"comment {number}") for number in range(60)]
    api = official(account)
    comments = PagePost(account.posts[0].id, api=api).get_comments(["id", "message"], {"filter": "stream"})
    assert [each["id"] for each in comments] == ids
    graph.delete(ids[0])
    with pytest.raises(FacebookRequestError) as refused:
        Comment(ids[0], api=api).api_get(fields=["id"])
    assert (refused.value.api_error_code(), refused.value.api_error_subcode()) == (100, 33)
    assert refused.value.http_status() == 400
    graph.expire(account)
    with pytest.raises(FacebookRequestError) as ended:
        Comment(ids[1], api=api).api_get(fields=["id"])
    assert (ended.value.api_error_code(), ended.value.api_error_type()) == (190, "OAuthException")


@pytest.mark.parametrize("make", [facebook, instagram])
async def test_the_fixed_answer_is_sent_as_meta_describes_it_and_to_nobody_but_the_sender(
    graph: Graph, make: Callable[..., Facebook | Instagram]
) -> None:
    account = graph.account("instagram" if make is instagram else "page")
    page = make(graph, account)
    await page.open()
    assert page.may_answer("77")
    assert not page.may_answer(account.id)
    assert not page.may_answer("")
    await page.answer("77", "Write to us.")
    method, path, sent = graph.requests[-1]
    await page.close()
    assert (method, path) == ("POST", "me/messages")
    described = SPEC["Page"]["calls"]["POST messages"]
    assert {name for name in sent if name != "appsecret_proof"} <= set(described["parameters"])
    assert json.loads(sent["recipient"]) == {"id": "77"}
    assert json.loads(sent["message"]) == {"text": "Write to us."}
    assert sent["messaging_type"] == "RESPONSE"


@pytest.mark.parametrize("make", [facebook, instagram])
async def test_whether_the_answer_was_sent_is_read_as_meta_describes_it(
    graph: Graph, make: Callable[..., Facebook | Instagram]
) -> None:
    account = graph.account("instagram" if make is instagram else "page")
    page, before = make(graph, account), datetime.now(UTC)
    await page.open()
    talk = graph.post(account, "", edge="conversations", author=("77", "A Reader"))
    graph.message(talk, "Write to us.")
    assert not await page.has_answered("77", "Write to us.", before)
    graph.stays_silent = True
    with pytest.raises(Unavailable):
        await page.answer("77", "Write to us.")
    graph.stays_silent = False
    assert await page.has_answered("77", "Write to us.", before)
    assert not await page.has_answered("77", "Write to us.", before + timedelta(hours=1))
    assert not await page.has_answered("78", "Write to us.", before)
    verb, path, parameters = graph.requests[-1]
    await page.close()
    assert (verb, path) == ("GET", "me/conversations")
    check("Page", verb, "conversations", parameters)


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (GraphError(551), Unsupported),
        (GraphError(100, 2018001), Unsupported),
        (GraphError(10, 2018278, 403), NotAuthorised),
        (GraphError(4), RateLimited),
        (GraphError(2, status=500), Unavailable),
    ],
)
async def test_an_answer_that_meta_refuses_says_whether_it_is_worth_another_try(
    graph: Graph, failure: GraphError, error: type[Exception]
) -> None:
    page = facebook(graph, graph.account())
    await page.open()
    graph.fail(failure)
    with pytest.raises(error):
        await page.answer("77", "Write to us.")
    await page.close()
