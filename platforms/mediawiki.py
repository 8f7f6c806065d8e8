"""Wikis on MediaWiki 1.35 or later: what people write on talk pages in, hiding and showing it again out.

A comment is what one revision added to a talk page; its id is the revision's. Hiding takes the words out of
the page by an edit and then hides every older revision that holds them, since a wiki refuses to hide the
newest one and keeps all others for everybody to read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr, field_validator

from platforms import mediawiki_filters
from platforms import mediawiki_text as talk
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    Effect,
    Event,
    EventKind,
    Filter,
    Identity,
    Kind,
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
    text_revision,
)
from platforms.client import ClientPlatform
from platforms.mediawiki_rest import MediaWikiRest, Native

OVERLAP = timedelta(seconds=60)
"""Changes of the last minute are listed again: a wiki notes a change a moment after its time."""
TALK = (1, 3, 5, 7, 9, 11, 13, 15)
"""The talk pages of MediaWiki's own namespaces."""


class MediaWikiSettings(PlatformSettings):
    url: str
    """The folder that api.php is in, such as https://wiki.example.org/w."""
    user: str
    """The bot's name with the password's, such as Modbot@moderation."""
    bot_password: SecretStr
    namespaces: tuple[int, ...] = TALK
    allow_loopback: bool = False
    timeout: float = Field(30.0, gt=0)
    """Seconds for each step of a call."""

    @field_validator("user")
    @classmethod
    def _of_a_bot_password(cls, value: str) -> str:
        if not all(value.strip().partition("@")):
            raise ValueError(
                "must be the name of a bot password, such as Modbot@moderation: make one on the wiki under "
                "Special:BotPasswords, and never write a person's own name and password here"
            )
        return value.strip()

    @field_validator("url")
    @classmethod
    def _a_folder(cls, value: str) -> str:
        try:
            url = httpx.URL(value.strip().removesuffix("/api.php"))
        except httpx.InvalidURL:
            raise ValueError("is not a web address") from None
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
            raise ValueError("must be the folder of api.php, such as https://wiki.example.org/w")
        return str(url).rstrip("/")


