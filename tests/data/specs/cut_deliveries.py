"""Cut the form of what X pushes out of its published samples: names, numbers, a machine's words.

Run by hand: python tests/data/specs/cut_deliveries.py SAMPLES, one object by kind of event, as published.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
EVENTS = (
    "post.create",
    "post.reply.create",
    "post.mention.create",
    "post.quote.create",
    "post.delete",
    "dm.received",
    "oauth.revoke",
)
KEPT = re.compile(r"-?\d+|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)|[a-z_]+(\.[a-z]+){0,2}")
"""Numbers, times and words of a machine."""


def cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: cut(each) for key, each in value.items()}
    if isinstance(value, list):
        return [cut(each) for each in value]
    if isinstance(value, str) and not KEPT.fullmatch(value):
        return "https://example.org/" if value.startswith("http") else "Some words" if value else ""
    return value


def main(samples: Path) -> None:
    published = json.loads(samples.read_text(encoding="utf-8"))
    text = json.dumps({name: cut(published[name]) for name in EVENTS}, indent=1, sort_keys=True) + "\n"
    (HERE / "x-deliveries.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
