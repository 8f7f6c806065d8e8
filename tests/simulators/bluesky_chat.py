"""Private talks on the simulated network, by the lexicons of `chat.bsky`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.simulators.bluesky import Account, Network, Refused, page_of
from tests.simulators.bluesky_names import shown_time

SERVICE = "did:web:api.bsky.chat#bsky_chat"


@dataclass(slots=True)
class Chat:
    network: Network
    allowed: bool = True
    """Whether app passwords give access to messages."""
    talks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    members: dict[str, tuple[Account, Account]] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))
    last: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))

    def clear(self) -> None:
        self.allowed = True
        self.talks.clear()
        self.members.clear()

    def write(self, sender: Account, other: Account, text: str) -> str:
        """Returns talk and message as `talk/message`."""
        talk = "talk-" + "-".join(sorted(each.handle.partition(".")[0] for each in (sender, other)))
        self.members.setdefault(talk, (sender, other))
        self.last += timedelta(seconds=1)
        name = f"3l{next(self.numbers):011d}"
        message = {"id": name, "rev": name, "text": text, "sender": {"did": sender.did}}
        self.talks.setdefault(talk, []).append(message | {"sentAt": shown_time(self.last)})
        return f"{talk}/{name}"

    def delete(self, address: str) -> None:
        talk, _, name = address.partition("/")
        for message in self.talks[talk]:
            if message["id"] == name:
                del message["text"]

    def list_convos(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        me = self._allowed(bearer)
        talks = [self._talk(name) for name, members in self.members.items() if me in members]
        talks.sort(key=lambda talk: str(talk["lastMessage"]["sentAt"]), reverse=True)
        return page_of(talks, query, "convos", lambda talk: str(talk["lastMessage"]["sentAt"]))

    def get_messages(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        me = self._allowed(bearer)
        [talk] = query["convoId"]
        if me not in self.members.get(talk, ()):
            raise Refused(400, "InvalidConvo")
        return page_of(self.talks[talk][::-1], query, "messages", lambda message: str(message["id"]))

    def _talk(self, name: str) -> dict[str, Any]:
        shown = [
            {"did": each.did, "handle": each.handle, "displayName": each.name} for each in self.members[name]
        ]
        return {"id": name, "rev": name, "members": shown, "muted": False, "unreadCount": 0} | {
            "lastMessage": self.talks[name][-1]
        }

    def _allowed(self, bearer: str) -> Account:
        account = self.network.signed_in(bearer)
        if not self.allowed:
            raise Refused(400, "InvalidToken", "Bad token scope")
        return account
