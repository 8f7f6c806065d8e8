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
    lines = [f"{json.dumps(name)}: {json.dumps(cut(published[name]))}" for name in sorted(published)]
    text = ",\n".join(lines)
    (HERE / "x-deliveries.json").write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