class MediaWiki(ClientPlatform[MediaWikiRest]):
    name = "mediawiki"
    Settings = MediaWikiSettings
    settings: MediaWikiSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(
                reversible=True,
                note="Taken out of the page, and out of its history for everybody but the wiki's "
                "administrators. Versions of the page in between are hidden along with it; what others wrote "
                "stays on the page.",
            ),
            ActionKind.UNHIDE: Effect(
                reversible=True, note="Put back where it stood, and shown in the history again."
            ),
        },
        sees_deletions="lookup",
        filters=True,
        note="A comment is what one edit adds to a talk page. An edit of it is another comment; edits that "
        "only take words away are none.",
    )

    async def connect(self) -> MediaWikiRest:
        own = self.settings
        return MediaWikiRest(
            own.url, own.user, own.bot_password, own.timeout, allow_loopback=own.allow_loopback
        )

    async def identify(self, rest: MediaWikiRest) -> Identity:
        return await rest.identify()

    async def poll(self, cursor: str | None) -> Batch:
        seen: dict[int, str] = dict(json.loads(cursor or "[]"))
        start = _iso(_time(max(seen.values())) - OVERLAP) if seen else None
        goes_on: Native = {}
        while True:
            answer = await self.rest.changes(self.settings.namespaces, start, goes_on)
            rows = answer.get("query", {}).get("recentchanges", ())
            goes_on = answer.get("continue", {})
            fresh = [row for row in rows if row["rcid"] not in seen]
            if fresh or not goes_on:
                break
        if not fresh:
            return Batch((), cursor or "[]")
        seen |= {row["rcid"]: row["timestamp"] for row in fresh}
        edge = _iso(_time(max(seen.values())) - OVERLAP)
        kept = sorted([number, at] for number, at in seen.items() if at >= edge)
        return Batch(await self._events(fresh), json.dumps(kept, separators=(",", ":")), more=bool(goes_on))

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        ids = [int(each) for each in known if each.isdigit()]
        texts = await self.rest.revisions(ids)
        parents = await self.rest.revisions([texts[each]["parentid"] for each in texts])
        pages = await self.rest.current(sorted({each["page"]["pageid"] for each in texts.values()}))
        events: list[Event] = []
        for number in ids:
            native, was = texts.get(number), known[str(number)]
            events += await self._difference(number, was, native, parents, pages)
        return events

    async def filters(self) -> Sequence[Filter]:
        return await mediawiki_filters.read(self.rest)

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action not in self.capabilities.actions:
            raise Unsupported(f"a wiki cannot {action} what one edit added")
        native = await self.rest.one(id)
        words = await self._words(native)
        history = await self.rest.history(native["page"]["pageid"], since=native["revid"])
        if action is ActionKind.HIDE:
            answer = await self._hide(native, words, history)
        else:
            answer = await self._show(native, words, history)
        readable, page = await self.rest.seen_by_readers(native["revid"], native["page"]["pageid"])
        stands = talk.stands_in(page, words)
        if action is ActionKind.HIDE and (readable or stands):
            raise Unavailable(f"revision {id} is still given to readers after it was hidden")
        if action is ActionKind.UNHIDE and not stands:
            raise Unavailable(f"the words of revision {id} are not on the page after it was shown again")
        return Receipt(
            action=action,
            id=id,
            visibility=Visibility.VISIBLE if stands else Visibility.HIDDEN,
            already=not any(answer.values()),
            at=datetime.now(UTC),
            answer=answer | {"readers_see_the_revision": readable, "stands_on_the_page": stands},
        )

    async def _hide(self, native: Native, words: str, history: Sequence[Native]) -> dict[str, Any]:
        edited, current = False, history[-1]
        if talk.stands_in(_text(current), words):
            rest = talk.without(_text(current), words)
            if rest is None:
                raise Unsupported("the words were changed since and cannot be taken out: do it there by hand")
            summary = _summary(native["revid"], hidden=True)
            await self.rest.edit(native["page"]["pageid"], rest, based_on=current, summary=summary)
            edited = True
        holding = [each["revid"] for each in history if talk.stands_in(_text(each), words)]
        shown = [each["revid"] for each in history if each["revid"] in holding and not _is_hidden(each)]
        await self._set_hidden(native, shown, hidden=True)
        return {"taken_out": edited, "revisions_hidden": shown}

    async def _show(self, native: Native, words: str, history: Sequence[Native]) -> dict[str, Any]:
        others = await self._hidden_words(history, besides=native["revid"])
        hidden = [
            each["revid"]
            for each in history
            if _is_hidden(each)
            and talk.stands_in(_text(each), words)
            and not any(talk.stands_in(_text(each), other) for other in others)
        ]
        await self._set_hidden(native, hidden, hidden=False)
        current = history[-1]
        if talk.stands_in(_text(current), words):
            return {"put_back": False, "revisions_shown": hidden}
        before = _before_hiding(history, native["revid"], self.rest.account)
        text = None if before is None else talk.with_again(_text(current), before, words)
        if text is None:
            raise Unsupported("its place on the page is not there any more: put it back there by hand")
        summary = _summary(native["revid"], hidden=False)
        await self.rest.edit(native["page"]["pageid"], text, based_on=current, summary=summary)
        return {"put_back": True, "revisions_shown": hidden}

    async def _set_hidden(self, native: Native, ids: Sequence[int], *, hidden: bool) -> None:
        if ids:
            reason = _summary(native["revid"], hidden=hidden)
            refused = await self.rest.set_hidden(native["page"]["title"], ids, hidden=hidden, reason=reason)
            if refused:
                raise Unavailable(
                    f"the wiki did not change every revision: {', '.join(sorted(set(refused)))}"
                )

    async def _hidden_words(self, history: Sequence[Native], *, besides: int) -> list[str]:
        """What else is hidden in these revisions, which showing them must not bring to light."""
        state: dict[int, bool] = {}
        for each in history:
            if each.get("user") == self.rest.account:
                state |= _told(each.get("comment", ""))
        others = await self.rest.revisions([n for n, hidden in state.items() if hidden and n != besides])
        return [await self._words(each) for each in others.values()]

    async def _difference(
        self,
        number: int,
        was: str,
        native: Native | None,
        parents: Mapping[int, Native],
        pages: Mapping[int, Native],
    ) -> list[Event]:
        now = datetime.now(UTC)
        if native is None:
            return [Event(kind=EventKind.DELETED, id=str(number), at=now, detail="its page was deleted")]
        words = talk.added(_text(parents.get(native["parentid"], {})), _text(native))
        if talk.stands_in(_text(pages.get(native["page"]["pageid"], {})), words):
            if was:
                return []
            comment = self._comment({**native, "title": native["page"]["title"]}, words, None)
            return [Event(kind=EventKind.EDITED, id=comment.id, comment=comment, at=now)]
        history = await self.rest.history(native["page"]["pageid"], rvuser=self.rest.account)
        told = [_told(each.get("comment", "")) for each in reversed(history)]
        if {number: hidden for each in told for number, hidden in each.items()}.get(number):
            return []
        detail = "its words are no longer on the page"
        return [Event(kind=EventKind.DELETED, id=str(number), at=now, detail=detail)]

    async def _events(self, rows: Sequence[Native]) -> list[Event]:
        texts = await self.rest.revisions(
            [row[key] for row in rows for key in ("revid", "old_revid") if row[key]]
        )
        events = []
        for row in rows:
            native = texts.get(row["revid"], {})
            words = talk.added(_text(texts.get(row["old_revid"], {})), _text(native))
            if not words:
                continue
            line = talk.answered_line(_text(native), words)
            parent = await self._origin(row, line) if line else None
            about = {**native, **row, "pageid": row["pageid"]}
            comment = self._comment(about, words, parent, reply=line is not None)
            events.append(
                Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)
            )
        return events

    async def _origin(self, row: Native, line: str) -> str | None:
        """The revision that brought the line onto the page; None if that is long ago."""
        earlier = await self.rest.before(row["pageid"], row["old_revid"])
        holding = [each for each in earlier if line in _text(each).split("\n")]
        first = min(holding, key=lambda each: int(each["revid"]), default=None)
        if first is None or (first["revid"] == earlier[-1]["revid"] and first["parentid"]):
            return None
        return str(first["revid"])

    async def _words(self, native: Native) -> str:
        parent = await self.rest.revisions([native["parentid"]]) if native["parentid"] else {}
        return talk.added(_text(parent.get(native["parentid"], {})), _text(native))

    def _comment(self, native: Native, words: str, parent: str | None, *, reply: bool = False) -> Comment:
        page = native.get("page", native)
        user_id = native.get("userid")
        payload = {key: value for key, value in native.items() if key not in ("slots", "page")}
        return Comment(
            id=str(native["revid"]),
            revision=text_revision(words),
            post=str(page["pageid"]),
            parent=parent,
            kind=Kind.REPLY if parent or reply else Kind.COMMENT,
            author=str(native.get("user", "")),
            author_id=str(user_id) if user_id else "",
            text=words,
            payload=payload,
            created_at=_time(native["timestamp"]),
            permalink=f"{self.settings.url}/index.php?diff={native['revid']}",
            post_title=str(native.get("title", "")),
            visible=not _is_hidden(native),
        )


def _before_hiding(history: Sequence[Native], number: int, account: str) -> str | None:
    """The page as it was when we took those words out the last time."""
    for before, after in reversed(list(pairwise(history))):
        if after.get("user") == account and _told(after.get("comment", "")).get(number):
            return _text(before)
    return None


def _summary(number: int, *, hidden: bool) -> str:
    return f"Comment policy: the words of revision {number} are {'hidden' if hidden else 'shown again'}"


def _told(comment: str) -> dict[int, bool]:
    """What one of our edit summaries says: revision → whether it is hidden. Empty for any other."""
    for hidden in (True, False):
        head, _, tail = _summary(0, hidden=hidden).partition("0")
        number = comment.removeprefix(head).removesuffix(tail)
        if comment.startswith(head) and comment.endswith(tail) and number.isdigit():
            return {int(number): hidden}
    return {}


def _text(native: Native) -> str:
    """Empty where there is none, or none that we may read."""
    content: str = native.get("slots", {}).get("main", {}).get("content", "")
    return content


def _is_hidden(native: Native) -> bool:
    return bool(native.get("slots", {}).get("main", {}).get("texthidden"))


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
