from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from platforms.base import Platform
from platforms.replay import Replay, ReplaySettings
from tests.contracts.stages import Stage


class ReplayStage(Stage):
    """A file that is still being recorded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.touch()
        self.numbers = count(1)

    def platform(self) -> Platform:
        return Replay("page", ReplaySettings(path=self.path, batch=30))

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        ids = [str(next(self.numbers)) for _ in texts]
        self._record(*({"id": i, "text": text, "parent": parent} for i, text in zip(ids, texts, strict=True)))
        return ids

    def edit(self, comment_id: str, text: str) -> None:
        self._record({"event": "edited", "id": comment_id, "text": text})

    def delete(self, comment_id: str) -> None:
        self._record({"event": "deleted", "id": comment_id})

    def _record(self, *rows: dict[str, str | None]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield ReplayStage(request.getfixturevalue("tmp_path") / "recorded.jsonl")
