from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from platforms.base import Platform
from platforms.youtube import YouTube, YouTubeSettings
from tests.contracts.stages import Stage
from tests.simulators.youtube import CHANNEL, Channel


class YouTubeStage(Stage):
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.secrets = ["access-1", "client-secret"]

    def platform(self) -> Platform:
        settings = YouTubeSettings(
            channel=CHANNEL,
            access_token=SecretStr("access-1"),
            client_id="client",
            client_secret=SecretStr("client-secret"),
            api=self.channel.url,
            token_url=f"{self.channel.url}/token",
            allow_loopback=True,
            batch_size=30,
        )
        return YouTube("channel", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.channel.write(text, parent=parent) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.channel.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.channel.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return self.channel.reader_sees(comment_id)


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield YouTubeStage(request.getfixturevalue("simulated_youtube"))
