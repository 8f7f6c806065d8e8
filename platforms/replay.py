"""A recorded file played back as if its comments arrived now: JSON lines or CSV, gzip or not.

A line that cannot be read is skipped, logged with its number and reason, and counted in `skipped`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    Event,
    EventKind,
    Identity,
    Kind,
    NotAuthorised,
    Platform,
    PlatformSettings,
    Receipt,
    Unsupported,
    text_revision,
)
from platforms.recording import Format, Malformed, Position, Recording

UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""A line without a time happened as many seconds after this as its line number: the same at every replay."""
LONGEST_WAIT = 1.0
PROBED = 20

_Choice = TypeVar("_Choice", bound=StrEnum)

log = logging.getLogger(__name__)


class Columns(PlatformSettings):
    """The file's own name for each thing we know. Only `id` and `text` must be there."""

    id: str = "id"
    text: str = "text"
    author: str = "author"
    author_id: str = "author_id"
    created_at: str = "created_at"
    """ISO 8601, taken as UTC where it names no zone, or Unix seconds."""
    at: str = "at"
    """When the event happened; where it is missing, `created_at`."""
    post: str = "post"
    post_title: str = "post_title"
    parent: str = "parent"
    permalink: str = "permalink"
    kind: str = "kind"
    """comment, reply, mention, visitor_post or direct_message."""
    event: str = "event"
    """created, edited or deleted; where it is missing, created. A deleted line needs no text."""


class ReplaySettings(PlatformSettings):
    path: Path
    format: Format | None = None
    """jsonl or csv; where it is missing, by the file's name."""
    columns: Columns = Columns()
    speed: float | None = Field(None, gt=0)
    """1 for the recorded speed, 60 for an hour in a minute; where it is missing, as fast as possible."""
    batch: int = Field(256, ge=1)


class Replay(Platform):
    name = "replay"
    Settings = ReplaySettings
    settings: ReplaySettings
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={},
        sees_edits="poll",
        sees_deletions="poll",
        note="A recorded file: nothing can be changed in it.",
    )

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self.skipped = 0
        self._skipped_to = 0
        self._recording: Recording | None = None
        self._given = Position()
        """The end of the last event that was given out."""
        self._early: Event | None = None
        """An event that was read before its time, at recorded speed."""
        self._started: tuple[float, datetime] | None = None

    async def open(self) -> Identity:
        await self.close()
        recording = Recording(self.settings.path, self.settings.format)
        try:
            self._probe(recording)
            recording.seek(recording.start)
        except BaseException:
            recording.close()
            raise
        self._recording, self._given = recording, recording.position
        return Identity(account=self.settings.path.name, can_moderate=False)

    async def close(self) -> None:
        if self._recording:
            self._recording.close()
        self._recording = self._early = self._started = None

    async def poll(self, cursor: str | None) -> Batch:
        recording = self._at(Position.read(cursor))
        events: list[Event] = []
        ended = False
        for _ in range(self.settings.batch):
            try:
                event = self._early or self._next(recording)
            except Malformed as reason:
                self._skip(recording.row_line, reason)
                continue
            except NotAuthorised:
                if events:
                    break
                raise
            if event is None:
                ended = True
                break
            if not await self._is_due(event, may_wait=not events):
                self._early = event
                break
            events.append(event)
            self._early, self._given = None, recording.position
        if self._early is None:
            self._given = recording.position
        return Batch(events, str(self._given), more=not ended, done=ended)

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002
        raise Unsupported(f"a recorded file cannot {action} {id}: nothing can be changed in it")

    def _at(self, position: Position) -> Recording:
        if self._recording is None:
            raise RuntimeError("open the page before using it")
        if position != self._given:
            self._recording.seek(position)
            self._given = self._recording.position
            self._early = self._started = None
        return self._recording

    def _next(self, recording: Recording) -> Event | None:
        row = recording.row()
        return None if row is None else event_of(row, recording.row_line, self.settings.columns)

    def _skip(self, line: int, reason: Malformed) -> None:
        if line <= self._skipped_to:
            return
        self._skipped_to = line
        self.skipped += 1
        log.warning("%s line %d skipped: %s", self.settings.path, line, reason)

    async def _is_due(self, event: Event, *, may_wait: bool) -> bool:
        if self.settings.speed is None:
            return True
        if self._started is None:
            self._started = time.monotonic(), event.at
        began, first = self._started
        due = began + (event.at - first).total_seconds() / self.settings.speed
        if may_wait and (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(min(wait, LONGEST_WAIT))
        return time.monotonic() >= due

    def _probe(self, recording: Recording) -> None:
        """Raises NotAuthorised when none of the first lines can be read: wrong file, format or columns."""
        fault = ""
        for _ in range(PROBED):
            try:
                event = self._next(recording)
            except Malformed as reason:
                fault = fault or f"line {recording.row_line}: {reason}"
                continue
            if event or not fault:
                return
            break
        raise NotAuthorised(
            f"no line of {self.settings.path} can be read; {fault}. Check `format` and `columns`"
        )


def event_of(row: Mapping[str, Any], line: int, columns: Columns) -> Event:
    """The event that a row tells. Raises Malformed."""
    if not isinstance(row.get(columns.id), str | int) or row[columns.id] == "":
        raise Malformed(f"no {columns.id!r}")
    comment_id = str(row[columns.id])
    kind = _member(EventKind, row.get(columns.event), EventKind.CREATED)
    created_at = _time(row.get(columns.created_at))
    at = _time(row.get(columns.at)) or created_at or UNDATED + timedelta(seconds=line)
    if kind is EventKind.DELETED:
        return Event(kind=kind, id=comment_id, at=at, detail="deleted in the recording")
    comment = _comment(row, columns, comment_id, created_at or at, at if kind is EventKind.EDITED else None)
    return Event(kind=kind, id=comment_id, comment=comment, at=at)


def _comment(
    row: Mapping[str, Any],
    columns: Columns,
    comment_id: str,
    created_at: datetime,
    edited_at: datetime | None,
) -> Comment:
    text = row.get(columns.text)
    if not isinstance(text, str):
        raise Malformed(f"no {columns.text!r}")
    parent = _text(row.get(columns.parent)) or None
    return Comment(
        id=comment_id,
        revision=text_revision(text),
        post=_text(row.get(columns.post)),
        parent=parent,
        kind=_member(Kind, row.get(columns.kind), Kind.REPLY if parent else Kind.COMMENT),
        author=_text(row.get(columns.author)),
        author_id=_text(row.get(columns.author_id)),
        text=text,
        payload=row,
        created_at=created_at,
        edited_at=edited_at,
        permalink=_text(row.get(columns.permalink)),
        post_title=_text(row.get(columns.post_title)),
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _member(choices: type[_Choice], value: Any, default: _Choice) -> _Choice:
    if not value:
        return default
    try:
        return choices(value)
    except ValueError:
        raise Malformed(f"not one of {', '.join(choices)}") from None


def _time(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str) and not _is_number(value):
            time = datetime.fromisoformat(value)
            return time if time.tzinfo else time.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise Malformed("unreadable time: write ISO 8601 or Unix seconds") from None


def _is_number(text: str) -> bool:
    """Eight digits are a date such as 20260131, not the year 1970."""
    return len(text) > 8 and text.replace(".", "", 1).isdigit()
