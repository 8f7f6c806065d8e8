from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from platforms.base import Platform
from platforms.bluesky import Bluesky, BlueskySettings
from tests.contracts.stages import Stage
from tests.simulators.bluesky import Network


class BlueskyStage(Stage):
    unknown_id = "at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3kaaaaaaaaa2a"

    def __init__(self, network: Network) -> None:
        self.network = network
        self.district = network.join("district.test", "The district")
        self.reader = network.join("parent.test", "A parent")
        self.root = network.post(self.district, "Board meeting tonight.")
        self.secrets = [self.district.password]

    def platform(self) -> Platform:
        settings = BlueskySettings(
            service=self.network.url,
            handle=self.district.handle,
            app_password=self.district.password,
            allow_loopback=True,
            page_size=30,
        )
        return Bluesky("bluesky", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.network.post(self.reader, text, parent=parent or self.root) for text in texts]

    def delete(self, comment_id: str) -> None:
        self.network.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return not self.network.hidden(comment_id)


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield BlueskyStage(request.getfixturevalue("simulated_bluesky"))
