"""Requests held against a platform's own description, as cut out into tests/data/specs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "specs"


class Description:
    """The operations of one platform. `also` are parameters that every operation takes."""

    def __init__(self, name: str, also: frozenset[str] = frozenset()) -> None:
        cut = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        self.root: str = cut["root"]
        self.objects: dict[str, dict[str, str]] = cut.get("objects", {})
        self.required: dict[str, list[str]] = cut.get("required", {})
        self._operations: list[dict[str, Any]] = cut["operations"]
        self._also = also

    def operation(self, verb: str, path: str) -> dict[str, Any]:
        for operation in self._operations:
            pattern = re.sub(r"\{\w+\}", r"[^/]+", operation["path"])
            if operation["verb"] == verb and re.fullmatch(pattern, path):
                return operation
        raise AssertionError(f"{verb} {path} is in no description")

    def faults(self, verb: str, path: str, query: Mapping[str, str]) -> list[str]:
        """What is wrong with a request, in words; nothing where it is as described."""
        parameters = self.operation(verb, path)["parameters"]
        missing = [key for key, rule in parameters.items() if rule["required"] and key not in query]
        unknown = [key for key in query if key not in parameters and key not in self._also]
        wrong = [
            f"{key}={value}"
            for key, value in query.items()
            if key in parameters and not _fits(parameters[key], value)
        ]
        return [*(f"{key} is missing" for key in missing), *(f"{key} is unknown" for key in unknown), *wrong]

    def strangers(self, kind: str, value: Mapping[str, Any]) -> list[str]:
        """Keys of an answer that the description's object of this kind does not have, nested ones too."""
        found = []
        for key, inner in value.items():
            if key not in self.objects[kind]:
                found.append(f"{kind}.{key}")
            elif (below := self.objects[kind][key]) in self.objects:
                for each in inner if isinstance(inner, list) else [inner]:
                    found += self.strangers(below, each)
        return found


def _fits(rule: Mapping[str, Any], value: str) -> bool:
    values = value.split(",") if rule.get("repeated") else [value]
    if "enum" in rule and not set(values) <= set(rule["enum"]):
        return False
    if rule.get("type") == "boolean":
        return value in ("true", "false")
    if rule.get("type") != "integer":
        return True
    low, high = int(rule.get("minimum", 0)), int(rule.get("maximum", 10**9))
    return value.isdigit() and low <= int(value) <= high
