"""HTTP answers in the words of PlatformError, the same for every adapter.

No message holds a URL's query, a header or a body: later adapters carry their token there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from platforms.errors import RateLimited, Unavailable

DEFAULT_WAIT = 60.0
"""Seconds to wait after a 429 that does not say how long."""


async def send(
    client: httpx.AsyncClient, request: httpx.Request, *, anonymous: bool = False
) -> httpx.Response:
    """The answer, unless the same call is worth repeating: then RateLimited or Unavailable.

    501 is returned, since repeating what a server does not offer is useless.
    """
    auth = None if anonymous else httpx.USE_CLIENT_DEFAULT
    try:
        response = await client.send(request, auth=auth)
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _no_answer(request, error) from None
    _refuse_for_now(response)
    return response


async def read(
    client: httpx.AsyncClient, request: httpx.Request, *, most: int
) -> tuple[httpx.Response, bytes]:
    """Like `send`, with the body apart. Raises Unavailable as soon as that is longer than `most` bytes."""
    body = bytearray()
    try:
        response = await client.send(request, stream=True)
        try:
            async for part in response.aiter_bytes():
                body += part
                if len(body) > most:
                    raise Unavailable(f"the answer of {request.url.host} is longer than {most} bytes")
        finally:
            await response.aclose()
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _no_answer(request, error) from None
    _refuse_for_now(response)
    return response, bytes(body)


def _no_answer(request: httpx.Request, error: Exception) -> Unavailable:
    # To be raised without its cause: that holds the request, and so the Authorization header.
    return Unavailable(f"no answer from {request.url.host}: {type(error).__name__} {error}".rstrip())


def _refuse_for_now(response: httpx.Response) -> None:
    host = response.request.url.host
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise RateLimited(f"{host} asks us to slow down (429)", retry_after=retry_after(response))
    if response.is_server_error and response.status_code != httpx.codes.NOT_IMPLEMENTED:
        raise Unavailable(f"{host} answered {response.status_code}")


def json_of(response: httpx.Response) -> Any:
    """The body as JSON values. Raises Unavailable: half a body or an error page is no answer."""
    try:
        return response.json(parse_constant=_refuse)
    except (ValueError, RecursionError):
        kind = response.headers.get("content-type", "no content type")
        raise Unavailable(f"unreadable answer ({response.status_code}, {kind}), not JSON") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def retry_after(response: httpx.Response) -> float:
    """Seconds to wait by the Retry-After header, given in seconds or as a date; DEFAULT_WAIT without one."""
    header = response.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return float(header)
    if (until := _date(header)) is None:
        return DEFAULT_WAIT
    now = _date(response.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def clock_skew(response: httpx.Response) -> timedelta:
    """The server's clock minus ours, from the Date header: right to about one second; zero without one.

    Call it as soon as the answer is there: it takes now as the moment of arrival.
    """
    date = _date(response.headers.get("date", ""))
    if date is None:
        return timedelta(0)
    answered = datetime.now(UTC) - response.elapsed / 2
    # The header leaves out the fraction of the second, on average half of one.
    return date + timedelta(seconds=0.5) - answered


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
