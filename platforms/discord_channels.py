"""The channels and threads of a Discord server: where there is something to read, and what is closed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace

from platforms.base import CommentGone, Denied, RateLimited
from platforms.discord_closed import Closed, named
from platforms.discord_messages import Place
from platforms.discord_rest import DiscordRest, Native
from platforms.discord_threads import PrivateThreads, PutAway

TEXT, PRIVATE_THREAD = 0, 12
"""Only text channels have private threads."""
WITH_MESSAGES = (TEXT, 2, 5, 13)
"""Text, voice, announcement and stage channels."""
FORUMS = (15, 16)
"""Their messages all stand in threads."""
WITH_THREADS = (TEXT, 5, *FORUMS)
NEWEST = str(2**63 - 1)
"""For the last message of a channel, where nobody tells it: greater than every number."""
OF_PRIVATE = "private/"
"""Before a channel's number, in a mark: what is said is of its private threads."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far each channel was read, and how many of this process's gateway events were handed out."""

    read: Mapping[str, str]
    life: str = ""
    handed: int = 0
    away: Mapping[str, str] = field(default_factory=dict)
    """By channel: when the newest of its threads was put away that are read, as Discord writes it.

    Of private threads only where the bot is shown all of them; empty: there was none."""
    private: Sequence[str] = ()
    """The channels of everybody who wrote to the bot in private."""

    @classmethod
    def of(cls, cursor: str | None) -> Mark:
        return cls(**json.loads(cursor)) if cursor else cls({})

    def __str__(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


class Channels:
    """`wanted`: the numbers of those to read; empty: all. `private`: also what people write to the bot."""

    def __init__(
        self, server: str, wanted: Sequence[str], *, private: bool, private_threads: bool = True
    ) -> None:
        self._server = server
        self._wanted = wanted
        self._with_private = private
        self._with_private_threads = private_threads
        self._known: dict[str, Native] = {}
        """Every channel and thread that was listed, by its number."""
        self._told: dict[str, str] = {}
        """Of each channel the last message that Discord named when there was nothing more to read."""
        self._private: dict[str, str] = {}
        """Of each private channel the last message that we know of."""
        self._put_away = PutAway()
        self._private_threads = PrivateThreads()
        self.closed = Closed()

    async def news(self, rest: DiscordRest, mark: Mark) -> list[Native]:
        """Channels and threads in which something was written since we last looked."""
        listed = [*await rest.channels(self._server), *await rest.threads(self._server)]
        self._known |= {each["id"]: each for each in listed}
        await self._look_for_threads(rest, listed, mark)
        away = {**self._private_threads.waiting, **self._put_away.waiting}
        self._known |= away
        # One that was taken up again is in both lists.
        found = {each["id"]: each for each in [*away.values(), *listed]}
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
            if channel["type"] not in WITH_THREADS or not self._is_watched(channel):
                continue
            if self._put_away.is_due(number) or number in due:
                await self._look_for_public(rest, channel, mark)
            if channel["type"] == TEXT and self._with_private_threads:
                with suppress(RateLimited):
                    await self._private_threads.look(rest, number, mark.away.get(f"{OF_PRIVATE}{number}"))

    async def _look_for_public(self, rest: DiscordRest, channel: Native, mark: Mark) -> None:
        number, is_forum = channel["id"], channel["type"] in FORUMS
        try:
            await self._put_away.look(rest.archived_threads, number, mark.away.get(number, ""))
        except RateLimited:
            return
        except (Denied, CommentGone) as error:
            self._put_away.put_off(number)
            # Of other channels their own messages tell.
            if is_forum and isinstance(error, Denied) and self._was_open(number, mark):
                self.closed.note(number)
            return
        if is_forum:
            self.closed.opened(number)

    def _private_channels(self, mark: Mark) -> list[Native]:
        if not self._with_private:
            return []
        self._private = dict.fromkeys(mark.private, NEWEST) | self._private
        return [{"id": each, "last_message_id": last} for each, last in self._private.items()]

    def _is_watched(self, channel: Native) -> bool:
        if channel.get("type") == PRIVATE_THREAD and not self._with_private_threads:
            return False
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
            self._private_threads.is_read(number)
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
        away = {channel: at for channel, at in self._put_away.read_to().items() if at}
        away |= {f"{OF_PRIVATE}{channel}": at for channel, at in self._private_threads.read_to().items()}
        return replace(mark, read=read, away={**mark.away, **away}, private=private)

    def refused(self, channel: str) -> None:
        """A message of it that is archived could not be looked up."""
        if self.watches(channel):
            self.closed.note(channel)

    def unreadable(self) -> str:
        told = [self.closed.in_words({each: self._name(each) for each in self.closed})]
        # Where the channel itself is closed, that is enough to tell.
        if shut := [each for each in self._private_threads.closed if each not in self.closed]:
            told.append(
                "Discord no longer shows modbot the private threads that were put away in "
                f"{named(shut, {each: self._name(each) for each in shut})}: give the bot's role Manage "
                "Threads there, or set private_threads = false in this page's settings"
            )
        return "; ".join(filter(None, told))

    def wrote_in_private(self, channel: str, message: str) -> None:
        self._private[channel] = message

    def begin_session(self) -> None:
        """The gateway does not tell what was written before: private channels are asked once more."""
        self._private = dict.fromkeys(self._private, NEWEST)
        self._told = {each: last for each, last in self._told.items() if each not in self._private}
