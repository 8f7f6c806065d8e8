"""Every way in which a platform can fail, split by what the caller does next.

PlatformError
├── NotAuthorised          fix the set-up: wrong credentials, missing role, expired token
│   └── Denied             we are known, and this one thing is denied us: tell a person if it stays so
├── RateLimited            wait `retry_after` seconds, then the same call again
├── CapReached             money or a hard cap is used up: stop calling and tell a person
├── Unavailable            network, 5xx, unreadable answer: the same call again later
├── CommentGone            the comment is no longer there: close the action, keep the record
└── Unsupported            this platform cannot do this action: tell a person
"""

from __future__ import annotations

from datetime import datetime


class PlatformError(Exception):
    """Any failure at a platform. Its message never contains a secret."""


class NotAuthorised(PlatformError):
    pass


class Denied(NotAuthorised):
    """Who cannot tell one thing from the whole page may take it for the latter."""


class RateLimited(PlatformError):
    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CapReached(PlatformError):
    def __init__(self, message: str, *, resets_at: datetime | None = None) -> None:
        super().__init__(message)
        self.resets_at = resets_at
        """When the platform counts from zero again; None where it does not say."""


class Unavailable(PlatformError):
    pass


class CommentGone(PlatformError):
    pass


class Unsupported(PlatformError):
    pass
