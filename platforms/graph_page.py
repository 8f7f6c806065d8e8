"""Reading and changing what stands on a Facebook Page or under an Instagram account."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from platforms.base import (
    ActionKind,
    Batch,
    Comment,
    CommentGone,
    Event,
    EventKind,
    NotAuthorised,
    PlatformSettings,
    Receipt,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.graph import BATCH, Native, NoSuchObject, Refused
from platforms.graph_push import GraphPushed
from platforms.graph_reading import Reader, Source
from platforms.looking import Looking

GONE = "Meta no longer has it (100/33)"
REACHED = {
    ActionKind.HIDE: Visibility.HIDDEN,
    ActionKind.UNHIDE: Visibility.VISIBLE,
    ActionKind.DELETE: Visibility.GONE,
}


class GraphPage(GraphPushed, Source):
    item_id: ClassVar[re.Pattern[str]]
    """The ids that Meta gives to comments here."""
    foreign: ClassVar[tuple[str, ...]]
    """How the ids of items begin that stand where the page cannot moderate."""

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self.edges = self.settings.edges
        self._reader = Reader(self, self.settings.page_size)
        self._deleted: set[str] = set()
        """What this process deleted here: Meta cannot tell it from what never was."""
        self._looking = Looking()

    @abstractmethod
    def fields_of(self, id: str) -> str:  # noqa: A002
        """What is asked of an item that is looked up."""

    @abstractmethod
    def comment_of(self, native: Native) -> Comment:
        """An item that was looked up."""

    @abstractmethod
    def is_hidden(self, native: Native) -> bool: ...

    @abstractmethod
    def refusal(self, action: ActionKind, native: Native) -> str | None:
        """Why Meta would refuse this action here, in words; None: it would not, as far as one can tell."""

    @abstractmethod
    def change(self, action: ActionKind) -> Mapping[str, str]:
        """The parameters that hide an item or show it."""

    async def poll(self, cursor: str | None) -> Batch:
        return await self._reader.poll(cursor, self.graph.clock_skew)

    @property
    def together(self) -> int:
        """How many items `each` is given at most."""
        return BATCH

    async def lookup(self, known: Mapping[str, str]) -> Sequence[Event]:
        left = self._looking.left({each: known[each] for each in known if self.item_id.fullmatch(each)})
        ids, probed = list(left), False
        for start in range(0, len(ids), self.together):
            chunk = ids[start : start + self.together]
            found = await self.each(chunk)
            refused = [each for each in found if isinstance(each, NoSuchObject | NotAuthorised | Refused)]
            if refused and not probed:
                await self.probe()
                probed = True
            for comment_id, native in zip(chunk, found, strict=True):
                changes = self._difference(comment_id, left[comment_id], native)
                self._looking.note(comment_id, left[comment_id], changes)
        return self._looking.finish()

    async def each(self, ids: Sequence[str]) -> Sequence[Native | Exception]:
        """Each item, or why it was not given."""
        return await self.graph.each([(each, self.fields_of(each)) for each in ids])

    def _difference(self, comment_id: str, revision: str, native: Native | Exception) -> list[Event]:
        """What happened to an item since its `revision`: nothing or one event."""
        now = datetime.now(UTC)
        if isinstance(native, NoSuchObject):
            return [Event(kind=EventKind.DELETED, id=comment_id, at=now, detail=GONE)]
        if isinstance(native, NotAuthorised | Refused):
            # The page itself can be read: this one item cannot, and nothing is known of it.
            return []
        if isinstance(native, Exception):
            raise native
        comment = self.comment_of(native)
        if comment.revision == revision:
            return []
        return [Event(kind=EventKind.EDITED, id=comment_id, comment=comment, at=now)]

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        if action not in self.capabilities.actions:
            raise Unsupported(f"Meta cannot {action} a comment")
        if id.startswith(self.foreign):
            raise Unsupported("this does not stand on the page itself, so the page cannot change it")
        before = await self._item(id)
        if before is None and action is ActionKind.DELETE and id in self._deleted:
            return self._receipt(action, id, {"before": "deleted"}, already=True)
        if before is None:
            raise CommentGone(f"the comment is no longer there ({GONE})")
        answer: dict[str, Any] = {"before": str(self._seen(before))}
        if self._seen(before) is REACHED[action]:
            return self._receipt(action, id, answer, already=True)
        if reason := self.refusal(action, before):
            raise Unsupported(reason)
        try:
            answer["answered"] = await self._request(action, id)
        except NoSuchObject:
            raise Unavailable(f"comment {id} vanished while it was changed: it is looked up again") from None
        if action is ActionKind.DELETE:
            self._deleted.add(id)
        after = self._seen(await self._item(id))
        answer["read_back"] = str(after)
        if after is not REACHED[action]:
            raise Unavailable(f"comment {id} is still {after} after {action}")
        return self._receipt(action, id, answer, already=False)

    def _receipt(self, action: ActionKind, id: str, answer: Native, *, already: bool) -> Receipt:  # noqa: A002
        now = datetime.now(UTC)
        return Receipt(
            action=action, id=id, visibility=REACHED[action], already=already, at=now, answer=answer
        )

    def _seen(self, native: Native | None) -> Visibility:
        if native is None:
            return Visibility.GONE
        return Visibility.HIDDEN if self.is_hidden(native) else Visibility.VISIBLE

    async def _item(self, comment_id: str) -> Native | None:
        """None: it is gone, and that is not for a lack of permission."""
        if not self.item_id.fullmatch(comment_id):
            raise CommentGone(f"{comment_id!r} is no comment of Meta's")
        try:
            return await self.graph.get(comment_id, fields=self.fields_of(comment_id))
        except NoSuchObject:
            await self.probe()
            return None

    async def _request(self, action: ActionKind, comment_id: str) -> Native:
        if action is ActionKind.DELETE:
            return await self.graph.delete(comment_id)
        return await self.graph.post(comment_id, **self.change(action))
