from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from platforms.base import Platform
from platforms.feed import CommentFeed, FeedSettings
from tests.contracts.stages import Stage
from tests.simulators import serve
from tests.simulators.feed import Blog


class FeedStage(Stage):
    def __init__(self, blog: Blog, url: str) -> None:
        self.blog = blog
        self.url = url

    def platform(self) -> Platform:
        return CommentFeed("blog", FeedSettings(url=f"{self.url}/comments/feed", allow_loopback=True))

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        answers = int(parent.rpartition("-")[2]) if parent else None
        return [self.blog.id_of(self.blog.write(text, answers)) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.blog.edit(int(comment_id.rpartition("-")[2]), text)

    def delete(self, comment_id: str) -> None:
        self.blog.erase(int(comment_id.rpartition("-")[2]))


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    blog = Blog()
    with serve(blog.app) as url:
        yield FeedStage(blog, url)
