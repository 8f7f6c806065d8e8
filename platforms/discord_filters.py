"""A Discord server's rules of automatic moderation in plain words.

Source: Discord's documentation of Auto Moderation, the numbers of triggers, presets and actions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from platforms.base import Filter

LOOKS_FOR = {
    1: "messages with words of a list",
    3: "messages that Discord takes for spam",
    4: "messages with words of Discord's own lists",
    5: "messages that mention many people",
    6: "names and profiles with words of a list",
}
PRESETS = {1: "profanity", 2: "sexual content", 3: "slurs"}
DOES = {
    1: "stops them",
    2: "tells the server's moderators",
    3: "silences the author for a while",
    4: "keeps the author from taking part",
}


def filter_of(rule: Mapping[str, Any]) -> Filter:
    """Of one rule as Discord gives it; what is new to this file is called by its number."""
    kind = rule.get("trigger_type")
    details = "; ".join(_details(rule.get("trigger_metadata") or {}))
    looks_for = LOOKS_FOR.get(kind or 0, f"something that Discord calls kind {kind}")
    does = [
        DOES.get(action.get("type"), f"does what Discord calls action {action.get('type')}")
        for action in rule.get("actions", ())
    ]
    about = f"looks for {looks_for}{f' ({details})' if details else ''}; {', '.join(does) or 'does nothing'}"
    return Filter(name=str(rule.get("name", "")), does=about, on=bool(rule.get("enabled")))


def _details(metadata: Mapping[str, Any]) -> Iterator[str]:
    words = [*metadata.get("keyword_filter", ()), *metadata.get("regex_patterns", ())]
    if words:
        yield ", ".join(map(str, words))
    presets = [PRESETS.get(each, str(each)) for each in metadata.get("presets", ())]
    if presets:
        yield ", ".join(presets)
    if metadata.get("mention_total_limit"):
        yield f"more than {metadata['mention_total_limit']} mentions"
