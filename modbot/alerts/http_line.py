"""One HTTP client for a channel: only to public addresses, only as long as a person may wait."""

from __future__ import annotations

import httpx

from modbot.alerts.channels import SECONDS
from platforms.addresses import CheckedTransport


def open_client(*, allow_loopback: bool) -> httpx.AsyncClient:
    transport = CheckedTransport(allow_loopback=allow_loopback)
    return httpx.AsyncClient(transport=transport, timeout=SECONDS, headers={"User-Agent": "modbot"})
