"""A day of comments on many posts, with failures and restarts in between: each is handed out, and once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from platforms.base import Platform, PlatformError
from tests.platforms.meta import facebook, instagram
from tests.simulators.graph import Graph
from tests.simulators.graph_objects import Account, GraphError

pytestmark = pytest.mark.anyio

FAILURES = [GraphError(1), GraphError(4), GraphError(2), GraphError(100)]
Make = Callable[[Graph, Account], Platform]


class Day:
    """One account from morning to evening, always the same for a seed."""

    def __init__(self, graph: Graph, kind: str, make: Make, seed: int) -> None:
        self.graph = graph
        self.account = graph.account(kind)
        self.make = make
        self.random = random.Random(seed)
        for number in range(35):
            graph.post(self.account, f"post {number}", at=datetime.now(UTC) - timedelta(days=number))
        self.written: list[str] = []
        self.handed_out: Counter[str] = Counter()
        self.cursor: str | None = None
        self.platform: Platform | None = None

    def write(self) -> None:
        for _ in range(self.random.randrange(8)):
            chosen = self.random.choice(self.account.posts)
            parent = None
            if chosen.comments and self.random.random() < 0.4:
                top = [item for item in chosen.comments if item.parent is None]
                parent = self.random.choice(top).id
            self.written.append(self.graph.comment(self.account, "words", post=chosen, parent=parent))
        if self.random.random() < 0.1:
            self.graph.post(self.account, "a new post")

    async def look(self) -> None:
        """One poll, which may fail anywhere; now and then the process begins anew before it."""
        if self.platform is None or self.random.random() < 0.1:
            await self.end()
            self.platform = self.make(self.graph, self.account)
            await self.platform.open()
        if self.random.random() < 0.2:
            self.graph.fail(*[None] * self.random.randrange(6), self.random.choice(FAILURES))
        try:
            batch = await self.platform.poll(self.cursor)
        except PlatformError:
            self.graph.fail_no_more()
            return
        self.graph.fail_no_more()
        self.cursor = batch.cursor
        self.handed_out.update(event.id for event in batch.events)

    async def end(self) -> None:
        if self.platform is not None:
            await self.platform.close()


@pytest.mark.parametrize(("kind", "adapter", "seed"), [("page", facebook, 0), ("instagram", instagram, 1)])
async def test_every_comment_of_a_day_is_handed_out_and_none_twice(
    graph: Graph, monkeypatch: pytest.MonkeyPatch, kind: str, adapter: Callable[..., Platform], seed: int
) -> None:
    monkeypatch.setattr("platforms.graph_reading.PAUSE", timedelta(minutes=-1))
    edges = ["feed"] if kind == "page" else ["media"]
    day = Day(graph, kind, lambda graph, account: adapter(graph, account, edges=edges, page_size=20), seed)
    for _ in range(25):
        day.write()
        await day.look()
    for _ in range(12):
        await day.look()
    await day.end()
    assert len(day.written) > 60
    assert set(day.handed_out) == set(day.written)
    assert {comment: times for comment, times in day.handed_out.items() if times > 1} == {}
