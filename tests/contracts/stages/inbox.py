from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from platforms.base import Batch, Platform
from platforms.inbox import Inbox, InboxSettings
from tests.contracts.stages import Stage
from tests.simulators import serve
from tests.simulators.site import SECRET, Site


class Received(Inbox):
    """With a receiver before it, as modbot's: what it took is unpacked in order, the cursor counts."""

    site: Site

    async def poll(self, cursor: str | None) -> Batch:
        start = int(cursor or 0)
        waiting = self.site.deliveries[start : start + 30]
        events = []
        for delivery in waiting:
            self.check(delivery.headers, delivery.body)
            events += await self.unpack(delivery.body)
        end = start + len(waiting)
        return Batch(events, str(end), more=end < len(self.site.deliveries))


class InboxStage(Stage):
    secrets = (SECRET, SECRET.removeprefix("whsec_"))

    def __init__(self, site: Site, url: str) -> None:
        self.site = site
        self.url = url

    def platform(self) -> Platform:
        url = f"{self.url}/moderation"
        settings = InboxSettings.model_validate(
            {"secret": SECRET, "actions_url": url, "allow_loopback": True}
        )
        platform = Received("site", settings)
        platform.site = self.site
        return platform

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        return [self.site.write(text, parent=parent) for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.site.edit(comment_id, text)

    def delete(self, comment_id: str) -> None:
        self.site.delete(comment_id)

    def reader_sees(self, comment_id: str) -> bool:
        return self.site.visible[comment_id] == "visible"


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    site = Site()
    with serve(site.app) as url:
        yield InboxStage(site, url)
