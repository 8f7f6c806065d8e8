"""A YouTube channel behind the Data API v3, as its description and the vendor's pages say it behaves.

Threads newest first, without a "since"; few answers with each thread; no moderation status for what is asked
for by its id; a rejected comment is nowhere, and its answers with it; units for every call; tokens that end.
"""

from __future__ import annotations

import html
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

CHANNEL = "UCsimulatedDistrict00000"
VIDEO = "vid00000001"
ANSWERS_SHOWN = 5
PARAMETERS = {
    "channels": {"part", "mine", "id", "maxResults", "pageToken", "key", "alt", "prettyPrint"},
    "videos": {"part", "id", "maxResults", "pageToken", "key", "alt", "prettyPrint"},
    "commentThreads": {
        "part",
        "allThreadsRelatedToChannelId",
        "videoId",
        "id",
        "moderationStatus",
        "order",
        "maxResults",
        "pageToken",
        "textFormat",
        "alt",
        "prettyPrint",
    },
    "comments": {"part", "id", "parentId", "maxResults", "pageToken", "textFormat", "alt", "prettyPrint"},
    "setModerationStatus": {"id", "moderationStatus", "banAuthor", "alt", "prettyPrint"},
}


@dataclass(slots=True)
class Item:
    id: str
    text: str
    written: datetime
    updated: datetime
    author: str
    parent: str | None = None
    status: str = "published"
    video: str = VIDEO


class Failure(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = JSONResponse(
            {
                "error": {
                    "code": status,
                    "message": f"The request failed: {reason}.",
                    "errors": [{"message": reason, "domain": "youtube.comment", "reason": reason}],
                }
            },
            status_code=status,
        )


@dataclass(slots=True)
class Channel:
    """The channel as its public and its owner use it; every method may be called from any thread."""

    url: str = ""
    quota: int = 10_000
    used: int = 0
    held_by_id: bool = True
    """Whether the owner gets a held comment by its id."""
    rejected_by_id: bool = False
    token: str = "access-1"
    refresh: str = "refresh-1"
    failures: deque[Failure | None] = field(default_factory=deque)
    """What the next calls meet, None meaning nothing."""
    calls: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    items: dict[str, Item] = field(default_factory=dict)
    videos: dict[str, str] = field(default_factory=lambda: {VIDEO: "Board meeting of 3 March"})
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def clear(self) -> None:
        """As it was at first."""
        self.__init__(url=self.url)  # type: ignore[misc]

    def write(self, text: str, *, parent: str | None = None, author: str = "A viewer", **changes: Any) -> str:
        with self._lock:
            number = next(self._numbers)
            at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2) + timedelta(seconds=number)
            name = f"{parent}.answer{number:06d}" if parent else f"Ugx{number:019d}AaABAg"
            item = Item(id=name, text=text, written=at, updated=at, author=author, parent=parent)
            for key, value in changes.items():
                setattr(item, key, value)
            self.items[name] = item
            return name

    def edit(self, comment_id: str, text: str) -> None:
        with self._lock:
            item = self.items[comment_id]
            item.text, item.updated = text, item.updated + timedelta(minutes=1)

    def delete(self, comment_id: str) -> None:
        with self._lock:
            for answer in [each.id for each in self.items.values() if each.parent == comment_id]:
                del self.items[answer]
            del self.items[comment_id]

    def reader_sees(self, comment_id: str) -> bool:
        with self._lock:
            item = self.items.get(comment_id)
            parent = self.items.get(item.parent) if item and item.parent else item
            return bool(item and parent and item.status == parent.status == "published")

    def spend(self, units: int) -> None:
        with self._lock:
            if self.used + units > self.quota:
                raise Failure(403, "quotaExceeded")
            self.used += units


@pytest.fixture(scope="session")
def served_youtube() -> Iterator[Channel]:
    channel = Channel()
    with serve(app(channel)) as channel.url:
        yield channel


@pytest.fixture
def simulated_youtube(served_youtube: Channel) -> Channel:
    """Empty."""
    served_youtube.clear()
    return served_youtube


