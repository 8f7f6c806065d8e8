"""Flickr's REST API for one account with photos: comments, changes, signatures, error codes.

Every answer is HTTP 200. A photo's date of change moves with each comment, whole seconds only; a deletion
leaves it. Signatures are verified by oauthlib, which the adapter does not use. A key has so many calls in an
hour.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import pytest
from oauthlib.common import Request as SignedRequest
from oauthlib.oauth1.rfc5849 import signature
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.simulators import serve

OWNER = "12037949754@N01"
CODES = {
    "1": "Photo not found",
    "2": "Comment not found",
    "96": "Invalid signature",
    "97": "Missing signature",
    "98": "Login failed / Invalid auth token",
    "99": "User not logged in / Insufficient permissions",
    "100": "Invalid API Key (Key has invalid format)",
    "105": "Service currently unavailable",
    "112": "Method not found",
}


class Failed(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Photo:
    id: str
    title: str
    lastupdate: int
    comments: dict[str, dict[str, str]] = field(default_factory=dict)


class Account:
    """Used by tests directly as the public uses Flickr, and served to adapters by `app`."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.key, self.secret = "0123456789abcdef0123456789abcdef", "secret-of-the-key"
        self.token, self.token_secret = "72157600000000000-0123456789abcdef", "secret-of-the-token"
        self.perms = "write"
        self.photos: dict[str, Photo] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        """HTTP method and fields of every call."""
        self.limit = 3_600
        """Calls of the key in an hour."""
        self.used, self._hour = 0, 0
        self.answers: list[Response | None] = []
        """Given in place of the next answers; None: as usual."""
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    def clear(self) -> None:
        """Forget what was there and what was asked, for the next test."""
        self.__init__(self.url)  # type: ignore[misc]

    def photo(self, title: str = "A photo", *, ago: int = 0) -> Photo:
        photo = Photo(str(50_000_000_000 + next(self._numbers)), title, int(time.time()) - ago)
        self.photos[photo.id] = photo
        return photo

    def comment(self, photo: Photo, text: str, *, author: str = "99@N07", ago: int = 0) -> str:
        """Write a comment, `ago` seconds ago; its id."""
        with self._lock:
            number = 72_157_600_000_000_000 + next(self._numbers)
            comment_id = f"7654-{photo.id}-{number}"
            now = int(time.time()) - ago
            photo.comments[comment_id] = {
                "id": comment_id,
                "author": author,
                "author_is_deleted": "0",
                "authorname": "A parent",
                "datecreate": str(now),
                "permalink": f"https://www.flickr.com/photos/district/{photo.id}/#comment{number}",
                "path_alias": "",
                "realname": "",
                "_content": text,
            }
            photo.lastupdate = max(photo.lastupdate, now)
            return comment_id

    def edit(self, comment_id: str, text: str) -> None:
        photo = self._photo_of(comment_id)
        photo.comments[comment_id]["_content"] = text

    def delete(self, comment_id: str) -> None:
        del self._photo_of(comment_id).comments[comment_id]

    def is_there(self, comment_id: str) -> bool:
        return any(comment_id in photo.comments for photo in self.photos.values())

    def is_tired(self) -> bool:
        """Counts a call; whether the hour has no more."""
        with self._lock:
            hour = int(time.time() // 3600)
            self.used = self.used + 1 if hour == self._hour else 1
            self._hour = hour
            return self.used > self.limit

    # What the server answers

    def check_token(self, asked: Mapping[str, str]) -> Any:
        user = {"nsid": OWNER, "username": "district", "fullname": "The district"}
        return {"oauth": {"token": {"_content": self.token}, "perms": {"_content": self.perms}, "user": user}}

    def recently_updated(self, asked: Mapping[str, str]) -> Any:
        if not asked.get("min_date", "").isdigit():
            raise Failed("1")
        size, page = int(asked.get("per_page", "100")), int(asked.get("page", "1"))
        since = int(asked["min_date"])
        with self._lock:
            found = [photo for photo in self.photos.values() if photo.lastupdate >= since]
        found.sort(key=lambda photo: photo.lastupdate, reverse=True)
        shown = [
            {"id": p.id, "owner": OWNER, "title": p.title, "ispublic": 1, "lastupdate": str(p.lastupdate)}
            for p in found[(page - 1) * size : page * size]
        ]
        pages = -(-len(found) // size)
        counts = {"page": page, "pages": pages, "perpage": size, "total": len(found)}
        return {"photos": {**counts, "photo": shown}}

    def comments(self, asked: Mapping[str, str]) -> Any:
        photo = self.photos.get(asked.get("photo_id", ""))
        if photo is None:
            raise Failed("1")
        with self._lock:
            listed = [dict(comment) for comment in photo.comments.values()]
        # An empty list is left out, as in everything that Flickr makes from XML.
        return {"comments": {"photo_id": photo.id, **({"comment": listed} if listed else {})}}

    def delete_comment(self, asked: Mapping[str, str]) -> Any:
        if self.perms == "read":
            raise Failed("99")
        if not self.is_there(asked.get("comment_id", "")):
            raise Failed("2")
        self.delete(asked["comment_id"])
        return {}

    def check(self, verb: str, url: str, header: str, body: str) -> None:
        """Raises Failed unless the request is signed by the app and the account."""
        if not header.startswith("OAuth "):
            raise Failed("97")
        given = signature.collect_parameters(
            body=body, headers={"Authorization": header}, exclude_oauth_signature=False
        )
        signed = dict(given)
        if signed.get("oauth_consumer_key") != self.key:
            raise Failed("100")
        if signed.get("oauth_token") != self.token:
            raise Failed("98")
        request = SignedRequest(url, verb, body, {"Authorization": header})
        request.signature = signed.pop("oauth_signature", "")
        request.params = [pair for pair in given if pair[0] != "oauth_signature"]
        if not signature.verify_hmac_sha1(request, self.secret, self.token_secret):
            raise Failed("96")

    def _photo_of(self, comment_id: str) -> Photo:
        return self.photos[comment_id.split("-")[1]]


@pytest.fixture(scope="session")
def served_flickr() -> Iterator[Account]:
    account = Account()
    with serve(app(account)) as account.url:
        yield account


@pytest.fixture
def simulated_flickr(served_flickr: Account) -> Account:
    """Empty."""
    served_flickr.clear()
    return served_flickr


def app(account: Account) -> Starlette:
    """The account as a server."""
    calls: dict[str, Callable[[Mapping[str, str]], Any]] = {
        "flickr.auth.oauth.checkToken": account.check_token,
        "flickr.photos.recentlyUpdated": account.recently_updated,
        "flickr.photos.comments.getList": account.comments,
        "flickr.photos.comments.deleteComment": account.delete_comment,
    }

    async def answer(request: Request) -> Response:
        body = (await request.body()).decode()
        fields = {**request.query_params, **dict(parse_qsl(body, keep_blank_values=True))}
        account.requests.append((request.method, fields))
        if account.is_tired():
            return Response("Too Many Requests", 429)
        spoiled = account.answers.pop(0) if account.answers else None
        if spoiled is not None:
            return spoiled
        try:
            header, url = request.headers.get("authorization", ""), str(request.url.replace(query=""))
            account.check(request.method, url, header, body)
            call = calls.get(fields.get("method", ""))
            if call is None:
                raise Failed("112")
            return JSONResponse({**call(fields), "stat": "ok"})
        except Failed as failure:
            said = {"stat": "fail", "code": int(failure.code), "message": CODES[failure.code]}
            return JSONResponse(said)

    return Starlette(routes=[Route("/services/rest/", answer, methods=["GET", "POST"])])
