"""Platforms that come to us: what an adapter must answer when its platform knocks.

The receiver in `modbot/` takes the delivery, asks `check`, stores the raw body, answers, and only then lets
`unpack` read it. So `challenge`, `check` and `delivery_id` must be quick and call nobody.
"""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from platforms.base import Event

Answer = str | bytes | tuple[str | bytes, str]
"""A body, as plain text; or a body and its content type."""


class BadSignature(Exception):
    """Not from the platform, or not as it sent it. Whoever knocked is told nothing more."""


class Pushed(ABC):
    """Mixed into the Platform of a page that can be pushed to. `headers` has its names in lower case."""

    @property
    def pushes(self) -> bool:
        """Whether this page is set up for it: a secret to check signatures with is there."""
        return True

    def challenge(self, query: Mapping[str, str]) -> Answer | None:  # noqa: ARG002
        """The answer to the platform's check of our address; None: this is no such check.

        Raises BadSignature when it is one, but not ours.
        """
        return None

    @abstractmethod
    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises BadSignature unless the platform signed these very bytes, lately where it signs a time."""

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002
        """What is the same when the platform sends the same delivery again; at most 100 characters."""
        return hashlib.sha256(body).hexdigest()

    @property
    def account(self) -> str:
        """What `accounts_in` calls this page; empty while that is not known."""
        return ""

    def accounts_in(self, body: bytes) -> frozenset[str]:  # noqa: ARG002
        """The accounts that a delivery tells of; none where it names none, or cannot be read."""
        return frozenset()

    def concerns(self, body: bytes) -> bool:
        """Whether a delivery to the address of another page of this platform tells of this page as well.

        For platforms that know one address for all pages of an app; `check` is asked before.
        """
        return self.account in self.accounts_in(body)

    @abstractmethod
    async def unpack(self, body: bytes) -> Sequence[Event]:
        """What a stored delivery tells, after `open`; it may ask the platform for the whole comment.

        Harmless when repeated or out of order. Raises PlatformError to be asked again later, ValueError for a
        body that will never make sense.
        """


def must_match(given: str, expected: str) -> None:
    """Raises BadSignature unless both are the same, without telling by its time how much of them is."""
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode()):
        raise BadSignature
