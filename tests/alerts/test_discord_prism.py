"""The client over real HTTP against Prism, which refuses what Discord's description does not know.

Needs Node and `npm install --prefix build/prism @stoplight/prism-cli`. The bodies are those of Discord's own
OpenAPI description; paths, parameters and answers are as its documentation of webhooks lists them.
"""

from __future__ import annotations

import io
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modbot.alerts.discord_webhook import AllowedMentions, Embed, File, HTTPException, Webhook
from tests.alerts.recorder import MESSAGE, WEBHOOK

ROOT = Path(__file__).parents[2]
PRISM = ROOT / "build" / "prism" / "node_modules" / ".bin" / "prism"
DOCUMENT = json.loads((ROOT / "tests" / "data" / "discord-webhook.schemas.json").read_text())
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not (PRISM.exists() and shutil.which("node")), reason="Prism is not installed in build/prism"
    ),
]
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
    file = tmp_path_factory.mktemp("prism") / "discord.json"
    file.write_text(json.dumps(description()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", str(PRISM), "mock", str(file), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as prism:
        try:
            yield answering(f"http://127.0.0.1:{port}", prism)
        finally:
            prism.terminate()


def answering(address: str, prism: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + 100
    while prism.poll() is None and time.monotonic() < end:
        try:
            httpx.get(address)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return address
    raise AssertionError("Prism did not start")


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
