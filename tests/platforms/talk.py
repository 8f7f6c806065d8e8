"""A talk page of the real wiki, as its public uses it, and the adapter for that wiki."""

from __future__ import annotations

from uuid import uuid4

from platforms.mediawiki import MediaWiki, MediaWikiSettings
from tests.peers.mediawiki import MediaWiki as Wiki

FOOT = "----\nAll comments stand above."


class Talk:
    """A talk page of a test's own."""

    def __init__(self, wiki: Wiki) -> None:
        self.wiki = wiki
        self.title = f"Talk:Page {uuid4().hex[:8]}"
        wiki.stage(["edit", self.title, FOOT, "Admin"], ["forget"])

    def save(self, *texts: str) -> list[str]:
        """The page with these paragraphs, one revision for each that was added to those before."""
        pages = ["\n\n".join([*texts[: number + 1], FOOT]) for number in range(len(texts))]
        return [
            str(number) for number in self.wiki.stage(*(["edit", self.title, page, None] for page in pages))
        ]

    def put(self, text: str) -> str:
        return str(self.wiki.stage(["edit", self.title, text, None])[0])

    @property
    def text(self) -> str:
        return self.wiki.text(self.title)

    def open_to_readers(self, *numbers: str) -> list[bool]:
        query = {"prop": "revisions", "rvprop": "ids|content", "rvslots": "main", "revids": "|".join(numbers)}
        [page] = self.wiki.ask(action="query", **query)["query"]["pages"]
        return ["content" in each["slots"]["main"] for each in page["revisions"]]


def adapter(wiki: Wiki, **changes: object) -> MediaWiki:
    known = {"url": wiki.url, "user": wiki.user, "bot_password": wiki.password, "allow_loopback": True}
    return MediaWiki("wiki", MediaWikiSettings.model_validate(known | changes))
