from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from platforms.base import Platform
from platforms.x import X, XSettings
from tests.contracts.stages import Stage
from tests.simulators.x import Service


class XStage(Stage):
    def __init__(self, service: Service) -> None:
        self.service = service
        self.district = service.join("district", "The district")
        self.reader = service.join("parent", "A parent")
        self.root = service.post(self.district, "Board meeting tonight.")
        self.token = service.tokens(self.district)["access_token"]
        self.secrets = [self.token, *service.client[1:], service.consumer_secret]

    def platform(self) -> Platform:
        settings = XSettings(
            api=self.service.url,
            token_url=f"{self.service.url}/2/oauth2/token",
            client_id=self.service.client[0],
            client_secret=self.service.client[1],
            consumer_secret=self.service.consumer_secret,
            access_token=self.token,
            monthly_dollars=100,
            allow_loopback=True,
        )
        return X("x", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.service.post(self.reader, text, answers=parent or self.root) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.service.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.service.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return comment_id not in self.service.hidden


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield XStage(request.getfixturevalue("simulated_x"))
