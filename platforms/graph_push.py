"""What Meta sends by itself, the same for Facebook Pages and Instagram accounts."""

from __future__ import annotations

import hmac
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from platforms.base import Comment, Event, EventKind, Kind, NotAuthorised, text_revision
from platforms.graph import BadParameter, Native, NoSuchObject
from platforms.graph_account import GraphAccount
from platforms.graph_reading import created
from platforms.push import BadSignature, Pushed, must_match


class GraphPushed(GraphAccount, Pushed):
    push_object: ClassVar[str]
    """What Meta calls this kind of page in a delivery."""

    @abstractmethod
    async def told(self, field: str, value: Native, at: datetime) -> Sequence[Event]:
        """What one change in a delivery means."""

    def challenge(self, query: Mapping[str, str]) -> str | None:
        if query.get("hub.mode") != "subscribe":
            return None
        if self.settings.verify_token is None:
            raise BadSignature
        must_match(query.get("hub.verify_token", ""), self.settings.verify_token.get_secret_value())
        return query.get("hub.challenge", "")

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        if self.settings.app_secret is None:
            raise BadSignature
        secret = self.settings.app_secret.get_secret_value().encode()
        given = headers.get("x-hub-signature-256", "")
        must_match(given, f"sha256={hmac.new(secret, body, 'sha256').hexdigest()}")

    def accounts_in(self, body: bytes) -> frozenset[str]:
        try:
            delivery = json.loads(body)
            entries = _entries(delivery)
        except ValueError:
            return frozenset()
        of_another_kind = "" if _is_of(delivery, self.push_object) else f"{delivery.get('object')} "
        return frozenset(f"{of_another_kind}{entry.get('id')}" for entry in entries)

    async def unpack(self, body: bytes) -> Sequence[Event]:
        delivery = json.loads(body)
        events: list[Event] = []
        for entry in _entries(delivery):
            # One app has one address for all its pages; the others' entries are not ours.
            if str(entry.get("id")) != self.account or not _is_of(delivery, self.push_object):
                continue
            at = _moment(entry.get("time"))
            for change in _objects(entry.get("changes")):
                events += await self.told(str(change.get("field")), _object(change.get("value")), at)
            events += [_message_told(each) for each in _objects(entry.get("messaging")) if _said(each)]
        return events

    async def read_or_none(self, path: str, fields: str) -> Native | None:
        """An object that a delivery speaks of; None where it may not be read or is gone already."""
        try:
            return await self.graph.get(path, fields=fields)
        except (NoSuchObject, BadParameter, NotAuthorised) as error:
            if isinstance(error, NotAuthorised):
                await self.probe()
            return None


def _entries(delivery: Any) -> list[Native]:
    if not isinstance(delivery, dict) or not isinstance(delivery.get("entry"), list):
        raise ValueError("not a delivery of Meta's")
    return _objects(delivery["entry"])


def _is_of(delivery: Native, wanted: str) -> bool:
    """Whether it is about pages, or about accounts of Instagram: these are numbered apart."""
    return delivery.get("object") == wanted


def _objects(value: Any) -> list[Native]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _object(value: Any) -> Native:
    return value if isinstance(value, dict) else {}


def _said(native: Native) -> Native:
    """A message, or what one was edited to; empty for deliveries that tell of reading and of typing."""
    message = _object(native.get("message")) or _object(native.get("message_edit"))
    return message if message.get("mid") else {}


def _message_told(native: Native) -> Event:
    """A new message, an edited one, or one that its sender took back, which comes without its words."""
    message, at = _said(native), _moment(native.get("timestamp"))
    if message.get("is_deleted") is True:
        return Event(kind=EventKind.DELETED, id=str(message["mid"]), at=at, detail="its sender took it back")
    comment = message_of(native)
    if comment.edited_at is None:
        return created(comment)
    return Event(kind=EventKind.EDITED, id=comment.id, comment=comment, at=at)


def message_of(native: Native) -> Comment:
    """A direct message as a delivery has it, ours included."""
    message, sender = _said(native), str(_object(native.get("sender")).get("id", ""))
    text, at = str(message.get("text", "")), _moment(native.get("timestamp"))
    return Comment(
        id=str(message["mid"]),
        revision=text_revision(text),
        post=f"messages/{sender}",
        kind=Kind.DIRECT_MESSAGE,
        author_id=sender,
        text=text,
        payload=dict(native),
        created_at=at,
        edited_at=at if "message_edit" in native else None,
    )


def _moment(value: Any) -> datetime:
    """Deliveries have seconds, messages milliseconds; now where there is neither."""
    try:
        number = float(value)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.now(UTC)
