from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest

from platforms.base import Platform
from platforms.wordpress import WordPress, WordPressSettings
from tests.contracts.stages import Stage
from tests.peers.wordpress import WordPress as Site


class WordPressStage(Stage):
    def __init__(self, site: Site) -> None:
        self.site = site
        self.secrets = [site.password]
        site.stage(["empty"])

    def platform(self) -> Platform:
        settings = WordPressSettings(
            url=self.site.url,
            user=self.site.user,
            application_password=self.site.password,
            allow_loopback=True,
            page_size=30,
        )
        return WordPress("blog", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        rows = [{"comment_content": text, "comment_parent": int(parent or 0)} for text in texts]
        return [str(number) for number in self.site.stage(*(["insert", row] for row in rows))]

    def edit(self, comment_id: str, text: str) -> None:
        self.site.stage(["edit", int(comment_id), text])

    def delete(self, comment_id: str) -> None:
        self.site.stage(["erase", int(comment_id)])

    def reader_sees(self, comment_id: str) -> bool:
        url = f"{self.site.url}/wp-json/wp/v2/comments/{comment_id}"
        return httpx.get(url, timeout=30, verify=False).is_success


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield WordPressStage(request.getfixturevalue("wordpress"))
