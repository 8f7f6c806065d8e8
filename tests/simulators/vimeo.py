"""A Vimeo account behind the API 3.4: numbered pages that shift as people write, and deletion for good."""

from __future__ import annotations

import base64
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.simulators import serve

VIDEO = 258684937
PAGING = {"page", "per_page", "fields"}
PARAMETERS = {
    "verify": set[str](),
    "videos": PAGING | {"sort", "direction", "filter", "query"},
    "comments": PAGING | {"direction"},
    "replies": PAGING,
    "comment": {"fields"},
}


@dataclass(slots=True)
class Item:
    number: int
    text: str
    written: datetime
    author: str | None
    parent: int | None = None
    video: int = VIDEO


class Failure(Exception):
    def __init__(self, status: int, code: int, **headers: str) -> None:
        super().__init__(str(code))
        body = {
            "error": "Something strange occurred. Please get in touch with the app's creator.",
            "link": None,
            "developer_message": f"The request failed with {code}.",
            "error_code": code,
        }
        self.answer = JSONResponse(body, status_code=status, headers=headers)


@dataclass(slots=True)
class Account:
    """The account as its public and its owner use it; every method may be called from any thread."""

    url: str = ""
    token: str = "vimeo-access"
    scope: str = "public private delete"
    limit: int = 1000
    used: int = 0
    resets_at: datetime | None = None
    """As it was told last."""
    reset_as_number: bool = False
    failures: deque[Failure | None] = field(default_factory=deque)
    """What the next calls meet, None meaning nothing."""
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    items: dict[int, Item] = field(default_factory=dict)
    videos: dict[int, str] = field(default_factory=lambda: {VIDEO: "Winter concert"})
    closed: set[int] = field(default_factory=set)
    """Videos that the account may not read."""
    answers_counted: bool = False
    """Whether a video's number of comments counts the answers."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(12345))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def clear(self) -> None:
        """As it was at first."""
        self.__init__(url=self.url)  # type: ignore[misc]

    def write(
        self, text: str, *, parent: str | None = None, author: str | None = "A viewer", video: int = VIDEO
    ) -> str:
        with self._lock:
            number = next(self._numbers)
            at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2) + timedelta(seconds=number)
            above = int(parent.partition("_")[2]) if parent else None
            self.items[number] = Item(number, text, at, author, above, video)
            return f"{video}_{number}"

    def edit(self, comment_id: str, text: str) -> None:
        with self._lock:
            self.items[_number(comment_id)].text = text

    def delete(self, comment_id: str) -> None:
        with self._lock:
            number = _number(comment_id)
            for answer in [each.number for each in self.items.values() if each.parent == number]:
                del self.items[answer]
            del self.items[number]

    def reader_sees(self, comment_id: str) -> bool:
        with self._lock:
            return _number(comment_id) in self.items

    def listed(self, video: int, parent: int | None) -> list[Item]:
        with self._lock:
            return [item for item in self.items.values() if (item.video, item.parent) == (video, parent)]


def _number(comment_id: str) -> int:
    return int(comment_id.partition("_")[2])


@pytest.fixture(scope="session")
def served_vimeo() -> Iterator[Account]:
    account = Account()
    with serve(app(account)) as account.url:
        yield account


@pytest.fixture
def simulated_vimeo(served_vimeo: Account) -> Account:
    """Empty."""
    served_vimeo.clear()
    return served_vimeo


def app(account: Account) -> Starlette:
    desk = _Desk(account)

    def route(path: str, name: str, answer: Callable[[Request], Response], method: str = "GET") -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                _admit(account, request, name)
                response = answer(request)
            except Failure as failure:
                response = failure.answer
            for key, value in _limits(account).items():
                response.headers[key] = value
            return response

        return Route(path, endpoint, methods=[method])

    one = "/videos/{video:int}/comments/{comment:int}"
    return Starlette(
        routes=[
            route("/oauth/verify", "verify", desk.verify),
            route("/me/videos", "videos", desk.videos),
            route("/videos/{video:int}/comments", "comments", desk.comments),
            route(one, "comment", desk.comment),
            route(one, "comment", desk.delete, "DELETE"),
            route(f"{one}/replies", "replies", desk.replies),
            Route("/oauth/access_token", _grant(account), methods=["POST"]),
        ]
    )


def _admit(account: Account, request: Request, name: str) -> None:
    query = dict(request.query_params)
    account.calls.append((request.method, request.url.path, query))
    if account.failures and (failure := account.failures.popleft()):
        raise failure
    if account.resets_at and datetime.now(UTC) >= account.resets_at:
        account.used = 0
    account.used += 1
    if account.used > account.limit:
        raise Failure(429, 9000)
    if request.headers.get("authorization") != f"Bearer {account.token}":
        raise Failure(401, 8003)
    if not request.headers.get("accept", "").startswith("application/vnd.vimeo."):
        raise Failure(400, 2204)
    if set(query) - PARAMETERS[name]:
        raise Failure(400, 2204)
    if not 0 < int(query.get("per_page", "25")) <= 100:
        raise Failure(400, 2286)


def _limits(account: Account) -> dict[str, str]:
    reset = account.resets_at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    return {
        "X-RateLimit-Limit": str(account.limit),
        "X-RateLimit-Remaining": str(max(0, account.limit - account.used)),
        "X-RateLimit-Reset": str(int(reset.timestamp())) if account.reset_as_number else reset.isoformat(),
    }


def _grant(account: Account) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        form = dict(await request.form())
        expected = base64.b64encode(b"client:client-secret").decode()
        if request.headers.get("authorization") != f"Basic {expected}" or form.get("code") != "the-code":
            return JSONResponse({"error": "invalid_grant", "error_code": 8000}, status_code=400)
        answer = {"access_token": account.token, "token_type": "bearer", "scope": account.scope}
        return JSONResponse(answer | {"user": {"uri": "/users/42", "name": "A School District"}})

    return endpoint


class _Desk:
    """What the owner of the account gets of each resource."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def verify(self, request: Request) -> Response:
        user = {"uri": "/users/42", "name": "A School District"}
        answer = {"scope": self.account.scope, "user": user, "token_type": "bearer"}
        return JSONResponse(answer | {"access_token": self.account.token, "app": {"name": "modbot"}})

    def videos(self, request: Request) -> Response:
        rows = []
        for number, name in reversed(self.account.videos.items()):
            items = [item for item in self.account.items.values() if item.video == number]
            total = len([item for item in items if self.account.answers_counted or item.parent is None])
            connection = {"options": ["GET"], "total": total, "uri": f"/videos/{number}/comments"}
            rows.append(
                {
                    "uri": f"/videos/{number}",
                    "name": name,
                    "link": f"https://vimeo.com/{number}",
                    "metadata": {"connections": {"comments": connection}},
                }
            )
        return _page(request, rows)

    def comments(self, request: Request) -> Response:
        video = request.path_params["video"]
        if video in self.account.closed:
            raise Failure(403, 3200)
        if video not in self.account.videos:
            raise Failure(404, 5000)
        items = self.account.listed(video, None)
        if request.query_params.get("direction") == "desc":
            items = items[::-1]
        return _page(request, [self._row(item) for item in items])

    def replies(self, request: Request) -> Response:
        above = self._item(request)
        return _page(request, [self._row(item) for item in self.account.listed(above.video, above.number)])

    def comment(self, request: Request) -> Response:
        return JSONResponse(self._row(self._item(request)))

    def delete(self, request: Request) -> Response:
        item = self._item(request)
        if "delete" not in self.account.scope.split():
            raise Failure(403, 3200)
        self.account.delete(f"{item.video}_{item.number}")
        return Response(status_code=204)

    def _item(self, request: Request) -> Item:
        item = self.account.items.get(request.path_params["comment"])
        if item is None or item.video != request.path_params["video"]:
            raise Failure(404, 5000)
        return item

    def _row(self, item: Item) -> dict[str, Any]:
        uri = f"/videos/{item.video}/comments/{item.number}"
        total = len(self.account.listed(item.video, item.number))
        replies = {"options": ["GET", "POST"], "total": total, "uri": f"{uri}/replies"}
        number = sum(map(ord, item.author or ""))
        return {
            "uri": uri,
            "type": "video",
            "created_on": item.written.isoformat(),
            "text": item.text,
            "user": {"uri": f"/users/{number}", "name": item.author} if item.author else None,
            "metadata": {"connections": {"replies": replies}},
            "resource_key": f"{item.number:040x}",
        }


def _page(request: Request, rows: list[dict[str, Any]]) -> Response:
    number = int(request.query_params.get("page", "1"))
    size = int(request.query_params.get("per_page", "25"))
    more = number * size < len(rows)
    following = f"{request.url.path}?page={number + 1}&per_page={size}" if more else None
    return JSONResponse(
        {
            "total": len(rows),
            "page": number,
            "per_page": size,
            "paging": {"next": following, "previous": None, "first": "", "last": ""},
            "data": rows[(number - 1) * size : number * size],
        }
    )
