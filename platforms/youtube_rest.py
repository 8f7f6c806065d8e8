"""The YouTube Data API v3 as its own objects, with every failure as a PlatformError.

By its description (revision 20261104) and the vendor's pages:
- An item asked for by its id comes without `moderationStatus`, so what a reader gets is told by the lists.
- A 403 or 400 on an action may mean that the comment is gone: the caller has to read again.
- Every call costs units, also a refused one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from platforms.answers import clock_skew, json_of, retry_after
from platforms.base import CommentGone, Denied, Identity, NotAuthorised, RateLimited, Unavailable
from platforms.bearer import Bearer
from platforms.budget import Budget

UNITS = "units"
ACTION_UNITS = 50
"""What any write costs, against 1 for a list."""
BATCH = 50
"""Ids in one call."""
QUOTA_ZONE = ZoneInfo("America/Los_Angeles")
USED_UP = {"quotaExceeded", "dailyLimitExceeded"}
TOO_FAST = {"rateLimitExceeded", "userRateLimitExceeded"}

Native = Mapping[str, Any]


class Refused(Exception):
    """An action was not taken: `reason` is YouTube's word. The comment may be gone."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.reason = reason


class PageEnded(Exception):
    """YouTube no longer knows the token of a page that was given earlier."""


class CommentsOff(NotAuthorised):
    """Comments are switched off for a video, or for the channel."""


class YouTubeRest:
    """`budget` is asked before each call. The constructor connects to nothing."""

    def __init__(self, api: str, bearer: Bearer, budget: Budget) -> None:
        self._root = f"{api.rstrip('/')}/youtube/v3"
        self._bearer = bearer
        self._budget = budget
        self.spent = 0.0
        """Units that this client used."""

    async def close(self) -> None:
        await self._bearer.close()

    async def identify(self, channel: str) -> Identity:
        """Raises NotAuthorised unless the token is that of the channel's owner."""
        response = await self._send("GET", "channels", {"part": "snippet", "mine": "true"})
        skew = clock_skew(response)
        mine = {item["id"]: item for item in _items(_ok(response))}
        if channel not in mine:
            owned = ", ".join(mine) or "no channel"
            raise NotAuthorised(
                f"the page is connected to {owned}, not to {channel}: connect it again as the channel's owner"
            )
        name = str(mine[channel].get("snippet", {}).get("title", channel))
        return Identity(account=name, can_moderate=True, clock_skew=skew)

    async def threads(self, filters: Mapping[str, str], status: str) -> AsyncIterator[Native]:
        """The threads of a channel or video, newest first, each with some of its answers."""
        try:
            async for thread in self._pages("commentThreads", _listing(filters, status)):
                yield _thread(thread)
        except CommentsOff:
            # Under one such video nobody sees a comment; a whole channel must not fall silent unnoticed.
            if "videoId" not in filters:
                raise

    async def some_threads(
        self, filters: Mapping[str, str], status: str, token: str
    ) -> tuple[list[Native], str]:
        """A hundred, from the newest or from `token` on, and the token of those that follow; "" at the end.

        Raises PageEnded.
        """
        query = _FULL | _listing(filters, status) | ({"pageToken": token} if token else {})
        response = await self._send("GET", "commentThreads", query)
        if token and response.status_code == httpx.codes.BAD_REQUEST:
            raise PageEnded
        answer = _ok(response)
        return [_thread(item) for item in _items(answer)], str(answer.get("nextPageToken") or "")

    async def replies(self, parent: str) -> list[Native]:
        """Every answer to a thread, in the order of YouTube's choice."""
        query = {"part": "snippet", "parentId": parent}
        try:
            return [_comment(item) async for item in self._pages("comments", query)]
        except CommentGone:
            return []

    async def by_id(self, ids: Sequence[str]) -> dict[str, Native]:
        """Those of at most 50 comments that YouTube still gives; without their moderation status."""
        query = {"part": "snippet", "id": ",".join(ids), "textFormat": "plainText"}
        response = await self._send("GET", "comments", query)
        if _reason(response) in {"commentNotFound", "notFound"}:
            return {}
        return {item["id"]: _comment(item) for item in _items(_ok(response))}

    async def titles(self, videos: Sequence[str]) -> dict[str, str]:
        """Of at most 50 videos; "" for one that is gone or private."""
        response = await self._send("GET", "videos", {"part": "snippet", "id": ",".join(videos)})
        found = {item["id"]: str(item.get("snippet", {}).get("title", "")) for item in _items(_ok(response))}
        return {video: found.get(video, "") for video in videos}

    async def set_status(self, ids: Sequence[str], status: str) -> str:
        """Of at most 50 comments, for the price of one. Raises Refused, for one of them or all."""
        query = {"id": ",".join(ids), "moderationStatus": status}
        response = await self._send("POST", "comments/setModerationStatus", query, ACTION_UNITS)
        if response.is_client_error and response.status_code != httpx.codes.UNAUTHORIZED:
            raise Refused(response.status_code, _reason(response))
        if not response.is_success:
            _ok(response)
        return str(response.status_code)

    async def _pages(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Native]:
        query = _FULL | dict(query)
        while True:
            answer = _ok(await self._send("GET", path, query))
            for item in _items(answer):
                yield item
            if not (token := answer.get("nextPageToken")):
                return
            query = query | {"pageToken": str(token)}

    async def _send(
        self, verb: str, path: str, query: Mapping[str, str], units: float = 1.0
    ) -> httpx.Response:
        self._budget.spend(UNITS, units)
        self.spent += units
        url = httpx.URL(f"{self._root}/{path}", params=dict(query))
        response = await self._bearer.send(verb, url)
        reason = _reason(response) if response.is_client_error else ""
        if reason in USED_UP:
            raise self._used_up()
        if reason in TOO_FAST:
            raise RateLimited(f"YouTube asks us to slow down ({reason})", retry_after=retry_after(response))
        return response

    def _used_up(self) -> RateLimited:
        """YouTube counts more than we did: another program uses the same project, or the quota is smaller."""
        until = midnight(datetime.now(UTC))
        limits = [outlook.limit for outlook in self._budget.outlook() if outlook.unit == UNITS]
        self._budget.learn(UNITS, used=max(limits, default=0.0))
        wait = (until - datetime.now(UTC)).total_seconds()
        return RateLimited(
            f"YouTube's units for today are used up until {until:%Y-%m-%d %H:%M} UTC", retry_after=wait
        )


