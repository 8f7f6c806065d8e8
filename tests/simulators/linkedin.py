"""A LinkedIn page behind the versioned REST API: Rest.li addresses, notifications pulled and pushed, roles.

Comments are reached by the names of posts, activities and comments. Everything but the list of roles needs
the right one. A push is signed as LinkedIn's documentation of webhooks says. An app has so many calls a day,
by UTC; after them each is answered by a 429 that does not say how long.
"""

from __future__ import annotations

import hmac
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.simulators import serve

ORGANIZATION = 5515715
US = f"urn:li:organization:{ORGANIZATION}"
SHARE, ACTIVITY = "urn:li:share:7094637247487995904", "urn:li:activity:7094637247890620418"
SECRET = "client-secret"
PARAMETERS = {
    "roles": {"q", "role", "state", "start", "count"},
    "posts": {"q", "author", "sortBy", "start", "count"},
    "comments": {"start", "count"},
    "comment": set[str](),
    "subscription": set[str](),
    "delete": {"actor"},
    "notifications": {"q", "organizationalEntity", "actions", "timeRange", "start", "count"},
}


@dataclass(slots=True)
class Item:
    number: int
    text: str
    written: int
    changed: int
    author: str
    parent: int | None = None

    @property
    def name(self) -> str:
        return f"urn:li:comment:({ACTIVITY},{self.number})"


class Failure(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        body = {"status": status, "serviceErrorCode": 100, "code": code, "message": f"Failed: {code}"}
        self.answer = JSONResponse(body, status_code=status)


@dataclass(slots=True)
class Organization:
    """The page as its public and its staff use it; every method may be called from any thread."""

    url: str = ""
    token: str = "linkedin-access"
    refresh: str = "linkedin-refresh"
    role: str = "ADMINISTRATOR"
    version: str = "202606"
    limit: int = 5_000
    """Calls of the app in a day."""
    used: int = 0
    today: date = field(default_factory=lambda: datetime.now(UTC).date())
    headers: dict[str, str] = field(default_factory=dict)
    """Of the last call, with names in lower case."""
    body: Any = None
    """Of the last subscription."""
    notifies: bool = True
    """False: the post is not public, so nothing is told of it."""
    failures: deque[Failure | None] = field(default_factory=deque)
    """What the next calls meet, None meaning nothing."""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """Verb, path and query of each, as sent."""
    items: dict[int, Item] = field(default_factory=dict)
    subscriptions: dict[str, str] = field(default_factory=dict)
    """The address of each, by its key."""
    notifications: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(7094977717598625792))
    _told: Iterator[int] = field(default_factory=lambda: count(5603453321))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def count(self) -> None:
        """A call; raises Failure if the day has no more."""
        with self._lock:
            today = datetime.now(UTC).date()
            if today != self.today:
                self.today, self.used = today, 0
            self.used += 1
            if self.used > self.limit:
                raise Failure(429, "TOO_MANY_REQUESTS")

    def clear(self) -> None:
        """As it was at first."""
        self.__init__(url=self.url)  # type: ignore[misc]

    def write(self, text: str, *, parent: str | None = None, author: str = "zLqTygBP8S") -> str:
        with self._lock:
            number = next(self._numbers)
            at = _ms(datetime.now(UTC) - timedelta(days=2)) + 10 * (number % 100_000)
            above = _number(parent) if parent else None
            item = Item(number, text, at, at, f"urn:li:person:{author}", above)
            self.items[number] = item
            self.tell("COMMENT", item)
            return item.name

    def edit(self, name: str, text: str) -> None:
        with self._lock:
            item = self.items[_number(name)]
            item.text, item.changed = text, item.changed + 60_000
            self.tell("COMMENT_EDIT", item)

    def delete(self, name: str) -> None:
        with self._lock:
            number = _number(name)
            for answer in [each for each in self.items.values() if each.parent == number]:
                self._remove(answer)
            self._remove(self.items[number])

    def mention(self, text: str, share: str = "urn:li:share:7100000000000000001") -> str:
        with self._lock:
            told = self._envelope("SHARE_MENTION", share)
            words = {"share": {"entity": share, "owner": "urn:li:person:aNeighbour", "text": text}}
            self.notifications.append(told | {"decoratedGeneratedActivity": words})
            return share

    def reader_sees(self, name: str) -> bool:
        with self._lock:
            return _number(name) in self.items

    def tell(self, action: str, item: Item) -> None:
        if not self.notifies:
            return
        words = {"entity": item.name, "owner": item.author, "object": ACTIVITY, "text": item.text}
        # Seen in the wild: the activity's name is shortened here and nowhere else.
        told = self._envelope(action, f"urn:li:comment:({ACTIVITY.removeprefix('urn:li:')},{item.number})")
        self.notifications.append(told | {"decoratedGeneratedActivity": {"comment": words}})

    def _remove(self, item: Item) -> None:
        del self.items[item.number]
        self.tell("COMMENT_DELETE", item)

    def _envelope(self, action: str, what: str) -> dict[str, Any]:
        post = {"entity": SHARE, "owner": US, "mediaCategory": "NONE", "text": "Our spring concert"}
        return {
            "notificationId": next(self._told),
            "organizationalEntity": US,
            "subscriber": "urn:li:person:zLqTygBP8S",
            "action": action,
            "sourcePost": ACTIVITY,
            "decoratedSourcePost": post,
            "generatedActivity": what,
            "lastModifiedAt": _ms(datetime.now(UTC)),
        }


