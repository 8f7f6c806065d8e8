"""The Discord client, against a server on loopback that answers as Discord documents it."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from modbot.alerts.discord_webhook import (
    AllowedMentions,
    ConnectionFailed,
    DiscordServerError,
    Embed,
    File,
    Forbidden,
    HTTPException,
    InvalidMessage,
    NotFound,
    RateLimited,
    Webhook,
)
from tests.alerts.recorder import MESSAGE, Answer, Recorder

pytestmark = pytest.mark.anyio
TOKEN = "s3cret-token-of-a-webhook-that-nobody-may-see"


class Line:
    def __init__(self, server: Recorder, client: httpx.AsyncClient) -> None:
        self.server = server
        self.client = client
        self.address = f"{server.url}/api/webhooks/1/{TOKEN}"

    def webhook(self, **options: object) -> Webhook:
        return Webhook.from_url(self.address, client=self.client, **options)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with Recorder() as server, httpx.AsyncClient() as client:
        yield Line(server, client)


async def test_a_message_goes_to_the_webhooks_address_and_mentions_nobody(line: Line) -> None:
    assert await line.webhook().send("Hello @everyone") is None
    (request,) = line.server.requests
    assert (request.method, request.path) == ("POST", f"/api/v10/webhooks/1/{TOKEN}")
    assert request.query == {}
    assert request.payload == {"content": "Hello @everyone", "allowed_mentions": {"parse": []}}


async def test_a_message_that_is_waited_for_can_be_read_edited_and_deleted(line: Line) -> None:
    message = await line.webhook().send("Hello", wait=True, thread=9)
    assert (message.id, message.content) == (5, "Hello")
    assert message.embeds == (Embed(title="News"),)
    assert message.created_at == datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
    await message.edit(content=None, embeds=[])
    await message.delete()
    await line.webhook().fetch_message(5)
    assert [(each.method, each.query) for each in line.server.requests] == [
        ("POST", {"wait": "true", "thread_id": "9"}),
        ("PATCH", {"thread_id": "9"}),
        ("DELETE", {"thread_id": "9"}),
        ("GET", {}),
    ]
    assert line.server.requests[1].payload == {
        "content": None,
        "embeds": [],
        "allowed_mentions": {"parse": []},
    }


async def test_a_webhook_tells_its_name_and_its_channel(line: Line) -> None:
    found = await line.webhook().fetch()
    assert (found.id, found.name, found.channel_id, found.guild_id) == (1, "Alerts", 2, 3)


@pytest.mark.parametrize(
    ("status", "kind"), [(400, HTTPException), (401, HTTPException), (403, Forbidden), (404, NotFound)]
)
async def test_a_refusal_is_told_with_discords_reason_and_not_repeated(
    line: Line, status: int, kind: type[HTTPException]
) -> None:
    line.server.script = [Answer(status, {"code": 10015, "message": "Unknown Webhook"})]
    with pytest.raises(kind) as caught:
        await line.webhook().send("Hello")
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code, caught.value.text) == (status, 10015, "Unknown Webhook")
    assert len(line.server.requests) == 1


async def test_a_server_error_is_tried_again_and_then_told(line: Line) -> None:
    line.server.script = [Answer(502, "Bad gateway")]
    await line.webhook().send("Hello")
    assert len(line.server.requests) == 2
    line.server.script = [Answer(503)]
    with pytest.raises(DiscordServerError):
        await line.webhook(attempts=1).send("Hello")


async def test_after_a_429_it_waits_as_long_as_discord_asks(line: Line) -> None:
    line.server.script = [Answer(429, {"message": "slow", "retry_after": 0.3, "global": False})]
    await line.webhook().send("Hello")
    first, second = line.server.requests
    assert second.at - first.at >= 0.3


async def test_before_a_bucket_is_empty_it_waits_too(line: Line) -> None:
    empty = {
        "X-RateLimit-Bucket": "b",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": "0.4",
    }
    line.server.script = [Answer(204, headers=empty)]
    webhook = line.webhook()
    await asyncio.gather(webhook.send("one"), webhook.send("two"))
    first, second = line.server.requests
    assert second.at - first.at >= 0.4


async def test_a_global_limit_holds_every_webhook_of_the_client(line: Line) -> None:
    line.server.script = [Answer(429, {"message": "slow", "retry_after": 0.4, "global": True})]
    other = Webhook.from_url(f"{line.server.url}/api/webhooks/2/{TOKEN}", client=line.client)

    async def a_moment_later() -> None:
        await asyncio.sleep(0.1)
        await other.send("two")

    await asyncio.gather(line.webhook().send("one"), a_moment_later())
    refused, *others = line.server.requests
    assert [each.at - refused.at >= 0.4 for each in others] == [True, True]


async def test_a_global_limit_is_kept_by_who_may_ask_only_once(line: Line) -> None:
    line.server.script = [Answer(429, {"message": "slow", "retry_after": 60, "global": True})]
    options: dict[str, Any] = {"attempts": 1, "max_ratelimit_timeout": 2}
    other = Webhook.from_url(f"{line.server.url}/api/webhooks/2/{TOKEN}", client=line.client, **options)
    for webhook in (line.webhook(**options), other):
        with pytest.raises(RateLimited):
            await webhook.send("Hello")
    assert len(line.server.requests) == 1, "the other one knew"


async def test_a_webhook_is_made_of_its_number_and_token_too(line: Line) -> None:
    made = Webhook.partial(1, TOKEN, client=line.client, base=f"{line.server.url}/api/v10")
    await made.send("Hello")
    assert line.server.requests[0].path == f"/api/v10/webhooks/1/{TOKEN}"
    assert TOKEN not in repr(made)


async def test_the_example_in_the_help_works(line: Line) -> None:
    page = (Path(__file__).parents[2] / "modbot" / "docs" / "discord-webhooks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    names: dict[str, Any] = {}
    exec(example, names)
    await names["announce"](line.address)
    posted, corrected = line.server.requests
    assert (posted.payload["content"], corrected.payload["content"]) == (
        "Tonight at seven",
        "Tonight at eight",
    )
    assert posted.payload["embeds"][0]["fields"][0]["value"] == "Room 12"


async def test_another_webhook_does_not_wait_for_this_ones_bucket(line: Line) -> None:
    empty = {"X-RateLimit-Bucket": "b", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "30"}
    line.server.script = [Answer(204, headers=empty)]
    await line.webhook().send("one")
    other = Webhook.from_url(f"{line.server.url}/api/webhooks/2/{TOKEN}", client=line.client)
    await asyncio.wait_for(other.send("two"), 5)


async def test_it_does_not_wait_longer_than_it_was_told(line: Line) -> None:
    line.server.script = [Answer(429, {"message": "slow", "retry_after": 3600, "global": False})]
    webhook = line.webhook(max_ratelimit_timeout=5)
    with pytest.raises(RateLimited) as caught:
        await webhook.send("Hello")
    assert caught.value.retry_after == 3600
    with pytest.raises(RateLimited):
        await webhook.send("Hello")
    assert len(line.server.requests) == 1, "the second knew that it would be refused"


async def test_what_answers_nonsense_is_told(line: Line) -> None:
    line.server.script = [Answer(200, "<html>"), Answer(200, [])]
    for call in (line.webhook().send("Hello", wait=True), line.webhook().fetch()):
        with pytest.raises(HTTPException, match="the answer is not"):
            await call


async def test_no_error_no_repr_and_no_log_line_holds_the_address(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook = line.webhook(attempts=1)
    line.server.script = [
        Answer(200, MESSAGE),
        Answer(500, {"message": f"no {line.address}"}),
        Answer(404),
    ]
    message = await webhook.send("Hello", wait=True)
    assert repr(message).startswith("WebhookMessage(id=5")
    said = [repr(webhook), repr(message)]
    for _ in range(2):
        with pytest.raises(HTTPException) as caught:
            await webhook.send("Hello")
        said += [str(caught.value), repr(caught.value)]
    closed = Webhook.from_url(f"http://127.0.0.1:9/api/webhooks/1/{TOKEN}", client=line.client, attempts=1)
    with pytest.raises(ConnectionFailed) as failed:
        await closed.send("Hello")
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    with pytest.raises(ValueError, match="no webhook address") as refused:
        Webhook.from_url(f"https://discord.com/api/{TOKEN}", client=line.client)
    said += [str(failed.value), str(refused.value), caplog.text]
    assert "/webhooks/1/[hidden]" in caplog.text
    assert TOKEN not in "\n".join(said)


@pytest.mark.parametrize(
    ("field", "parts"),
    [
        ("content", {}),
        ("content", {"content": "x" * 2001}),
        ("username", {"content": "x", "username": "x" * 81}),
        ("username", {"content": "x", "username": " "}),
        ("embeds", {"embeds": [Embed(title="x")] * 11}),
        ("embeds[0].title", {"embeds": [Embed(title="x" * 257)]}),
        ("embeds[1].description", {"embeds": [Embed(title="x"), Embed(description="x" * 4097)]}),
        ("embeds[0].footer.text", {"embeds": [Embed().set_footer(text="x" * 2049)]}),
        ("embeds[0].author.name", {"embeds": [Embed().set_author(name="x" * 257)]}),
        ("embeds[0].fields[0].name", {"embeds": [Embed().add_field(name="x" * 257, value="x")]}),
        ("embeds[0].fields[0].value", {"embeds": [Embed().add_field(name="x", value="x" * 1025)]}),
        ("embeds[0].fields[0].value", {"embeds": [Embed().add_field(name="x", value=" ")]}),
        ("embeds[0].color", {"embeds": [Embed(color=0x1000000)]}),
        ("embeds", {"embeds": [Embed(description="x" * 3001)] * 2}),
        ("files", {"files": [File(io.BytesIO(b"x"), "x")] * 11}),
        ("files[0]", {"files": [File(io.BytesIO(b"x" * (10 * 1024 * 1024 + 1)), "x")]}),
        ("files", {"files": [File(io.BytesIO(b"x" * 9_000_000), "x")] * 3}),
        ("files[0].description", {"files": [File(io.BytesIO(b"x"), "x", description="x" * 1025)]}),
        (
            "allowed_mentions.users",
            {"content": "x", "allowed_mentions": AllowedMentions(users=range(101))},
        ),
    ],
)
async def test_a_message_beyond_discords_limits_is_refused_by_the_name_of_the_field(
    line: Line, field: str, parts: dict[str, object]
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        await line.webhook().send(**parts)  # type: ignore[call-overload]
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")
    assert line.server.requests == []


async def test_a_message_at_the_limits_is_sent(line: Line) -> None:
    embed = Embed(title="x" * 256, description="x" * 4096)
    for number in range(25):
        embed.add_field(name=f"{number:02}", value="x")
    embeds = [embed, *[Embed(title="x")] * 9]
    assert sum(map(len, embeds)) < 6000
    await line.webhook().send("x" * 2000, username="x" * 80, embeds=embeds)
    assert len(line.server.requests) == 1


def test_a_field_more_than_discord_takes_is_refused() -> None:
    from modbot.alerts.discord_webhook import limits

    embed = Embed()
    for _ in range(26):
        embed.add_field(name="x", value="x")
    with pytest.raises(InvalidMessage, match=r"embeds\[0\]\.fields: 26 of them, more than 25"):
        limits.check({"embeds": [embed.to_dict()]}, [], new=True)


async def test_a_slow_answer_does_not_keep_a_caller_that_gave_up(line: Line) -> None:
    """Whoever is cancelled while waiting for a rate limit leaves the bucket to the next."""
    empty = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.5"}
    line.server.script = [Answer(204, headers=empty)]
    webhook = line.webhook()
    await webhook.send("one")
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(webhook.send("two"), 0.1)
    await webhook.send("three")
    assert 0.3 < time.monotonic() - start < 3
    assert [each.payload["content"] for each in line.server.requests] == ["one", "three"]
