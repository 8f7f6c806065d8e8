"""Every request of four adapters on the wire, held by Prism against the platform's own description.

Prism stands between the adapter and the simulated platform: it passes everything on and says in a header what
the description does not allow. That parameters have names which the description knows is tested elsewhere,
since Prism lets others pass.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from platforms.addresses import CheckedTransport
from platforms.base import ActionKind, CommentGone, Platform
from platforms.x import X
from tests.contracts.stages import Stage
from tests.contracts.stages.discord import DiscordStage
from tests.contracts.stages.vimeo import VimeoStage
from tests.contracts.stages.x import XStage
from tests.contracts.stages.youtube import YouTubeStage
from tests.peers import prism
from tests.simulators.discord import TOKEN

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(400)]

VIOLATIONS = "sl-violations"
BEGUN = datetime(2026, 11, 1, tzinfo=UTC)
DISCORD = "/api/v10"
DESCRIPTIONS: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "discord": lambda: prism.openapi("discord", base=DISCORD, secured=prism.DISCORDS),
    "vimeo": lambda: prism.openapi("vimeo"),
    "x": lambda: prism.openapi("x"),
    "youtube": lambda: prism.openapi("youtube"),
}
CALLS = {
    "discord": {
        *("/users/@me", "/guilds/", "/channels", "/threads/active", "/archived/public", "/messages"),
        *("/5000/threads/archived/private", "/users/@me/threads/archived/private", "POST /api/v10/users/"),
        *("/auto-moderation/rules", "/gateway/bot", "POST /api/v10/channels/8000/messages"),
    },
    "vimeo": {"/oauth/verify", "/me/videos", "/comments", "/replies"},
    "x": {
        *("/me", "/mentions", "/tweets", "/search/recent", "/hidden", "GET /2/dm_events"),
        *("GET /2/dm_conversations/with/", "POST /2/dm_conversations/with/"),
    },
    "youtube": {"/channels", "/videos", "/commentThreads", "/comments", "/setModerationStatus"},
}
"""What has to be among the paths that were asked for."""
WRONG = {
    "discord": (
        "GET",
        f"{DISCORD}/channels/5000/messages?limit=101",
        {"Authorization": f"Bot {TOKEN}"},
        None,
    ),
    "vimeo": ("GET", "/videos/1/comments?direction=up", {"Authorization": "Bearer t"}, None),
    "x": ("PUT", "/2/tweets/1/hidden", {"Authorization": "Bearer t"}, {"hidden": "yes"}),
    "youtube": (
        *("POST", "/youtube/v3/comments/setModerationStatus?id=a&moderationStatus=hidden"),
        *({"Authorization": "Bearer t"}, None),
    ),
}
"""One request each that the platform would refuse."""


@dataclass
class Wire:
    """Adapters of one platform behind Prism, and what was sent there."""

    address: str
    stage: Stage
    asked: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def see(self, request: httpx.Request, response: httpx.Response) -> None:
        if str(request.url).startswith(self.address):
            self.asked.append(f"{request.method} {request.url.path}")
        if VIOLATIONS in response.headers:
            self.refused.append(f"{request.method} {request.url}: {response.headers[VIOLATIONS]}")

    def platform(self) -> Platform:
        usual = self.stage.platform()
        where = {"url": self.address + DISCORD} if usual.name == "discord" else {"api": self.address}
        more = {"direct_messages": True} if usual.name in ("discord", "x") else {}
        more |= {"answer_messages": True} if usual.name == "x" else {}
        return type(usual)(usual.page, usual.settings.model_copy(update=where | more))


@pytest.fixture(scope="module", params=sorted(DESCRIPTIONS))
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    upstream = request.getfixturevalue(f"served_{request.param}").url
    folder = tmp_path_factory.mktemp(f"prism-{request.param}")
    with prism.started(DESCRIPTIONS[request.param](), folder, upstream) as found:
        yield found


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.node.callspec.params["address"]
    return found


@pytest.fixture
def wire(request: pytest.FixtureRequest, name: str, address: str, monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire(address, _stage(request, name))
    carry = CheckedTransport.handle_async_request

    async def watched(transport: CheckedTransport, asked: httpx.Request) -> httpx.Response:
        response = await carry(transport, asked)
        made.see(asked, response)
        return response

    monkeypatch.setattr(CheckedTransport, "handle_async_request", watched)
    return made


def _stage(request: pytest.FixtureRequest, name: str) -> Stage:
    kinds: Mapping[str, Callable[[Any], Stage]] = {
        "discord": DiscordStage,
        "vimeo": VimeoStage,
        "x": XStage,
        "youtube": YouTubeStage,
    }
    return kinds[name](request.getfixturevalue(f"simulated_{name}"))


async def test_every_request_is_one_that_the_platform_describes(wire: Wire, name: str) -> None:
    stage = wire.stage
    first, *others = stage.write([f"comment {number}" for number in range(120)])
    [answer] = stage.write(["an answer"], parent=first)
    if isinstance(stage, XStage):
        stage.service.message(stage.reader, stage.district, "in private")
    async with _opened(wire) as page:
        known = await _read(page)
        assert {first, answer, *others} <= known.keys()
        known = {each: known[each] for each in others[:3]}
        assert list(await page.lookup(known)) == []
        stage.edit(others[0], "edited")
        stage.delete(others[1])
        assert len(list(await page.lookup(known))) == (0 if name == "x" else 2)
        await _act(page, others[2], stage.unknown_id)
        if page.capabilities.filters:
            await page.filters()
        if page.capabilities.answers:
            person = stage.reader.id if isinstance(stage, XStage) else "77"
            await page.answer(person, "Write to office@district.example.org.")
            assert await page.has_answered(person, "Write to office@district.example.org.", BEGUN)
        if isinstance(page, X) and isinstance(stage, XStage):
            _, body = stage.service.delivery("post.reply.create", answer)
            assert [event.id for event in await page.unpack(body)] == [answer]
    assert wire.refused == []
    assert not [path for path in CALLS[name] if not any(path in asked for asked in wire.asked)]


async def test_prism_would_have_refused_others(address: str, name: str) -> None:
    verb, path, headers, body = WRONG[name]
    async with httpx.AsyncClient(timeout=60) as client:
        wrong = await client.request(verb, address + path, headers=headers, json=body)
        unsigned = await client.get(address + path)
        nowhere = await client.get(address + "/nowhere", headers=headers)
    for answer in (wrong, unsigned, nowhere):
        assert VIOLATIONS in answer.headers


@contextlib.asynccontextmanager
async def _opened(wire: Wire) -> AsyncIterator[Platform]:
    page = wire.platform()
    try:
        await page.open()
        yield page
    finally:
        await page.close()


async def _read(page: Platform) -> dict[str, str]:
    """Every comment's revision."""
    known: dict[str, str] = {}
    cursor = None
    for _ in range(30):
        batch = await page.poll(cursor)
        known |= {event.id: event.comment.revision for event in batch.events if event.comment}
        cursor = batch.cursor
        if not batch.more:
            return known
    raise AssertionError("thirty batches and no end")


async def _act(page: Platform, comment_id: str, unknown: str) -> None:
    for action in (ActionKind.HIDE, ActionKind.UNHIDE, ActionKind.DELETE):
        if action in page.capabilities.actions:
            await page.act(action, comment_id)
            assert (await page.act(action, comment_id)).already
            with pytest.raises(CommentGone):
                await page.act(action, unknown)
