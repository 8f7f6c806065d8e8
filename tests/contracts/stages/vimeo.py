from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from pydantic import SecretStr

from platforms.base import Platform
from platforms.vimeo import Vimeo, VimeoSettings
from tests.contracts.stages import Stage
from tests.simulators.vimeo import Account


class VimeoStage(Stage):
    secrets = ("vimeo-access", "client-secret")

    def __init__(self, account: Account) -> None:
        self.account = account

    def platform(self) -> Platform:
        settings = VimeoSettings(
            access_token=SecretStr("vimeo-access"),
            client_id="client",
            client_secret=SecretStr("client-secret"),
            api=self.account.url,
            token_url=f"{self.account.url}/oauth/access_token",
            allow_loopback=True,
            batch_size=30,
        )
        return Vimeo("videos", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.account.write(text, parent=parent) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.account.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.account.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return self.account.reader_sees(comment_id)


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield VimeoStage(request.getfixturevalue("simulated_vimeo"))
