"""Accounts and posts of the simulated X, and the times that stand in their ids."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

EPOCH_MS = 1_288_834_974_657
A_LINK = re.compile(r"https?://[^\s)]*[^\s).,;:!?]")


class Refused(Exception):
    def __init__(self, status: int, kind: str, title: str = "", detail: str = "") -> None:
        super().__init__(kind)
        self.status, self.kind, self.title = status, kind, title or kind
        self.detail = detail or self.title


@dataclass(slots=True)
class User:
    id: str
    username: str
    name: str


@dataclass(slots=True)
class Post:
    id: str
    author: User
    text: str
    conversation: str
    answers: str | None = None
    names: set[str] = field(default_factory=set)
    """Ids of the accounts that the post mentions."""
    history: list[str] = field(default_factory=list)
    gone: bool = False


def written_ms(post_id: str) -> int:
    return (int(post_id) >> 22) + EPOCH_MS


def shown_text(text: str) -> str:
    """A message's text as X tells it: with short addresses of its own, and escaped."""
    return html.escape(
        A_LINK.sub(lambda link: f"https://t.co/{hash(link[0]) % 10**10:010d}", text), quote=False
    )


def shown_time(number: str) -> str:
    moment = datetime.fromtimestamp(written_ms(number) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
