"""Flickr: comments on the district's photos in, final deletion out.

Flickr tells which photos changed, and a comment changes its photo; then that photo's comments are listed. An
edit or a deletion is found by listing them again and comparing.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Effect,
    Event,
    Identity,
    NotAuthorised,
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.budget import Period, Quota
from platforms.client import ClientPlatform
from platforms.flickr_comments import (
    A_COMMENT,
    Mark,
    comments_of,
    created,
    differences,
    order,
    title_of,
)
from platforms.flickr_rest import CALLS, FlickrRest, Missing, Native, gone
from platforms.oauth import Consent
from platforms.tokens import Token

SETTLED = 60
"""Seconds after which no further comment can bear the same date as a photo's last change."""
PHOTOS_AT_ONCE = 25


class FlickrSettings(PlatformSettings):
    api_key: str
    api_secret: SecretStr
    oauth_token: SecretStr | None = None
    """With `oauth_token_secret`: where the page is not connected by `modbot connect`."""
    oauth_token_secret: SecretStr | None = None
    api: str = "https://api.flickr.com"
    oauth: str = "https://www.flickr.com/services/oauth"
    hourly_calls: int = Field(3_600, ge=1)
    recheck_minutes: float = Field(60.0, ge=0)
    """A comment is looked for again, edited or deleted, at most this often."""
    timeout: float = Field(20.0, gt=0)
    allow_loopback: bool = False


