"""Private messages to a Bluesky account: kept by a service of their own, asked for at the account's host."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from platforms.backlog import Item
from platforms.base import Comment, Event, EventKind, Kind, text_revision
from platforms.bluesky_posts import Native, name_of, time_of
from platforms.bluesky_rest import BlueskyRest

MESSAGE = "message:"
"""Before the talk's and the message's own names."""
A_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
CLOCKS = timedelta(minutes=5)
"""By how much Bluesky's clock and ours may differ."""
MOST = 100
"""Messages that are listed at once."""


async def messages(rest: BlueskyRest, floor: int, size: int) -> list[Item]:
    """What others wrote to the account above `floor`, in milliseconds; 0: all that there is."""
    items: list[Item] = []
    cursor: str | None = None
    while True:
        talks, cursor = await rest.talks(cursor, size)
        # Listed by their newest message; one in which nothing was said yet has none.
        begun = [talk for talk in talks if talk.get("lastMessage")]
        moved = [talk for talk in begun if _ms(talk["lastMessage"]) > floor]
        for talk in moved:
            items += await _of_talk(rest, talk, floor, size)
        if cursor is None or len(moved) < len(begun):
            return items


async def _of_talk(rest: BlueskyRest, talk: Native, floor: int, size: int) -> list[Item]:
    names = {str(each.get("did")): name_of(each) for each in talk.get("members") or ()}
    items: list[Item] = []
    cursor: str | None = None
    while True:
        listed, cursor = await rest.messages(str(talk["id"]), cursor, size)
        said = [each for each in listed if _is_said(each)]
        news = [each for each in said if _ms(each) > floor]
        items += [_item(each, str(talk["id"]), names) for each in news if _sender(each) != rest.did]
        if cursor is None or len(news) < len(said):
            return items


async def send(rest: BlueskyRest, person: str, text: str) -> None:
    """To them alone, also where they wrote into a talk of more. Raises Unsupported where they take none."""
    await rest.write(await rest.talk_with(person), text)


async def was_sent(rest: BlueskyRest, person: str, text: str, since: datetime) -> bool:
    """Whether the account has written this text to them since then."""
    talk, oldest = await rest.talk_with(person), since - CLOCKS
    cursor: str | None = None
    while True:
        listed, cursor = await rest.messages(talk, cursor, MOST)
        said = [each for each in listed if _is_said(each)]
        news = [each for each in said if time_of(each.get("sentAt")) >= oldest]
        if any(_sender(each) == rest.did and each["text"].split() == text.split() for each in news):
            return True
        if cursor is None or len(news) < len(said):
            return False


def _is_said(native: Native) -> bool:
    """Deleted messages have no text, and what the service itself notes has no sender."""
    return isinstance(native.get("text"), str) and bool(_sender(native))


def _item(native: Native, talk: str, names: Mapping[str, str]) -> Item:
    sender, text = _sender(native), str(native["text"])
    comment = Comment(
        id=f"{MESSAGE}{talk}/{native['id']}",
        revision=text_revision(text),
        post=f"messages/{talk}",
        kind=Kind.DIRECT_MESSAGE,
        author=names.get(sender, ""),
        author_id=sender,
        text=text,
        payload=dict(native),
        created_at=time_of(native.get("sentAt")),
    )
    event = Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)
    return Item(_ms(native), comment.id, event)


def _sender(native: Native) -> str:
    sender = native.get("sender")
    return str(sender.get("did", "")) if isinstance(sender, dict) else ""


def _ms(native: Native) -> int:
    return round(time_of(native.get("sentAt")).timestamp() * 1000)
