"""What X sends by itself to the app's one address: posts and messages as they are written."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from platforms.backlog import Item
from platforms.base import CapReached, Event
from platforms.bearer import BearerSettings
from platforms.client import ClientPlatform
from platforms.push import Answer, BadSignature, Pushed, must_match
from platforms.x_found import Found
from platforms.x_posts import account_in, pushed_message
from platforms.x_rest import XRest

NEWS = {"post.reply.create", "post.mention.create", "post.quote.create"}
RECEIVED = "dm.received"
SIGNATURE = "x-twitter-webhooks-signature"


class XPushSettings(BearerSettings):
    consumer_secret: SecretStr | None = None
    """The app's API key secret, with which X signs what it pushes."""
    direct_messages: bool = False
    """Archive what people write to the account in private; connect the page again after a change."""


class XPushed(Pushed, ClientPlatform[XRest]):
    settings: XPushSettings

    @abstractmethod
    def items(self, found: Found) -> list[Item]:
        """What others wrote; what the district writes itself is no comment."""

    @abstractmethod
    def messages(self, found: Found) -> list[Item]:
        """The same of direct messages."""

    @property
    def pushes(self) -> bool:
        return self.settings.consumer_secret is not None

    def challenge(self, query: Mapping[str, str]) -> Answer | None:
        token = query.get("crc_token")
        if token is None:
            return None
        return json.dumps({"response_token": self._signed(token.encode())}), "application/json"

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        must_match(headers.get(SIGNATURE, ""), self._signed(body))

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        try:
            return f"event {json.loads(body)['data']['event_uuid']}"[:100]
        except (ValueError, KeyError, TypeError):
            return super().delivery_id(headers, body)

    @property
    def account(self) -> str:
        return self._rest.account if self._rest else ""

    def accounts_in(self, body: bytes) -> frozenset[str]:
        return account_in(body)

    def concerns(self, body: bytes) -> bool:
        """X knows one address for an app, and the account is not known before `open`: `unpack` sees."""
        return bool(self.accounts_in(body))

    async def unpack(self, body: bytes) -> Sequence[Event]:
        """The post is read again, since a delivery may lack its author; else what came counts."""
        delivery = json.loads(body)
        data = delivery.get("data") or {}
        if self.accounts_in(body) - {self.rest.account}:
            return ()
        self.rest.count_delivery()
        if data.get("event_type") == RECEIVED and self.settings.direct_messages:
            return [item.event for item in self.messages(Found(*pushed_message(data["payload"])))]
        if data.get("event_type") not in NEWS:
            return ()
        post, users = data["payload"], (data.get("includes") or {}).get("users") or ()
        try:
            found = await self.rest.posts([str(post["id"])])
        except CapReached:
            found = Found([], {})
        if not found.posts:
            found = Found(posts=[post], users={str(user["id"]): user for user in users if "id" in user})
        return [item.event for item in self.items(found)]

    def _signed(self, body: bytes) -> str:
        if self.settings.consumer_secret is None:
            raise BadSignature
        secret = self.settings.consumer_secret.get_secret_value().encode()
        return "sha256=" + base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