def app(channel: Channel) -> Starlette:
    def route(
        path: str, name: str, answer: Callable[[dict[str, str]], Response], method: str = "GET"
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            query = dict(request.query_params)
            try:
                _admit(channel, request, name, query)
                channel.spend(1 if method == "GET" else 50)
                return answer(query)
            except Failure as failure:
                return failure.answer

        return Route(path, endpoint, methods=[method])

    desk = _Desk(channel)
    return Starlette(
        routes=[
            route("/youtube/v3/channels", "channels", desk.channels),
            route("/youtube/v3/videos", "videos", desk.videos),
            route("/youtube/v3/commentThreads", "commentThreads", desk.threads),
            route("/youtube/v3/comments", "comments", desk.comments),
            route("/youtube/v3/comments/setModerationStatus", "setModerationStatus", desk.set_status, "POST"),
            Route("/token", _token_endpoint(channel), methods=["POST"]),
        ]
    )


def _admit(channel: Channel, request: Request, name: str, query: dict[str, str]) -> None:
    channel.calls.append((request.method, request.url.path, query))
    if channel.failures and (failure := channel.failures.popleft()):
        raise failure
    if request.headers.get("authorization") != f"Bearer {channel.token}":
        raise Failure(401, "authError")
    if unknown := set(query) - PARAMETERS[name]:
        raise Failure(400, f"unknown parameter {sorted(unknown)}")
    if not 0 < int(query.get("maxResults", "20")) <= 100:
        raise Failure(400, "invalidValue")


def _token_endpoint(channel: Channel) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        form = dict(await request.form())
        wanted = {"grant_type": "refresh_token", "client_id": "client", "client_secret": "client-secret"}
        if form != wanted | {"refresh_token": channel.refresh}:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        channel.token = f"access-{int(channel.token.rpartition('-')[2]) + 1}"
        return JSONResponse({"access_token": channel.token, "expires_in": 3599, "token_type": "Bearer"})

    return endpoint


class _Desk:
    """What the owner of the channel gets of each resource."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def channels(self, query: dict[str, str]) -> Response:
        if query.get("mine") != "true":
            raise Failure(400, "missingRequiredParameter")
        item = {"kind": "youtube#channel", "id": CHANNEL, "snippet": {"title": "A School District"}}
        return JSONResponse({"kind": "youtube#channelListResponse", "items": [item]})

    def videos(self, query: dict[str, str]) -> Response:
        wanted = _ids(query)
        items = [
            {"kind": "youtube#video", "id": each, "snippet": {"title": self.channel.videos[each]}}
            for each in wanted
            if each in self.channel.videos
        ]
        return JSONResponse({"kind": "youtube#videoListResponse", "items": items})

    def threads(self, query: dict[str, str]) -> Response:
        status = query.get("moderationStatus", "published")
        if status not in ("published", "heldForReview", "likelySpam"):
            raise Failure(400, "invalidModerationStatus")
        if query.get("allThreadsRelatedToChannelId", CHANNEL) != CHANNEL:
            raise Failure(404, "channelNotFound")
        video = query.get("videoId")
        if video is not None and video not in self.channel.videos:
            raise Failure(404, "videoNotFound")
        found = [
            item
            for item in self._tops()
            if video in (None, item.video)
            and (item.status == status or (status != "published" and self._answers(item.id, status)))
        ]
        found.sort(key=lambda each: each.written, reverse=True)
        return _page(query, [self._thread(item, status, query) for item in found], "commentThread")

    def comments(self, query: dict[str, str]) -> Response:
        if "parentId" in query:
            parent = self.channel.items.get(query["parentId"])
            if parent is None or parent.status == "rejected":
                raise Failure(404, "commentNotFound")
            answers = self._answers(parent.id, "published")
            return _page(query, [self._comment(each, query) for each in answers], "comment")
        kept = []
        for each in _ids(query):
            item = self.channel.items.get(each)
            if item is not None and self._given_by_id(item):
                kept.append(self._comment(item, query, by_id=True))
        return JSONResponse({"kind": "youtube#commentListResponse", "items": kept})

    def set_status(self, query: dict[str, str]) -> Response:
        if "banAuthor" in query and query.get("moderationStatus") != "rejected":
            raise Failure(400, "banWithoutReject")
        if query.get("moderationStatus") not in ("published", "heldForReview", "rejected"):
            raise Failure(400, "invalidValue")
        for each in _ids(query):
            item = self.channel.items.get(each)
            if item is None or item.status == "rejected":
                raise Failure(403, "forbidden")
            item.status = query["moderationStatus"]
        return Response(status_code=204)

    def _tops(self) -> list[Item]:
        return [item for item in self.channel.items.values() if item.parent is None]

    def _answers(self, parent: str, status: str) -> list[Item]:
        found = [item for item in self.channel.items.values() if item.parent == parent]
        return [item for item in found if item.status == status]

    def _given_by_id(self, item: Item) -> bool:
        parent = self.channel.items.get(item.parent) if item.parent else None
        if "rejected" in (item.status, parent.status if parent else ""):
            return self.channel.rejected_by_id
        return item.status == "published" or self.channel.held_by_id

    def _thread(self, item: Item, status: str, query: dict[str, str]) -> dict[str, Any]:
        answers = self._answers(item.id, "published")
        shown = (answers if status == "published" else self._answers(item.id, status))[-ANSWERS_SHOWN:]
        thread: dict[str, Any] = {
            "kind": "youtube#commentThread",
            "id": item.id,
            "snippet": {
                "channelId": CHANNEL,
                "videoId": item.video,
                "topLevelComment": self._comment(item, query),
                "canReply": True,
                "totalReplyCount": len(answers),
                "isPublic": item.status == "published",
            },
        }
        if shown and "replies" in query.get("part", ""):
            thread["replies"] = {"comments": [self._comment(each, query) for each in shown]}
        return thread

    def _comment(self, item: Item, query: dict[str, str], *, by_id: bool = False) -> dict[str, Any]:
        plain = query.get("textFormat") == "plainText"
        snippet = {
            "channelId": CHANNEL,
            "textDisplay": item.text if plain else html.escape(item.text),
            "authorDisplayName": item.author,
            "authorChannelId": {"value": f"UCauthor{abs(hash(item.author)) % 10**16:016d}"},
            "canRate": True,
            "viewerRating": "none",
            "likeCount": 0,
            "publishedAt": _iso(item.written),
            "updatedAt": _iso(item.updated),
        }
        if item.parent:
            snippet["parentId"] = item.parent
        else:
            snippet["videoId"] = item.video
        if not by_id:
            snippet["moderationStatus"] = item.status
        return {"kind": "youtube#comment", "id": item.id, "snippet": snippet}


def _ids(query: dict[str, str]) -> list[str]:
    ids = [each for each in query.get("id", "").split(",") if each]
    if not ids or len(ids) > 50:
        raise Failure(400, "invalidValue")
    return ids


def _page(query: dict[str, str], items: list[dict[str, Any]], kind: str) -> Response:
    size = int(query.get("maxResults", "20"))
    start = int(query.get("pageToken", "page-0").removeprefix("page-"))
    answer = {
        "kind": f"youtube#{kind}ListResponse",
        "pageInfo": {"totalResults": len(items), "resultsPerPage": size},
        "items": items[start : start + size],
    }
    if start + size < len(items):
        answer["nextPageToken"] = f"page-{start + size}"
    return JSONResponse(answer)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
