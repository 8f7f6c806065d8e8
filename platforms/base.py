"""What every platform adapter offers: comments in, actions out.

An adapter is handed its page's settings and nothing else. It never stores anything: the caller archives
each batch together with the batch's cursor, so an adapter may be stopped at any instant and asked again
from the last cursor that was committed.

How it fails is told in `platforms/errors.py`.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from platforms.budget import Budget, Quota
from platforms.errors import (
    CapReached,
    CommentGone,
    Denied,
    NotAuthorised,
    PlatformError,
    RateLimited,
    Unavailable,
    Unsupported,
)
from platforms.oauth import Consent, token_of
from platforms.tokens import Token, Tokens

__all__ = [
    "ActionKind",
    "Batch",
    "CapReached",
    "Capabilities",
    "Comment",
    "CommentGone",
    "Denied",
    "Effect",
    "Event",
    "EventKind",
    "Filter",
    "Identity",
    "Kind",
    "NotAuthorised",
    "Platform",
    "PlatformError",
    "PlatformSettings",
    "RateLimited",
    "Receipt",
    "Unavailable",
    "Unsupported",
    "Visibility",
    "text_revision",
]


class Kind(StrEnum):
    COMMENT = "comment"
    REPLY = "reply"
    MENTION = "mention"
    VISITOR_POST = "visitor_post"
    DIRECT_MESSAGE = "direct_message"


class EventKind(StrEnum):
    CREATED = "created"
    EDITED = "edited"
    DELETED = "deleted"


class ActionKind(StrEnum):
    HIDE = "hide"
    UNHIDE = "unhide"
    DELETE = "delete"


class Visibility(StrEnum):
    """What a reader who is not signed in gets."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One revision of one item on one page. All times are aware; the archive stores them in UTC."""

    id: str
    """The platform's own id, unique on the page."""
    revision: str
    """The platform's own revision id, or `text_revision(text)` where it has none."""
    post: str
    """The id of the post, video or article that the comment stands under."""
    parent: str | None = None
    """The id of the comment it answers; None at the top level."""
    kind: Kind = Kind.COMMENT
    author: str = ""
    """The author's name as shown at that time."""
    author_id: str = ""
    text: str
    """Exactly as received: markup, entities and odd characters included."""
    payload: Mapping[str, Any]
    """The platform's own object, as JSON values; the record copy."""
    created_at: datetime
    edited_at: datetime | None = None
    permalink: str = ""
    post_title: str = ""
    visible: bool = True
    """False for an item that the platform listed as already held or hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one item. CREATED and EDITED carry the comment.

    DELETED carries its id, and the comment where the platform tells the words of what is gone: they are the
    only record of one that had not come before.

    An adapter says what it knows: the archive compares revisions, so a CREATED for an id that it already
    holds is an edit, or nothing new.
    """

    kind: EventKind
    id: str
    comment: Comment | None = None
    at: datetime
    detail: str = ""
    """For DELETED: how the adapter knows, such as "404" or "in the trash"."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll brought. `cursor` may be committed only together with `events`."""

    events: Sequence[Event]
    cursor: str
    more: bool = False
    """True when the next poll would bring something at once; False means: wait the poll interval."""
    done: bool = False
    """True when the source has ended and will never bring more (a replayed file)."""
    gap: str = ""
    """Why comments may be missing that were written since the batch before, in words; goes on record."""
    unreadable: str = ""
    """What part of the page is closed to us now, in words: people are told until it is open again."""
    asked_at: datetime | None = None
    """When the platform was asked for these, where that was before this poll."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one action does on this platform."""

    reversible: bool
    note: str
    """In plain words, for the person who decides: who still sees the comment afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    actions: Mapping[ActionKind, Effect]
    by_hand: Mapping[ActionKind, Effect] = field(default_factory=dict)
    """What people can do on the platform's own screens and no program can: such a decision makes a task."""
    native_revisions: bool = False
    """The platform numbers or dates its revisions, so that an older one arriving late is recognised."""
    sees_edits: str = "no"
    """How edits are found: "push", "poll", "lookup" or "no"."""
    sees_deletions: str = "no"
    mentions: bool = False
    direct_messages: bool = False
    answers: bool = False
    """Whether a program may answer direct messages: `may_answer` and `answer` are there."""
    filters: bool = False
    """Whether a program may read what the platform filters by itself."""
    note: str = ""
    storage_terms: str = ""
    """What the platform's terms say of how long what is written there may be kept, in plain words: counsel
    reads it beside the records schedule; empty: nothing is known."""

    @property
    def possible(self) -> Mapping[ActionKind, Effect]:
        """What can be decided here, whoever carries it out."""
        return {**self.by_hand, **self.actions}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter of the platform's own: of what it stops, nobody here ever hears."""

    name: str
    does: str
    """In plain words: what it looks for and what happens to it."""
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the platform says we are, checked when a page is opened."""

    account: str
    can_moderate: bool
    clock_skew: timedelta = timedelta(0)
    """The platform's clock minus ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the platform answered to an action, and what reading back showed."""

    action: ActionKind
    id: str
    visibility: Visibility
    """Read back after the action, not assumed from the answer."""
    already: bool = False
    """True when the comment was already so before the call."""
    at: datetime
    answer: Mapping[str, Any] = field(default_factory=dict)


