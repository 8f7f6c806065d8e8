"""X: answers to the district's posts and mentions of it in; answers below its own posts hidden and shown.

Two lists are followed. The account's mentions hold nearly every answer, since X puts the account's name in
front of it; the search for the account's own conversations of the last seven days holds those from which
somebody took the name out. Every post that is read costs money, so nothing is read without need.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import Field

from platforms.backlog import Backlog, Item, Mark
from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    CapReached,
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
from platforms.bearer import Bearer
from platforms.budget import Period, Quota
from platforms.oauth import Consent
from platforms.x_answers import RIGHT, refuse_without_right, was_sent
from platforms.x_found import Found, NotOurs
from platforms.x_posts import (
    OF_MESSAGES,
    Ours,
    first_id,
    is_id,
    item_of,
    message_of,
    ms_of,
    queries,
    versions,
    written_ms,
)
from platforms.x_push import XPushed, XPushSettings
from platforms.x_rest import DOLLARS, MOST, READS, XRest

OVERLAP = timedelta(minutes=5)
"""How much later than its id says a post may appear in a list."""
SEARCHED = timedelta(days=7) - timedelta(hours=1)
"""How far back the search goes; it refuses an older start."""
SCOPES = ("tweet.read", "users.read", "tweet.moderate.write", "offline.access")
FOR_MESSAGES = "dm.read"


class XSettings(XPushSettings):
    api: str = "https://api.x.com"
    authorize_url: str = "https://x.com/i/oauth2/authorize"
    token_url: str = "https://api.x.com/2/oauth2/token"  # noqa: S105 - an address
    monthly_dollars: float = Field(gt=0)
    """What the app may spend in a calendar month; at its end nothing more is read until the next."""
    read_dollars: float = Field(0.005, ge=0)
    write_dollars: float = Field(0.005, ge=0)
    message_dollars: float = Field(0.01, ge=0)
    message_write_dollars: float = Field(0.015, ge=0)
    monthly_reads: int = Field(3_000_000, ge=1)
    query_length: int = Field(512, ge=100, le=4096)
    """Characters that X allows in one search, by the plan."""
    answer_messages: bool = False
    """The fixed answer to messages may be sent here; connect the page again after a change."""
    recheck_hours: float = Field(168.0, gt=0)
    """A comment is looked up for deletion at most this often, since each look costs a read."""


class X(XPushed):
    name = "x"
    Settings = XSettings
    settings: XSettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(
                reversible=True,
                note="Moved behind “View hidden replies”: readers must click to see it, and it stays on its "
                "author's profile. Only for answers under the district's own posts.",
            ),
            ActionKind.UNHIDE: Effect(reversible=True, note="Back among the answers: everybody sees it."),
        },
        native_revisions=True,
        sees_edits="poll",
        sees_deletions="lookup",
        mentions=True,
        direct_messages=True,
        answers=True,
        note="Every post that is read costs money; the monthly cap is never exceeded. A deletion is "
        "noticed within a week. X does not tell who is hidden, so its answer to an action is the receipt.",
        storage_terms="X's developer policy wants stored posts to follow what their authors do: what was "
        "deleted on X is to be deleted by whoever stores it.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._backlog = Backlog(OVERLAP)
        self._username = ""
        self._conversations: dict[str, None] = {}
        """Own posts of the last days, oldest first."""
        self._asked: dict[str, float] = {}
        """When a comment was last looked up."""
        self._hidden: dict[str, bool] = {}
        """What X answered to our actions, since it tells that nowhere else."""
        self._cut_short: set[str] = set()
        """Posts handed out of a look that the month's money did not finish."""

    async def connect(self) -> XRest:
        settings = self.settings
        self.budget.allow(*self.quotas())
        rest = XRest(
            settings.api,
            self.budget,
            self.page,
            read_dollars=settings.read_dollars,
            write_dollars=settings.write_dollars,
            message_dollars=settings.message_dollars,
            message_write_dollars=settings.message_write_dollars,
        )
        rest.use(Bearer(self.page, self.tokens, self.consent(), settings, {}, rest.look))
        return rest

    async def identify(self, rest: XRest) -> Identity:
        identity = await rest.identify()
        self._username = identity.account
        return replace(identity, account=f"@{identity.account}")

    @property
    def quota_key(self) -> str:
        """X bills the app."""
        return f"X {self.settings.client_id}" if self.settings.client_id else ""

    def quotas(self) -> Sequence[Quota]:
        return (
            Quota(DOLLARS, self.settings.monthly_dollars, Period.MONTH, hard=True),
            Quota(READS, self.settings.monthly_reads, Period.MONTH, hard=True),
        )

    def consent(self) -> Consent:
        settings = self.settings
        return Consent(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            authorize_url=settings.authorize_url,
            token_url=settings.token_url,
            scopes=(*SCOPES, *self._scopes_for_messages()),
            basic=True,
            allow_loopback=settings.allow_loopback,
        )

    def _scopes_for_messages(self) -> Sequence[str]:
        if not self.settings.direct_messages:
            return ()
        return (FOR_MESSAGES, RIGHT) if self.hears_messages else (FOR_MESSAGES,)

    async def poll(self, cursor: str | None) -> Batch:
        if not self._backlog.continues(cursor):
            items: list[Item] = []
            try:
                await self._look(self._backlog.floor(cursor), items)
            except CapReached:
                if not (paid_for := self._paid_for(items)):
                    raise
                # Where the look stopped there may be a gap, so the cursor stays.
                return Batch(paid_for, cursor or str(Mark()))
            self._backlog.fill(cursor, items)
        return self._backlog.take(cursor, MOST)

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        asked = {revision.partition("~")[0] or id_: id_ for id_, revision in known.items() if is_id(id_)}
        due = [post_id for post_id in asked if self._is_due(post_id)]
        events: list[Event] = []
        for start in range(0, len(due), MOST):
            chunk = due[start : start + MOST]
            found = await self.rest.posts(chunk)
            revisions = {post_id: known[asked[post_id]] for post_id in chunk}
            changed = await self._differences(found, revisions, asked)
            events += changed
            told = {event.id for event in changed}
            # What changed is asked for again if the archive did not take it.
            self._asked |= {each: time.monotonic() for each in chunk if asked[each] not in told}
        return events

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action not in self.capabilities.actions:
            raise Unsupported(f"X cannot {action} somebody else's post")
        if id.startswith(OF_MESSAGES):
            raise Unsupported("nobody can take somebody else's direct message back: it is archived only")
        hide = action is ActionKind.HIDE
        if not is_id(id) or not (await self.rest.posts([id])).posts:
            raise CommentGone("the post is no longer on X")
        try:
            hidden = await self.rest.set_hidden(id, hidden=hide)
        except NotOurs:
            raise Unsupported(
                "X lets an account hide only answers under its own posts, and this is none: if it breaks X's "
                "own rules, report it there"
            ) from None
        if hidden is not hide:
            raise Unavailable(f"X answered that the post is {'' if hidden else 'not '}hidden after {action}")
        already = self._hidden.get(id, False) is hidden and id in self._hidden
        self._hidden[id] = hidden
        return Receipt(
            action=action,
            id=id,
            visibility=Visibility.HIDDEN if hidden else Visibility.VISIBLE,
            already=already,
            at=datetime.now(UTC),
            answer={"hidden": hidden},
        )

    @property
    def hears_messages(self) -> bool:
        return self.settings.direct_messages and self.settings.answer_messages

    def may_answer(self, author_id: str) -> bool:
        return is_id(author_id) and author_id != self.rest.account

    async def answer(self, author_id: str, text: str) -> None:
        refuse_without_right(await self.tokens.get(), self.page)
        await self.rest.write(author_id, text)

    async def has_answered(self, author_id: str, text: str, since: datetime) -> bool:
        return await was_sent(self.rest, author_id, text, since)

    # What is read

    async def _note_own_posts(self) -> None:
        """A new post is known before answers to it are searched for; no news costs nothing."""
        oldest = first_id(ms_of(datetime.now(UTC) - SEARCHED))
        newest = next(reversed(self._conversations), None) or oldest
        pages = [found.posts async for found in self.rest.own_posts(newest)]
        own = [str(post.get("conversation_id") or post["id"]) for posts in pages for post in posts]
        known = {*self._conversations, *own}
        self._conversations = dict.fromkeys(
            sorted((each for each in known if int(each) >= int(oldest)), key=int)
        )

    async def _look(self, floor: int, items: list[Item]) -> None:
        """Add to `items` what both lists hold above `floor`, page by page."""
        await self._note_own_posts()
        async for found in self.rest.mentions(first_id(floor) if floor else None):
            items += self.items(found)
        oldest = ms_of(datetime.now(UTC) - SEARCHED)
        since = first_id(floor) if floor > oldest else None
        for query in queries(list(self._conversations), self._username, self.settings.query_length):
            async for found in self.rest.search(query, since):
                items += self.items(found)
        if self.settings.direct_messages:
            async for found in self.rest.messages():
                items += self.messages(found)
                if any(written_ms(message["id"]) <= floor for message in found.posts):
                    break

    def _paid_for(self, items: Sequence[Item]) -> list[Event]:
        """Of a look that the month's money did not finish, what has not been handed out so."""
        fresh = sorted({item.key: item for item in items if item.key not in self._cut_short}.values())
        self._cut_short.update(item.key for item in fresh)
        return [item.event for item in fresh]

    def items(self, found: Found) -> list[Item]:
        """What others wrote; what the district writes itself is no comment."""
        ours = Ours(self.rest.account, self._conversations.keys())
        others = [post for post in found.posts if str(post.get("author_id")) != self.rest.account]
        return [item_of(post, found.users, ours) for post in others]

    def messages(self, found: Found) -> list[Item]:
        received = [each for each in found.posts if str(each.get("sender_id")) != self.rest.account]
        return [message_of(message, found.users) for message in received]

    def _is_due(self, post_id: str) -> bool:
        """Looking is paid for from what capture leaves: not when the month's money will hardly do."""
        last = self._asked.get(post_id)
        waited = last is None or time.monotonic() - last >= self.settings.recheck_hours * 3600
        spent = [each for each in self.budget.outlook() if each.unit == DOLLARS]
        return waited and all(max(each.used, each.forecast) < 0.9 * each.limit for each in spent)

    async def _differences(
        self, found: Found, revisions: Mapping[str, str], asked: Mapping[str, str]
    ) -> list[Event]:
        """`revisions`: by the id asked for, the archived one; `asked`: by it, the comment's id."""
        now = datetime.now(UTC)
        newest = {post["id"]: versions(post)[-1] for post in found.posts}
        later = [new for post_id, new in newest.items() if new != post_id]
        edited = await self.rest.posts(later) if later else Found([], {})
        back = [post for post in found.posts if revisions.get(post["id"]) == ""]
        changed = [*self.items(edited), *self.items(Found(back, found.users))]
        gone = [post_id for post_id in found.gone if revisions.get(post_id)]
        return [
            *(Event(kind=EventKind.EDITED, id=e.event.id, comment=e.event.comment, at=now) for e in changed),
            *(Event(kind=EventKind.DELETED, id=asked[g], at=now, detail="resource-not-found") for g in gone),
        ]
