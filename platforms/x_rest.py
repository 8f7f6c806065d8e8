"""X's API v2 as its own objects, each read paid for from the budget, failures as PlatformErrors.

By its description (2.159) and the vendor's pages of 2026-08:
- A read costs money for each post that it brings; the same post again on the same UTC day costs nothing, and
  neither does an answer without posts. So money is set aside before a call and what was not used given back.
- No Retry-After comes with a 429: it is over when the window of `x-rate-limit-reset` is.
- An answer may hold `data` and `errors` at once: some of what was asked for is gone or not for us.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from platforms.answers import clock_skew
from platforms.base import CapReached, Identity, NotAuthorised, RateLimited, Unavailable
from platforms.bearer import Bearer
from platforms.budget import KEPT_FOR_ACTIONS, Budget
from platforms.x_found import (
    NOT_OURS,
    USED_UP,
    Found,
    NotOurs,
    found_in,
    must_be_sent,
    ok,
    posts_in,
    type_of,
)
from platforms.x_posts import MESSAGE

DOLLARS = "USD"
READS = "posts read"
MOST = 100
POST_FIELDS = (
    "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,in_reply_to_user_id,"
    "lang,note_tweet,referenced_tweets"
)
ASKED = {"tweet.fields": POST_FIELDS, "expansions": "author_id", "user.fields": "name,username"}
ASKED_OF_MESSAGES = {
    "event_types": MESSAGE,
    "dm_event.fields": "attachments,created_at,dm_conversation_id,entities,event_type,id,sender_id,text",
    "expansions": "sender_id",
    "user.fields": "name,username",
}
FIRST_MESSAGES = 10
"""Each day's first look pays for so many again."""
UNTOLD_WAIT = 900.0
"""Seconds to wait after a 429 that does not say how long: X counts in quarters of an hour."""


