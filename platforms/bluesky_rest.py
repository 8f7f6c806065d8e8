"""One account's view of the Bluesky network through its own server (PDS), failures as PlatformErrors.

Observed against the real PDS 0.4.217 and AppView 0.0.221; no answer says so:
- An access token that has expired is refused with 400, not 401.
- `getPosts` leaves out deleted posts, and those of whoever has blocked us as well.
- What `app.bsky.*` answers follows a write to the PDS by up to a second.

A hosted server says in `ratelimit-*` headers what it allows; one of the district's own need not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from platforms.addresses import CheckedTransport
from platforms.answers import clock_skew, json_of, send
from platforms.base import (
    CommentGone,
    Denied,
    Identity,
    NotAuthorised,
    RateLimited,
    Unavailable,
    Unsupported,
)
from platforms.bluesky_posts import Native
from platforms.budget import Budget
from platforms.tokens import Token, Tokens

REASONS = ("reply", "mention", "quote")
AT_ONCE = 25
"""Posts that `getPosts` takes."""
DEEPEST = 1000
CHAT = "did:web:api.bsky.chat#bsky_chat"
"""The service that the account's server hands calls about messages on to."""
STALE = {"ExpiredToken", "InvalidToken"}
MISSING = {"RecordNotFound", "NotFound"}
INPUT = "chat.bsky.convo.defs#messageInput"


class SwapConflict(Exception):
    """Somebody else rewrote the record since it was read."""


