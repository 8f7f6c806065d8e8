"""A blog's comment feed: the newest first, so many to a page, with validators as WordPress makes them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    number: int
    text: str
    answers: int | None
    at: datetime


@dataclass(slots=True)
class Blog:
    """`kind` is "rss" or "atom". With `paged` the feed names its older pages (RFC 5005)."""

    kind: str = "rss"
    shown: int = 10
    paged: bool = True
    hub: bool = False
    """Whether the feed names a hub, which takes subscriptions."""
    answer: Response | None = None
    """Given instead of the feed."""
    hub_answers: int = 202
    hub_address: str = "/hub"
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    comments: list[Written] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def clear(self, kind: str = "rss") -> None:
        self.kind, self.paged, self.answer = kind, True, None
        self.hub, self.hub_answers, self.hub_address = False, 202, "/hub"
        self.asked.clear()
        self.subscriptions.clear()
        self.comments.clear()
        self.numbers = count(1)

    def write(self, text: str, answers: int | None = None) -> int:
        number = next(self.numbers)
        at = START + timedelta(minutes=number)
        self.comments.append(Written(number=number, text=text, answers=answers, at=at))
        return number

    def edit(self, number: int, text: str) -> None:
        place = [each.number for each in self.comments].index(number)
        self.comments[place] = replace(self.comments[place], text=text)

    def erase(self, number: int) -> None:
        self.comments = [each for each in self.comments if each.number != number]

    @property
    def app(self) -> Starlette:
        hub = Route("/hub", self._subscribe, methods=["POST"])
        return Starlette(routes=[Route("/comments/feed", self._feed), hub])

    async def _subscribe(self, request: Request) -> Response:
        form = await request.form()
        self.subscriptions.append({name: str(value) for name, value in form.items()})
        where = {} if "moved" in request.query_params else {"location": "/hub?moved="}
        moves = self.hub_answers in (307, 308)
        return Response(status_code=202 if moves and not where else self.hub_answers, headers=where)

    def verification(self, mode: str = "subscribe") -> tuple[str, dict[str, str]]:
        """The hub's question about the newest subscription: where it is asked, and the whole query."""
        asked = self.subscriptions[-1]
        callback = urlsplit(asked["hub.callback"])
        told = {"hub.mode": mode, "hub.topic": asked["hub.topic"], "hub.challenge": "do-you-want-it"}
        return callback.path, dict(parse_qsl(callback.query)) | told | {"hub.lease_seconds": "3600"}

    def content(self) -> bytes:
        """The feed as it is now, without its older pages."""
        newest = list(reversed(self.comments))[: self.shown]
        return (self._rss(newest, "") if self.kind == "rss" else self._atom(newest, "")).encode()

    def delivery(self, method: str = "sha256") -> tuple[dict[str, str], bytes]:
        """What the hub sends to its subscribers: the feed, signed."""
        body = self.content()
        mac = hmac.new(self.subscriptions[-1]["hub.secret"].encode(), body, method)
        return {"x-hub-signature": f"{method}={mac.hexdigest()}"}, body

    def id_of(self, number: int) -> str:
        return f"https://blog.example.org/?p=1#comment-{number}"

    async def _feed(self, request: Request) -> Response:
        self.asked.append(request)
        if self.answer is not None:
            return self.answer
        headers = self._validators()
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        page = int(request.query_params.get("paged", "1"))
        newest = list(reversed(self.comments))
        listed = newest[(page - 1) * self.shown : page * self.shown]
        older = f"/comments/feed?paged={page + 1}" if self.paged and len(newest) > page * self.shown else ""
        body = self._rss(listed, older) if self.kind == "rss" else self._atom(listed, older)
        return Response(body.encode(), media_type=f"application/{self.kind}+xml", headers=headers)

    def _validators(self) -> dict[str, str]:
        """Of the newest comment alone: editing or erasing an older one changes neither."""
        at = self.comments[-1].at if self.comments else START
        etag = hashlib.md5(at.isoformat().encode(), usedforsecurity=False).hexdigest()
        return {"etag": f'"{etag}"', "last-modified": format_datetime(at, usegmt=True)}

    def _rss(self, listed: list[Written], older: str) -> str:
        items = "".join(
            f"<item><title>By: Ana</title><link>https://blog.example.org/hello/#comment-{each.number}</link>"
            f"<dc:creator>Ana</dc:creator><pubDate>{format_datetime(each.at)}</pubDate>"
            f'<guid isPermaLink="false">{self.id_of(each.number)}</guid>'
            f"<description>short</description><content:encoded>{escape(each.text)}</content:encoded>"
            f"{self._answered(each)}</item>"
            for each in listed
        )
        link = f'<atom:link rel="next" href="{older}"/>' if older else ""
        link += f'<atom:link rel="hub" href="{self.hub_address}"/>' if self.hub else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
            'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" '
            'xmlns:thr="http://purl.org/syndication/thread/1.0"><channel>'
            f"<title>Comments for District Blog</title>{link}{items}</channel></rss>"
        )

    def _atom(self, listed: list[Written], older: str) -> str:
        entries = "".join(
            f'<entry><title>By: Ana</title><link rel="alternate" '
            f'href="https://blog.example.org/hello/#comment-{each.number}"/>'
            f"<author><name>Ana</name><uri>https://ana.example.org</uri></author>"
            f"<id>{self.id_of(each.number)}</id><updated>{each.at.isoformat()}</updated>"
            f"<published>{each.at.isoformat()}</published>"
            f'<content type="html">{escape(each.text)}</content>{self._answered(each)}</entry>'
            for each in listed
        )
        link = f'<link rel="next" href="{older}"/>' if older else ""
        link += f'<link rel="hub" href="{self.hub_address}"/>' if self.hub else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
            'xmlns:thr="http://purl.org/syndication/thread/1.0">'
            f"<title>Comments for District Blog</title>{link}{entries}</feed>"
        )

    def _answered(self, each: Written) -> str:
        ref = "https://blog.example.org/?p=1" if each.answers is None else self.id_of(each.answers)
        return f'<thr:in-reply-to ref="{ref}"/>'
