"""Meta's Graph API as Meta's own objects, with every failure as a PlatformError. For Facebook and Instagram.

- Nearly every refusal has the status 400: only `error.code` and its subcode tell one from another.
- Error messages may quote the token, so none is passed on.
- The `next` address of a listing holds the token, so only its cursor is used, and nothing with `paging` in it
  is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from pydantic import SecretStr

from platforms.addresses import CheckedTransport
from platforms.answers import DEFAULT_WAIT, clock_skew, json_of, send
from platforms.base import Denied, NotAuthorised, RateLimited, Unavailable
from platforms.budget import Budget

BATCH = 50
"""Calls that Meta takes in one request. Each counts as a call."""
USAGE = "percent of Meta's limit"
"""The app's, in which all its pages share."""
OF_APP, OF_PAGE = ("x-app-usage",), ("x-page-usage", "x-business-use-case-usage")
MEASURES = {"call_count", "total_time", "total_cputime"}
"""Percent of what Meta allows, each of which may be the one that ends first."""
NEWEST = 0.05
"""Weight of the newest answer in what one call is thought to cost: Meta tells whole percents."""
LEAST = 0.01
"""What a call is thought to cost at least, so that none is made when everything is used."""

Native = Mapping[str, Any]

TRANSIENT = {1, 2}
TOO_MUCH = {4, 17, 32, 341, 613, *range(80_000, 80_100)}
"""The last by business use case: 80001 for a Page, 80002 for an Instagram account, as Meta's guide has it."""
SESSION = {102, 190}
PERMISSION = {3, 10, *range(200, 300)}
BLOCKED = 368
PARAMETER = 100
SESSIONS = {
    458: "the app was taken off the account",
    459: "Meta wants the account's owner to sign in and confirm something",
    460: "the account's password was changed",
    463: "the connection has run out",
    464: "the account is not confirmed",
    467: "the connection is no longer valid",
}


class NoSuchObject(Exception):
    """Code 100, subcode 33: deleted, never there, or not for us. Meta does not say which."""


class Refused(Unavailable):
    """Meta said no, for a reason that no other error tells: nothing was done."""


class BadParameter(Refused):
    """Code 100 otherwise: a cursor that has run out, or a field that this kind of object does not have."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of an edge. `after` goes on from it; None: that was all."""

    items: Sequence[Native] = ()
    after: str | None = None


@dataclass(slots=True)
class _Meter:
    """One of Meta's percentages, and what a call adds to it."""

    headers: Sequence[str]
    cost: float = LEAST
    used: float | None = None

    def read(self, used: float) -> None:
        if self.used is not None:
            self.cost = max(LEAST, self.cost + NEWEST * (max(0.0, used - self.used) - self.cost))
        self.used = used


class Graph:
    """The constructor connects to nothing. `token` is asked before each call, so that a new one counts."""

    def __init__(
        self,
        root: str,
        token: Callable[[], Awaitable[SecretStr]],
        *,
        app_secret: SecretStr | None,
        budget: Budget,
        page: str,
        timeout: float,
        allow_loopback: bool,
    ) -> None:
        self._root = root
        self._token = token
        self._app_secret = app_secret
        self._budget = budget
        self._meters = {USAGE: _Meter(OF_APP), f"{USAGE} for {page}": _Meter(OF_PAGE)}
        self._client = httpx.AsyncClient(
            headers={"Accept": "application/json"},
            timeout=timeout,
            transport=CheckedTransport(allow_loopback=allow_loopback),
            follow_redirects=False,
        )
        self.clock_skew = timedelta(0)
        """Meta's clock minus ours, as of the last answer."""

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, **parameters: str) -> Native:
        return _object(await self._call("GET", path, parameters))

    async def listing(self, path: str, **parameters: str) -> Listing:
        return listing_of(await self.get(path, **parameters))

    async def post(self, path: str, **parameters: str) -> Native:
        return _object(await self._call("POST", path, parameters))

    async def delete(self, path: str) -> Native:
        return _object(await self._call("DELETE", path, {}))

    async def exchange(self, **form: str) -> Native:
        """An answer of `oauth/access_token`. In the body, since it sends secrets; no token is needed."""
        request = self._client.build_request("POST", f"{self._root}/oauth/access_token", data=form)
        return _object(_ok(await send(self._client, request)))

    async def pages(
        self, path: str, *, first: Listing | None = None, **parameters: str
    ) -> AsyncIterator[Listing]:
        """A listing to its end; `first` where it has begun. Raises Unavailable if it goes in circles."""
        listing = await self.listing(path, **parameters) if first is None else first
        seen = {listing.after}
        yield listing
        while listing.after is not None:
            listing = await self.listing(path, **parameters, after=listing.after)
            if listing.after in seen - {None}:
                raise Unavailable("Meta's list goes in circles")
            seen.add(listing.after)
            yield listing

    async def each(self, wanted: Sequence[tuple[str, str]]) -> list[Native | Exception]:
        """GET for each id and its fields in one request, at most BATCH: the object, or why there is none."""
        calls = [
            {"method": "GET", "relative_url": f"{node}?{urlencode({'fields': fields})}"}
            for node, fields in wanted
        ]
        batch = {"batch": json.dumps(calls, separators=(",", ":")), "include_headers": "false"}
        answers = await self._call("POST", "", batch, cost=len(calls))
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise Unavailable("Meta answered a batch with something else")
        return [_part(answer) for answer in answers]

    async def _call(self, verb: str, path: str, parameters: Mapping[str, str], *, cost: int = 1) -> Any:
        for unit, meter in self._meters.items():
            self._budget.spend(unit, meter.cost * cost)
        access = (await self._token()).get_secret_value()
        url = httpx.URL(f"{self._root}/{path}")
        sent = {**parameters, **self._proof(access)}
        if verb == "POST":
            request = self._client.build_request(verb, url, data=sent)
        else:
            request = self._client.build_request(verb, url.copy_merge_params(sent))
        # Meta takes the token in a header too, where no log and no proxy writes it down.
        request.headers["Authorization"] = f"Bearer {access}"
        response = await send(self._client, request)
        self.clock_skew = clock_skew(response)
        waits = self._learn(response.headers)
        return _ok(response, waits)

    def _proof(self, access: str) -> dict[str, str]:
        """Shows that the token is used by its own app."""
        if self._app_secret is None:
            return {}
        key = self._app_secret.get_secret_value().encode()
        return {"appsecret_proof": hmac.new(key, access.encode(), hashlib.sha256).hexdigest()}

    def _learn(self, headers: httpx.Headers) -> float:
        """Tell the budget how much is used; the seconds after which Meta answers again, 0 if it does."""
        longest = 0.0
        for unit, meter in self._meters.items():
            usages = usages_of(headers, meter.headers)
            if not usages:
                continue
            used = max(float(usage.get(measure) or 0) for usage in usages for measure in MEASURES)
            minutes = max(float(usage.get("estimated_time_to_regain_access") or 0) for usage in usages)
            meter.read(used)
            # Meta counts the last hour or day, without saying when; it is told again with every answer.
            resets = datetime.now(UTC) + timedelta(minutes=minutes or 60)
            self._budget.learn(unit, used=used, limit=100, resets_at=resets)
            longest = max(longest, minutes * 60)
        return longest


