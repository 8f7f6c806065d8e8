"""The channels and threads of a Discord server: where there is something to read, and what is closed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from platforms.base import CommentGone, Denied, RateLimited
from platforms.discord_closed import Closed
from platforms.discord_messages import Place
from platforms.discord_rest import DiscordRest, Native
from platforms.discord_threads import PutAway

WITH_MESSAGES = (0, 2, 5, 13)
"""Text, voice, announcement and stage channels."""
FORUMS = (15, 16)
"""Their messages all stand in threads."""
WITH_THREADS = (0, 5, *FORUMS)
NEWEST = str(2**63 - 1)
"""For the last message of a channel, where nobody tells it: greater than every number."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far each channel was read, and how many of this process's gateway events were handed out."""

    read: Mapping[str, str]
    life: str = ""
    handed: int = 0
    away: Mapping[str, str] = field(default_factory=dict)
    """By channel: when the newest of its threads was put away that are read, as Discord writes it."""
    private: Sequence[str] = ()
    """The channels of everybody who wrote to the bot in private."""

    @classmethod
    def of(cls, cursor: str | None) -> Mark:
        return cls(**json.loads(cursor)) if cursor else cls({})

    def __str__(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


class Channels:
    """`wanted`: the numbers of those to read; empty: all. `private`: also what people write to the bot."""

    def __init__(self, server: str, wanted: Sequence[str], *, private: bool) -> None:
        self._server = server
        self._wanted = wanted
        self._with_private = private
        self._known: dict[str, Native] = {}
        """Every channel and thread that was listed, by its number."""
        self._told: dict[str, str] = {}
        """Of each channel the last message that Discord named when there was nothing more to read."""
        self._private: dict[str, str] = {}
        """Of each private channel the last message that we know of."""
        self._put_away = PutAway()
        self.closed = Closed()

    async def news(self, rest: DiscordRest, mark: Mark) -> list[Native]:
        """Channels and threads in which something was written since we last looked."""
        listed = [*await rest.channels(self._server), *await rest.threads(self._server)]
        self._known |= {each["id"]: each for each in listed}
        await self._look_for_threads(rest, listed, mark)
        self._known |= self._put_away.waiting
        # One that was taken up again is in both lists.
        found = {each["id"]: each for each in [*self._put_away.waiting.values(), *listed]}
        wanted = [
            each
            for each in found.values()
            if (each["type"] in WITH_MESSAGES or "thread_metadata" in each)
            and self._is_watched(each)
            and each.get("last_message_id")
        ]
        again = [
            {"id": each, "last_message_id": NEWEST}
            for each in self.closed.due()
            if self._known.get(each, {}).get("type") not in FORUMS
        ]
        return again + [
            each
            for each in [*wanted, *self._private_channels(mark)]
            if each["last_message_id"] != self._told.get(each["id"]) and each["id"] not in self.closed
        ]

    async def _look_for_threads(self, rest: DiscordRest, listed: Sequence[Native], mark: Mark) -> None:
        """Threads that were put away, perhaps before we read their last messages."""
        due = self.closed.due()
        for channel in listed:
            number = channel["id"]
            wanted = channel["type"] in WITH_THREADS and self._is_watched(channel)
            if not wanted or not (self._put_away.is_due(number) or number in due):
                continue
            try:
                await self._put_away.look(rest, number, mark.away.get(number, ""))
            except RateLimited:
                continue
            except (Denied, CommentGone) as error:
                self._put_away.put_off(number)
                refused = isinstance(error, Denied) and self._was_open(number, mark)
                # Of other channels their own messages tell.
                if refused and channel["type"] in FORUMS:
                    self.closed.note(number)
                continue
            if channel["type"] in FORUMS:
                self.closed.opened(number)

    def _private_channels(self, mark: Mark) -> list[Native]:
        if not self._with_private:
            return []
        self._private = dict.fromkeys(mark.private, NEWEST) | self._private
        return [{"id": each, "last_message_id": last} for each, last in self._private.items()]

    def _is_watched(self, channel: Native) -> bool:
        wanted = self._wanted
        return not wanted or channel["id"] in wanted or channel.get("parent_id") in wanted

    def watches(self, channel: str) -> bool:
        return self._is_watched(self._known.get(channel, {"id": channel}))

    def _was_open(self, channel: str, mark: Mark) -> bool:
        """Channels that the bot was never meant to see stand in the list of all, too."""
        return channel in mark.read or channel in mark.away or channel in self._wanted

    async def new(self, rest: DiscordRest, channel: Native, mark: Mark) -> Sequence[Native]:
        """At most a hundred messages of one of `news`, the oldest first."""
        number, last = channel["id"], channel["last_message_id"]
        after = mark.read.get(number, "0")
        found: Sequence[Native] = ()
        if int(last) > int(after):
            try:
                found = await rest.messages(number, after)
            except Denied:
                self._told[number] = last
                if self._was_open(number, mark):
                    self.closed.note(number)
                return ()
            except CommentGone:
                pass
            self.closed.opened(number)
        if not found:
            self._told[number] = last
            self._put_away.is_read(number)
        return found

    def place(self, channel: str, *, private: bool | None = None) -> Place:
        """`private`: None where it shows from whether somebody wrote to the bot there."""
        alone = channel in self._private if private is None else private
        return Place(self._server, channel, self._name(channel), alone)

    def _name(self, channel: str) -> str:
        return str(self._known.get(channel, {}).get("name") or "")

    def after(self, mark: Mark, read: Mapping[str, str]) -> Mark:
        """The mark when `read` is archived as well."""
        private = sorted({*mark.private, *self._private})
        return replace(mark, read=read, away={**mark.away, **self._put_away.read_to()}, private=private)

    def refused(self, channel: str) -> None:
        """A message of it that is archived could not be looked up."""
        if self.watches(channel):
            self.closed.note(channel)

    def unreadable(self) -> str:
        return self.closed.in_words({each: self._name(each) for each in self.closed})

    def wrote_in_private(self, channel: str, message: str) -> None:
        self._private[channel] = message

    def begin_session(self) -> None:
        """The gateway does not tell what was written before: private channels are asked once more."""
        self._private = dict.fromkeys(self._private, NEWEST)
        self._told = {each: last for each, last in self._told.items() if each not in self._private}
