"""What a wiki keeps out by itself: its abuse filters and its lists of links and titles.

Each belongs to an extension, and is there only where that is installed.
"""

from __future__ import annotations

from collections.abc import Iterator

from platforms.base import Filter
from platforms.mediawiki_rest import MediaWikiRest, Native

LISTS = {
    "SpamBlacklist": ("MediaWiki:Spam-blacklist", "stops edits with links that match one of its lines"),
    "TitleBlacklist": ("MediaWiki:Titleblacklist", "stops pages whose title matches one of its lines"),
}
ABUSE_FILTER = "Abuse Filter"
"""The extension AbuseFilter by its own name for itself, which has a space."""
MOST = 500
"""Filters asked for in one call; no district's wiki has as many."""


async def read(rest: MediaWikiRest) -> list[Filter]:
    answer = await rest.ask({"action": "query", "meta": "siteinfo", "siprop": "extensions"})
    there = {each.get("name") for each in answer["query"]["extensions"]}
    found = []
    if ABUSE_FILTER in there:
        query = {"action": "query", "list": "abusefilters", "abflimit": str(MOST)}
        shown = await rest.ask({**query, "abfprop": "id|description|actions|status"})
        found += [_abuse_filter(each) for each in shown["query"]["abusefilters"]]
    for extension, (title, does) in LISTS.items():
        if extension in there:
            found.append(await _list(rest, title, does))
    return found


def _abuse_filter(native: Native) -> Filter:
    """`enabled` and `deleted` are flags: some wikis give an empty text, and leave out what does not hold."""
    actions = ", ".join(filter(None, str(native.get("actions", "")).split(",")))
    return Filter(
        name=f"Abuse filter {native['id']}, {native.get('description', '')}",
        does=f"acts on edits that meet its rule: {actions or 'notes them'}",
        on=native.get("enabled", False) is not False and native.get("deleted", False) is False,
    )


async def _list(rest: MediaWikiRest, title: str, does: str) -> Filter:
    query = {"action": "query", "prop": "revisions", "rvprop": "content", "rvslots": "main", "titles": title}
    pages = (await rest.ask(query))["query"]["pages"]
    lines = sum(1 for page in pages for _ in _lines(page))
    return Filter(name=title, does=f"{does}: {lines} lines", on=lines > 0)


def _lines(page: Native) -> Iterator[str]:
    """Without comments, which begin with #."""
    for revision in page.get("revisions", ()):
        for line in revision["slots"]["main"].get("content", "").splitlines():
            if line.partition("#")[0].strip():
                yield line