_FULL = {"maxResults": "100", "textFormat": "plainText"}


def _listing(filters: Mapping[str, str], status: str) -> dict[str, str]:
    """A list of threads, newest first, each with some of its answers."""
    return dict(filters) | {"part": "snippet,replies", "moderationStatus": status, "order": "time"}


def midnight(now: datetime) -> datetime:
    """The next midnight in California, when YouTube counts from zero again; in UTC."""
    day = now.astimezone(QUOTA_ZONE).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return day.astimezone(UTC)


def _ok(response: httpx.Response) -> dict[str, Any]:
    """The JSON of a successful answer; any other becomes the error that says what to do next."""
    reason = _reason(response)
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise NotAuthorised(f"YouTube no longer accepts the token ({reason}): connect the page again")
    if reason == "commentsDisabled":
        raise CommentsOff(
            "YouTube says that comments are switched off for this channel (403 commentsDisabled)"
        )
    if response.status_code == httpx.codes.FORBIDDEN or reason == "channelNotFound":
        said = f"{response.status_code} {reason}"
        error = NotAuthorised if reason == "channelNotFound" else Denied
        raise error(f"YouTube refused ({said}): was the page connected as the channel's owner?")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise CommentGone(f"YouTube no longer has it (404 {reason})")
    if not response.is_success:
        raise Unavailable(f"YouTube answered {response.status_code} {reason}".rstrip())
    answer = json_of(response)
    if not isinstance(answer, dict):
        raise Unavailable("YouTube answered something else than an object")
    return answer


def _reason(response: httpx.Response) -> str:
    """YouTube's own word for a failure, such as quotaExceeded; "" without one."""
    if response.is_success:
        return ""
    try:
        return str(response.json()["error"]["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _items(answer: Mapping[str, Any]) -> Iterable[Native]:
    items = answer.get("items", [])
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("id"), str) for item in items
    ):
        raise Unavailable("YouTube answered something else than a list")
    return items


def _thread(item: Native) -> Native:
    try:
        _comment(item["snippet"]["topLevelComment"])
    except (KeyError, TypeError):
        raise Unavailable("YouTube answered something else than a thread of comments") from None
    return item


def _comment(item: Native) -> Native:
    """With the keys without which nothing can be archived."""
    try:
        readable = isinstance(item["id"], str) and isinstance(item["snippet"]["publishedAt"], str)
    except (KeyError, TypeError):
        readable = False
    if not readable:
        raise Unavailable("YouTube answered something else than a comment")
    return item
