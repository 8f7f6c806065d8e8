"""Any site that sends signed webhooks of its comments (https://www.standardwebhooks.com) and takes such back.

Deliveries may come twice and in any order. A revision's name holds the time of the edit, so an older one that
arrives late is recognised by it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx
from pydantic import Field, SecretStr, field_validator

from platforms import answers
from platforms.addresses import CheckedTransport
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    CommentGone,
    Denied,
    Effect,
    Event,
    EventKind,
    Identity,
    Kind,
    NotAuthorised,
    Platform,
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
    text_revision,
)
from platforms.push import BadSignature, Pushed

TOLERANCE = 300
"""Seconds by which a delivery's time may differ from ours."""
SHORTEST_KEY = 24
REACHED = {
    ActionKind.HIDE: Visibility.HIDDEN,
    ActionKind.UNHIDE: Visibility.VISIBLE,
    ActionKind.DELETE: Visibility.GONE,
}


class InboxSettings(PlatformSettings):
    secret: SecretStr
    """Shared with the sender: whsec_ and 24 to 64 random bytes in base64."""
    actions_url: str = ""
    """Where the sender takes signed requests to hide, show and delete; empty: people do it there by hand."""
    allow_loopback: bool = False
    timeout: float = Field(20.0, gt=0)
    """Seconds for each step of a call."""

    @field_validator("secret")
    @classmethod
    def _a_key(cls, value: SecretStr) -> SecretStr:
        if len(_key(value)) < SHORTEST_KEY:
            raise ValueError("must be whsec_ and 24 to 64 random bytes in base64")
        return value


class Inbox(Pushed, Platform):
    name = "inbox"
    Settings = InboxSettings
    settings: InboxSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(reversible=True, note="The sending site is asked to hide it."),
            ActionKind.UNHIDE: Effect(reversible=True, note="The sending site is asked to show it again."),
            ActionKind.DELETE: Effect(
                reversible=False, note="The sending site is asked to delete it for good."
            ),
        },
        native_revisions=True,
        sees_edits="push",
        sees_deletions="push",
        mentions=True,
        direct_messages=True,
        note="It knows what the sending site tells. Without `actions_url` people carry decisions out there.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._client: httpx.AsyncClient | None = None

    async def open(self) -> Identity:
        await self.close()
        url = self.settings.actions_url
        if not url:
            return Identity(account="whoever holds the secret", can_moderate=False)
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "modbot"},
            timeout=self.settings.timeout,
            transport=CheckedTransport(allow_loopback=self.settings.allow_loopback),
        )
        try:
            response = await self._ask("ping")
        except BaseException:
            await self.close()
            raise
        skew = answers.clock_skew(response)
        return Identity(account=httpx.URL(url).host, can_moderate=True, clock_skew=skew)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client:
            await client.aclose()

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        at = headers.get("webhook-timestamp", "")
        if not (at.isascii() and at.isdigit()) or abs(datetime.now(UTC).timestamp() - int(at)) > TOLERANCE:
            raise BadSignature
        expected = self._signature(headers.get("webhook-id", ""), at, body).encode()
        given = headers.get("webhook-signature", "").split(" ")
        # Several while the sender changes its key; all are compared, so that the time tells nothing.
        matching = [hmac.compare_digest(each.encode("utf-8", "replace"), expected) for each in given]
        if not headers.get("webhook-id") or not any(matching):
            raise BadSignature

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        """The sender's, which stays the same for every attempt."""
        given = headers.get("webhook-id", "")
        return given if len(given) <= 100 else hashlib.sha256(given.encode()).hexdigest()

    async def unpack(self, body: bytes) -> Sequence[Event]:
        return [_event(body)]

    async def poll(self, cursor: str | None) -> Batch:
        """Nothing: what there is was pushed."""
        return Batch((), cursor or "pushed")

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if self._client is None:
            raise Unsupported(f"this site takes no requests from programs: {action} it there by hand")
        before = await self._look(id)
        already = before is REACHED[action]
        if before is Visibility.GONE and not already:
            raise CommentGone("the sending site says that it is gone")
        if not already:
            await self._ask(f"comment.{action}", id)
        after = before if already else await self._look(id)
        if after is not REACHED[action]:
            raise Unavailable(f"the sending site says that the comment is {after} after {action}")
        answer = {"before": before.value, "read_back": after.value}
        now = datetime.now(UTC)
        return Receipt(action=action, id=id, visibility=after, already=already, at=now, answer=answer)

    async def _look(self, comment_id: str) -> Visibility:
        answer = answers.json_of(await self._ask("comment.look", comment_id))
        try:
            return Visibility(answer["visibility"])
        except (KeyError, TypeError, ValueError):
            raise Unavailable("the sending site does not say whether readers see the comment") from None

    async def _ask(self, what: str, comment_id: str | None = None) -> httpx.Response:
        assert self._client is not None  # noqa: S101 - asked only where there is an address
        now = datetime.now(UTC)
        data = {} if comment_id is None else {"id": comment_id}
        body = json.dumps({"type": what, "timestamp": now.isoformat(), "data": data}).encode()
        message, at = f"msg_{uuid4().hex}", str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": at,
            "webhook-signature": self._signature(message, at, body),
        }
        url = self.settings.actions_url
        request = self._client.build_request("POST", url, content=body, headers=headers)
        return _ok(await answers.send(self._client, request))

    def _signature(self, message: str, at: str, body: bytes) -> str:
        signed = f"{message}.{at}.".encode("utf-8", "surrogatepass") + body
        mac = hmac.new(_key(self.settings.secret), signed, hashlib.sha256)
        return f"v1,{base64.b64encode(mac.digest()).decode('ascii')}"


