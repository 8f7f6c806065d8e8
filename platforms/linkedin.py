"""A LinkedIn page: comments on its posts and mentions of it in, final deletion out.

What happened is told by notifications, pushed where LinkedIn has allowed that and asked for in any case. They
are about public posts alone, so the comments of the newest posts are also read in full now and then.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from pydantic import Field

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
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.bearer import Bearer, BearerSettings
from platforms.budget import Period, Quota
from platforms.client import ClientPlatform
from platforms.following import Follower, Scan
from platforms.linkedin_comments import (
    changed_at,
    comment_of,
    composed,
    mention_of,
    notifications_in,
    number_of,
    title_of,
    told_of,
)
from platforms.linkedin_rest import CALLS, LinkedInRest, Native, full_name, name_of
from platforms.oauth import Consent, token_of
from platforms.push import Answer, BadSignature, Pushed, must_match
from platforms.tokens import Token, Tokens

SCOPES = ("r_organization_social_feed", "w_organization_social_feed", "rw_organization_admin")
OVERLAP = timedelta(minutes=10)
"""Notifications are asked for again this far back, since one may be written late."""
KEPT = timedelta(days=59)
"""LinkedIn keeps notifications for 60 days."""
PREFIX = "hmacsha256="
POSTS = ("urn:li:share:", "urn:li:ugcPost:", "urn:li:activity:")


class LinkedInSettings(BearerSettings):
    organization: int = Field(gt=0)
    """The number of the page, as in linkedin.com/company/…/admin."""
    version: str = Field("202606", pattern=r"^20\d{4}$")
    """The month of the API; each is switched off about a year later."""
    calls_per_day: int = Field(500, gt=0)
    """The quota that the developer portal shows for the app."""
    application: int | None = Field(None, gt=0)
    """The app's number in the developer portal."""
    webhook: str = Field("", pattern=r"^(https://\S+)?$")
    """Where LinkedIn shall push to, once it has allowed the app that: this page's address under /push/."""
    rescan_hours: float = Field(12.0, gt=0)
    rescan_posts: int = Field(30, gt=0)
    """The posts changed last, whose comments are read in full when connecting and at every rescan."""
    batch_size: int = Field(200, gt=0)
    api: str = "https://api.linkedin.com"
    authorize_url: str = "https://www.linkedin.com/oauth/v2/authorization"
    token_url: str = "https://www.linkedin.com/oauth/v2/accessToken"  # noqa: S105 - an address


