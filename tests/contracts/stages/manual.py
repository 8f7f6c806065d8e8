from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count

import pytest

import platforms
from platforms.base import Batch, Event, EventKind, Platform
from platforms.manual import Columns, Manual, rows
from tests.contracts.stages import Stage

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


class Desk:
    """A file that somebody keeps by hand and brings in again and again."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, str]] = []
        self.numbers = count(1)

    def file(self) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([("Number", "Answers", "Words"), *self.written])
        return text.getvalue().encode()


class ManualStage(Stage):
    def __init__(self, name: str) -> None:
        self.adapter = brought_in(name, Desk())

    def platform(self) -> Platform:
        return self.adapter("page", self.adapter.Settings())

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        desk = self.adapter.desk
        ids = [str(next(desk.numbers)) for _ in texts]
        desk.written += [(id_, parent or "", text) for id_, text in zip(ids, texts, strict=True)]
        return ids


def brought_in(name: str, desk: Desk) -> type[Manual]:
    """The adapter with a person before it, as modbot's screen: the cursor counts what they brought."""
    adapter = platforms.load(name)

    class BroughtIn(adapter):  # type: ignore[misc, valid-type]
        async def poll(self, cursor: str | None) -> Batch:
            start = int(cursor or 0)
            columns = Columns(id="number", parent="answers", text="words")
            made = [self.comment(row, by="ana", at=AT, zone=UTC) for row in rows(self.desk.file(), columns)]
            new = made[start : start + 30]
            events = [Event(kind=EventKind.CREATED, id=each.id, comment=each, at=AT) for each in new]
            return Batch(events, str(start + len(new)), more=start + len(new) < len(made))

    BroughtIn.desk = desk
    return BroughtIn


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield ManualStage(request.param)