def delivery(notifications: list[dict[str, Any]], secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    """A push of at most ten notifications: its headers and its body."""
    told = {"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": notifications}
    body = json.dumps(told).encode()
    signature = hmac.new(secret.encode(), b"hmacsha256=" + body, sha256).hexdigest()
    return {"x-li-signature": signature, "content-type": "application/json"}, body


@pytest.fixture(scope="session")
def served_linkedin() -> Iterator[Organization]:
    page = Organization()
    with serve(app(page)) as page.url:
        yield page


@pytest.fixture
def simulated_linkedin(served_linkedin: Organization) -> Organization:
    """Empty."""
    served_linkedin.clear()
    return served_linkedin


def app(page: Organization) -> Starlette:
    desk = _Desk(page)

    def route(path: str, name: str, answer: Callable[[Request], Response], method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                _admit(page, request, name)
                return answer(request)
            except Failure as failure:
                return failure.answer

        return Route(path, endpoint, methods=[method])

    comments = "/rest/socialActions/{on}/comments"
    return Starlette(
        routes=[
            route("/rest/organizationAcls", "roles", desk.roles),
            route("/rest/posts", "posts", desk.posts),
            route(comments, "comments", desk.comments),
            route(comments + "/{number:int}", "comment", desk.comment),
            route(comments + "/{number:int}", "delete", desk.delete, "DELETE"),
            route("/rest/organizationalEntityNotifications", "notifications", desk.told),
            Route("/rest/eventSubscriptions/{key}", _subscribe(page), methods=["PUT"]),
            Route("/oauth/v2/accessToken", _grant(page), methods=["POST"]),
        ]
    )


def _admit(page: Organization, request: Request, name: str) -> None:
    raw = request.scope["raw_path"].decode()
    page.calls.append((request.method, raw, request.scope["query_string"].decode()))
    page.headers = dict(request.headers)
    page.count()
    if page.failures and (failure := page.failures.popleft()):
        raise failure
    headers = request.headers
    if headers.get("authorization") != f"Bearer {page.token}":
        raise Failure(401, "INVALID_ACCESS_TOKEN")
    if headers.get("linkedin-version") != page.version:
        raise Failure(426, "NONEXISTENT_VERSION")
    if re.search(r"[():,]", raw.partition("/socialActions/")[2].partition("/comments")[0]):
        raise Failure(400, "ILLEGAL_ARGUMENT")
    finder = "q" in request.query_params
    if finder and headers.get("x-restli-method", "FINDER") != "FINDER":
        raise Failure(400, "ILLEGAL_ARGUMENT")
    if set(request.query_params) - PARAMETERS[name]:
        raise Failure(400, "PARAM_INVALID")
    if name != "roles" and page.role not in ("ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER"):
        raise Failure(403, "ACCESS_DENIED")


def _grant(page: Organization) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        form = dict(await request.form())
        wanted = {"grant_type": "refresh_token", "client_id": "client", "client_secret": SECRET}
        if form != wanted | {"refresh_token": page.refresh}:
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        page.token = f"{page.token}+"
        answer = {"access_token": page.token, "expires_in": 5_184_000, "refresh_token": page.refresh}
        return JSONResponse(
            answer | {"refresh_token_expires_in": 20_000_000, "scope": "r_organization_social_feed"}
        )

    return endpoint


def _subscribe(page: Organization) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            _admit(page, request, "subscription")
        except Failure as failure:
            return failure.answer
        key = re.fullmatch(r"\((.*)\)", request.path_params["key"])
        parts = dict(part.split(":", 1) for part in key[1].split(",")) if key else {}
        page.body = await request.json()
        address = page.body["webhook"]
        if (parts.get("entity"), parts.get("user")) != (US, "urn:li:person:zLqTygBP8S"):
            return Failure(403, "ACCESS_DENIED").answer
        if not address.startswith("https://"):
            return Failure(400, "PARAM_INVALID").answer
        page.subscriptions[",".join(sorted(f"{name}={value}" for name, value in parts.items()))] = address
        return Response(status_code=204)

    return endpoint


class _Desk:
    """What an administrator of the page gets of each resource."""

    def __init__(self, page: Organization) -> None:
        self.page = page

    def roles(self, request: Request) -> Response:
        grant = {"roleAssignee": "urn:li:person:zLqTygBP8S", "state": "APPROVED"}
        elements = [grant | {"role": self.page.role, "organization": US}]
        return _page(request, elements)

    def posts(self, request: Request) -> Response:
        if request.query_params.get("author") != US:
            raise Failure(403, "ACCESS_DENIED")
        post = {
            "id": SHARE,
            "author": US,
            "commentary": "Our spring concert",
            "visibility": "PUBLIC",
            "lifecycleState": "PUBLISHED",
        }
        return _page(request, [post])

    def comments(self, request: Request) -> Response:
        on = request.path_params["on"]
        if on in (SHARE, ACTIVITY):
            return _page(request, [self._row(each) for each in self.page.items.values() if not each.parent])
        above = self._item(_number(on))
        return _page(request, [self._row(each) for each in self._answers(above)])

    def comment(self, request: Request) -> Response:
        return JSONResponse(self._row(self._item(request.path_params["number"])))

    def delete(self, request: Request) -> Response:
        item = self._item(request.path_params["number"])
        if request.query_params.get("actor") != US:
            raise Failure(400, "PARAM_INVALID")
        self.page.delete(item.name)
        return Response(status_code=204)

    def told(self, request: Request) -> Response:
        query = request.query_params
        within = dict(re.findall(r"(start|end):(\d+)", query.get("timeRange", "")))
        actions = re.fullmatch(r"List\(([A-Z_,]+)\)", query.get("actions", ""))
        if len(within) != 2 or actions is None or query.get("organizationalEntity") != US:
            raise Failure(400, "PARAM_INVALID")
        since, until = int(within["start"]), int(within["end"])
        wanted = actions[1].split(",")
        found = [each for each in self.page.notifications if since <= each["lastModifiedAt"] <= until]
        return _page(request, [each for each in found[::-1] if each["action"] in wanted])

    def _item(self, number: int) -> Item:
        item = self.page.items.get(number)
        if item is None:
            raise Failure(404, "NOT_FOUND")
        return item

    def _answers(self, item: Item) -> list[Item]:
        return [each for each in self.page.items.values() if each.parent == item.number]

    def _row(self, item: Item) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": str(item.number),
            "$URN": item.name,
            "actor": item.author,
            "object": ACTIVITY,
            "message": {"attributes": [], "text": item.text},
            "created": {"actor": item.author, "time": item.written},
            "lastModified": {"actor": item.author, "time": item.changed},
        }
        if item.parent:
            return row | {"parentComment": self.page.items[item.parent].name}
        total = len(self._answers(item))
        return row | {"commentsSummary": {"totalFirstLevelComments": total, "aggregatedTotalComments": total}}


def _page(request: Request, elements: list[dict[str, Any]]) -> Response:
    start = int(request.query_params.get("start", "0"))
    size = int(request.query_params.get("count", "10"))
    links = []
    if start + size < len(elements):
        href = f"{request.url.path}?start={start + size}&count={size}"
        links.append({"rel": "next", "type": "application/json", "href": href})
    paging = {"start": start, "count": size, "links": links, "total": len(elements)}
    return JSONResponse({"elements": elements[start : start + size], "paging": paging})


def _number(name: str) -> int:
    found = re.search(r",(\d+)\)$", name)
    if found is None:
        raise Failure(404, "NOT_FOUND")
    return int(found[1])


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