class LinkedIn(Pushed, ClientPlatform[LinkedInRest]):
    name = "linkedin"
    Settings = LinkedInSettings
    settings: LinkedInSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.DELETE: Effect(
                reversible=False,
                note="Deleted for everybody and for good, in the page's name. LinkedIn gives programs no way "
                "to hide a comment.",
            )
        },
        sees_edits="poll",
        sees_deletions="poll",
        mentions=True,
        storage_terms="LinkedIn's Data Storage Requirements limit how long a program may keep what members "
        "write (48 hours) and facts about members (24 hours).",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._follower = Follower(self.settings.batch_size)
        self._rescan_at = 0.0
        self._deleted: set[str] = set()
        """What this process deleted: LinkedIn answers as if it had never been."""

    def consent(self) -> Consent:
        settings = self.settings
        return Consent(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            authorize_url=settings.authorize_url,
            token_url=settings.token_url,
            scopes=SCOPES,
            pkce=False,
            allow_loopback=settings.allow_loopback,
        )

    async def exchanged(self, answer: Mapping[str, Any]) -> Token:
        """With the consent comes the right to have events pushed, so that is asked for at once."""
        token, settings = token_of(answer), self.settings
        if settings.webhook and settings.application is not None:
            rest = self._client(Tokens(token))
            try:
                await rest.subscribe(settings.application, settings.webhook)
            finally:
                await rest.close()
        return token

    async def connect(self) -> LinkedInRest:
        self.budget.allow(*self.quotas())
        return self._client(self.tokens)

    @property
    def quota_key(self) -> str:
        return f"LinkedIn {self.settings.client_id}" if self.settings.client_id else ""

    def quotas(self) -> Sequence[Quota]:
        return (Quota(CALLS, self.settings.calls_per_day, Period.DAY),)

    async def identify(self, rest: LinkedInRest) -> Identity:
        return await rest.identify()

    def _client(self, tokens: Tokens) -> LinkedInRest:
        settings = self.settings
        headers = {"LinkedIn-Version": settings.version, "X-Restli-Protocol-Version": "2.0.0"}
        bearer = Bearer(self.page, tokens, self.consent(), settings, headers)
        return LinkedInRest(settings.api, settings.organization, bearer, self.budget)

    async def poll(self, cursor: str | None) -> Batch:
        waiting = self._follower.at(cursor)
        if waiting is not None:
            return waiting
        now = datetime.now(UTC)
        whole = not self._follower.whole or time.monotonic() >= self._rescan_at
        scan = self._follower.scan()
        if whole:
            await self._read_posts(scan)
        for native in await self.rest.notifications(self._told_to(now), now):
            await self._take(scan, native)
        scan.notes["told to"] = now.isoformat()
        if whole:
            self._rescan_at = time.monotonic() + self.settings.rescan_hours * 3600
        return self._follower.finish(scan, whole=whole)

    def _told_to(self, now: datetime) -> datetime:
        """From when on to ask for notifications: a little before the last that were asked for."""
        told = self._follower.notes.get("told to")
        if told is not None:
            return datetime.fromisoformat(told) - OVERLAP
        # After a restart: everything up to the newest comment was handed out, what followed it perhaps not.
        return max(self._follower.newest or now, now - KEPT) - OVERLAP

    async def _read_posts(self, scan: Scan) -> None:
        """Offer every comment of the newest posts; tell of those that changed or vanished meanwhile."""
        for post in await self.rest.posts(self.settings.rescan_posts):
            name = str(post.get("id", ""))
            seen = json.loads(self._follower.notes.get(name, "{}"))
            now: dict[str, int] = {}
            for native, parent in await self._thread(name):
                comment = comment_of(native, parent=parent, title=title_of(post))
                now[comment.id] = changed_at(native)
                scan.offer(comment)
                if seen.get(comment.id, now[comment.id]) != now[comment.id]:
                    scan.changes.append(_edited(comment))
            for missing in sorted(seen.keys() - now.keys()):
                scan.changes += await self._if_gone(missing)
            scan.notes[name] = json.dumps(now)

    async def _thread(self, post: str) -> list[tuple[Native, str | None]]:
        """The comments on a post and their answers, each with the name of what it answers."""
        found: list[tuple[Native, str | None]] = []
        async for native in self.rest.comments(post):
            found.append((native, None))
            summary = native.get("commentsSummary") or {}
            if summary.get("aggregatedTotalComments", summary.get("totalFirstLevelComments", 1)):
                name = composed(native)
                found += [(answer, name) async for answer in self.rest.comments(name)]
        return found

    async def _if_gone(self, name: str) -> list[Event]:
        """A list can be short for other reasons, so one that it lacks is asked for by itself."""
        try:
            await self.rest.one(name)
        except CommentGone:
            return [_gone(name, datetime.now(UTC), "404 at LinkedIn")]
        return []

    async def _take(self, scan: Scan, notification: Native) -> None:
        """One notification; one that was taken before changes nothing."""
        key = f"notification {number_of(notification)}"
        if key in self._follower.notes or key in scan.notes:
            return
        scan.notes[key] = ""
        for event in await self._events(notification, scan):
            if event.kind is EventKind.CREATED and event.comment:
                scan.offer(event.comment)
            else:
                scan.changes.append(event)

    async def _events(self, notification: Native, scan: Scan | None = None) -> list[Event]:
        """What a notification tells: nothing or one event. A comment that `scan` lists is not asked for."""
        action, at = str(notification.get("action")), _at(notification)
        if action == "SHARE_MENTION":
            mention = mention_of(notification, at)
            return [_created(mention)] if mention else []
        if action not in ("COMMENT", "ADMIN_COMMENT", "COMMENT_EDIT", "COMMENT_DELETE"):
            return []
        name = full_name(str(notification.get("generatedActivity", "")))
        if name is None or (scan is not None and scan.lists(name) and action.endswith("COMMENT")):
            return []
        if action == "COMMENT_DELETE":
            return [_gone(name, at, "LinkedIn told of its deletion", told_of(notification, name, at))]
        try:
            native = await self.rest.one(name)
        except CommentGone:
            return [_gone(name, at, "404 at LinkedIn", told_of(notification, name, at))]
        title = str((notification.get("decoratedSourcePost") or {}).get("text") or "")
        comment = comment_of(native, title=title)
        return [_edited(comment) if action == "COMMENT_EDIT" else _created(comment)]

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action is not ActionKind.DELETE:
            raise Unsupported(f"LinkedIn cannot {action} a comment: it only knows deleting for good")
        if id.startswith(POSTS):
            raise Unsupported("LinkedIn lets nobody delete a post of somebody else that mentions the page")
        name = name_of(id)
        if name in self._deleted:
            return _deleted(id, already=True, answer={"before": "deleted"})
        await self.rest.one(name)
        answer = {"answered": await self.rest.delete(name)}
        self._deleted.add(name)
        try:
            await self.rest.one(name)
        except CommentGone:
            return _deleted(id, already=False, answer=answer | {"read_back": "404"})
        self._deleted.discard(name)
        raise Unavailable(f"comment {id} is still there after it was deleted")

    @property
    def pushes(self) -> bool:
        return self.settings.client_secret is not None

    def challenge(self, query: Mapping[str, str]) -> Answer | None:
        code = query.get("challengeCode")
        if code is None:
            return None
        # A UUID; anything longer would let somebody have other things signed.
        if len(code) > 40 or not code.replace("-", "").isalnum():
            raise BadSignature
        answer = {"challengeCode": code, "challengeResponse": self._signature(code.encode())}
        return json.dumps(answer), "application/json"

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        # Implementations differ on whether the header repeats the prefix of what is signed.
        given = headers.get("x-li-signature", "").removeprefix(PREFIX)
        must_match(given, self._signature(PREFIX.encode() + body))

    @property
    def account(self) -> str:
        return f"urn:li:organization:{self.settings.organization}"

    def accounts_in(self, body: bytes) -> frozenset[str]:
        try:
            named = [each.get("organizationalEntity") for each in notifications_in(json.loads(body))]
        except ValueError:
            return frozenset()
        return frozenset(str(each) for each in named if each)

    async def unpack(self, body: bytes) -> Sequence[Event]:
        ours = [
            each
            for each in notifications_in(json.loads(body))
            if each.get("organizationalEntity") == self.account
        ]
        return [event for each in ours for event in await self._events(each)]

    def _signature(self, signed: bytes) -> str:
        secret = self.settings.client_secret
        if secret is None:
            raise BadSignature
        return hmac.new(secret.get_secret_value().encode(), signed, sha256).hexdigest()


def _at(notification: Native) -> datetime:
    try:
        return datetime.fromtimestamp(int(notification["lastModifiedAt"]) / 1000, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return datetime.now(UTC)


def _created(comment: Comment) -> Event:
    return Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=comment.created_at)


def _edited(comment: Comment) -> Event:
    at = comment.edited_at or comment.created_at
    return Event(kind=EventKind.EDITED, id=comment.id, comment=comment, at=at)


def _gone(name: str, at: datetime, detail: str, comment: Comment | None = None) -> Event:
    return Event(kind=EventKind.DELETED, id=name, at=at, detail=detail, comment=comment)


def _deleted(comment_id: str, *, already: bool, answer: Mapping[str, str]) -> Receipt:
    return Receipt(
        action=ActionKind.DELETE,
        id=comment_id,
        visibility=Visibility.GONE,
        already=already,
        at=datetime.now(UTC),
        answer=answer,
    )
