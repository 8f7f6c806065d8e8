"""Direct messages of the simulated X, those of one account with everybody and with one person."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from typing import Any

from tests.simulators.x_objects import EPOCH_MS, Refused, User, shown_text, shown_time

NOT_TO_THEM = "You do not have permission to DM one or more participants."


class Silent(Exception):
    """It is done, and the connection breaks before the answer has arrived."""


class Messages:
    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.messages: list[dict[str, Any]] = []
        self.messages_read: set[str] = set()
        """Messages on today's bill."""
        self.messages_sent = 0
        self.takes_none: set[str] = set()
        """Ids of who takes messages of nobody."""
        self.stays_silent = False
        """What is sent arrives, and the sender is not told so."""
        self.numbers = itertools.count(1)
        self.lock = threading.RLock()
        self._last_ms = 0

    def message(self, author: User, to: User, text: str | None, *, days: float = 0) -> str:
        """Write a direct message; without a text it is a picture."""
        with self.lock:
            number = self.new_id(days)
            self.messages.append(
                {
                    "id": number,
                    "event_type": "MessageCreate",
                    "sender_id": author.id,
                    "dm_conversation_id": "-".join(sorted((author.id, to.id))),
                    "created_at": shown_time(number),
                    **({} if text is None else {"text": shown_text(text)}),
                }
            )
            return number

    def said(self, author: User, to: User) -> list[str]:
        """What one wrote to the other, in order."""
        talk = "-".join(sorted((author.id, to.id)))
        ours = [each for each in self.messages if each["sender_id"] == author.id]
        return [each["text"] for each in ours if each["dm_conversation_id"] == talk]

    # What the server answers

    def dm_events(self, user: User, query: Mapping[str, str], person: str, **_: Any) -> Any:
        """All of the account's, or where a person is named those with them."""
        mine = [
            each
            for each in self.messages
            if {user.id, person or user.id} <= set(each["dm_conversation_id"].split("-"))
        ]
        size, before = int(query.get("max_results", "100")), query.get("pagination_token", "")
        rows = [each for each in reversed(mine) if not before or int(each["id"]) < int(before)]
        page = rows[:size]
        self.messages_read |= {each["id"] for each in page}
        users = [self.users[each] for each in {row["sender_id"] for row in page}]
        answer: dict[str, Any] = {
            "data": page,
            "includes": {"users": [{"id": u.id, "name": u.name, "username": u.username} for u in users]},
            "meta": {"result_count": len(page)},
        }
        if len(rows) > size:
            answer["meta"]["next_token"] = page[-1]["id"]
        return answer

    def send(self, user: User, body: Any, person: str, **_: Any) -> Any:
        if not isinstance(body.get("text"), str) or not body["text"] or person not in self.users:
            raise Refused(400, "invalid-request", "Invalid Request")
        if person in self.takes_none:
            raise Refused(403, "about:blank", "Forbidden", NOT_TO_THEM)
        number = self.message(user, self.users[person], body["text"])
        self.messages_sent += 1
        if self.stays_silent:
            raise Silent
        talk = "-".join(sorted((user.id, person)))
        return {"data": {"dm_conversation_id": talk, "dm_event_id": number}}

    def new_id(self, days: float) -> str:
        self._last_ms = max(self._last_ms + 1, time.time_ns() // 1_000_000)
        ms = self._last_ms - round(days * 86_400_000)
        return str(((ms - EPOCH_MS) << 22) | next(self.numbers) % 4096)
