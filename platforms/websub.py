"""Following a feed by its hub (W3C WebSub): asking for pushes, and knowing them when they come.

Nothing is kept: the address that the hub calls back carries a proof that we asked for this very feed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from platforms import answers
from platforms.errors import Unavailable
from platforms.feed_xml import Feed
from platforms.push import BadSignature, must_match

MOVES = 3
"""A hub may send on to another address; so often it is followed there."""
LEASE = 10 * 86_400
"""Seconds that are asked for; the hub may grant fewer. Asked for anew once a day."""
METHODS: Mapping[str, Any] = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
"""All that the recommendation knows. As a keyed signature SHA-1 still holds, and public hubs sign with it."""


@dataclass(frozen=True, slots=True)
class Hub:
    url: str
    topic: str
    """The feed's own name for itself, which the hub knows it by."""


def hub_of(feed: Feed, response: httpx.Response) -> Hub | None:
    """Headers count over the document, as the recommendation says."""
    links = response.links
    here = response.request.url
    hub = links.get("hub", {}).get("url") or feed.hub
    topic = links.get("self", {}).get("url") or feed.itself or str(here)
    try:
        return Hub(str(here.join(hub)), str(here.join(topic))) if hub else None
    except httpx.InvalidURL:
        return None


class Subscriber:
    """Of one feed. The hub signs with `secret`, at most 199 bytes long."""

    def __init__(self, callback: str, secret: SecretStr) -> None:
        self._callback = httpx.URL(callback)
        self._secret = secret.get_secret_value().encode()

    async def subscribe(self, client: httpx.AsyncClient, hub: Hub) -> None:
        """Ask for pushes, or for more of them. Raises Unavailable, RateLimited."""
        callback = self._callback.copy_merge_params({"proof": self._proof(hub.topic)})
        form = {
            "hub.mode": "subscribe",
            "hub.topic": hub.topic,
            "hub.callback": str(callback),
            "hub.secret": self._secret.decode(),
            "hub.lease_seconds": str(LEASE),
        }
        url = httpx.URL(hub.url)
        for _ in range(MOVES):
            response = await answers.send(client, client.build_request("POST", url, data=form))
            if response.is_success:
                return
            if response.status_code not in (307, 308):
                break
            try:
                url = url.join(response.headers.get("location", ""))
            except httpx.InvalidURL:
                break
        raise Unavailable(f"the feed's hub answered {response.status_code}")

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """The hub's question whether we asked. We never end what we asked for: that is somebody else's."""
        mode = query.get("hub.mode")
        if mode is None:
            return None
        must_match(query.get("proof", ""), self._proof(query.get("hub.topic", "")))
        if mode not in ("subscribe", "denied"):
            raise BadSignature
        return query.get("hub.challenge", "")

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        name, _, given = headers.get("x-hub-signature", "").partition("=")
        if name not in METHODS:
            raise BadSignature
        must_match(given.lower(), hmac.new(self._secret, body, METHODS[name]).hexdigest())

    def _proof(self, topic: str) -> str:
        signed = f"WebSub {topic}".encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
