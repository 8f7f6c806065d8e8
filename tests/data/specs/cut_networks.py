"""Cut what tests compare out of Bluesky's lexicons and X's description: names, types and limits, no prose.

Run by hand: python tests/data/specs/cut_networks.py LEXICONS X, the folder of lexicons (one file each, named
by its id) and `x-api-v2.openapi.json`, both as their makers publish them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CALLS = (
    "app.bsky.feed.getAuthorFeed",
    "app.bsky.feed.getPostThread",
    "app.bsky.feed.getPosts",
    "app.bsky.notification.listNotifications",
    "chat.bsky.convo.getConvoForMembers",
    "chat.bsky.convo.getMessages",
    "chat.bsky.convo.listConvos",
    "chat.bsky.convo.sendMessage",
    "com.atproto.repo.getRecord",
    "com.atproto.repo.putRecord",
    "com.atproto.server.createSession",
    "com.atproto.server.getSession",
    "com.atproto.server.refreshSession",
)
RECORDS = ("app.bsky.feed.threadgate",)
OBJECTS = (("chat.bsky.convo.defs", "messageInput"),)
OPERATIONS = (
    ("get", "/2/users/me"),
    ("get", "/2/users/{id}/mentions"),
    ("get", "/2/users/{id}/tweets"),
    ("get", "/2/tweets"),
    ("get", "/2/tweets/search/recent"),
    ("get", "/2/dm_events"),
    ("get", "/2/dm_conversations/with/{participant_id}/dm_events"),
    ("post", "/2/dm_conversations/with/{participant_id}/messages"),
    ("put", "/2/tweets/{tweet_id}/hidden"),
)
LIMITS = ("type", "enum", "minimum", "maximum", "maxLength", "minLength", "minItems", "maxItems", "pattern")


def lexicon(document: Mapping[str, Any]) -> dict[str, Any]:
    main = document["defs"]["main"]
    body = main.get("input", {}).get("schema") or {}
    return {
        "type": main["type"],
        "parameters": _object(main.get("parameters") or {}),
        "input": _object(body) | {"nullable": body.get("nullable", [])},
    }


def _object(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "required": schema.get("required", []),
        "properties": {name: _limits(value) for name, value in schema.get("properties", {}).items()},
    }


def openapi(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    cut: list[dict[str, Any]] = []
    for verb, path in OPERATIONS:
        operation = document["paths"][path][verb]
        parameters = [_resolved(each, document) for each in operation.get("parameters", [])]
        body = (
            operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        )
        body = _resolved(body, document)
        cut.append(
            {
                "verb": verb.upper(),
                "path": path,
                "place": {
                    each["name"]: _limits(_resolved(each["schema"], document), document)
                    for each in parameters
                    if each["in"] == "path"
                },
                "parameters": {
                    each["name"]: _limits(_resolved(each["schema"], document), document)
                    | {"required": bool(each.get("required"))}
                    for each in parameters
                    if each["in"] == "query"
                },
                "body": {
                    "required": body.get("required") or _first_form(body).get("required", []),
                    "properties": {
                        name: _limits(_resolved(value, document), document)
                        for name, value in body.get("properties", {}).items()
                    },
                },
                "scopes": next(
                    (each["OAuth2UserToken"] for each in operation["security"] if "OAuth2UserToken" in each),
                    [],
                ),
            }
        )
    return cut


def _first_form(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a body that may have one of several forms, the one that modbot sends: the text of a message."""
    forms: list[Mapping[str, Any]] = body.get("anyOf", [])
    return forms[0] if forms else {}


def _limits(value: Mapping[str, Any], document: Mapping[str, Any] | None = None) -> dict[str, Any]:
    kept = {key: value[key] for key in LIMITS if key in value}
    if "items" in value:
        kept["items"] = _limits(_resolved(value["items"], document) if document else value["items"], document)
    return kept


def _resolved(value: Mapping[str, Any], document: Mapping[str, Any] | None) -> Mapping[str, Any]:
    while document and "$ref" in value:
        found: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def main(lexicons: Path, x: Path) -> None:
    def read(name: str) -> Any:
        return json.loads((lexicons / f"{name}.json").read_text(encoding="utf-8"))

    bluesky = {
        "calls": {name: lexicon(read(name)) for name in CALLS},
        "records": {name: _object(read(name)["defs"]["main"]["record"]) for name in RECORDS},
        "objects": {f"{name}#{part}": _object(read(name)["defs"][part]) for name, part in OBJECTS},
    }
    for name, cut in (("bluesky", bluesky), ("x", openapi(json.loads(x.read_text(encoding="utf-8"))))):
        text = json.dumps(cut, indent=1, sort_keys=True) + "\n"
        (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
