"""A YouTube channel: comments under all its videos in, hold, publish and reject out.

YouTube lists threads newest first and knows no "since". An answer does not move its thread up, so all recent
threads are listed again now and then, and their answers read where their number or the newest ones changed.
All the others are walked through once a day, a page at a time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import Field

from platforms import youtube_walk
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    CommentGone,
    Effect,
    Event,
    EventKind,
    Identity,
    NotAuthorised,
    PlatformSettings,
    Receipt,
    Unavailable,
)
from platforms.bearer import Bearer, BearerSettings
from platforms.budget import Period, Quota
from platforms.client import ClientPlatform
from platforms.following import Follower, Scan, titled
from platforms.oauth import Consent
from platforms.youtube_actions import ASKED, REACHED, UNLISTED, batched, checked, is_id, receipt, status_in
from platforms.youtube_comments import HELD, PUBLISHED, REJECTED, SPAM, comment_of, status_of, time_of
from platforms.youtube_rest import BATCH, UNITS, Native, PageEnded, Refused, YouTubeRest
from platforms.youtube_walk import Walk, Walker

SCOPE = "https://www.googleapis.com/auth/youtube.force-ssl"
LISTED = (PUBLISHED, HELD, SPAM)
"""What YouTube lists; what was rejected is in no list."""


class YouTubeSettings(BearerSettings):
    channel: str = Field(pattern=r"^UC[\w-]{22}$")
    """The channel's id, shown by YouTube Studio under Settings, Channel, Advanced settings."""
    units_per_day: int = Field(10_000, gt=0)
    """The quota of the district's Google Cloud project."""
    rescan_minutes: float = Field(15.0, gt=0)
    """How often recent threads are listed again for new answers."""
    rescan_threads: int = Field(500, ge=100)
    """How many of them; every hundred cost a unit."""
    walk_hours: float = Field(24.0, gt=0)
    """How often all threads are gone through for answers that came late; every hundred cost a unit."""
    batch_size: int = Field(200, gt=0)
    api: str = "https://youtube.googleapis.com"
    authorize_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


