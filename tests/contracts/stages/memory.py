from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pytest

from platforms.base import Platform
from platforms.memory import Memory, memory_page
from tests.contracts.stages import Stage


class MemoryStage(Stage):
    def __init__(self) -> None:
        self.page = memory_page(uuid4().hex)

    def platform(self) -> Platform:
        return Memory(self.page.name, Memory.Settings())

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.page.post(text, parent=parent) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.page.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.page.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return comment_id in [comment.id for comment in self.page.seen_by_public()]


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield MemoryStage()
