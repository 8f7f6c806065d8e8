from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from platforms.base import Platform
from platforms.flickr import Flickr, FlickrSettings
from tests.contracts.stages import Stage
from tests.simulators.flickr import Account


class FlickrStage(Stage):
    unknown_id = "7654-50000000001-72157699999999999"

    def __init__(self, account: Account) -> None:
        self.account = account
        self.photo = account.photo("Graduation")
        self.secrets = [account.secret, account.token, account.token_secret]
        self.authors: dict[str, str] = {}

    def platform(self) -> Platform:
        settings = FlickrSettings(
            api_key=self.account.key,
            api_secret=self.account.secret,
            oauth_token=self.account.token,
            oauth_token_secret=self.account.token_secret,
            api=self.account.url,
            allow_loopback=True,
        )
        return Flickr("flickr", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        named = f"[https://www.flickr.com/photos/{self.authors[parent]}] " if parent else ""
        return [self._comment(named + text) for text in texts]

    def _comment(self, text: str) -> str:
        author = f"{len(self.authors) + 1}@N07"
        comment_id = self.account.comment(self.photo, text, author=author)
        self.authors[comment_id] = author
        return comment_id

    def edit(self, comment_id: str, text: str) -> None:
        self.account.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.account.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return self.account.is_there(comment_id)


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield FlickrStage(request.getfixturevalue("simulated_flickr"))
