"""A site of the district's own: sends signed webhooks of its comments and takes signed requests about them.

Signing and checking is done by `standardwebhooks`, the reference library of the specification.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SECRET = "whsec_" + "YW4gaW5ib3gncyBvd24ga2V5LCBmb3IgdGhlIHRlc3Rz"
START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Site:
    signing: Webhook = field(default_factory=lambda: Webhook(SECRET))
    answer: Response | None = None
    """Given instead of an honest one."""
    obeys: bool = True
    visible: dict[str, str] = field(default_factory=dict)
    """Each comment ever: visible, hidden or gone."""
    deliveries: list[Delivery] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))
    minutes: count[int] = field(default_factory=lambda: count(1))

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/moderation", self._take, methods=["POST"])])

    def write(self, text: str, **fields: Any) -> str:
        comment_id = f"c{next(self.numbers)}"
        self.visible[comment_id] = "visible"
        at = self._now()
        data = {"id": comment_id, "text": text, "post": "1", "author": "Ana", "created_at": at, **fields}
        self.tell("comment.created", at, data)
        return comment_id

    def edit(self, comment_id: str, text: str) -> None:
        at = self._now()
        data = {"id": comment_id, "text": text, "post": "1", "created_at": START.isoformat(), "edited_at": at}
        self.tell("comment.edited", at, data)

    def delete(self, comment_id: str) -> None:
        self.visible[comment_id] = "gone"
        self.tell("comment.deleted", self._now(), {"id": comment_id})

    def tell(self, what: str, at: str, data: dict[str, Any]) -> None:
        self.deliveries.append(self.signed({"type": what, "timestamp": at, "data": data}))

    def signed(self, message: Any, *, at: datetime | None = None) -> Delivery:
        body, moment = json.dumps(message), at or datetime.now(UTC)
        message_id = f"msg_{len(self.deliveries)}"
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": self.signing.sign(message_id, moment, body),
        }
        return Delivery(headers, body.encode())

    def _now(self) -> str:
        return (START + timedelta(minutes=next(self.minutes))).isoformat()

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        try:
            message = self.signing.verify(body, dict(request.headers))
        except WebhookVerificationError:
            return Response(status_code=401)
        self.asked.append(message)
        return self.answer or self._do(message["type"], message["data"].get("id"))

    def _do(self, what: str, comment_id: str | None) -> Response:
        if what == "ping":
            return Response(status_code=204)
        if comment_id not in self.visible:
            return Response(status_code=404)
        states = {"comment.hide": "hidden", "comment.unhide": "visible", "comment.delete": "gone"}
        if what in states and self.obeys:
            self.visible[comment_id] = states[what]
        return JSONResponse({"visibility": self.visible[comment_id]})
