"""Cuts linkedin.json and flickr.json, the little that is described of these two: python cut_few.py FOLDER

FOLDER holds `linkedin-webhooks.yml` of api-evangelist/linkedin and `flickr-openapi.json` of
api-evangelist/flickr. Only names are kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FAMILY = "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS"
OF_FLICKR = ("flickr.photos.comments.getList", "flickr.photos.comments.deleteComment")


def of_linkedin(told: dict[str, Any]) -> dict[str, Any]:
    [family] = [each for each in told["event_families"] if each.get("event_type") == FAMILY]
    return {
        "subscribe": family["subscription"]["create"].strip(),
        "subscribe_body": family["subscription"]["body_fields"],
        "pull": told["delivery"]["backfill"]["organization_social_actions"]["api"],
        "kept_days": told["delivery"]["backfill"]["organization_social_actions"]["retention_days"],
        "delivery": [each["name"] for each in family["payload_envelope"]["fields"]],
        "notification": [each["name"] for each in family["notification_schema"]["fields"]],
        "same": family["notification_schema"]["dedupe_field"],
        "at_once": family["batching"]["batch_size"],
        "actions": family["actions"],
        "signature": told["signature"]["header"],
        "challenge_answer": told["validation"]["response_body_fields"],
    }


def of_flickr(told: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name in OF_FLICKR:
        [(verb, call)] = told["paths"][f"/rest/?method={name}"].items()
        found[name] = {"verb": verb.upper(), "parameters": [each["name"] for each in call["parameters"]]}
    return found


def main(folder: Path) -> None:
    linkedin = of_linkedin(yaml.safe_load((folder / "linkedin-webhooks.yml").read_text(encoding="utf-8")))
    flickr = of_flickr(json.loads((folder / "flickr-openapi.json").read_text(encoding="utf-8")))
    for name, cut in (("linkedin", linkedin), ("flickr", flickr)):
        text = json.dumps(cut, indent=1, sort_keys=True) + "\n"
        (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
