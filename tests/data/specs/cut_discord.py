"""Cut what the tests compare out of Discord's description: names, types and limits, no prose.

Run by hand: python tests/data/specs/cut_discord.py FOLDER, which holds `discord-v10.openapi.json` as Discord
publishes it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DISCORD = {
    "/users/@me": ["get"],
    "/guilds/{guild_id}": ["get"],
    "/guilds/{guild_id}/channels": ["get"],
    "/guilds/{guild_id}/threads/active": ["get"],
    "/guilds/{guild_id}/auto-moderation/rules": ["get"],
    "/channels/{channel_id}/threads/archived/public": ["get"],
    "/channels/{channel_id}/threads/archived/private": ["get"],
    "/channels/{channel_id}/users/@me/threads/archived/private": ["get"],
    "/users/@me/channels": ["post"],
    "/channels/{channel_id}/messages": ["get", "post"],
    "/channels/{channel_id}/messages/{message_id}": ["get", "delete"],
    "/gateway/bot": ["get"],
}
LIMITS = ("type", "enum", "minimum", "maximum", "pattern")
OF_BODIES = (*LIMITS, "maxLength")


def discord(document: dict[str, Any]) -> dict[str, Any]:
    operations = [
        {
            "verb": verb.upper(),
            "path": path,
            "place": {
                each["name"]: _limits(each["schema"], document)
                for each in document["paths"][path].get("parameters") or ()
                if each["in"] == "path"
            },
            "parameters": {
                each["name"]: _limits(each["schema"], document) | {"required": bool(each.get("required"))}
                for each in document["paths"][path][verb].get("parameters") or ()
                if each["in"] == "query"
            },
            **_body(document["paths"][path][verb], document),
        }
        for path, verbs in DISCORD.items()
        for verb in verbs
    ]
    message = document["components"]["schemas"]["MessageResponse"]
    objects = {"Message": dict.fromkeys(sorted(message["properties"]), "")}
    required = {"Message": sorted(message["required"])}
    return {
        "root": document["servers"][0]["url"],
        "operations": operations,
        "objects": objects,
        "required": required,
    }


def _body(operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Nothing where none is sent."""
    if "requestBody" not in operation:
        return {}
    schema = _resolved(operation["requestBody"]["content"]["application/json"]["schema"], document)
    properties = {name: _limits(each, document, OF_BODIES) for name, each in schema["properties"].items()}
    return {"body": {"properties": properties, "required": schema.get("required", [])}}


def _limits(
    schema: dict[str, Any], document: dict[str, Any], kept: tuple[str, ...] = LIMITS
) -> dict[str, Any]:
    schema = _resolved(schema, document)
    found = {key: value for key, value in schema.items() if key in kept}
    if "oneOf" in schema:
        found["oneOf"] = [_limits(each, document, kept) for each in schema["oneOf"]]
    return found


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def main(folder: Path) -> None:
    document = json.loads((folder / "discord-v10.openapi.json").read_text(encoding="utf-8"))
    text = json.dumps(discord(document), indent=1, sort_keys=True) + "\n"
    (HERE / "discord.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
