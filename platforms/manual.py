"""Places without a way in for programs: people bring comments in, and what is decided is a task for people.

`manual.toml` names the places; each is a platform of its own, so that the records say where a comment stood.
Nothing here speaks to anybody: what people pasted, or a CSV file, is read into comments.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar

from platforms.base import (
    ActionKind,
    Batch,
    Capabilities,
    Comment,
    Effect,
    Identity,
    Kind,
    Platform,
    PlatformSettings,
    Receipt,
    Unsupported,
    text_revision,
)

MOST_ROWS = 20_000
FIELDS = ("text", "author", "written_at", "link", "post", "post_title", "parent", "id")
AMERICAN = ("%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%m/%d/%y %H:%M")
"""As spreadsheets here write dates, besides ISO 8601."""


class Columns(PlatformSettings):
    """The file's own name for each thing we know. Only `text` must be there."""

    text: str = "text"
    author: str = "author"
    written_at: str = "written_at"
    link: str = "link"
    post: str = "post"
    post_title: str = "post_title"
    parent: str = "parent"
    id: str = "id"


class ManualSettings(PlatformSettings):
    columns: Columns = Columns()


class Unreadable(ValueError):
    """Not a file of comments; says what to do.

    In English. For other languages `said` is the text before `values` (`%(name)s`) were put in.
    """

    def __init__(self, said: str, **values: object) -> None:
        super().__init__(said % values if values else said)
        self.said, self.values = said, values


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comment as somebody typed it or as it stands in a file. Empty: not known."""

    text: str
    author: str = ""
    written_at: str = ""
    """ISO 8601 or 11/22/2026 8:00 AM."""
    link: str = ""
    post: str = ""
    post_title: str = ""
    parent: str = ""
    id: str = ""
    source: Mapping[str, Any] | None = None
    """The file's own row, for the record."""


class Manual(Platform):
    name = "manual"
    Settings = ManualSettings
    settings: ManualSettings
    capabilities: ClassVar[Capabilities]

    async def open(self) -> Identity:
        return Identity(account=_site(self.name)["name"], can_moderate=False)

    async def poll(self, cursor: str | None) -> Batch:
        """Nothing: what there is was brought in."""
        return Batch((), cursor or "brought in")

    async def act(self, action: ActionKind, id: str) -> Receipt:  # noqa: A002, ARG002
        raise Unsupported(task(self.name, action))

    def comment(self, row: Row, *, by: str, at: datetime, zone: tzinfo) -> Comment:
        """What `by` brought in at `at`. Raises Unreadable."""
        if not row.text.strip():
            raise Unreadable("it has no words")
        link = row.link or (_site(self.name)["link"].format(post=row.post) if row.post else "")
        if link and not link.startswith(("https://", "http://")):
            raise Unreadable("its link does not begin with https://")
        return Comment(
            id=row.id or _own_id(row),
            revision=text_revision(row.text),
            post=row.post or link.partition("#")[0] or self.page,
            parent=row.parent or None,
            kind=Kind.REPLY if row.parent else Kind.COMMENT,
            author=row.author,
            text=row.text,
            payload={"brought_in_by": by, "brought_in_at": at.isoformat(), "as_given": _as_given(row)},
            created_at=_time(row.written_at, zone) if row.written_at.strip() else at,
            permalink=link,
            post_title=row.post_title,
        )


def task(platform: str, action: ActionKind) -> str:
    """What a person has to do there, in words."""
    return str(_site(platform).get(action.value) or _site(platform)["note"])


def rows(content: bytes, columns: Columns) -> Iterator[Row]:
    """The comments of a CSV file in the order in which they stand there. Raises Unreadable."""
    reader, heads = _opened(_decoded(content), columns)
    try:
        for number, each in enumerate(reader):
            if number >= MOST_ROWS:
                raise Unreadable("it has more than %(most)s rows: divide it", most=MOST_ROWS)
            given = {field: each.get(head) or "" for field, head in heads.items()}
            yield Row(**given, source={str(key): value for key, value in each.items()})
    except csv.Error as error:
        raise Unreadable(
            "row %(number)s cannot be read: %(why)s", number=reader.line_num, why=error
        ) from None


def _opened(text: str, columns: Columns) -> tuple[csv.DictReader[str], dict[str, str]]:
    """The rows, and for each field the file's own name of its column."""
    for delimiter in ",;\t":
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        named = {str(head).strip().casefold(): head for head in reader.fieldnames or ()}
        wanted = {field: getattr(columns, field).strip().casefold() for field in FIELDS}
        if wanted["text"] in named:
            return reader, {field: named[name] for field, name in wanted.items() if name in named}
    first = text[:200].partition("\n")[0]
    raise Unreadable(
        "no column is named %(name)s. Its first line is: %(line)s", name=columns.text, line=first
    )


def _decoded(content: bytes) -> str:
    """UTF-8, or what spreadsheets here write instead."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("it is no text file: save it as CSV (UTF-8)")


def _own_id(row: Row) -> str:
    """The same whenever the same comment is brought in again."""
    parts = (row.link, row.post, row.author, row.written_at, row.text)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _as_given(row: Row) -> Mapping[str, Any]:
    return row.source or {field: getattr(row, field) for field in FIELDS if getattr(row, field)}


def _time(text: str, zone: tzinfo) -> datetime:
    """In `zone` where it names none. Raises Unreadable."""
    given = text.strip()
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = _american(given)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _american(text: str) -> datetime:
    for form in AMERICAN:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the district's zone
        except ValueError:
            continue
    raise Unreadable("its time is not understood: %(given)s. Write it as 2026-11-22 08:00", given=text)


@cache
def _sites() -> Mapping[str, Mapping[str, str]]:
    text = (files("platforms") / "manual.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _site(name: str) -> Mapping[str, str]:
    return _sites()[name]


def _capabilities(name: str) -> Capabilities:
    site = _site(name)
    by_hand = {
        kind: Effect(reversible=kind is not ActionKind.DELETE, note=f"By hand: {site[kind.value]}")
        for kind in ActionKind
        if kind.value in site
    }
    return Capabilities(actions={}, by_hand=by_hand, note=site["note"])


Manual.capabilities = _capabilities("manual")


class Nextdoor(Manual):
    name = "nextdoor"
    capabilities = _capabilities(name)


class Pinterest(Manual):
    name = "pinterest"
    capabilities = _capabilities(name)


class Threads(Manual):
    name = "threads"
    capabilities = _capabilities(name)


class TikTok(Manual):
    name = "tiktok"
    capabilities = _capabilities(name)
