"""Whether a request is one that the platform's own description allows, by the cuts in tests/data/specs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema

SPECS = Path(__file__).parents[1] / "data" / "specs"


def description(name: str) -> Any:
    return json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8"))


def check_query(
    described: Mapping[str, Any], required: Sequence[str], query: Mapping[str, Sequence[str]]
) -> None:
    """`query` holds the values of each name as they were sent, in order."""
    assert set(required) <= set(query), f"missing: {set(required) - set(query)}"
    for name, values in query.items():
        assert name in described, f"the description knows no parameter {name}"
        jsonschema.validate(_value(described[name], values), _schema(described[name]))


def check_body(described: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """`described` has `properties`, `required` and perhaps `nullable` names."""
    nullable = described.get("nullable", ())
    assert set(described["required"]) <= set(body), f"missing: {set(described['required']) - set(body)}"
    for name, value in body.items():
        if name == "$type" or (value is None and name in nullable):
            continue
        assert name in described["properties"], f"the description knows no field {name}"
        jsonschema.validate(value, _schema(described["properties"][name]))


def _value(limits: Mapping[str, Any], values: Sequence[str]) -> Any:
    if limits.get("type") == "array":
        parts = [part for value in values for part in value.split(",")] if len(values) == 1 else values
        return [_value(limits["items"], [part]) for part in parts]
    [value] = values
    if limits.get("type") == "integer":
        return int(value)
    return value == "true" if limits.get("type") == "boolean" else value


def _schema(limits: Mapping[str, Any]) -> dict[str, Any]:
    """A lexicon bounds the length of lists as it does that of texts, and calls any value `unknown`."""
    kept = {key: value for key, value in limits.items() if key != "required" and value != "unknown"}
    if kept.get("type") == "array" and "maxLength" in kept:
        kept["maxItems"] = kept.pop("maxLength")
    if kept.get("type") in ("ref", "union"):
        del kept["type"]
    if "items" in kept:
        kept["items"] = _schema(kept["items"])
    return kept
