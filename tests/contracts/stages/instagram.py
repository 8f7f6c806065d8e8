from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from platforms.base import Platform
from platforms.instagram import Instagram
from platforms.instagram_login import InstagramSettings
from tests.contracts.stages import Stage
from tests.simulators.graph import APP_SECRET, Graph


class InstagramStage(Stage):
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.account = graph.account("instagram")
        [self.token] = self.account.tokens
        self.secrets = [self.token, APP_SECRET, "word-for-the-form"]

    def platform(self) -> Platform:
        settings = InstagramSettings(
            account_id=self.account.id,
            access_token=self.token,
            app_secret=APP_SECRET,
            verify_token="word-for-the-form",
            api=self.graph.url,
            allow_loopback=True,
            page_size=30,
        )
        return Instagram("page", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.graph.comment(self.account, text, parent=parent) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.graph.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.graph.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return self.graph.public_sees(comment_id)


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield InstagramStage(request.getfixturevalue("graph"))