class Flickr(ClientPlatform[FlickrRest]):
    name = "flickr"
    Settings = FlickrSettings
    settings: FlickrSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.DELETE: Effect(
                reversible=False,
                note="Gone for good, for everybody: Flickr cannot hide a comment and cannot bring one back.",
            ),
        },
        sees_edits="lookup",
        sees_deletions="lookup",
        note="Comments on photos, not on albums. An edit or a deletion is noticed within about an hour.",
        storage_terms="Flickr's terms for its API say what a program may store, and for how long.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._followed: dict[str, tuple[int, float]] = {}
        """Photo → the change up to which its comments were listed, and when."""
        self._listed: dict[str, tuple[int, float]] = {}
        """The same of the last batch, which may not have reached the archive."""
        self._given: str | None = None
        self._looked: dict[str, float] = {}
        self._deleted: set[str] = set()

    @property
    def quota_key(self) -> str:
        return f"Flickr {self.settings.api_key}"

    def quotas(self) -> Sequence[Quota]:
        return (Quota(CALLS, self.settings.hourly_calls, Period.HOUR),)

    async def connect(self) -> FlickrRest:
        settings = self.settings
        self.budget.allow(*self.quotas())
        token, secret = await self._right()
        return FlickrRest(
            settings.api,
            settings.api_key,
            settings.api_secret,
            token,
            secret,
            self.budget,
            settings.timeout,
            allow_loopback=settings.allow_loopback,
        )

    async def identify(self, rest: FlickrRest) -> Identity:
        return await rest.identify()

    def consent(self) -> Consent:
        settings = self.settings
        return Consent(
            client_id=settings.api_key,
            client_secret=settings.api_secret,
            request_url=f"{settings.oauth}/request_token",
            authorize_url=f"{settings.oauth}/authorize",
            token_url=f"{settings.oauth}/access_token",
            scopes=("write",),
            pkce=False,
            extra={"perms": "write"},
            allow_loopback=settings.allow_loopback,
        )

    async def exchanged(self, answer: Mapping[str, Any]) -> Token:
        token, secret = answer.get("oauth_token"), answer.get("oauth_token_secret")
        if not token or not secret:
            raise Unavailable("Flickr answered without a token")
        return Token(access=SecretStr(str(token)), secret=SecretStr(str(secret)), scopes=("write",))

    async def poll(self, cursor: str | None) -> Batch:
        self._followed = {**self._followed, **self._listed} if cursor == self._given else {}
        self._listed = {}
        try:
            batch = await self._changes(Mark.read(cursor))
        except BaseException:
            self._listed = {}
            raise
        self._given = batch.cursor
        return batch

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        by_photo: dict[str, list[str]] = defaultdict(list)
        for comment_id in known:
            if self._is_due_again(comment_id) and (match := A_COMMENT.fullmatch(comment_id)):
                by_photo[match[1]].append(comment_id)
        events: list[Event] = []
        for photo_id, ids in by_photo.items():
            listed = await self.rest.comments(photo_id)
            found = differences({each: known[each] for each in ids}, listed, photo_id)
            changed = {event.id for event in found}
            self._looked |= dict.fromkeys(set(ids) - changed, time.monotonic())
            events += found
        return events

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action not in self.capabilities.actions:
            raise Unsupported(f"Flickr cannot {action} a comment, only delete it for good")
        already = id in self._deleted
        answer = {"answered": "not asked again"} if already else {"answered": await self._delete(id)}
        if await self._is_there(id):
            raise Unavailable("Flickr still lists the comment after deleting it")
        self._deleted.add(id)
        return Receipt(
            action=action,
            id=id,
            visibility=Visibility.GONE,
            already=already,
            at=datetime.now(UTC),
            answer=answer,
        )

    async def _changes(self, mark: Mark) -> Batch:
        photos = await self.rest.changed_photos(mark.floor)
        due, more = self._due(photos)
        new: list[tuple[Native, Event]] = []
        for photo_id in due:
            listed = await self._comments(photo_id, int(photos[photo_id]["lastupdate"]))
            comments = comments_of(listed, photo_id, title_of(photos[photo_id]))
            pairs = zip(listed, comments, strict=True)
            new += [(native, created(comment)) for native, comment in pairs if mark.is_news(native)]
        if not new and not more and mark.complete:
            return Batch((), str(mark))
        changed = max((int(photos[photo_id]["lastupdate"]) for photo_id in due), default=0)
        moved = mark.moved(changed, [native for native, _ in new], complete=not more)
        return Batch([event for _, event in sorted(new, key=order)], str(moved), more=more)

    async def _right(self) -> tuple[SecretStr, SecretStr]:
        token, settings = await self.tokens.get(), self.settings
        if token is not None and token.secret is not None:
            return token.access, token.secret
        if settings.oauth_token is not None and settings.oauth_token_secret is not None:
            return settings.oauth_token, settings.oauth_token_secret
        raise NotAuthorised(f"nobody has connected this page yet: run `modbot connect {self.page}`")

    def _due(self, photos: Mapping[str, Native]) -> tuple[list[str], bool]:
        """Photos whose comments to list now, and whether others wait.

        One that changed a moment ago is listed again: what came in the same second left no other trace.
        """
        order = sorted(photos, key=lambda photo_id: (int(photos[photo_id]["lastupdate"]), photo_id))
        fresh, unsettled = [], []
        for photo_id in order:
            change = int(photos[photo_id]["lastupdate"])
            followed, at = self._followed.get(photo_id, (None, 0.0))
            if followed != change:
                fresh.append(photo_id)
            elif at < change + SETTLED:
                unsettled.append(photo_id)
        due = fresh[:PHOTOS_AT_ONCE]
        return due + unsettled[: PHOTOS_AT_ONCE - len(due)], len(fresh) > PHOTOS_AT_ONCE

    async def _comments(self, photo_id: str, change: int) -> list[Native]:
        at = time.time()
        listed = await self.rest.comments(photo_id)
        self._listed[photo_id] = (change, at)
        return listed or []

    def _is_due_again(self, comment_id: str) -> bool:
        """By comment, not by photo: of a photo with many comments only some are asked about at once."""
        last = self._looked.get(comment_id)
        return last is None or time.monotonic() - last >= self.settings.recheck_minutes * 60

    async def _delete(self, comment_id: str) -> str:
        if not await self._is_there(comment_id):
            raise gone("the comment")
        try:
            return await self.rest.delete(comment_id)
        except Missing:
            return "it was gone a moment before"

    async def _is_there(self, comment_id: str) -> bool:
        match = A_COMMENT.fullmatch(comment_id)
        listed = await self.rest.comments(match[1]) if match else None
        return any(native["id"] == comment_id for native in listed or ())
