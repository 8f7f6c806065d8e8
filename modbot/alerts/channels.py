"""What every kind of channel does, and what a message is. A new kind: one file, one line in `building`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

SECONDS = 10
"""How long a channel may take over one message; a person waits for the next one."""


class ChannelFailed(Exception):
    """A message was not taken, or nobody knows.

    `retry_after`: seconds that the other side asks to wait. `in_doubt`: it may have arrived all the same.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, in_doubt: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.in_doubt = in_doubt


class ChannelRefused(ChannelFailed):
    """It will not be taken before a person mends the settings or the other side."""


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote, for channels that may have it."""

    author: str
    text: str
    severe: str = ""
    """What makes them hard to read, in words; empty when nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    key: str
    """The same for every attempt at this message: receivers that know it drop a second one."""
    subject: str
    lines: tuple[str, ...]
    links: tuple[str, ...] = ()
    """Where several alerts share the message: what each of the first lines links to, or nothing."""
    link: str = ""
    answer: str = ""
    """Where the person on call answers."""
    words: Words | None = None
    urgent: bool = False
    drill: bool = False
    at: datetime


def linked(message: Message) -> list[tuple[str, str]]:
    """Each line with its own link, or nothing."""
    return list(zip_longest(message.lines, message.links, fillvalue=""))


class Channel(ABC):
    """Where messages go. Opened in the running loop, closed at its end."""

    name: str

    @abstractmethod
    async def send(self, message: Message) -> str:
        """What the other side answered, to be kept on record. Raises ChannelFailed."""

    def fits(self, _message: Message) -> bool:
        """Whether all of it can be shown; what several alerts share is sent in parts where it cannot."""
        return True

    @abstractmethod
    async def check(self) -> str:
        """What is known of the other side without sending anything. Raises ChannelFailed."""

    async def close(self) -> None:  # noqa: B027 - most channels hold nothing
        """Let go of connections."""