def _key(secret: SecretStr) -> bytes:
    """Empty for what is no base64."""
    try:
        return base64.b64decode(secret.get_secret_value().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _ok(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    status = response.status_code
    if status in (404, 410):
        raise CommentGone(f"the sending site does not know this comment ({status})")
    if status in (405, 501):
        raise Unsupported(f"the sending site cannot do this ({status}): do it there by hand")
    if status in (401, 403) or response.is_redirect:
        error = Denied if status == httpx.codes.FORBIDDEN else NotAuthorised
        raise error(f"the sending site answered {status}: check its address and the secret")
    raise Unavailable(f"the sending site answered {status}")


def _event(body: bytes) -> Event:
    """Raises ValueError, which quotes nothing of the body."""
    try:
        message = _object(json.loads(body, parse_constant=_refuse), "the body")
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    kinds = {f"comment.{kind}": kind for kind in EventKind}
    kind = kinds.get(str(message.get("type")))
    if kind is None:
        raise ValueError(f"type is none of {', '.join(kinds)}")
    data = _object(message.get("data"), "data")
    at = _time(message, "timestamp") or datetime.now(UTC)
    if kind is EventKind.DELETED:
        return Event(kind=kind, id=_text(data, "id"), at=at, detail="the sending site says so")
    comment = _comment(data, at if kind is EventKind.EDITED else None)
    return Event(kind=kind, id=comment.id, comment=comment, at=at)


def _comment(data: Mapping[str, Any], edited: datetime | None) -> Comment:
    text, parent = _text(data, "text"), _text(data, "parent", "")
    edited_at = _time(data, "edited_at") or edited
    revision = text_revision(text) + (f"-{edited_at.timestamp():.3f}" if edited_at else "")
    created_at = _time(data, "created_at")
    if created_at is None:
        raise ValueError("created_at is missing")
    return Comment(
        id=_text(data, "id"),
        revision=_text(data, "revision", revision),
        post=_text(data, "post"),
        parent=parent or None,
        kind=Kind(_text(data, "kind", Kind.REPLY if parent else Kind.COMMENT)),
        author=_text(data, "author", ""),
        author_id=_text(data, "author_id", ""),
        text=text,
        payload=data,
        created_at=created_at,
        edited_at=edited_at,
        permalink=_text(data, "permalink", ""),
        post_title=_text(data, "post_title", ""),
        visible=data.get("visible") is not False,
    )


def _text(data: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = data.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (key == "id" and not value):
        raise ValueError(f"{key} must be a text")
    return value


def _time(data: Mapping[str, Any], key: str) -> datetime | None:
    value = data.get(key)
    if value is None:
        return None
    moment = datetime.fromisoformat(_text(data, key))
    if moment.tzinfo is None:
        raise ValueError(f"{key} must say its time zone, such as 2026-11-22T08:00:00Z")
    return moment


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be an object")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
