from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pytest

from platforms.base import Platform
from platforms.mediawiki import MediaWiki, MediaWikiSettings
from tests.contracts.stages import Stage
from tests.peers.mediawiki import MediaWiki as Wiki

FOOT = "----\nAll comments stand above."


class MediaWikiStage(Stage):
    """One talk page on which everybody writes above its last lines, as it stands at that moment."""

    def __init__(self, wiki: Wiki) -> None:
        self.wiki = wiki
        self.secrets = [wiki.password]
        self.title = f"Talk:Board {uuid4().hex[:8]}"
        self.text = FOOT
        self.words: dict[str, str] = {}
        wiki.stage(["edit", self.title, FOOT, "Admin"], ["forget"])

    def platform(self) -> Platform:
        settings = MediaWikiSettings(
            url=self.wiki.url,
            user=self.wiki.user,
            bot_password=self.wiki.password,
            allow_loopback=True,
        )
        return MediaWiki("wiki", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        self.text = self.wiki.text(self.title) or self.text
        calls = [["edit", self.title, self._with(text, parent), None] for text in texts]
        ids = [str(number) for number in self.wiki.stage(*calls)]
        self.words |= dict(zip(ids, texts, strict=True))
        return ids

    def delete(self, comment_id: str) -> None:
        words = re.escape(self.words[comment_id])
        # A comment with its paragraph unless answers stand below it; an answer alone unless it stands alone.
        line = re.compile(rf"^{words}\n\n?|(?<=[^\n]\n):{words}\n|^:{words}\n\n", re.MULTILINE)
        self.text = line.sub("", self.wiki.text(self.title) or self.text, count=1)
        self.wiki.stage(["edit", self.title, self.text, None])

    def reader_sees(self, comment_id: str) -> bool:
        query = {"prop": "revisions", "revids": comment_id, "rvprop": "content", "rvslots": "main"}
        answer = self.wiki.ask(action="query", **query)
        [revision] = answer["query"]["pages"][0]["revisions"]
        return "content" in revision["slots"]["main"] or self.words[comment_id] in self.wiki.text(self.title)

    def _with(self, text: str, parent: str | None) -> str:
        if parent:
            answered = self.words[parent]
            self.text = self.text.replace(answered, f"{answered}\n:{text}", 1)
        else:
            self.text = self.text.replace(FOOT, f"{text}\n\n{FOOT}")
        return self.text


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield MediaWikiStage(request.getfixturevalue("mediawiki"))
