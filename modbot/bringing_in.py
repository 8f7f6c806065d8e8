"""Comments that people bring in, for places that modbot cannot read: archived like all others.

A file is on record with its name and hash and who brought it, each comment with the row it came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from zoneinfo import ZoneInfo

import sqlalchemy as sa

import platforms
from modbot import case_rows, wiring
from modbot.config import PageSettings, Settings
from modbot.errors import ConfigError, NotBroughtIn, Words
from modbot.records import archive
from modbot.records.archive import Taken
from modbot.store import Store, Transaction, table, utcnow
from modbot.tables import Page
from platforms.base import Event, EventKind
from platforms.manual import Manual, Row, Unreadable, rows

pages = table(Page)

LARGEST_FILE = 5 * 2**20
AT_ONCE = 500
"""Comments in one commit, so that a long file does not keep everybody else waiting."""
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the rows. `refused`: their numbers and why, at most twenty."""

    taken: Taken
    refused: Sequence[tuple[int, Words]] = ()


def open_to_it(settings: Settings) -> list[PageSettings]:
    """The configured pages whose comments people bring in."""
    return [page for page in settings.page if issubclass(platforms.load(page.platform), Manual)]


def one(store: Store, settings: Settings, key: str, row: Row, by: str) -> Brought:
    """Raises NotBroughtIn, NotAllowed, ConfigError."""
    adapter = _adapter(settings, key)
    brought = _take_in(store, settings, adapter, [row], by, {"comments": 1})
    if brought.refused:
        raise NotBroughtIn(
            "This cannot be brought in: %(why)s.",
            remedy="Mend it and send it again.",
            why=brought.refused[0][1],
        )
    return brought


def file(store: Store, settings: Settings, key: str, name: str, content: bytes, by: str) -> Brought:
    """Rows that cannot be read are refused, the others taken. Raises like `one`."""
    if len(content) > LARGEST_FILE:
        raise NotBroughtIn("The file is larger than 5 MB.", remedy="Divide it.")
    adapter = _adapter(settings, key)
    try:
        found = list(rows(content, adapter.settings.columns))
    except Unreadable as error:
        raise NotBroughtIn(
            "The file cannot be read: %(why)s.",
            remedy="Save it as CSV (UTF-8) with a head row; the help page of manual names the columns.",
            why=_why(error),
        ) from None
    source = {"comments": len(found), "file": name, "sha256": hashlib.sha256(content).hexdigest()}
    return _take_in(store, settings, adapter, found, by, source)


def _adapter(settings: Settings, key: str) -> Manual:
    page = next((page for page in open_to_it(settings) if page.key == key), None)
    if page is None:
        known = ", ".join(page.key for page in open_to_it(settings))
        raise ConfigError(
            "Comments cannot be brought in to '%(page)s'.",
            remedy="Name one of these pages: %(known)s. The others are read by the program itself.",
            page=key,
            known=known or Words("none"),
        )
    adapter = wiring.open_page(page)
    assert isinstance(adapter, Manual)  # noqa: S101 - what open_to_it says
    return adapter


def _take_in(
    store: Store,
    settings: Settings,
    adapter: Manual,
    found: Sequence[Row],
    by: str,
    source: dict[str, object],
) -> Brought:
    now, zone = utcnow(), ZoneInfo(settings.district.timezone)
    events, refused = [], []
    for number, row in enumerate(found, start=1):
        try:
            comment = adapter.comment(row, by=by, at=now, zone=zone)
        except Unreadable as error:
            refused.append((number, _why(error)))
        else:
            events.append(Event(kind=EventKind.CREATED, id=comment.id, comment=comment, at=now))
    total = Taken()
    for some in _chunks(events):
        with store.write() as tx:
            _check(tx, adapter.page, by)
            if total == Taken():
                body = {**source, "refused": len(refused)}
                tx.record("page.brought_in", f"page:{adapter.page}", body, actor=by)
            total = _sum(total, archive.archive(tx, adapter.page, some))
    return Brought(total, refused[:SHOWN])


def _check(tx: Transaction, key: str, by: str) -> None:
    case_rows.decider(tx, by)
    if tx.execute(sa.select(pages.c.key).where(pages.c.key == key)).first() is None:
        raise ConfigError(
            "Page '%(page)s' is not registered yet.", remedy="Start the bot once: modbot run", page=key
        )


def _why(error: Unreadable) -> Words:
    return Words(error.said, **error.values)


def _chunks(events: Sequence[Event]) -> Iterable[list[Event]]:
    waiting = iter(events)
    while some := list(islice(waiting, AT_ONCE)):
        yield some


def _sum(one: Taken, other: Taken) -> Taken:
    counts = ("seen", "edited", "deleted", "known")
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in counts})
