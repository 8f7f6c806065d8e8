"""How the platform contract gets a page with comments: one module here per platform, of the same name.

Each has a context manager `stage(request)` that yields a Stage with an empty page; `request` is pytest's, for
the fixtures that the platform's peer needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from platforms.base import Platform


class NotStaged(AssertionError):
    """The contract asked for something that the platform's capabilities do not promise."""


class Stage(ABC):
    """A page as its public and its owner use it, and adapters for it."""

    secrets: Sequence[str] = ()
    unknown_id = "987654321"
    """An id that this page never gave to a comment."""

    @abstractmethod
    def platform(self) -> Platform:
        """A new adapter for the page, not yet opened, as after a restart. Batches of at most 30."""

    @abstractmethod
    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        """Write comments, one after another; their ids."""

    def edit(self, comment_id: str, text: str) -> None:
        """Change a comment as its author would. For platforms that see edits."""
        raise NotStaged("edits")

    def delete(self, comment_id: str) -> None:
        """Take a comment away as its author would. For platforms that see deletions."""
        raise NotStaged("deletions")

    def reader_sees(self, comment_id: str) -> bool:
        """Whether a reader gets it who is not signed in. For pages on which actions are possible."""
        raise NotStaged("readers")
