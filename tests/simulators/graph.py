"""Meta's Graph API for one app: Facebook Pages and Instagram accounts, as Meta's reference describes them.

What it knows: versions in the path, `fields` with nested edges, cursors with a `next` address that carries
the token, batches, `appsecret_proof`, usage headers, error bodies, tokens that end, comments on posts,
answers, hiding, deleting, mentions and long-lived tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.simulators import serve
from tests.simulators.graph_fields import Wanted, parse
from tests.simulators.graph_objects import (
    EDGES,
    KNOWN,
    Account,
    GraphError,
    Item,
    Object,
    Post,
    comment_native,
    cursor_at,
    linked_page,
    missing,
    now,
    offset_of,
    post_native,
)

VERSION = "v26.0"
APP_ID = "245551"
APP_SECRET = "app-secret-of-the-simulated-app"
OWN_LOGIN = {"access_token": "ig_exchange_token", "refresh_access_token": "ig_refresh_token"}


class Graph:
    """The app and everything it may see. Used directly by tests, over HTTP by adapters."""

    def __init__(self) -> None:
        self.url = ""
        self.accounts: dict[str, Account] = {}
        self.requests: list[tuple[str, str, Mapping[str, str]]] = []
        """Method, path without the version, parameters without the token; those in a batch one by one."""
        self.calls = 0
        """HTTP requests."""
        self.wire: list[tuple[str, str, Mapping[str, str], Mapping[str, str]]] = []
        """Method, path, query and form of every HTTP request, as it came."""
        self.usage = 0
        self.ignores_order = False
        self.pretends = False
        """Answers changes with success and does not make them."""
        self.stays_silent = False
        """Sends messages and answers as if it had failed."""
        self.signed_in: Account | None = None
        """Whose page the person has who is asked for consent; None: that person says no."""
        self._codes: dict[str, tuple[str, str]] = {}
        self._numbers = count(1_000_000_001)
        self._failures: deque[GraphError | None] = deque()
        self._lock = threading.RLock()

    # The page as its public and its owner use it

    def account(
        self, kind: str = "page", name: str = "Example District", number: str | None = None
    ) -> Account:
        number = number or str(next(self._numbers))
        account = Account(number, name, kind, {f"token-{number}-{next(self._numbers)}": None})
        self.accounts[number] = account
        self.post(account, "A first post")
        return account

    def post(
        self,
        account: Account,
        text: str,
        *,
        edge: str | None = None,
        author: tuple[str, str] | None = None,
        at: datetime | None = None,
    ) -> Post:
        number = str(next(self._numbers))
        post_id = f"{account.id}_{number}" if account.kind == "page" else number
        edge = edge or ("feed" if account.kind == "page" else "media")
        if edge in ("photos", "videos", "video_reels"):
            post_id = number
        if edge == "tagged":
            post_id = f"77777_{number}"
        made = Post(post_id, account.id, edge, text, at or now(), author or (account.id, account.name))
        account.posts.append(made)
        return made

    def comment(
        self,
        account: Account,
        text: str,
        *,
        parent: str | None = None,
        post: Post | None = None,
        at: datetime | None = None,
        own: bool = False,
        number: str | None = None,
    ) -> str:
        with self._lock:
            post = post or (self._item(parent)[0] if parent else account.posts[0])
            plain = str(next(self._numbers))
            stem = post.id.partition("_")[2] or post.id
            comment_id = number or (f"{stem}_{plain}" if account.kind == "page" else plain)
            author = (account.id, account.name) if own else ("5550001", "A Reader")
            post.comments.append(Item(comment_id, post.id, text, at or now(), parent, author, own=own))
            return comment_id

    def message(self, talk: Post, text: str, *, own: bool = False) -> str:
        message_id = f"m_{next(self._numbers)}"
        if self.accounts[talk.owner].kind == "instagram":
            message_id = base64.urlsafe_b64encode(f"ig_dm_item:{message_id}".encode()).decode()
        author = (talk.owner, self.accounts[talk.owner].name) if own else talk.author
        talk.comments.append(Item(message_id, talk.id, text, now(), None, author, own=own))
        return message_id

    def edit(self, comment_id: str, text: str) -> None:
        self._item(comment_id)[1].text = text

    def delete(self, comment_id: str) -> None:
        with self._lock:
            post, item = self._item(comment_id)
            post.comments[:] = [each for each in post.comments if item.id not in (each.id, each.parent)]

    def public_sees(self, comment_id: str) -> bool:
        try:
            return not self._item(comment_id)[1].hidden
        except GraphError:
            return False

    def item(self, comment_id: str) -> Item:
        return self._item(comment_id)[1]

    def fail(self, *failures: GraphError | None) -> None:
        """What the next requests are answered; None: as usual."""
        self._failures.extend(failures)

    def _meet_failure(self) -> None:
        if self._failures and (failure := self._failures.popleft()):
            raise failure

    def fail_no_more(self) -> None:
        self._failures.clear()

    def expire(self, account: Account, subcode: int = 463) -> None:
        """Every token of the account stops working."""
        account.tokens = {token: GraphError(190, subcode, 401) for token in account.tokens}

    def _item(self, comment_id: str) -> tuple[Post, Item]:
        for post in self._posts():
            for item in post.comments:
                if item.id == comment_id:
                    return post, item
        raise missing()

    def _posts(self) -> Iterator[Post]:
        return (post for account in self.accounts.values() for post in account.posts)

    # HTTP

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{path:path}", self._serve, methods=["GET", "POST", "DELETE"])])

    async def _serve(self, request: Request) -> Response:
        self.calls += 1
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        parameters = dict(request.query_params) | form
        self.wire.append((request.method, request.url.path, dict(request.query_params), form))
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = parameters.pop("access_token", "") or bearer
        headers = {"x-app-usage": json.dumps({"call_count": self.usage, "total_time": 0, "total_cputime": 0})}
        if self.usage >= 100:
            headers["x-business-use-case-usage"] = json.dumps(
                {"1": [{"type": "pages", "call_count": self.usage, "estimated_time_to_regain_access": 7}]}
            )
        if request.url.path.endswith(("/dialog/oauth", "/oauth/authorize")):
            return self._consent(parameters)
        try:
            answer = self._answer(request.method, request.url.path, parameters, token)
        except GraphError as error:
            return JSONResponse({"error": error.body}, error.status, headers)
        return JSONResponse(answer, headers=headers)

    def _answer(self, method: str, path: str, parameters: dict[str, str], token: str) -> Any:
        version, _, rest = path.strip("/").partition("/")
        if (version, rest) == ("oauth", "access_token"):
            # Instagram's own, which gives a list of one.
            given = self._exchanged(parameters)
            granted = "instagram_business_basic,instagram_business_manage_comments"
            return {"data": [{"access_token": given["access_token"], "permissions": granted}]}
        if version in OWN_LOGIN:
            return self._renewed(version, parameters, token)
        if not re.fullmatch(r"v\d+\.\d+", version):
            raise GraphError(2500)
        if rest == "oauth/access_token":
            return self._exchanged(parameters)
        account = self._account_of(token, parameters.pop("appsecret_proof", ""))
        if "batch" in parameters:
            return [self._part(account, token, part) for part in json.loads(parameters["batch"])]
        return self._one(account, token, method, rest, parameters)

    def _part(self, account: Account, token: str, part: Object) -> Object:
        path, _, query = part["relative_url"].partition("?")
        try:
            body = self._one(account, token, part["method"], path.strip("/"), dict(parse_qsl(query)))
        except GraphError as error:
            return {"code": error.status, "headers": [], "body": json.dumps({"error": error.body})}
        return {"code": 200, "headers": [], "body": json.dumps(body)}

    def _account_of(self, token: str, proof: str) -> Account:
        for account in self.accounts.values():
            if token in account.tokens:
                if refusal := account.tokens[token]:
                    raise refusal
                wanted = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
                if proof and proof != wanted:
                    raise GraphError(100)
                return account
        # Meta quotes what it was given, token included.
        error = GraphError(190, status=401)
        error.body["message"] = f"Malformed access token {token}"
        raise error

    def _consent(self, asked: Mapping[str, str]) -> Response:
        """The dialog's answer, which the browser takes back to the app."""
        if asked.get("client_id") != APP_ID or asked.get("response_type") != "code" or " " in asked["scope"]:
            return Response("This app is not available", 400)
        told = {"state": asked["state"]}
        if self.signed_in is None:
            told |= {"error": "access_denied", "error_reason": "user_denied"}
        else:
            code = f"code-{next(self._numbers)}"
            self._codes[code] = (next(iter(self.signed_in.tokens)), asked["redirect_uri"])
            told["code"] = code
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(told)}#_=_")

    def _exchanged(self, parameters: Mapping[str, str]) -> Object:
        if (parameters.get("client_id"), parameters.get("client_secret")) != (APP_ID, APP_SECRET):
            raise GraphError(1)
        if parameters.get("grant_type") == "authorization_code":
            token, redirect = self._codes.pop(parameters["code"], ("", ""))
            if not token or redirect != parameters.get("redirect_uri"):
                raise GraphError(100, 36009)
            return {"access_token": token, "token_type": "bearer", "expires_in": 5_000}
        given = parameters.get("fb_exchange_token", "")
        for account in self.accounts.values():
            if given in account.tokens:
                account.tokens[f"long-{given}"] = None
                return {"access_token": f"long-{given}", "token_type": "bearer", "expires_in": 5_183_944}
        raise GraphError(190, 467)

    def _renewed(self, what: str, parameters: Mapping[str, str], token: str) -> Object:
        """Instagram's own login: a token of 60 days for one of an hour, or for one of 60 days."""
        self._meet_failure()
        account = self._account_of(token, "")
        wanted = {"grant_type": OWN_LOGIN[what]}
        if what == "access_token":
            wanted["client_secret"] = APP_SECRET
        if dict(parameters) != wanted:
            raise GraphError(1)
        newer = f"newer-{token}"
        account.tokens[newer] = None
        return {"access_token": newer, "token_type": "bearer", "expires_in": 5_184_000}

    def _one(
        self, account: Account, token: str, method: str, path: str, parameters: Mapping[str, str]
    ) -> Any:
        with self._lock:
            self.requests.append((method, path, dict(parameters)))
            self._meet_failure()
            node, _, edge = path.partition("/")
            if (method, path) == ("POST", "me/messages"):
                return self._answered(account, parameters)
            if edge == "subscribed_apps" and node in (account.id, f"9{account.id}"):
                return {"success": True}
            if method == "GET":
                wanted = parse(parameters.get("fields", "id"))
                if edge:
                    return self._edge(account, token, node, edge, Wanted(edge, dict(parameters), wanted))
                return self._node(account, token, node, wanted)
            return self._change(account, method, node, parameters)

    def _answered(self, account: Account, parameters: Mapping[str, str]) -> Object:
        """A message of the account's own to one person."""
        person = json.loads(parameters["recipient"])["id"]
        talks = (each for each in account.posts if each.edge == "conversations" and each.author[0] == person)
        talk = next(talks, None) or self.post(account, "", edge="conversations", author=(person, "A Reader"))
        message_id = self.message(talk, json.loads(parameters["message"])["text"], own=True)
        if self.stays_silent:
            raise GraphError(2, status=500)
        return {"recipient_id": person, "message_id": message_id}

    def _node(self, account: Account, token: str, node: str, wanted: Sequence[Wanted]) -> Object:
        if node == account.id or node == "me":
            mentioned = self._mentioned(account, wanted)
            native = {"id": account.id, "name": account.name, "username": account.name, **mentioned}
            native["access_token"] = f"page-{token}"
            if any(each.name == "access_token" for each in wanted):
                account.tokens[native["access_token"]] = None
            return self._shown(account, token, node, native, wanted)
        for post in account.posts:
            if post.id == node:
                return self._shown(account, token, node, post_native(account, post), wanted)
            for item in post.comments:
                if item.id == node:
                    return self._shown(account, token, node, comment_native(account, post, item), wanted)
        raise missing()

    def _mentioned(self, account: Account, wanted: Sequence[Wanted]) -> Object:
        found = {}
        for each in wanted:
            if each.name in ("mentioned_comment", "mentioned_media"):
                [asked] = each.arguments.values()
                if asked not in account.mentions:
                    raise missing()
                found[each.name] = account.mentions[asked]
        return found

    def _shown(
        self, account: Account, token: str, node: str, native: Object, wanted: Sequence[Wanted]
    ) -> Object:
        """Only the fields that were asked for, and `id`; nested edges are read."""
        shown: Object = {"id": native["id"]} if "id" in native else {}
        for each in wanted:
            if each.name in EDGES:
                listing = self._edge(account, token, node, each.name, each)
                if listing["data"]:
                    shown[each.name] = listing
            elif each.name in native:
                value = native[each.name]
                shown[each.name] = value
            elif each.name not in KNOWN:
                raise GraphError(100)
        return shown

    def _edge(self, account: Account, token: str, node: str, edge: str, wanted: Wanted) -> Object:
        if edge in account.denied:
            raise GraphError(10, status=403)
        if (node, edge) == ("me", "accounts"):
            rows = [(account.id, linked_page(account, token))]
            account.tokens[f"page-{token}"] = None
        elif (node, edge) == ("me", "conversations"):
            talks = [post for post in account.posts if post.edge == edge]
            asked = wanted.arguments.get("user_id")
            rows = [
                (each.id, post_native(account, each)) for each in talks if asked in (None, each.author[0])
            ]
        elif node == account.id:
            all_of_it = edge != "feed" or wanted.arguments.get("include_hidden") == "true"
            posts = [post for post in account.posts if post.edge == edge and (all_of_it or not post.hidden)]
            posts.sort(key=lambda post: post.at, reverse=True)
            rows = [(post.id, post_native(account, post)) for post in posts]
        else:
            rows = [
                (item.id, comment_native(account, post, item))
                for post, item in self._comments(account, node, edge, wanted.arguments)
            ]
        start = offset_of(wanted.arguments.get("after", ""))
        limit = min(int(wanted.arguments.get("limit", 25)), 100)
        chunk = rows[start : start + limit]
        data = [self._shown(account, token, key, native, wanted.fields) for key, native in chunk]
        if not data:
            return {"data": []}
        cursors = {"before": cursor_at(start), "after": cursor_at(start + len(chunk))}
        paging: Object = {"cursors": cursors}
        if start + limit < len(rows):
            query = dict(wanted.arguments) | {"access_token": token, "after": cursors["after"]}
            paging["next"] = f"{self.url}/{VERSION}/{node}/{edge}?{urlencode(query)}"
        return {"data": data, "paging": paging}

    def _comments(
        self, account: Account, node: str, edge: str, arguments: Mapping[str, str]
    ) -> list[tuple[Post, Item]]:
        for post in account.posts:
            if post.id == node:
                stream = account.kind == "page" and arguments.get("filter") == "stream"
                found = [item for item in post.comments if stream or item.parent is None]
                break
            if any(item.id == node for item in post.comments):
                found = [item for item in post.comments if item.parent == node]
                break
        else:
            raise missing()
        found = [item for item in found if account.lists_hidden or not item.hidden]
        if since := arguments.get("since"):
            found = [item for item in found if item.at.timestamp() >= float(since)]
        newest_first = (
            edge == "messages"
            or (account.kind == "instagram" and edge == "comments")
            or (arguments.get("order") == "reverse_chronological" and not self.ignores_order)
        )
        return [(post, item) for item in (reversed(found) if newest_first else found)]

    def _change(self, account: Account, method: str, node: str, parameters: Mapping[str, str]) -> Object:
        if "change" in account.denied:
            raise GraphError(200, status=403)
        target = self._target(account, node)
        if self.pretends:
            return {"success": True}
        if method == "DELETE":
            self._remove(account, target)
            return {"success": True}
        name = "is_hidden" if account.kind == "page" else "hide"
        if parameters.get(name) not in ("true", "false") or (isinstance(target, Item) and target.own):
            raise GraphError(100)
        target.hidden = parameters[name] == "true"
        return {"success": True}

    def _target(self, account: Account, node: str) -> Item | Post:
        for post in account.posts:
            if post.id == node:
                return post
            for item in post.comments:
                if item.id == node:
                    return item
        raise missing()

    def _remove(self, account: Account, target: Item | Post) -> None:
        if isinstance(target, Post):
            account.posts.remove(target)
        else:
            self.delete(target.id)


@contextmanager
def running() -> Iterator[Graph]:
    graph = Graph()
    with serve(graph.app()) as url:
        graph.url = url
        yield graph


@pytest.fixture(scope="session")
def graph() -> Iterator[Graph]:
    """One for the whole run: each test makes its own account in it."""
    with running() as graph:
        yield graph
