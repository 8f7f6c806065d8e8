"""What can go wrong, by what the caller does next.

DiscordException
├── InvalidMessage       breaks one of Discord's limits, nothing was sent: change `field`
├── ConnectionFailed     no answer
└── HTTPException        Discord refused; `status`, and Discord's own `code` and `text`
    ├── Forbidden        403
    ├── NotFound         404: the webhook, message or thread is gone
    ├── RateLimited      429, and waiting `retry_after` seconds is longer than the caller allows
    └── DiscordServerError   5xx after the last attempt
"""

from __future__ import annotations


class DiscordException(Exception):
    pass


class InvalidMessage(DiscordException, ValueError):
    """`field` is named as in Discord's API, such as `embeds[0].title`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class ConnectionFailed(DiscordException):
    """`connected`: the request may have arrived; otherwise it did not."""

    def __init__(self, text: str, *, connected: bool) -> None:
        super().__init__(text)
        self.connected = connected


class HTTPException(DiscordException):
    """`code` is Discord's number for the reason, 0 if it gave none."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(f"{status} (error code: {code}): {text or 'no reason given'}")
        self.status = status
        self.code = code
        self.text = text


class Forbidden(HTTPException):
    pass


class NotFound(HTTPException):
    pass


class RateLimited(HTTPException):
    def __init__(self, code: int, text: str, retry_after: float) -> None:
        super().__init__(429, code, text)
        self.retry_after = retry_after


class DiscordServerError(HTTPException):
    pass
