"""The Vimeo API 3.4 as its own objects, with every failure as a PlatformError.

Its public description ended in 2023 and calls a list an array; the service wraps it with page numbers. There
is no date on a list and no push, so a page can shift while it is read: callers offer rows again and again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from platforms.answers import clock_skew, json_of
from platforms.base import CommentGone, Denied, Identity, NotAuthorised, Unavailable
from platforms.bearer import Bearer
from platforms.budget import Budget

ACCEPT = "application/vnd.vimeo.*+json;version=3.4"
CALLS = "calls"
PAGE = 100
VIDEO_FIELDS = "uri,name,link,metadata.connections.comments.total"
"""Without naming them each video comes with some twenty kilobytes."""

Native = Mapping[str, Any]


class VimeoRest:
    """`budget` is asked before each call and learns from each answer. The constructor connects to nothing."""

    def __init__(self, api: str, bearer: Bearer, budget: Budget) -> None:
        self._root = api.rstrip("/")
        self._bearer = bearer
        self._budget = budget

    async def close(self) -> None:
        await self._bearer.close()

    async def identify(self) -> Identity:
        """Raises NotAuthorised unless the token may read private videos' comments and delete comments."""
        response = await self._send("GET", "/oauth/verify")
        skew = clock_skew(response)
        grant = _ok(response)
        missing = {"private", "delete"} - set(str(grant.get("scope", "")).split())
        if missing:
            lacking = " and ".join(sorted(missing))
            raise NotAuthorised(f"the connection lacks Vimeo's permission {lacking}: connect the page again")
        name = (grant.get("user") or {}).get("name")
        if not name:
            raise NotAuthorised("the token belongs to no Vimeo account: connect the page as its owner")
        return Identity(account=str(name), can_moderate=True, clock_skew=skew)

    async def videos(self) -> AsyncIterator[Native]:
        query = {"sort": "date", "direction": "desc", "fields": VIDEO_FIELDS}
        async for video in self._pages("/me/videos", query):
            yield video

    async def comments(self, video: str) -> AsyncIterator[Native]:
        """Of a video, newest first, without their answers. Raises CommentGone when the video is gone."""
        async for comment in self._pages(f"/videos/{video}/comments", {"direction": "desc"}):
            yield _comment(comment)

    async def replies(self, video: str, comment: str) -> AsyncIterator[Native]:
        async for reply in self._pages(f"/videos/{video}/comments/{comment}/replies", {}):
            yield _comment(reply)

    async def one(self, video: str, comment: str) -> Native:
        """Raises CommentGone."""
        return _comment(_ok(await self._send("GET", f"/videos/{video}/comments/{comment}")))

    async def delete(self, video: str, comment: str) -> str:
        """For good. Raises CommentGone."""
        response = await self._send("DELETE", f"/videos/{video}/comments/{comment}")
        if not response.is_success:
            _ok(response)
        return str(response.status_code)

    async def _pages(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Native]:
        number = 1
        while True:
            paging = {"page": str(number), "per_page": str(PAGE)}
            answer = _ok(await self._send("GET", path, dict(query) | paging))
            for row in _rows(answer):
                yield row
            if not (isinstance(answer, dict) and (answer.get("paging") or {}).get("next")):
                return
            number += 1

    async def _send(self, verb: str, path: str, query: Mapping[str, str] | None = None) -> httpx.Response:
        self._budget.spend(CALLS)
        response = await self._bearer.send(verb, httpx.URL(self._root + path, params=dict(query or {})))
        self._learn(response.headers)
        return response

    def _learn(self, headers: httpx.Headers) -> None:
        try:
            limit, remaining = float(headers["x-ratelimit-limit"]), float(headers["x-ratelimit-remaining"])
            resets_at = _moment(headers["x-ratelimit-reset"])
        except (KeyError, ValueError, OverflowError):
            return
        self._budget.learn(CALLS, used=limit - remaining, limit=limit, resets_at=resets_at)


def path_of(uri: str) -> tuple[str, str]:
    """Video and comment of an address such as /videos/258684937/comments/12345. Raises Unavailable."""
    found = re.fullmatch(r"/videos/(\d+)(?::\w+)?/comments/(\d+)", uri)
    if found is None:
        raise Unavailable("Vimeo gave a comment with an address of another form")
    return found[1], found[2]


def _moment(text: str) -> datetime:
    """Documented as Unix seconds, seen as an ISO date."""
    if text.isascii() and text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    return datetime.fromisoformat(text).astimezone(UTC)


def _ok(response: httpx.Response) -> Any:
    """The JSON of a successful answer; any other becomes the error that says what to do next."""
    status = response.status_code
    if status == httpx.codes.UNAUTHORIZED:
        raise NotAuthorised("Vimeo no longer accepts the token (401): connect the page again")
    if status == httpx.codes.FORBIDDEN:
        raise Denied(f"Vimeo refused (403 {_code(response)}): does the account own this video?")
    if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        raise CommentGone(f"Vimeo no longer has it ({status})")
    if not response.is_success:
        raise Unavailable(f"Vimeo answered {status} {_code(response)}".rstrip())
    return json_of(response)


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["error_code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _rows(answer: Any) -> list[Native]:
    rows = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unavailable("Vimeo answered something else than a list")
    return rows


def _comment(row: Native) -> Native:
    """With the keys without which nothing can be archived."""
    if not all(isinstance(row.get(key), str) for key in ("uri", "text", "created_on")):
        raise Unavailable("Vimeo answered something else than a comment")
    path_of(row["uri"])
    return row
