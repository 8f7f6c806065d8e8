"""Cuts graph.json out of Meta's object specifications: python cut_graph.py FOLDER > graph.json

FOLDER is `api_specs/specs` of facebook/facebook-business-sdk-codegen (commit ad2b0b6fdfbe, 2026-04-15). Only
names
are kept: an object's fields, and the parameters of the edges and of the changes that the adapters use.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

USED = {
    "Page": ["GET feed", "GET tagged", "GET ads_posts", "GET photos", "GET videos", "GET conversations"],
    "PagePost": ["GET comments", "GET #get", "POST #update", "DELETE #delete"],
    "Comment": ["GET comments", "GET #get", "POST #update", "DELETE #delete"],
    "Photo": ["GET comments"],
    "AdVideo": ["GET comments"],
    "UnifiedThread": ["GET messages"],
    "IGUser": ["GET media", "GET tags", "GET live_media", "GET #get"],
    "IGMedia": ["GET comments"],
    "IGComment": ["GET replies", "GET #get", "POST #update", "DELETE #delete"],
    "IGMediaForIGOnlyAPI": ["GET comments"],
    "IGUserForIGOnlyAPI": ["GET media", "GET tags", "GET live_media", "GET conversations", "GET #get"],
}
USED["Page"] += ["GET #get", "POST messages", "POST subscribed_apps"]
USED["IGUserForIGOnlyAPI"] += ["POST messages", "POST subscribed_apps"]
IN_FULL = {
    ("IGUserForIGOnlyAPI", "Media"): "IGMediaForIGOnlyAPI",
    ("IGMediaForIGOnlyAPI", "Comment"): "IGComment",
}
"""What an object of Instagram's own login calls another, and where that is described."""


def main(folder: Path) -> None:
    cut = {}
    for name, used in USED.items():
        spec = json.loads((folder / f"{name}.json").read_text())
        calls = {f"{api['method']} {api.get('endpoint') or api['name']}": api for api in spec["apis"]}
        cut[name] = {
            "fields": sorted(each["name"] for each in spec["fields"]),
            "calls": {
                call: {
                    "of": IN_FULL.get((name, calls[call]["return"]), calls[call]["return"]),
                    "parameters": sorted(p["name"] for p in calls[call]["params"]),
                }
                for call in used
            },
        }
    enums = {each["name"]: each["values"] for each in json.loads((folder / "enum_types.json").read_text())}
    cut["enums"] = {
        "filter": enums["commentcomments_filter_enum_param"],
        "live_filter": enums["commentcomments_live_filter_enum_param"],
        "order": enums["commentcomments_order_enum_param"],
        "platform": enums["pageconversations_platform_enum_param"],
        "type": enums["pagephotos_type_enum_param"],
        "subscribed_fields": enums["pagesubscribed_apps_subscribed_fields_enum_param"],
        "IGUserForIGOnlyAPI subscribed_fields": enums[
            "iggraphusersubscribed_apps_subscribed_fields_enum_param"
        ],
    }
    print(json.dumps(cut, separators=(",", ":"), sort_keys=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
