"""What a look-up of known comments has found so far, for platforms that take a call for each or for a few.

Cut off in the middle, by a rate limit or a failing line, it goes on from there when asked the same again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from platforms.base import Event


class Looking:
    def __init__(self) -> None:
        self._found: dict[str, tuple[str, Sequence[Event]]] = {}
        """By comment: the revision it was compared with, and what had happened to it."""

    def left(self, known: Mapping[str, str]) -> Mapping[str, str]:
        """Those of `known` that were not looked at, or have got another revision in the archive since."""
        self._found = {each: found for each, found in self._found.items() if known.get(each) == found[0]}
        return {each: revision for each, revision in known.items() if each not in self._found}

    def note(self, comment_id: str, revision: str, events: Sequence[Event]) -> None:
        self._found[comment_id] = revision, events

    def finish(self) -> list[Event]:
        """Everything that was found, once nothing is left; the next look-up begins anew."""
        found, self._found = self._found, {}
        return [event for _, events in found.values() for event in events]
