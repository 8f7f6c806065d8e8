"""Flickr's API as its own objects, each call signed by OAuth 1.0a, failures as PlatformErrors.

Every answer is HTTP 200 and says in its body whether it is one. What a photo's comments are is told by one
list without pages; which photos have new ones is told by the date of the photo's last change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from authlib.oauth1 import ClientAuth
from pydantic import SecretStr

from platforms.addresses import CheckedTransport
from platforms.answers import clock_skew, json_of, send
from platforms.base import CommentGone, Identity, NotAuthorised, Unavailable
from platforms.budget import Budget

CALLS = "calls"
MOST_PHOTOS = 500
MAY_DELETE = {"write", "delete"}
SET_UP = {"96", "97", "98", "99", "100"}
"""Signature, login, permission and key."""
NOT_THERE = {"1", "2"}
"""The photo, the comment; of methods that name no photo these codes mean a bad argument."""

Native = Mapping[str, Any]


class Missing(Exception):
    """The photo or the comment that a call names is not there, or not for us to see."""


class FlickrRest:
    """The constructor connects to nothing; `identify` makes the first call."""

    def __init__(
        self,
        api: str,
        key: str,
        secret: SecretStr,
        token: SecretStr,
        token_secret: SecretStr,
        budget: Budget,
        timeout: float,
        *,
        allow_loopback: bool,
    ) -> None:
        self.account = ""
        self._url = f"{api.rstrip('/')}/services/rest/"
        self._budget = budget
        self._client = httpx.AsyncClient(
            auth=Signed(key, secret, token, token_secret),
            timeout=timeout,
            transport=CheckedTransport(allow_loopback=allow_loopback),
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def identify(self) -> Identity:
        """Raises NotAuthorised where the token may only read."""
        response = await self._send("flickr.auth.oauth.checkToken", {})
        skew = clock_skew(response)
        oauth = _ok(response).get("oauth") or {}
        user, perms = oauth.get("user") or {}, _content(oauth.get("perms"))
        self.account = str(user.get("nsid") or "")
        if not self.account:
            raise Unavailable("Flickr answered without the account")
        if perms not in MAY_DELETE:
            raise NotAuthorised(
                f"the page was connected with the permission {perms!r}: connect it again and allow editing"
            )
        return Identity(account=str(user.get("username") or self.account), can_moderate=True, clock_skew=skew)

    async def changed_photos(self, since: int) -> dict[str, Native]:
        """Own photos by id that changed at `since` (Unix seconds) or later; a new comment is a change."""
        photos: dict[str, Native] = {}
        page = pages = 1
        while page <= pages:
            asked = {
                "min_date": str(max(1, since)),
                "extras": "last_update",
                "per_page": str(MOST_PHOTOS),
                "page": str(page),
            }
            answer = _ok(await self._send("flickr.photos.recentlyUpdated", asked)).get("photos") or {}
            photos |= {str(photo["id"]): photo for photo in _list(answer, "photo", "id", "lastupdate")}
            pages, page = int(answer.get("pages") or 1), page + 1
        return photos

    async def comments(self, photo_id: str) -> list[Native] | None:
        """Every comment on a photo, oldest first; None where the photo is gone or not for us to see."""
        try:
            answer = _ok(await self._send("flickr.photos.comments.getList", {"photo_id": photo_id}))
        except Missing:
            return None
        return _list(answer.get("comments") or {}, "comment", "id", "author", "datecreate")

    async def delete(self, comment_id: str) -> str:
        """Raises Missing."""
        _ok(await self._send("flickr.photos.comments.deleteComment", {"comment_id": comment_id}))
        return "ok"

    async def _send(self, method: str, asked: Mapping[str, str]) -> httpx.Response:
        """By POST, reads as well: so texts and ids stand in no web server's log."""
        self._budget.spend(CALLS)
        fields = {"method": method, "format": "json", "nojsoncallback": "1", **asked}
        return await send(self._client, self._client.build_request("POST", self._url, data=fields))


class Signed(httpx.Auth):
    """OAuth 1.0a, HMAC-SHA1, in the Authorization header."""

    requires_request_body = True

    def __init__(self, key: str, secret: SecretStr, token: SecretStr, token_secret: SecretStr) -> None:
        self._key, self._secret, self._token, self._token_secret = key, secret, token, token_secret

    def auth_flow(self, request: httpx.Request) -> Any:
        client = ClientAuth(
            self._key,
            self._secret.get_secret_value(),
            self._token.get_secret_value(),
            self._token_secret.get_secret_value(),
        )
        named = {"Content-Type": request.headers.get("content-type", "")}
        _, headers, _ = client.prepare(request.method, str(request.url), named, request.content)
        request.headers["Authorization"] = headers["Authorization"]
        yield request


def _ok(response: httpx.Response) -> dict[str, Any]:
    """The JSON of an answer that says ok; any other becomes the error that says what to do next."""
    if response.status_code in (401, 403):
        raise NotAuthorised(f"Flickr refused the connection ({response.status_code}): connect the page again")
    if not response.is_success:
        raise Unavailable(f"Flickr answered {response.status_code}")
    answer = json_of(response)
    if not isinstance(answer, dict):
        raise Unavailable("Flickr answered something else than an object")
    if answer.get("stat") == "ok":
        return answer
    code = str(answer.get("code", ""))
    if code in SET_UP:
        raise NotAuthorised(f"Flickr refused (code {code}): check the key and connect the page again")
    if code in NOT_THERE:
        raise Missing(code)
    raise Unavailable(f"Flickr answered with code {code}".rstrip())


def gone(what: str) -> CommentGone:
    return CommentGone(f"{what} is no longer on Flickr")


def _list(answer: Native, key: str, *needed: str) -> list[Native]:
    items = answer.get(key) or []
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and all(name in item for name in needed) for item in items
    ):
        raise Unavailable(f"Flickr answered something else than {key}s")
    return items


def _content(value: Any) -> str:
    """Flickr's JSON is made from XML: an element's text stands under `_content`."""
    return str(value.get("_content", "")) if isinstance(value, dict) else str(value or "")
