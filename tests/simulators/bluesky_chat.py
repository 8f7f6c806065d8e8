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
    takes_none: set[str] = field(default_factory=set)
    """DIDs of who takes messages of nobody."""
    stays_silent: bool = False
    """What is sent arrives, and the sender is not told so."""
    talks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    members: dict[str, tuple[Account, Account]] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))
    last: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=1))

    def clear(self) -> None:
        """As when it began, but for the names of messages, which go on."""
        self.allowed, self.stays_silent = True, False
        self.takes_none.clear()
        self.talks.clear()
        self.members.clear()
        self.last = datetime.now(UTC) - timedelta(days=1)

    def write(self, sender: Account, other: Account, text: str) -> str:
        """Returns talk and message as `talk/message`."""
        talk = self._begin(sender, other)
        self.last += timedelta(seconds=1)
        return f"{talk}/{self._say(talk, sender, text)['id']}"

    def said(self, talk: str, by: Account) -> list[str]:
        """What one of the two wrote, in order."""
        return [each["text"] for each in self.talks.get(talk, ()) if each["sender"]["did"] == by.did]

    def delete(self, address: str) -> None:
        talk, _, name = address.partition("/")
        for message in self.talks[talk]:
            if message["id"] == name:
                del message["text"]

    def list_convos(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        me = self._allowed(bearer)
        talks = [self._talk(name) for name, members in self.members.items() if me in members]
        talks.sort(key=_newest, reverse=True)
        return page_of(talks, query, "convos", _newest)

    def get_messages(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        me = self._allowed(bearer)
        [talk] = query["convoId"]
        if me not in self.members.get(talk, ()):
            raise Refused(400, "InvalidConvo")
        return page_of(self.talks[talk][::-1], query, "messages", lambda message: str(message["id"]))

    def get_convo_for_members(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        me = self._allowed(bearer)
        [did] = query["members"]
        other = self.network.accounts.get(did)
        if other is None:
            raise Refused(400, "RecipientNotFound")
        self._refuse_unwanted(me, other)
        return {"convo": self._talk(self._begin(me, other))}

    def send_message(self, bearer: str, body: Any, **_: Any) -> Any:
        me = self._allowed(bearer)
        members = self.members.get(body["convoId"], ())
        if me not in members:
            raise Refused(400, "InvalidConvo")
        for other in members:
            if other is not me:
                self._refuse_unwanted(me, other)
        self.last = max(self.last + timedelta(milliseconds=1), datetime.now(UTC))
        message = self._say(body["convoId"], me, body["message"]["text"])
        if self.stays_silent:
            raise Refused(502, "UpstreamFailure")
        return message

    def _refuse_unwanted(self, me: Account, other: Account) -> None:
        if (me.did, other.did) in self.network.blocks:
            raise Refused(400, "BlockedSubject")
        if (other.did, me.did) in self.network.blocks:
            raise Refused(400, "BlockedActor")
        if other.did in self.takes_none:
            raise Refused(400, "MessagesDisabled")

    def _begin(self, one: Account, other: Account) -> str:
        talk = "talk-" + "-".join(sorted(each.handle.partition(".")[0] for each in (one, other)))
        self.members.setdefault(talk, (one, other))
        self.talks.setdefault(talk, [])
        return talk

    def _say(self, talk: str, sender: Account, text: str) -> dict[str, Any]:
        name = f"3l{next(self.numbers):011d}"
        message = {"id": name, "rev": name, "text": text, "sender": {"did": sender.did}}
        self.talks[talk].append(message | {"sentAt": shown_time(self.last)})
        return self.talks[talk][-1]

    def _talk(self, name: str) -> dict[str, Any]:
        shown = [
            {"did": each.did, "handle": each.handle, "displayName": each.name} for each in self.members[name]
        ]
        talk = {"id": name, "rev": name, "members": shown, "muted": False, "unreadCount": 0}
        return talk | ({"lastMessage": self.talks[name][-1]} if self.talks[name] else {})

    def _allowed(self, bearer: str) -> Account:
        account = self.network.signed_in(bearer)
        if not self.allowed:
            raise Refused(400, "InvalidToken", "Bad token scope")
        return account


def _newest(talk: Mapping[str, Any]) -> str:
    """When something was said there last; one in which nothing was said comes at the end."""
    return str(talk.get("lastMessage", {}).get("sentAt", ""))
