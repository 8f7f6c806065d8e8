"""The client over real HTTP against Prism, which refuses what Discord's description does not know.

The bodies are those of Discord's own
OpenAPI description; paths, parameters and answers are as its documentation of webhooks lists them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modbot.alerts.discord_webhook import AllowedMentions, Embed, File, HTTPException, Webhook
from tests.alerts.recorder import MESSAGE, WEBHOOK
from tests.peers import prism

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "tests" / "data" / "discord-webhook.schemas.json").read_text())
pytestmark = pytest.mark.anyio
PLACE = "/api/v10/webhooks/{webhook_id}/{webhook_token}"


def parameter(name: str, where: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


def body(name: str) -> dict[str, Any]:
    one = {"$ref": f"#/components/schemas/{name}"}
    whole = {
        "type": "object",
        "properties": {"payload_json": {"type": "string"}},
        "required": ["payload_json"],
    }
    content = {"application/json": {"schema": one}, "multipart/form-data": {"schema": whole}}
    return {"required": True, "content": content}


def answers(example: Any) -> dict[str, Any]:
    known = {"description": "done", "content": {"application/json": {"example": example}}}
    return {"200": known, "204": {"description": "done"}}


def description() -> dict[str, Any]:
    place = [parameter("webhook_id", "path", type="string", pattern="^[0-9]+$")]
    place.append(parameter("webhook_token", "path", type="string"))
    of_message = [*place, parameter("message_id", "path", type="string", pattern="^[0-9]+$")]
    thread = parameter("thread_id", "query", type="string", pattern="^[0-9]+$")
    wait = parameter("wait", "query", type="boolean")
    changed = "IncomingWebhookUpdateForInteractionCallbackRequestPartial"
    return {
        "openapi": "3.1.0",
        "info": {"title": "Discord's webhooks", "version": "10"},
        "components": DOCUMENT["components"],
        "paths": {
            PLACE: {
                "parameters": place,
                "get": {"responses": answers(WEBHOOK)},
                "post": {
                    "parameters": [wait, thread],
                    "requestBody": body("IncomingWebhookRequestPartial"),
                    "responses": answers(MESSAGE),
                },
            },
            PLACE + "/messages/{message_id}": {
                "parameters": of_message,
                "get": {"parameters": [thread], "responses": answers(MESSAGE)},
                "patch": {
                    "parameters": [thread],
                    "requestBody": body(changed),
                    "responses": answers(MESSAGE),
                },
                "delete": {"parameters": [thread], "responses": {"204": {"description": "gone"}}},
            },
        },
    }


@pytest.fixture(scope="module")
def discord(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prism.started(description(), tmp_path_factory.mktemp("prism")) as address:
        yield address


async def test_every_call_of_the_client_is_one_that_discord_knows(discord: str) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        hook = Webhook.from_url(f"{discord}/api/webhooks/1/a-token-that-is-long-enough", client=client)
        assert (await hook.fetch()).channel_id == 2
        embed = Embed(title="News", description="x" * 2000).add_field(name="one", value="1")
        await hook.send("x" * 2000, username="modbot", embeds=[embed], thread=7)
        mentions = AllowedMentions(users=[7], roles=True)
        message = await hook.send("Hello", allowed_mentions=mentions, wait=True)
        assert message.id == 5
        await hook.send("A file", files=[File(io.BytesIO(b"x"), "x.txt", description="what")])
        await message.edit(content=None, embeds=[])
        assert (await hook.fetch_message(5)).embeds[0].to_dict()["title"] == "News"
        await message.delete()


@pytest.mark.parametrize("wrong", [{"content": "x" * 2001}, {"embeds": [{"title": 7}]}, {"username": 7}])
async def test_prism_refuses_what_discord_would(discord: str, wrong: dict[str, Any]) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.post(f"{discord}/api/v10/webhooks/1/token", json=wrong)
    assert answer.status_code in (400, 422)


async def test_an_address_that_is_none_is_an_error(discord: str) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        hook = Webhook.from_url(f"{discord}/api/webhooks/1/a-token-that-is-long-enough", client=client)
        hook._path = "/webhooks/none"
        with pytest.raises(HTTPException):
            await hook.send("Hello")