class BlueskyRest:
    """`sign_in` makes the first call. Sessions live in `tokens` and are renewed there."""

    def __init__(
        self,
        service: str,
        handle: str,
        app_password: SecretStr,
        tokens: Tokens,
        budget: Budget,
        timeout: float,
        *,
        allow_loopback: bool,
    ) -> None:
        self.did = ""
        self._service = service
        self._handle = handle
        self._app_password = app_password
        self._tokens = tokens
        self._budget = budget
        self._units: dict[str, str] = {}
        """What the server counts a call by, by the call's name; it says so in its answers."""
        self._client = httpx.AsyncClient(
            event_hooks={"response": [self._look]},
            headers={"Accept": "application/json"},
            timeout=timeout,
            transport=CheckedTransport(allow_loopback=allow_loopback),
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def sign_in(self) -> Identity:
        if await self._tokens.get() is None:
            await self._tokens.put(await self._new_session())
        response = await self._call("GET", "com.atproto.server.getSession")
        skew = clock_skew(response)
        session = _ok(response)
        self.did = _text(session, "did")
        return Identity(account=f"@{_text(session, 'handle')}", can_moderate=True, clock_skew=skew)

    async def notifications(self, cursor: str | None, size: int) -> tuple[Sequence[Native], str | None]:
        """One page of replies, mentions and quotes, newest first, and where the next begins."""
        query: dict[str, Any] = {"reasons": REASONS, "limit": size}
        query |= {"cursor": cursor} if cursor else {}
        answer = _ok(await self._call("GET", "app.bsky.notification.listNotifications", query))
        return _list(answer, "notifications", "uri", "cid", "author", "record", "indexedAt"), _next(answer)

    async def own_posts(self, cursor: str | None) -> tuple[Sequence[Native], str | None]:
        """One page of what the account posted, newest first; others' posts that it shared are among them."""
        query: dict[str, Any] = {"actor": self.did, "filter": "posts_no_replies", "limit": 100}
        # A pinned post would stand in front of newer ones.
        query["includePins"] = False
        query |= {"cursor": cursor} if cursor else {}
        answer = _ok(await self._call("GET", "app.bsky.feed.getAuthorFeed", query))
        return [item["post"] for item in _list(answer, "feed", "post")], _next(answer)

    async def thread(self, uri: str) -> Native | None:
        """The post with everything below it, hidden replies included; None where it is gone."""
        query = {"uri": uri, "depth": DEEPEST, "parentHeight": 0}
        response = await self._call("GET", "app.bsky.feed.getPostThread", query)
        if _error(response) in MISSING:
            return None
        thread: Native = _ok(response).get("thread") or {}
        return thread

    async def posts(self, uris: Sequence[str]) -> dict[str, Native]:
        """Those of at most 25 posts that the network shows us."""
        answer = _ok(await self._call("GET", "app.bsky.feed.getPosts", {"uris": uris}))
        return {post["uri"]: post for post in _list(answer, "posts", "uri", "cid", "author", "record")}

    async def talks(self, cursor: str | None, size: int) -> tuple[Sequence[Native], str | None]:
        """One page of the account's private talks, those with the newest messages first.

        Raises NotAuthorised where the app password gives no access to messages.
        """
        query: dict[str, Any] = {"limit": size} | ({"cursor": cursor} if cursor else {})
        answer = _ok_in_chat(await self._call("GET", "chat.bsky.convo.listConvos", query, proxy=CHAT))
        return _list(answer, "convos", "id"), _next(answer)

    async def talk_with(self, person: str) -> str:
        """The name of the talk of these two alone: the same one each time. Raises Unsupported."""
        query = {"members": [person]}
        response = await self._call("GET", "chat.bsky.convo.getConvoForMembers", query, proxy=CHAT)
        return _text(_ok_for(response).get("convo"), "id")

    async def write(self, talk: str, text: str) -> None:
        """Raises Unsupported where whoever else is in the talk takes no messages of this account."""
        body = {"convoId": talk, "message": {"$type": INPUT, "text": text}}
        _ok_for(await self._call("POST", "chat.bsky.convo.sendMessage", body=body, proxy=CHAT))

    async def messages(self, talk: str, cursor: str | None, size: int) -> tuple[Sequence[Native], str | None]:
        """One page of a talk, newest first; deleted messages and the service's own notes are among them."""
        query: dict[str, Any] = {"convoId": talk, "limit": size} | ({"cursor": cursor} if cursor else {})
        answer = _ok(await self._call("GET", "chat.bsky.convo.getMessages", query, proxy=CHAT))
        return _list(answer, "messages", "id"), _next(answer)

    async def record(self, repo: str, collection: str, rkey: str) -> Native | None:
        """`{uri, cid, value}` as its owner's server holds it, or None."""
        query = {"repo": repo, "collection": collection, "rkey": rkey}
        response = await self._call("GET", "com.atproto.repo.getRecord", query)
        if _error(response) in MISSING or "Could not find repo" in _message(response):
            return None
        found: Native = _ok(response)
        return found

    async def put(self, collection: str, rkey: str, record: Native, *, swap: str | None) -> Native:
        """Write one of our own records where it is still `swap`, a cid; None: where there is none yet.

        Raises SwapConflict.
        """
        body: dict[str, Any] = {"repo": self.did, "collection": collection, "rkey": rkey, "record": record}
        body["swapRecord"] = swap
        response = await self._call("POST", "com.atproto.repo.putRecord", body=body)
        if _error(response) == "InvalidSwap":
            raise SwapConflict
        answer: Native = _ok(response)
        return {key: answer[key] for key in ("uri", "cid") if key in answer}

    async def _call(
        self,
        verb: str,
        name: str,
        query: Mapping[str, Any] | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        proxy: str = "",
    ) -> httpx.Response:
        held = await self._tokens.get()
        if held is None:
            raise NotAuthorised("signed out of Bluesky meanwhile: open the page again")
        response = await self._send(verb, name, held.access, query, body, proxy)
        if _error(response) in STALE:
            renewed = await self._tokens.renew(held, self._renewed)
            response = await self._send(verb, name, renewed.access, query, body, proxy)
        return response

    async def _renewed(self, held: Token) -> Token:
        """By the refresh token; when that has ended too, by the app password."""
        if held.refresh is None:
            return await self._new_session()
        response = await self._send("POST", "com.atproto.server.refreshSession", held.refresh)
        return _session(json_of(response)) if response.is_success else await self._new_session()

    async def _new_session(self) -> Token:
        body = {"identifier": self._handle, "password": self._app_password.get_secret_value()}
        response = await self._send("POST", "com.atproto.server.createSession", None, body=body)
        if response.is_success:
            return _session(json_of(response))
        if response.status_code in (400, 401):
            raise NotAuthorised(
                f"{self._service} does not accept this handle and app password ({_error(response)}). Make a "
                "new app password there under Settings, Privacy and security, App passwords"
            )
        raise _failure(response)

    async def _send(
        self,
        verb: str,
        name: str,
        bearer: SecretStr | None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        proxy: str = "",
    ) -> httpx.Response:
        if unit := self._units.get(name):
            self._budget.spend(unit)
        headers = {"Authorization": f"Bearer {bearer.get_secret_value()}"} if bearer else {}
        headers |= {"Atproto-Proxy": proxy} if proxy else {}
        url = f"{self._service}/xrpc/{name}"
        return await send(
            self._client, self._client.build_request(verb, url, params=query, json=body, headers=headers)
        )

    async def _look(self, response: httpx.Response) -> None:
        """How much more the server allows, and until when to wait where it says that so alone."""
        limit, left, reset = (
            _number(response, f"ratelimit-{name}") for name in ("limit", "remaining", "reset")
        )
        if limit is None or left is None or reset is None:
            return
        until, host = datetime.fromtimestamp(reset, UTC), response.request.url.host
        window = re.search(r"w=(\d{1,6})", response.headers.get("ratelimit-policy", ""))
        # One call may count in several windows; an answer tells of the one that ends us first.
        unit = f"calls{f' in {int(window[1]) / 60:g} minutes' if window else ''} to {host}"
        self._units[response.request.url.path.rpartition("/")[2]] = unit
        self._budget.learn(unit, used=limit - left, limit=limit, resets_at=until)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS and "retry-after" not in response.headers:
            wait = (until - datetime.now(UTC)).total_seconds()
            raise RateLimited(f"{host} asks us to slow down (429)", retry_after=max(1.0, wait))


def _number(response: httpx.Response, header: str) -> int | None:
    text = response.headers.get(header, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _session(answer: Any) -> Token:
    return Token(
        access=SecretStr(_text(answer, "accessJwt")),
        refresh=SecretStr(_text(answer, "refreshJwt")),
    )


def _ok(response: httpx.Response) -> Any:
    if not response.is_success:
        raise _failure(response)
    answer = json_of(response)
    if not isinstance(answer, dict):
        raise Unavailable("Bluesky answered something else than an object")
    return answer


def _ok_in_chat(response: httpx.Response) -> Any:
    if _error(response) in STALE or response.status_code in (401, 403):
        raise NotAuthorised(
            "this app password gives no access to direct messages: make one that does, or take "
            "`direct_messages` out of this page's settings"
        )
    return _ok(response)


def _ok_for(response: httpx.Response) -> Any:
    """As `_ok_in_chat`, of what is for one person: a 400 is about them unless it is about our account."""
    error = _error(response)
    about_us = error in STALE or error.startswith("Account")
    if response.status_code == httpx.codes.BAD_REQUEST and not about_us:
        raise Unsupported(f"Bluesky takes no message of this account to this person ({error})")
    return _ok_in_chat(response)


def _failure(response: httpx.Response) -> Exception:
    error = _error(response)
    if response.is_redirect:
        return NotAuthorised("the server redirects elsewhere: write the server's final address as `service`")
    if error in MISSING:
        return CommentGone(f"the post is no longer there ({error})")
    if response.status_code == httpx.codes.FORBIDDEN and error == "Forbidden":
        return Denied("Bluesky refused (403 Forbidden): look at the account's rights there")
    if response.status_code in (401, 403) or error in STALE or error.startswith("Account"):
        return NotAuthorised(f"Bluesky refused ({response.status_code} {error}): check the app password")
    return Unavailable(f"Bluesky answered {response.status_code} {error}".rstrip())


def _error(response: httpx.Response) -> str:
    """The network's own word for a failure, such as RecordNotFound; empty for a success."""
    return "" if response.is_success else str(_said(response).get("error", ""))


def _message(response: httpx.Response) -> str:
    return "" if response.is_success else str(_said(response).get("message", ""))


def _said(response: httpx.Response) -> Mapping[str, Any]:
    if "json" not in response.headers.get("content-type", ""):
        return {}
    answer = json_of(response)
    return answer if isinstance(answer, dict) else {}


def _list(answer: Native, key: str, *needed: str) -> list[Native]:
    """The list under `key`, each item with the keys without which nothing can be archived."""
    items = answer.get(key)
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and all(name in item for name in needed) for item in items
    ):
        raise Unavailable(f"Bluesky answered something else than {key}")
    return items


def _next(answer: Native) -> str | None:
    cursor = answer.get("cursor")
    return cursor if isinstance(cursor, str) and cursor else None


def _text(answer: Any, key: str) -> str:
    try:
        value = answer[key]
    except (KeyError, TypeError):
        value = None
    if not isinstance(value, str) or not value:
        raise Unavailable(f"Bluesky answered without {key}")
    return value