class PlatformSettings(BaseModel):
    """An adapter's own keys of a `[[page]]` table; unknown keys are refused."""

    # A validation error would otherwise quote the whole table, passwords included.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Platform(ABC):
    """One connected page. The constructor only stores; `open` makes the first call."""

    name: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    at_once: ClassVar[int] = 1
    """How many comments `act_on` is given at most."""
    Settings: ClassVar[type[PlatformSettings]] = PlatformSettings

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        self.page = page
        self.settings = settings
        # In memory; whoever runs the page puts lasting ones here before `open`.
        self.budget = Budget()
        self.tokens = Tokens()

    @abstractmethod
    async def open(self) -> Identity:
        """Check who we are. Raises NotAuthorised with what to do, Unavailable when nobody answers."""

    @abstractmethod
    async def poll(self, cursor: str | None) -> Batch:
        """What is new since `cursor` (None: from the beginning), oldest first.

        Overlap with earlier batches is allowed, gaps are not. With nothing new: no events, same cursor.
        """

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:  # noqa: ARG002
        """EDITED and DELETED events for `known` (id → last archived revision) that differ from the page."""
        return ()

    @abstractmethod
    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        """Carry out one action and read the result back. Repeating it is harmless (`already`)."""

    async def act_on(self, action: ActionKind, ids: Sequence[str]) -> Sequence[Receipt | Exception]:
        """`act` on several comments: of each, in order, its receipt or why there is none.

        What it raises is true of all of them.
        """
        return [await self._outcome(action, each) for each in ids]

    async def _outcome(self, action: ActionKind, id: str) -> Receipt | Exception:  # noqa: A002
        try:
            return await self.act(action, id)
        except Exception as error:  # what one comment meets must not keep the others waiting
            return error

    async def filters(self) -> Sequence[Filter]:
        """The platform's own filters as they are now. Raises Unsupported where no program may read them."""
        raise Unsupported(f"{self.name} lets no program read its filters")

    async def close(self) -> None:  # noqa: B027
        """Release connections. Safe to call twice."""

    @property
    def hears_messages(self) -> bool:
        """Where a program may answer: whether messages to this very page are archived, and may be answered,
        by its settings."""
        return self.capabilities.direct_messages

    def may_answer(self, author_id: str) -> bool:  # noqa: ARG002
        """Whether this author of a direct message can be answered by a program; never the page itself."""
        return False

    async def answer(self, author_id: str, text: str) -> None:  # noqa: ARG002
        """Send the district's fixed answer to who wrote a direct message within the day before.

        Raises Unsupported or CommentGone where this person cannot be answered, NotAuthorised, RateLimited or
        CapReached where nothing was sent either; after any other failure it may have been sent.
        """
        raise Unsupported("this platform lets no program answer messages")

    async def has_answered(self, author_id: str, text: str, since: datetime) -> bool:  # noqa: ARG002
        """Whether this text was sent to them since then. Raises Unsupported where nobody tells."""
        raise Unsupported("this platform does not show what was sent")

    @property
    def quota_key(self) -> str:
        """What the platform counts our use by: the same for pages that use up one quota, such as one app's.

        Empty: this page's use is counted alone.
        """
        return ""

    def quotas(self) -> Sequence[Quota]:
        """What `open` declares to the budget; of pages with one key all have to say the same."""
        return ()

    def consent(self) -> Consent | None:
        """What a person agrees to when connecting this page; None: it needs no more than its settings."""
        return None

    async def exchanged(self, answer: Mapping[str, Any]) -> Token:
        """The token to keep of what the platform gave for the consent."""
        return token_of(answer)


def text_revision(text: str) -> str:
    """The revision name of a text on a platform that numbers none: 16 hex digits of its SHA-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
