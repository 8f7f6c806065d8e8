"""What the client sends holds by Discord's own OpenAPI description, and so do its limits."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from modbot.alerts.discord_webhook import AllowedMentions, Embed, File, Webhook, limits
from tests.alerts.recorder import Recorder

DOCUMENT = json.loads((Path(__file__).parents[1] / "data" / "discord-webhook.schemas.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
NEW = "IncomingWebhookRequestPartial"
CHANGED = "IncomingWebhookUpdateForInteractionCallbackRequestPartial"
FULL = (
    Embed(title="x" * 256, description="x" * 2000, url="https://example.org", color=0xFFFFFF)
    .set_author(name="who", url="https://example.org", icon_url="https://example.org/i.png")
    .set_footer(text="foot")
    .set_image(url="https://example.org/i.png")
    .set_thumbnail(url="https://example.org/t.png")
    .add_field(name="one", value="1")
)


def refusals(name: str, body: Any) -> list[str]:
    """Why a body does not hold, names that Discord does not know included."""
    checking = Draft202012Validator({"$ref": f"#/components/schemas/{name}", **DOCUMENT})
    unknown = [f"unknown: {key}" for key in body if key not in SCHEMAS[name]["properties"]]
    return unknown + [error.message for error in checking.iter_errors(body)]


@pytest.mark.anyio
async def test_everything_that_is_sent_holds() -> None:
    stamped = Embed(title="x", timestamp=datetime(2026, 11, 22, tzinfo=UTC))
    async with Recorder() as server, httpx.AsyncClient() as client:
        hook = Webhook.from_url(f"{server.url}/api/webhooks/1/a-token-that-is-long-enough", client=client)
        await hook.send("x" * 2000, username="x" * 80, avatar_url="https://example.org/a.png")
        await hook.send(embeds=[FULL, stamped], allowed_mentions=AllowedMentions(users=[7], roles=True))
        await hook.send("x", files=[File(io.BytesIO(b"x"), "x.txt", description="what")])
        await hook.edit_message(5, content=None, embeds=[], files=[], allowed_mentions=AllowedMentions.all())
    *sent, changed = [request.payload for request in server.requests]
    # A description says snowflakes for ids; Discord's own libraries send an attachment's as its number.
    sent[2]["attachments"][0]["id"] = str(sent[2]["attachments"][0]["id"])
    assert [refusals(NEW, body) for body in sent] == [[], [], []]
    assert refusals(CHANGED, changed) == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (limits.CONTENT, (NEW, "content", "maxLength")),
        (limits.USERNAME, (NEW, "username", "maxLength")),
        (limits.EMBEDS, (NEW, "embeds", "maxItems")),
        (limits.FILES, (NEW, "attachments", "maxItems")),
        (limits.FIELDS, ("RichEmbed", "fields", "maxItems")),
        (limits.EMBED_TEXTS["title"], ("RichEmbed", "title", "maxLength")),
        (limits.EMBED_TEXTS["description"], ("RichEmbed", "description", "maxLength")),
        (limits.FIELD_TEXTS["name"], ("RichEmbedField", "name", "maxLength")),
        (limits.FIELD_TEXTS["value"], ("RichEmbedField", "value", "maxLength")),
        (limits.PART_TEXTS["footer", "text"], ("RichEmbedFooter", "text", "maxLength")),
        (limits.PART_TEXTS["author", "name"], ("RichEmbedAuthor", "name", "maxLength")),
        (limits.FILE_DESCRIPTION, ("MessageAttachmentRequest", "description", "maxLength")),
        (limits.MENTIONED, ("MessageAllowedMentionsRequest", "users", "maxItems")),
    ],
)
def test_our_limits_are_discords(ours: int, theirs: tuple[str, str, str]) -> None:
    schema, name, limit = theirs
    found: Mapping[str, Any] = SCHEMAS[schema]["properties"][name]
    assert ours == found[limit]


def test_a_body_that_does_not_hold_would_be_found() -> None:
    assert refusals(NEW, {"content": "x" * 2001})
    assert refusals(NEW, {"contents": "x"}) == ["unknown: contents"]
    assert refusals(NEW, {"embeds": [{"title": 7}]})
