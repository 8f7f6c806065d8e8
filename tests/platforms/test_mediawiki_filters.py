"""What a wiki keeps out by itself, from a real wiki and from answers as its extensions give them."""

from __future__ import annotations

from typing import Any

import pytest

from platforms import mediawiki_filters
from platforms.mediawiki import MediaWiki, MediaWikiSettings
from platforms.mediawiki_filters import MediaWikiRest
from tests.peers.mediawiki import MediaWiki as Wiki

pytestmark = pytest.mark.anyio

EXTENSIONS = [{"name": "Abuse Filter"}, {"name": "SpamBlacklist"}, {"name": "Vector"}]
FILTERS = [
    {"id": 1, "description": "Blanking", "actions": "warn,disallow", "enabled": ""},
    {"id": 2, "description": "Old one", "actions": "", "enabled": True, "deleted": True},
]
LINKS = "# Links that nobody may add\n\ncasino\\.example  # ours\nspam\\.example\n"


class Extended(MediaWikiRest):
    """The answers of a wiki with these extensions; what is asked for them stands in `asked`."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    async def ask(self, query: Any, *, public: bool = False) -> Any:
        self.asked.append(query)
        if query.get("meta") == "siteinfo":
            return {"query": {"extensions": EXTENSIONS}}
        if query.get("list") == "abusefilters":
            return {"query": {"abusefilters": FILTERS}}
        slots = {"main": {"content": LINKS}}
        return {"query": {"pages": [{"title": query["titles"], "revisions": [{"slots": slots}]}]}}


async def test_abuse_filters_and_lists_are_told_in_words_where_their_extension_is_installed() -> None:
    rest = Extended()
    found = await mediawiki_filters.read(rest)
    assert [(each.name, each.on) for each in found] == [
        ("Abuse filter 1, Blanking", True),
        ("Abuse filter 2, Old one", False),
        ("MediaWiki:Spam-blacklist", True),
    ]
    assert found[0].does == "acts on edits that meet its rule: warn, disallow"
    assert found[2].does.endswith("its lines: 2 lines")
    assert "MediaWiki:Titleblacklist" not in [each.get("titles") for each in rest.asked]


async def test_a_wiki_without_such_extensions_has_no_filters(mediawiki: Wiki) -> None:
    known = {"url": mediawiki.url, "user": mediawiki.user, "bot_password": mediawiki.password}
    wiki = MediaWiki("wiki", MediaWikiSettings.model_validate(known | {"allow_loopback": True}))
    await wiki.open()
    assert await wiki.filters() == []
    await wiki.close()