class XRest:
    """`bearer` is handed `look` as its own. Prices are in dollars."""

    def __init__(
        self,
        api: str,
        budget: Budget,
        page: str,
        *,
        read_dollars: float,
        write_dollars: float,
        message_dollars: float,
        message_write_dollars: float,
    ) -> None:
        self.account = ""
        self._page = page
        self._root = api.rstrip("/")
        self._budget = budget
        self._read_dollars = read_dollars
        self._write_dollars = write_dollars
        self._message_dollars = message_dollars
        self._message_write_dollars = message_write_dollars
        self._bearer: Bearer | None = None
        self._paid: set[str] = set()
        self._day = ""

    def use(self, bearer: Bearer) -> None:
        self._bearer = bearer

    async def close(self) -> None:
        if self._bearer is not None:
            await self._bearer.close()
        self._bearer = None

    async def identify(self) -> Identity:
        response = await self._send("GET", "users/me", {"user.fields": "name,username"})
        skew = clock_skew(response)
        me = ok(response).get("data") or {}
        self.account = str(me.get("id", ""))
        username = str(me.get("username", ""))
        if not self.account or not username:
            raise Unavailable("X answered without the account's id and name")
        return Identity(account=username, can_moderate=True, clock_skew=skew)

    async def mentions(self, since: str | None) -> AsyncIterator[Found]:
        """Posts that name the account, newest first; X gives the last 800."""
        path = f"users/{self.account}/mentions"
        async for page in self._pages(path, _since(since), "pagination_token"):
            yield page

    async def search(self, query: str, since: str | None) -> AsyncIterator[Found]:
        """Posts of the last seven days, newest first."""
        asked = {"query": query, "sort_order": "recency"} | _since(since)
        async for page in self._pages("tweets/search/recent", asked, "next_token", least=10):
            yield page

    async def own_posts(self, since: str) -> AsyncIterator[Found]:
        """What the account posted itself, without its answers and reposts; newest first."""
        asked = {"exclude": "replies,retweets", "since_id": since}
        path = f"users/{self.account}/tweets"
        async for page in self._pages(path, asked, "pagination_token"):
            yield page

    async def posts(self, ids: Sequence[str]) -> Found:
        """Those of at most 100 posts that X still shows."""
        unpaid = sum(1 for post_id in ids if not self._is_paid(post_id))
        return await self._read("tweets", {"ids": ",".join(ids)} | ASKED, unpaid)

    async def messages(self, person: str | None = None) -> AsyncIterator[Found]:
        """Direct messages of the last 30 days, newest first; `person`: those with them alone, ours included.

        X knows no start for them: stop when enough.
        """
        path = "dm_events" if person is None else f"dm_conversations/with/{person}/dm_events"
        token: str | None = None
        size = FIRST_MESSAGES
        while True:
            query = {**ASKED_OF_MESSAGES, "max_results": str(size)} | (
                {"pagination_token": token} if token else {}
            )
            answer = await self._paid_for(path, query, size, self._message_dollars)
            yield found_in(answer)
            token, size = (answer.get("meta") or {}).get("next_token"), MOST
            if not token:
                return

    async def set_hidden(self, post_id: str, *, hidden: bool) -> bool:
        """What X answers is now so. Raises NotOurs."""
        self._budget.spend(DOLLARS, self._write_dollars)
        response = await self._send("PUT", f"tweets/{post_id}/hidden", body={"hidden": hidden})
        if response.status_code == httpx.codes.FORBIDDEN and type_of(response) == NOT_OURS:
            raise NotOurs
        return (ok(response).get("data") or {}).get("hidden") is True

    async def write(self, person: str, text: str) -> None:
        """A direct message to them alone. Raises Unsupported where they take none of this account.

        The last tenth of the month's money is not for this: it is left to reading and to what people decide.
        """
        price = self._message_write_dollars
        for each in self._budget.outlook():
            if each.unit == DOLLARS and each.used + price > (1 - KEPT_FOR_ACTIONS) * each.limit:
                raise CapReached(
                    "what is left of the month's money is kept for reading and for actions",
                    resets_at=each.resets_at,
                )
        self._budget.spend(DOLLARS, price)
        try:
            response = await self._send(
                "POST", f"dm_conversations/with/{person}/messages", body={"text": text}
            )
        except (CapReached, NotAuthorised, RateLimited):
            self._budget.spend(DOLLARS, -price)
            raise
        must_be_sent(response)

    def count_delivery(self) -> None:
        """X has charged for what it pushed already, so this is never refused."""
        for each in self._budget.outlook():
            if each.unit == DOLLARS:
                self._budget.learn(DOLLARS, used=each.used + self._read_dollars)

    async def look(self, response: httpx.Response) -> None:
        """What Bearer cannot know: X's way to say how much is left, until when to wait, and to want money."""
        unit = self._unit(response.request.method, response.request.url.path.removeprefix("/2/"))
        limit, left, reset = (_number(response, f"x-rate-limit-{name}") for name in _HEADERS)
        until = None if reset is None else datetime.fromtimestamp(reset, UTC)
        if limit is not None and left is not None:
            self._budget.learn(unit, used=limit - left, limit=limit, resets_at=until)
        if response.status_code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.PAYMENT_REQUIRED):
            await response.aread()
            if response.status_code == httpx.codes.PAYMENT_REQUIRED or type_of(response) == USED_UP:
                raise CapReached(
                    "X wants money: the credits or the cap set in X's developer console are used up, and it "
                    "shows us nothing until they are raised there"
                )
            wait = UNTOLD_WAIT if until is None else (until - datetime.now(UTC)).total_seconds()
            raise RateLimited("X asks us to slow down (429)", retry_after=max(1.0, wait))

    async def _pages(
        self, path: str, asked: Mapping[str, str], token_key: str, *, least: int = 5
    ) -> AsyncIterator[Found]:
        token: str | None = None
        while True:
            size = self._affordable(least)
            query = {**asked, **ASKED, "max_results": str(size)} | ({token_key: token} if token else {})
            answer = await self._paid_for(path, query, size)
            yield found_in(answer)
            token = (answer.get("meta") or {}).get("next_token")
            if not token:
                return

    async def _read(self, path: str, query: Mapping[str, str], most: int) -> Found:
        return found_in(await self._paid_for(path, query, most))

    async def _paid_for(
        self, path: str, query: Mapping[str, str], most: int, price: float | None = None
    ) -> Mapping[str, Any]:
        """The answer to a read of at most `most` things that are not paid for yet today."""
        price = self._read_dollars if price is None else price
        self._set_aside(most, price)
        bought = 0
        try:
            answer = ok(await self._send("GET", path, query))
            fresh = {post["id"] for post in posts_in(answer) if not self._is_paid(post["id"])}
            self._paid |= fresh
            bought = len(fresh)
        finally:
            # Of an answer that did not arrive, the posts are counted when they do.
            self._give_back(most - bought, price)
        return answer

    def _set_aside(self, things: int, price: float) -> None:
        self._budget.spend(DOLLARS, things * price)
        self._budget.spend(READS, things)

    def _give_back(self, things: int, price: float) -> None:
        if things > 0:
            self._budget.spend(DOLLARS, -things * price)
            self._budget.spend(READS, -things)

    def _affordable(self, least: int) -> int:
        """How many posts may be asked for: near the end of the money fewer, `least` where even that ends."""
        rest = [each.limit - each.used for each in self._budget.outlook() if each.unit == DOLLARS]
        posts = int(min(rest, default=MOST) / self._read_dollars) if self._read_dollars else MOST
        return max(least, min(MOST, posts))

    def _is_paid(self, post_id: str) -> bool:
        """Whether the post was read since midnight UTC: then it costs nothing."""
        today = datetime.now(UTC).date().isoformat()
        if today != self._day:
            self._day, self._paid = today, set()
        return post_id in self._paid

    async def _send(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Mapping[str, object] | None = None,
    ) -> httpx.Response:
        if self._bearer is None:
            raise RuntimeError("open the page before using it")
        self._budget.spend(self._unit(verb, path))
        url = httpx.URL(f"{self._root}/2/{path}", params=dict(query or {}))
        return await self._bearer.send(verb, url, body=body)

    def _unit(self, verb: str, path: str) -> str:
        """What X counts calls by, for each account by itself: numbers in the path do not matter."""
        return f"{verb} {re.sub('[0-9]+', ':id', path)} ({self._page})"


_HEADERS = ("limit", "remaining", "reset")


def _since(since: str | None) -> dict[str, str]:
    return {"since_id": since} if since else {}


def _number(response: httpx.Response, header: str) -> float | None:
    text = response.headers.get(header, "")
    return float(text) if text.isascii() and text.isdigit() else None
