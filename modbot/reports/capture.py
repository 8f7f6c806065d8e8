"""Which pages there were, and when they could not be read.

A gap is put on record when it ends. One that had not ended with the week counts up to the week's end, whether
it is on record by now or still stands in the page's row: so a report is the same whenever it is made. For the
same reason why it came about is told only where it ended within the week: the reason of one that goes on is
that of the last attempt, and changes.

A page that was taken out of the settings is not watched from then on, and lacks nothing. What it lacked until
then was put on record with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.records.page_state import GAP, NOT_RUNNING, PARTIAL, REGISTERED, RETIRED, due_since
from modbot.reports.extent import Extent, Noted, noted
from modbot.store import table
from modbot.tables import AuditHead, Comment, Page

pages, comments, head = table(Page), table(Comment), table(AuditHead)
_TOLD = ("platform", "title", "school")


@dataclass(frozen=True, slots=True)
class Out:
    """A time in which a page was not in the settings; `end` is None where it lasted beyond the span."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Registered:
    """A page as the register had it when the span ended."""

    key: str
    platform: str
    title: str
    school: str
    since: datetime
    last_comment: datetime | None
    """When its newest comment was archived."""
    out: tuple[Out, ...] = ()

    @property
    def name(self) -> str:
        return self.title or self.key

    @property
    def is_retired(self) -> bool:
        return bool(self.out) and self.out[-1].end is None

    @property
    def watched_since(self) -> datetime:
        """When it was registered, or was in the settings again last."""
        return max([self.since, *(each.end for each in self.out if each.end is not None)])

    def to_watch(self, start: datetime, end: datetime) -> timedelta:
        """How much of the time from start to end it was in the settings."""
        whole = max(end - max(start, self.since), timedelta())
        return whole - sum((_shared(each, start, end) for each in self.out), timedelta())


def _shared(out: Out, start: datetime, end: datetime) -> timedelta:
    return max(min(out.end or end, end) - max(out.start, start), timedelta())


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    page: str
    start: datetime
    end: datetime
    why: str

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def register(connection: Connection, extent: Extent) -> list[Registered]:
    """Every page registered before the span ended, by key."""
    rows = {row.key: row for row in connection.execute(sa.select(pages))}
    first: dict[str, datetime] = {}
    known: dict[str, Mapping[str, str]] = {}
    out: dict[str, list[Out]] = {}
    for each in noted(connection, Extent(extent.start, extent.end, 0, extent.last), REGISTERED, RETIRED):
        key = each.subject.removeprefix("page:")
        times = out.setdefault(key, [])
        if each.kind == RETIRED:
            times.append(Out(each.at, None))
            continue
        if times and times[-1].end is None:
            times[-1] = Out(times[-1].start, each.at)
        first.setdefault(key, each.at)
        known[key] = each.body or {name: rows[key]._mapping[name] for name in _TOLD}
    return [
        Registered(
            key,
            values["platform"],
            values["title"],
            values["school"],
            first[key],
            _last_comment(connection, key, extent.last),
            tuple(out[key]),
        )
        for key, values in sorted(known.items())
    ]


def _last_comment(connection: Connection, page: str, last: int) -> datetime | None:
    newest = sa.select(sa.func.max(comments.c.id)).where(comments.c.page == page, comments.c.id <= last)
    found = sa.select(comments.c.archived_at).where(comments.c.id == newest.scalar_subquery())
    at: datetime | None = connection.execute(found).scalar()
    return at


def gaps(
    connection: Connection, extent: Extent, known: Sequence[Registered], patience: timedelta
) -> list[Gap]:
    """What of each gap lies in the span, by page and time. A page unread for `patience` is in a gap."""
    found = [*_recorded(connection, extent, GAP), *_still_open(connection, extent.end, known)]
    return _in_span(_as_of(found, extent.end, patience), extent, known)


def closed_parts(connection: Connection, extent: Extent, known: Sequence[Registered]) -> list[Gap]:
    """Like `gaps`, the times in which a part of a page could not be read, such as one of its channels."""
    found = [*_recorded(connection, extent, PARTIAL), *_still_closed(connection, extent.end)]
    return _in_span(_as_of(found, extent.end, timedelta()), extent, known)


def _recorded(connection: Connection, extent: Extent, kind: str) -> list[Gap]:
    """What ended since the span began, and so may reach into it."""
    now = connection.execute(sa.select(head.c.seq)).scalar() or 0
    entries = noted(connection, Extent(extent.start, extent.end, extent.after, now), kind)
    return [_on_record(each) for each in entries if each.body]


def _in_span(found: Iterable[Gap], extent: Extent, known: Sequence[Registered]) -> list[Gap]:
    return sorted(within(found, extent.start, extent.end, {page.key: page.since for page in known}))


def _on_record(noted: Noted) -> Gap:
    start, end = (datetime.fromisoformat(noted.body[name]) for name in ("from", "to"))
    return Gap(noted.subject.removeprefix("page:"), start, end, noted.body["failure"])


def _still_open(connection: Connection, end: datetime, known: Sequence[Registered]) -> Iterable[Gap]:
    """Of each page what its row tells, up to `end`: unread since it should have been read, or failing."""
    watched = {page.key: page.watched_since for page in known if not page.is_retired}
    for row in connection.execute(sa.select(pages).where(pages.c.key.in_(watched))):
        due = watched[row.key] if row.polled_at is None else due_since(row)
        yield Gap(row.key, due, row.failing_since or end, NOT_RUNNING)
        if row.failing_since is not None:
            yield Gap(row.key, row.failing_since, end, row.failure)


def _still_closed(connection: Connection, end: datetime) -> Iterable[Gap]:
    for row in connection.execute(sa.select(pages).where(pages.c.unreadable_since.is_not(None))):
        yield Gap(row.key, row.unreadable_since, end, row.unreadable)


def _as_of(found: Iterable[Gap], end: datetime, patience: timedelta) -> Iterator[Gap]:
    """The gaps as they were known when the span ended, those that went on without a reason."""
    for gap in found:
        if gap.why == NOT_RUNNING and min(gap.end, end) - gap.start <= patience:
            continue
        yield gap if gap.end < end else replace(gap, why="")


def within(found: Iterable[Gap], start: datetime, end: datetime, since: dict[str, datetime]) -> Iterable[Gap]:
    """The parts of the gaps inside the span, none before its page was registered; overlaps are joined."""
    last: dict[str, datetime] = {}
    for gap in sorted(found):
        if gap.page not in since:
            continue
        begin = max(gap.start, start, since[gap.page], last.get(gap.page, start))
        finish = min(gap.end, end)
        if begin < finish:
            last[gap.page] = finish
            yield Gap(gap.page, begin, finish, gap.why)


def share(page: Registered, found: Iterable[Gap], start: datetime, end: datetime) -> float | None:
    """Percent of the time between start and end in which the page was read, of that in which it was to be."""
    to_watch = page.to_watch(start, end)
    if not to_watch:
        return None
    own = [gap for gap in found if gap.page == page.key]
    missed = sum((max(min(gap.end, end) - max(gap.start, start), timedelta()) for gap in own), timedelta())
    return 100 * (1 - missed / to_watch)
