"""Cut what the tests compare out of the platforms' descriptions: names, types and limits, no prose.

Run by hand: python tests/data/specs/cut_operations.py FOLDER, which holds `youtube-v3.discovery.json` and
`vimeo-3.4.openapi.json` as their makers publish them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIMITS = ("type", "enum", "minimum", "maximum", "repeated")
YOUTUBE = {
    "channels": ["list"],
    "videos": ["list"],
    "commentThreads": ["list"],
    "comments": ["list", "setModerationStatus"],
}
YOUTUBE_OBJECTS = (
    "Channel",
    "ChannelListResponse",
    "ChannelSnippet",
    "Video",
    "VideoListResponse",
    "VideoSnippet",
    "Comment",
    "CommentListResponse",
    "CommentSnippet",
    "CommentSnippetAuthorChannelId",
    "CommentThread",
    "CommentThreadListResponse",
    "CommentThreadReplies",
    "CommentThreadSnippet",
    "PageInfo",
)
VIMEO = {
    "/oauth/verify": ["get"],
    "/me/videos": ["get"],
    "/videos/{video_id}/comments": ["get"],
    "/videos/{video_id}/comments/{comment_id}": ["get", "delete"],
    "/videos/{video_id}/comments/{comment_id}/replies": ["get"],
}


def youtube(document: dict[str, Any]) -> dict[str, Any]:
    operations = []
    for resource, methods in YOUTUBE.items():
        for name in methods:
            method = document["resources"][resource]["methods"][name]
            parameters = {
                key: _limits(value) | {"required": bool(value.get("required"))}
                for key, value in method["parameters"].items()
            }
            operations.append(
                {
                    "verb": method["httpMethod"],
                    "path": f"/{method['path']}",
                    "place": {},
                    "parameters": parameters,
                }
            )
    objects = {
        name: {
            key: value.get("$ref") or value.get("items", {}).get("$ref") or ""
            for key, value in document["schemas"][name]["properties"].items()
        }
        for name in YOUTUBE_OBJECTS
        if name in document["schemas"]
    }
    return {"root": document["rootUrl"].rstrip("/"), "operations": operations, "objects": objects}


def vimeo(document: dict[str, Any]) -> dict[str, Any]:
    operations = []
    for path, verbs in VIMEO.items():
        for verb in verbs:
            given = document["paths"][path][verb].get("parameters", [])
            parameters = {
                value["name"]: _limits(value["schema"]) | {"required": bool(value.get("required"))}
                for value in given
                if value["in"] == "query"
            }
            place = {value["name"]: _limits(value["schema"]) for value in given if value["in"] == "path"}
            operations.append({"verb": verb.upper(), "path": path, "place": place, "parameters": parameters})
    required = {"comment": document["components"]["schemas"]["comment"]["required"]}
    return {"root": document["servers"][0]["url"], "operations": operations, "required": required}


def _limits(value: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value[key] for key in LIMITS if key in value}
    if kept.get("type") == "number":
        kept["type"] = "integer"
    return kept


def main(folder: Path) -> None:
    for name, cut, source in (
        ("youtube", youtube, "youtube-v3.discovery.json"),
        ("vimeo", vimeo, "vimeo-3.4.openapi.json"),
    ):
        document = json.loads((folder / source).read_text(encoding="utf-8"))
        text = json.dumps(cut(document), indent=1, sort_keys=True) + "\n"
        (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
