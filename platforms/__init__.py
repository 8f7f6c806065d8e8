"""Platform adapters: comments in, actions out. A new one is one file and one line in BUILTIN."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from platforms.base import Platform

BUILTIN = {
    "discord": "platforms.discord:Discord",
    "feed": "platforms.feed:CommentFeed",
    "bluesky": "platforms.bluesky:Bluesky",
    "flickr": "platforms.flickr:Flickr",
    "inbox": "platforms.inbox:Inbox",
    "facebook": "platforms.facebook:Facebook",
    "instagram": "platforms.instagram:Instagram",
    "manual": "platforms.manual:Manual",
    "nextdoor": "platforms.manual:Nextdoor",
    "pinterest": "platforms.manual:Pinterest",
    "threads": "platforms.manual:Threads",
    "tiktok": "platforms.manual:TikTok",
    "mediawiki": "platforms.mediawiki:MediaWiki",
    "memory": "platforms.memory:Memory",
    "replay": "platforms.replay:Replay",
    "vimeo": "platforms.vimeo:Vimeo",
    "linkedin": "platforms.linkedin:LinkedIn",
    "wordpress": "platforms.wordpress:WordPress",
    "x": "platforms.x:X",
    "youtube": "platforms.youtube:YouTube",
}
ENTRY_POINTS = "modbot.platforms"


def names() -> list[str]:
    """Every platform that can be named in a `[[page]]` table: ours and those of installed packages."""
    return sorted({*BUILTIN, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def load(name: str) -> type[Platform]:
    """The adapter's class. Raises KeyError for a name that nobody registered."""
    module, _, attribute = (BUILTIN.get(name) or _installed(name)).partition(":")
    found: type[Platform] = getattr(import_module(module), attribute)
    return found


def _installed(name: str) -> str:
    return {point.name: point.value for point in entry_points(group=ENTRY_POINTS)}[name]
