"""LinkedIn's REST API, versioned by month, as its own objects, with every failure as a PlatformError.

Rest.li has its own way of writing addresses: the parts of a name are percent-encoded, but the brackets,
colons and commas of `List(…)` and `(start:…,end:…)` are not.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from platforms.answers import DEFAULT_WAIT, clock_skew, json_of
from platforms.base import CommentGone, Denied, Identity, NotAuthorised, RateLimited, Unavailable
from platforms.bearer import Bearer
from platforms.budget import Budget

CALLS = "calls"
PAGE = 100
MODERATES = {"ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"}
"""Roles that may read and delete comments; another role gets empty lists, not an error."""
ACTIONS = ("COMMENT", "ADMIN_COMMENT", "COMMENT_EDIT", "COMMENT_DELETE", "SHARE_MENTION")
EVENTS = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"
LONG_WAIT = 900.0
"""Seconds after a 429 that does not say how long: the day's quota and a passing brake look the same."""
NAME = re.compile(r"(?:urn:li:comment:)?\((?:urn:li:)?(\w+):(\d+),(\d+)\)")

Native = Mapping[str, Any]


class LinkedInRest:
    """`budget` is asked before each call. The constructor connects to nothing."""

    def __init__(self, api: str, organization: int, bearer: Bearer, budget: Budget) -> None:
        self._root = f"{api.rstrip('/')}/rest"
        self._us = f"urn:li:organization:{organization}"
        self._bearer = bearer
        self._budget = budget

    async def close(self) -> None:
        await self._bearer.close()

    async def identify(self) -> Identity:
        """Raises NotAuthorised unless whoever connected the page has a role on it that reads comments."""
        response = await self._roles()
        skew = clock_skew(response)
        roles = {each.get("role") for each in self._ours(response)}
        if not roles & MODERATES:
            has = ", ".join(sorted(map(str, roles))) or "no role"
            raise NotAuthorised(
                f"whoever connected the page has {has} on {self._us}: a page administrator must connect it"
            )
        account = f"LinkedIn page {self._us.rpartition(':')[2]}"
        return Identity(account=account, can_moderate=True, clock_skew=skew)

    async def subscribe(self, application: int, webhook: str) -> None:
        """Have what happens on the page pushed to `webhook`, for as long as the member's consent lasts."""
        ours = self._ours(await self._roles())
        member = next((str(each.get("roleAssignee")) for each in ours), "")
        key = {
            "developerApplication": f"urn:li:developerApplication:{application}",
            "user": member,
            "entity": self._us,
            "eventType": EVENTS,
        }
        parts = ",".join(f"{name}:{_encoded(value)}" for name, value in key.items())
        _ok(await self._send("PUT", f"eventSubscriptions/({parts})", body={"webhook": webhook}))

    async def _roles(self) -> httpx.Response:
        query = {"q": "roleAssignee", "state": "APPROVED", "count": str(PAGE)}
        return await self._send("GET", "organizationAcls", query, method="FINDER")

    def _ours(self, response: httpx.Response) -> list[Native]:
        return [each for each in _elements(_ok(response)) if each.get("organization") == self._us]

    async def posts(self, most: int) -> list[Native]:
        """At most `most` posts of the page, those changed last first."""
        query = {"q": "author", "author": self._us, "sortBy": "LAST_MODIFIED"}
        found: list[Native] = []
        async for post in self._pages("posts", query, method="FINDER"):
            found.append(post)
            if len(found) == most:
                break
        return found

    async def comments(self, on: str) -> AsyncIterator[Native]:
        """Of a post or, its answers, of a comment. None if it is gone."""
        try:
            async for comment in self._pages(f"socialActions/{_encoded(on)}/comments", {}):
                yield _comment(comment)
        except CommentGone:
            return

    async def one(self, name: str) -> Native:
        """Raises CommentGone."""
        return _comment(_ok(await self._send("GET", _path(name))))

    async def delete(self, name: str) -> str:
        """For good, in the page's name. Raises CommentGone."""
        response = await self._send("DELETE", _path(name), {"actor": self._us})
        if not response.is_success:
            _ok(response)
        return str(response.status_code)

    async def notifications(self, start: datetime, end: datetime) -> list[Native]:
        """What people did on the page's posts in between; LinkedIn keeps 60 days."""
        since, until = (int(each.timestamp() * 1000) for each in (start, end))
        query = {
            "q": "criteria",
            "organizationalEntity": self._us,
            "actions": f"List({','.join(ACTIONS)})",
            "timeRange": f"(start:{since},end:{until})",
        }
        return [
            each async for each in self._pages("organizationalEntityNotifications", query, method="FINDER")
        ]

    async def _pages(self, path: str, query: Mapping[str, str], *, method: str = "") -> AsyncIterator[Native]:
        start = 0
        while True:
            paging = {"start": str(start), "count": str(PAGE)}
            answer = _ok(await self._send("GET", path, dict(query) | paging, method=method))
            elements = _elements(answer)
            for element in elements:
                yield element
            links = (answer.get("paging") or {}).get("links") or []
            if not elements or not any(link.get("rel") == "next" for link in links):
                return
            # By what was asked for: LinkedIn leaves out what it may not show, so a page can be short.
            start += PAGE

    async def _send(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        method: str = "",
        body: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        self._budget.spend(CALLS)
        written = "&".join(f"{key}={_value(value)}" for key, value in (query or {}).items())
        url = httpx.URL(f"{self._root}/{path}{'?' if written else ''}{written}")
        headers = {"X-RestLi-Method": method} if method else None
        try:
            return await self._bearer.send(verb, url, body=body, headers=headers)
        except RateLimited as error:
            told = error.retry_after != DEFAULT_WAIT
            raise RateLimited(str(error), retry_after=error.retry_after if told else LONG_WAIT) from None


def full_name(text: str) -> str | None:
    """The full name of a comment, which some answers shorten; None for anything else."""
    found = NAME.fullmatch(text)
    return f"urn:li:comment:(urn:li:{found[1]}:{found[2]},{found[3]})" if found else None


def name_of(text: str) -> str:
    """Raises CommentGone for anything that is not the name of a comment."""
    name = full_name(text)
    if name is None:
        raise CommentGone(f"{text!r} is no comment of LinkedIn")
    return name


def _path(name: str) -> str:
    found = NAME.fullmatch(name_of(name))
    assert found is not None  # noqa: S101 - name_of writes what NAME reads
    return f"socialActions/{_encoded(f'urn:li:{found[1]}:{found[2]}')}/comments/{found[3]}"


def _encoded(urn: str) -> str:
    return quote(urn, safe="")


def _value(value: str) -> str:
    return value if value.startswith(("List(", "(")) else _encoded(value)


def _ok(response: httpx.Response) -> dict[str, Any]:
    """The JSON of a successful answer; any other becomes the error that says what to do next."""
    status, code = response.status_code, _code(response)
    if status == httpx.codes.UNAUTHORIZED:
        raise NotAuthorised(f"LinkedIn no longer accepts the token (401 {code}): connect the page again")
    if status == httpx.codes.UPGRADE_REQUIRED or code in ("NONEXISTENT_VERSION", "VERSION_MISSING"):
        raise NotAuthorised(
            f"LinkedIn has switched this version of its API off ({code}): set a newer `version`"
        )
    if status == httpx.codes.FORBIDDEN:
        raise Denied(f"LinkedIn refused (403 {code}): is whoever connected the page still its administrator?")
    if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
        raise CommentGone(f"LinkedIn no longer has it ({status})")
    if not response.is_success:
        raise Unavailable(f"LinkedIn answered {status} {code}".rstrip())
    answer = json_of(response) if response.content else {}
    if not isinstance(answer, dict):
        raise Unavailable("LinkedIn answered something else than an object")
    return answer


def _code(response: httpx.Response) -> str:
    """LinkedIn's own word for a failure."""
    if response.is_success:
        return ""
    try:
        answer = response.json()
        return str(answer.get("code") or answer.get("serviceErrorCode") or "")
    except (ValueError, AttributeError):
        return ""


def _elements(answer: Mapping[str, Any]) -> list[Native]:
    elements = answer.get("elements")
    if not isinstance(elements, list) or not all(isinstance(each, dict) for each in elements):
        raise Unavailable("LinkedIn answered something else than a list")
    return elements


def _comment(native: Native) -> Native:
    """With the keys without which nothing can be archived."""
    try:
        readable = (
            isinstance(native["message"]["text"], str)
            and isinstance(native["created"]["time"], int)
            and isinstance(native["object"], str)
            and isinstance(native["id"], (str, int))
        )
    except (KeyError, TypeError):
        readable = False
    if not readable:
        raise Unavailable("LinkedIn answered something else than a comment")
    return native
