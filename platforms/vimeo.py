"""A Vimeo account: comments under all its videos in, final deletion out.

There is no "since" and no date of change. The list of videos tells how many comments each has: those where
that number changed are read, and now and then all, since an answer may not change it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    CommentGone,
    Denied,
    Effect,
    Event,
    EventKind,
    Identity,
    Kind,
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
    text_revision,
)
from platforms.bearer import Bearer, BearerSettings
from platforms.client import ClientPlatform
from platforms.following import Follower
from platforms.looking import Looking
from platforms.oauth import Consent
from platforms.vimeo_rest import ACCEPT, Native, VimeoRest, path_of

SCOPES = ("public", "private", "delete")
BETWEEN = "#"
"""In no cursor of `following`; behind it stand the videos of which comments may be owed."""
NAMED = 5
"""Closed videos that are called by their names; of the others only the number is told."""


class VimeoSettings(BearerSettings):
    rescan_minutes: float = Field(60.0, gt=0)
    """How often the comments of every video are read, not only of those whose number changed."""
    batch_size: int = Field(200, gt=0)
    api: str = "https://api.vimeo.com"
    authorize_url: str = "https://api.vimeo.com/oauth/authorize"
    token_url: str = "https://api.vimeo.com/oauth/access_token"  # noqa: S105 - an address


class Vimeo(ClientPlatform[VimeoRest]):
    name = "vimeo"
    Settings = VimeoSettings
    settings: VimeoSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.DELETE: Effect(
                reversible=False,
                note="Deleted for everybody and for good. Vimeo has no way to hide a comment.",
            )
        },
        sees_edits="lookup",
        sees_deletions="lookup",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._follower = Follower(self.settings.batch_size)
        self._rescan_at = 0.0
        self._videos: dict[str, Native] = {}
        self._deleted: set[str] = set()
        """What this process deleted: Vimeo answers as if it had never been."""
        self._looking = Looking()
        self._closed: set[str] = set()
        """Videos whose comments Vimeo refused to show when they were asked for last."""
        self._owed: frozenset[str] = frozenset()
        """Those of them whose comments were not handed out since, once the last scan is handed out."""

    def consent(self) -> Consent:
        settings = self.settings
        return Consent(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            authorize_url=settings.authorize_url,
            token_url=settings.token_url,
            scopes=SCOPES,
            pkce=False,
            basic=True,
            allow_loopback=settings.allow_loopback,
        )

    async def connect(self) -> VimeoRest:
        bearer = Bearer(self.page, self.tokens, self.consent(), self.settings, {"Accept": ACCEPT})
        return VimeoRest(self.settings.api, bearer, self.budget)

    async def identify(self, rest: VimeoRest) -> Identity:
        return await rest.identify()

    async def poll(self, cursor: str | None) -> Batch:
        # A restart forgets what was listed, and the other videos' marks pass what a closed one holds.
        listed, owed = _read(cursor)
        batch = self._follower.at(listed) or await self._look(owed)
        left = owed if batch.more else self._owed
        return replace(batch, cursor=_written(batch.cursor, left), unreadable=self._unreadable())

    async def _look(self, owed: frozenset[str]) -> Batch:
        left: set[str] = set()
        whole = not self._follower.whole or time.monotonic() >= self._rescan_at
        scan = self._follower.scan()
        async for video in self.rest.videos():
            number, count = _number(video), str(_total(video, "comments"))
            self._videos[number] = video
            is_changed = self._follower.notes.get(str(video["uri"])) != count
            if number in owed or (count != "0" and (whole or is_changed)):
                comments = await self._shown(video)
                if comments is None:
                    left.add(number)
                for comment in comments or ():
                    scan.offer(comment, whatever_its_date=number in owed)
            scan.notes[str(video["uri"])] = count
        if whole:
            self._rescan_at = time.monotonic() + self.settings.rescan_minutes * 60
        self._owed = frozenset(left)
        return self._follower.finish(scan, whole=whole)

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        left = self._looking.left(known)
        for video in dict.fromkeys(_video_of(each) for each in left):
            native = self._videos.get(video) or {"uri": f"/videos/{video}"}
            shown = await self._shown(native)
            listed = {comment.id: comment for comment in shown or ()}
            for each in (each for each in left if _video_of(each) == video):
                # Of what may not be read, nothing is known.
                known_now = shown is not None
                changes = await self._differences(each, left[each], listed.get(each)) if known_now else []
                self._looking.note(each, left[each], changes)
        return self._looking.finish()

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action is not ActionKind.DELETE:
            raise Unsupported(f"Vimeo cannot {action} a comment: it only knows deleting for good")
        video, comment = _parts(id)
        if id in self._deleted:
            return _deleted(id, already=True, answer={"before": "deleted"})
        await self.rest.one(video, comment)
        answer = {"answered": await self.rest.delete(video, comment)}
        self._deleted.add(id)
        try:
            await self.rest.one(video, comment)
        except CommentGone:
            return _deleted(id, already=False, answer=answer | {"read_back": "404"})
        self._deleted.discard(id)
        raise Unavailable(f"comment {id} is still there after it was deleted")

    async def _shown(self, video: Native) -> list[Comment] | None:
        """`_comments`; None where this one video is refused. Raises NotAuthorised where all would be."""
        try:
            found = await self._comments(video)
        except Denied:
            await self.rest.identify()
            self._closed.add(_number(video))
            return None
        self._closed.discard(_number(video))
        return found

    def _unreadable(self) -> str:
        if not self._closed:
            return ""
        names = [str(self._videos.get(each, {}).get("name") or each) for each in sorted(self._closed)]
        named = ", ".join(f"“{name}”" for name in names[:NAMED])
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return (
            f"Vimeo refuses modbot the comments of {named}{more}: look at the video's privacy settings, and "
            "whether the connected account owns it"
        )

    async def _comments(self, video: Native) -> list[Comment]:
        """Every comment of a video with its answers; none if the video is gone."""
        found: list[Comment] = []
        number = _number(video)
        try:
            async for native in self.rest.comments(number):
                top = _comment(native, video)
                found.append(top)
                if _total(native, "replies"):
                    _, comment = path_of(native["uri"])
                    found += [
                        _comment(each, video, parent=top.id)
                        async for each in self.rest.replies(number, comment)
                    ]
        except CommentGone:
            return []
        return found

    async def _differences(self, comment_id: str, revision: str, listed: Comment | None) -> list[Event]:
        """What happened to a comment since its `revision`: nothing or one event."""
        now = datetime.now(UTC)
        try:
            # A list may have shifted while it was read, so one that it lacks is asked for by itself.
            comment = listed or await self._one(comment_id)
        except CommentGone:
            return [Event(kind=EventKind.DELETED, id=comment_id, at=now, detail="404 at Vimeo")]
        except Denied:
            await self.rest.identify()
            return []
        if comment.revision == revision:
            return []
        return [Event(kind=EventKind.EDITED, id=comment_id, comment=comment, at=now)]

    async def _one(self, comment_id: str) -> Comment:
        video, comment = _parts(comment_id)
        return _comment(await self.rest.one(video, comment), self._videos.get(video) or {})


def _comment(native: Native, video: Native, *, parent: str | None = None) -> Comment:
    number, comment = path_of(native["uri"])
    user = native.get("user") or {}
    return Comment(
        id=f"{number}_{comment}",
        revision=text_revision(native["text"]),
        post=number,
        parent=parent,
        kind=Kind.REPLY if parent else Kind.COMMENT,
        author=str(user.get("name") or ""),
        author_id=str(user.get("uri") or "").rpartition("/")[2],
        text=native["text"],
        payload=dict(native),
        created_at=_time(native["created_on"]),
        permalink=str(video.get("link") or f"https://vimeo.com/{number}"),
        post_title=str(video.get("name") or ""),
    )


def _read(cursor: str | None) -> tuple[str | None, frozenset[str]]:
    """The cursor of `following`, and the videos of which comments may be owed."""
    if cursor is None:
        return None, frozenset()
    listed, _, owed = cursor.partition(BETWEEN)
    return listed, frozenset(owed.split())


def _written(listed: str, owed: frozenset[str]) -> str:
    return BETWEEN.join((listed, " ".join(sorted(owed)))) if owed else listed


def _number(video: Native) -> str:
    """Of an address such as /videos/258684937, which may end in the key of a hidden video."""
    return str(video["uri"]).rpartition("/")[2].partition(":")[0]


def _total(native: Native, connection: str) -> int:
    try:
        return int(native["metadata"]["connections"][connection]["total"])
    except (KeyError, TypeError, ValueError):
        return 0


def _parts(comment_id: str) -> tuple[str, str]:
    """An id that is none of Vimeo's must not become another path."""
    video, _, comment = comment_id.partition("_")
    if not all(part.isascii() and part.isdigit() for part in (video, comment)):
        raise CommentGone(f"{comment_id!r} is no comment of Vimeo")
    return video, comment


def _video_of(comment_id: str) -> str:
    return comment_id.partition("_")[0]


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Unavailable("Vimeo gave a comment with an unreadable time") from None


def _deleted(comment_id: str, *, already: bool, answer: Mapping[str, str]) -> Receipt:
    return Receipt(
        action=ActionKind.DELETE,
        id=comment_id,
        visibility=Visibility.GONE,
        already=already,
        at=datetime.now(UTC),
        answer=answer,
    )