class YouTube(ClientPlatform[YouTubeRest]):
    name = "youtube"
    at_once = BATCH
    Settings = YouTubeSettings
    settings: YouTubeSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(
                reversible=True,
                note="Held for review: only the channel's staff see it, in YouTube Studio; its author may "
                "still see it. While it is held, the answers to it may be out of sight too.",
            ),
            ActionKind.UNHIDE: Effect(reversible=True, note="Published: everybody sees it."),
            ActionKind.DELETE: Effect(
                reversible=False,
                note="Rejected: nobody sees it, and all answers to it vanish with it. YouTube cannot bring a "
                "rejected comment back.",
            ),
        },
        sees_edits="lookup",
        sees_deletions="lookup",
        note="Comments that YouTube holds back or takes for spam are captured too; live chat and comments "
        "on posts of the Community tab are not, since YouTube gives no access. A new answer under one of the "
        "newest 500 comments is seen within a quarter of an hour; under an older one it may take a day, and "
        "longer where a channel has more than a hundred thousand comments.",
        storage_terms="YouTube's developer policies (III.E.4) want a program to ask anew for data about "
        "other people, or to delete it, after 30 days.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._follower = Follower(self.settings.batch_size)
        self._titles: dict[str, str] = {}
        self._rescan_at = 0.0
        self._walker = Walker(self.settings.walk_hours, self.settings.units_per_day)
        self._walked = Walk()
        """How far the walk is once everything was handed out that was found up to there."""
        self._rejected: set[str] = set()
        """What this process rejected: YouTube answers as if it had never been."""

    def consent(self) -> Consent:
        settings = self.settings
        return Consent(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            authorize_url=settings.authorize_url,
            token_url=settings.token_url,
            scopes=(SCOPE,),
            # Without both Google gives no refresh token, or only the first time.
            extra={"access_type": "offline", "prompt": "consent"},
            why_no_device="Google gives such codes for watching and uploading, not for moderating comments",
            allow_loopback=settings.allow_loopback,
        )

    @property
    def quota_key(self) -> str:
        """Google counts by project, whose number the client's id begins with."""
        project = self.settings.client_id.partition("-")[0]
        return f"Google {project}" if project else ""

    def quotas(self) -> Sequence[Quota]:
        units = self.settings.units_per_day
        return (Quota(UNITS, units, Period.DAY, timezone="America/Los_Angeles"),)

    async def connect(self) -> YouTubeRest:
        settings = self.settings
        self.budget.allow(*self.quotas())
        bearer = Bearer(self.page, self.tokens, self.consent(), settings, {"Accept": "application/json"})
        return YouTubeRest(settings.api, bearer, self.budget)

    async def identify(self, rest: YouTubeRest) -> Identity:
        self._walker.wait(1)
        return await rest.identify(self.settings.channel)

    async def poll(self, cursor: str | None) -> Batch:
        listed, walk = youtube_walk.read(cursor)
        batch = self._follower.at(listed)
        if batch is None:
            batch = await self._look(walk)
        return replace(batch, cursor=youtube_walk.written(batch.cursor, walk if batch.more else self._walked))

    async def _look(self, walk: Walk) -> Batch:
        whole = not self._follower.whole or time.monotonic() >= self._rescan_at
        scan = self._follower.scan()
        for status in LISTED:
            await self._list(scan, status, whole=whole)
        walked = await self._walk_on(scan, walk)
        await self._name_videos({comment.post for comment in scan.fresh})
        scan.fresh = titled(scan.fresh, self._titles)
        if whole:
            self._rescan_at = time.monotonic() + self.settings.rescan_minutes * 60
        self._walked = walked
        return self._follower.finish(scan, whole=whole)

    async def _list(self, scan: Scan, status: str, *, whole: bool) -> None:
        """Offer the threads of one list: all new ones, and when `whole` also the recent ones."""
        count = 0
        async for thread in self.rest.threads(self._channel, status):
            count += 1
            top = await self._offer(scan, thread, status)
            # Held answers stand under old threads, so those lists, which people keep short, are read whole.
            enough = not whole or (status == PUBLISHED and count >= self.settings.rescan_threads)
            if enough and scan.reaches(top.created_at):
                return

    async def _walk_on(self, scan: Scan, walk: Walk) -> Walk:
        """Offer one page more of all published threads, where it is time and the day's units will do."""
        # What this process did not list in full yet is told by dates, and late answers may have old ones.
        if not scan.whole_before or not self._walker.may_go_on(walk, self.budget):
            return walk
        before = self.rest.spent
        try:
            threads, token = await self.rest.some_threads(self._channel, PUBLISHED, walk.token)
            for thread in threads:
                await self._offer(scan, thread, PUBLISHED)
        except PageEnded:
            return Walk()
        finally:
            self._walker.wait(self.rest.spent - before)
        return walk.on(token, youtube_walk.now())

    async def _offer(self, scan: Scan, thread: Native, status: str) -> Comment:
        top = comment_of(thread["snippet"]["topLevelComment"], status)
        scan.offer(top)
        for native in await self._answers(scan, thread, status):
            scan.offer(comment_of(native, PUBLISHED, video=top.post))
        return top

    async def _answers(self, scan: Scan, thread: Native, status: str) -> Sequence[Native]:
        """The answers to a thread where something about them changed since they were read last."""
        total = int(thread["snippet"].get("totalReplyCount") or 0)
        shown = (thread.get("replies") or {}).get("comments") or []
        key, now = f"{status} {thread['id']}", f"{total} {sorted(native['id'] for native in shown)}"
        if (not total and not shown) or self._follower.notes.get(key) == now:
            return ()
        answers = shown if len(shown) >= total else [*await self.rest.replies(thread["id"]), *shown]
        scan.notes[key] = now
        return answers

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        ids = list(known)
        found: dict[str, Native] = {}
        for start in range(0, len(ids), BATCH):
            found |= await self.rest.by_id(ids[start : start + BATCH])
        if any(known[each] for each in ids if each not in found):
            # What is held may be in its list alone. One that was gone before is asked for by no revision.
            found = await self._held() | found
        changed = [each for each in ids if _changed(found.get(each), known[each])]
        videos = await self._videos([found[each] for each in changed if each in found])
        return [self._event(each, found.get(each), videos) for each in changed]

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action is ActionKind.DELETE and id in self._rejected:
            return receipt(action, id, REJECTED, already=True, answer={"before": REJECTED})
        before = await self._status(await self._one(id))
        answer = {"before": before}
        # In no list is not yet rejected: a held comment may be in none either.
        already = before in REACHED[action] and (action, before) != (ActionKind.DELETE, UNLISTED)
        if already:
            return receipt(action, id, before, already=True, answer=answer)
        answer["answered"] = await self._ask(action, id)
        if action is ActionKind.DELETE:
            self._rejected.add(id)
        after = answer["read_back"] = await self._status_after(action, id)
        if after not in REACHED[action]:
            self._rejected.discard(id)
            raise Unavailable(f"comment {id} is {after!r} after {action}")
        return receipt(action, id, after, already=False, answer=answer)

    async def act_on(self, action: ActionKind, ids: Sequence[str]) -> Sequence[Receipt | Exception]:
        """By one call, which costs as much as for one; what cannot be brought back, each by itself."""
        if len(ids) == 1 or action is ActionKind.DELETE:
            return await super().act_on(action, ids)
        before = await self._statuses(ids)
        asked = [each for each, status in before.items() if status not in REACHED[action]]
        answered = ""
        if asked:
            try:
                answered = await self.rest.set_status(asked, ASKED[action])
            except Refused:
                # One of them is the reason, and YouTube does not say which.
                return await super().act_on(action, ids)
        after = await self._statuses(asked)
        return [batched(action, each, before.get(each), after.get(each), answered) for each in ids]

    async def _statuses(self, ids: Sequence[str]) -> dict[str, str]:
        """Of those that are still on YouTube."""
        named = [each for each in ids if is_id(each)]
        if not named:
            return {}
        held = await self._held()
        found = await self.rest.by_id(named) | {each: held[each] for each in named if each in held}
        return {each: await self._status(native, held) for each, native in found.items()}

    async def _ask(self, action: ActionKind, comment_id: str) -> str:
        try:
            return await self.rest.set_status([comment_id], ASKED[action])
        except Refused as refusal:
            # Raises CommentGone where that was the reason.
            await self._one(comment_id)
            if refusal.reason in {"forbidden", "insufficientPermissions"}:
                raise NotAuthorised(
                    f"YouTube refuses to {action} comment {comment_id} ({refusal}): was the page connected "
                    "as the channel's owner?"
                ) from None
            raise Unavailable(f"YouTube does not {action} comment {comment_id} now ({refusal})") from None

    async def _status_after(self, action: ActionKind, comment_id: str) -> str:
        try:
            return await self._status(await self._one(comment_id))
        except CommentGone:
            if action is ActionKind.DELETE:
                return REJECTED
            raise

    async def _one(self, comment_id: str) -> Native:
        """Raises CommentGone."""
        found = await self.rest.by_id([checked(comment_id)])
        native = found.get(comment_id) or (await self._held()).get(comment_id)
        if native is None:
            raise CommentGone(f"comment {comment_id} is no longer on YouTube")
        return native

    async def _status(self, native: Native, held: Mapping[str, Native] | None = None) -> str:
        """What readers get of a comment, by the lists, since an item given by its id does not tell."""
        its = (await self._held() if held is None else held).get(native["id"])
        if its is not None:
            return str(its["snippet"].get("moderationStatus") or HELD)
        if parent := native["snippet"].get("parentId"):
            return status_in(native["id"], await self.rest.replies(parent))
        written = time_of(native["snippet"]["publishedAt"])
        async for thread in self.rest.threads(_where(native) or self._channel, PUBLISHED):
            top = thread["snippet"]["topLevelComment"]
            if top["id"] == native["id"]:
                return str(top["snippet"].get("moderationStatus") or PUBLISHED)
            if time_of(top["snippet"]["publishedAt"]) < written:
                break
        return UNLISTED

    async def _held(self) -> dict[str, Native]:
        """Every comment that is held or taken for spam."""
        found: dict[str, Native] = {}
        for status in (HELD, SPAM):
            async for thread in self.rest.threads(self._channel, status):
                top = thread["snippet"]["topLevelComment"]
                for native in (top, *((thread.get("replies") or {}).get("comments") or ())):
                    if status_of(native, status if native is top else PUBLISHED) != PUBLISHED:
                        found[native["id"]] = native
        return found

    async def _videos(self, natives: Sequence[Native]) -> dict[str, str]:
        """The video of each thread that these are answers in: given by its id, an answer does not name it."""
        parents = sorted({str(native["snippet"].get("parentId") or "") for native in natives} - {""})
        videos: dict[str, str] = {}
        for start in range(0, len(parents), BATCH):
            found = await self.rest.by_id(parents[start : start + BATCH])
            videos |= {each: native["snippet"].get("videoId") or "" for each, native in found.items()}
        return videos

    def _event(self, comment_id: str, native: Native | None, videos: Mapping[str, str]) -> Event:
        now = datetime.now(UTC)
        if native is None:
            return Event(kind=EventKind.DELETED, id=comment_id, at=now, detail="YouTube no longer gives it")
        video = videos.get(native["snippet"].get("parentId") or "", "")
        [comment] = titled([comment_of(native, PUBLISHED, video)], self._titles)
        return Event(kind=EventKind.EDITED, id=comment_id, comment=comment, at=now)

    async def _name_videos(self, posts: set[str]) -> None:
        videos = sorted(posts - self._titles.keys() - {self.settings.channel, ""})
        for start in range(0, len(videos), BATCH):
            self._titles |= await self.rest.titles(videos[start : start + BATCH])

    @property
    def _channel(self) -> dict[str, str]:
        return {"allThreadsRelatedToChannelId": self.settings.channel}


def _changed(native: Native | None, revision: str) -> bool:
    return native is None or comment_of(native, PUBLISHED).revision != revision


def _where(native: Native) -> dict[str, str] | None:
    video = native["snippet"].get("videoId")
    return {"videoId": video} if video else None