def usages_of(headers: httpx.Headers, names: Sequence[str]) -> list[Native]:
    """Every usage told in these headers of an answer; one that cannot be read tells nothing."""
    found: list[Native] = []
    for name in names:
        try:
            told = json.loads(headers.get(name, "{}"))
        except ValueError:
            continue
        if not isinstance(told, dict):
            continue
        nested = [each for value in told.values() if isinstance(value, list) for each in value]
        found += [usage for usage in (nested or [told]) if isinstance(usage, dict) and _numbers(usage)]
    return [usage for usage in found if usage]


def _numbers(usage: Native) -> bool:
    counted = (usage.get(measure) for measure in {*MEASURES, "estimated_time_to_regain_access"})
    return all(value is None or isinstance(value, int | float) for value in counted)


def listing_of(answer: Any) -> Listing:
    """An edge's answer, or an edge nested in an object; no edge is an empty one."""
    if not isinstance(answer, dict):
        return Listing()
    items, paging = answer.get("data", []), answer.get("paging") or {}
    if not isinstance(items, list) or not all(isinstance(item, dict) and item.get("id") for item in items):
        raise Unavailable("Meta answered something else than a list")
    after = (paging.get("cursors") or {}).get("after") if paging.get("next") else None
    return Listing(items, after)


def _object(answer: Any) -> Native:
    if not isinstance(answer, dict):
        raise Unavailable("Meta answered something else than an object")
    return answer


def _ok(response: httpx.Response, waits: float = 0.0) -> Any:
    """The JSON of a successful answer; any other becomes the error that says what to do next."""
    if response.is_redirect:
        raise Unavailable("Meta's API redirects: check `api` in this page's settings")
    answer = json_of(response)
    error = answer.get("error") if isinstance(answer, dict) else None
    if error is None and response.is_success:
        return answer
    raise failure(error, response.status_code, waits)


def _part(answer: Any) -> Native | Exception:
    if not isinstance(answer, dict):
        return Unavailable("Meta left a call of a batch out")
    try:
        body = json.loads(answer.get("body") or "null")
    except ValueError:
        return Unavailable("unreadable answer in a batch")
    error = body.get("error") if isinstance(body, dict) else None
    if error is None and answer.get("code") == 200 and isinstance(body, dict):
        return body
    return failure(error, int(answer.get("code") or 0))


def failure(error: Any, status: int, waits: float = 0.0) -> Exception:
    """Meta's error object as what to do next. `waits`: seconds that its headers ask for."""
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return Unavailable(f"Meta answered {status} without saying why")
    code, subcode = error["code"], error.get("error_subcode")
    told = f"{code}" if subcode is None else f"{code}/{subcode}"
    told = f"Meta's code {told}, trace {_trace(error)}"
    if code == PARAMETER:
        return NoSuchObject(told) if subcode == 33 else BadParameter(f"Meta refuses a parameter ({told})")
    if code in TOO_MUCH:
        return RateLimited(f"Meta asks us to slow down ({told})", retry_after=waits or DEFAULT_WAIT)
    if code in SESSION:
        why = SESSIONS.get(subcode or 0, "the token is not accepted")
        return NotAuthorised(f"{why} ({told}): connect the page again with `modbot connect`")
    if code in PERMISSION:
        return Denied(
            f"a permission is missing ({told}): check the role of whoever connected the page, and the "
            "permissions that Meta has approved for the app"
        )
    if code == BLOCKED:
        return NotAuthorised(
            f"Meta has blocked this for breaking its rules, for a time ({told}): look at the page's Support "
            "Inbox and the app's alerts"
        )
    if code in TRANSIENT:
        return Unavailable(f"Meta failed ({status}, {told})")
    return Refused(f"Meta refused ({status}, {told})")


def _trace(error: Native) -> str:
    """What Meta's support asks for; anything else than an id is left out."""
    trace = str(error.get("fbtrace_id", ""))
    return trace if re.fullmatch(r"[\w+/=-]{1,64}", trace) else "none"
