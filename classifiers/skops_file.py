"""The arrays, lists and words of a skops file, read without skops.

skops brings scikit-learn along: 120 MB of memory and two seconds at every start, which training needs and
scoring does not. Any part of the file that could be more than numbers and words is refused, so that nothing
in it can run. Written by https://skops.readthedocs.io/en/stable/persistence.html; the tests read both ways.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

SCHEMA = "schema.json"


class NotPlain(ValueError):
    """It is no skops file, or holds more than numbers, lists and words."""


def read(content: bytes) -> Any:
    """What was stored. Raises NotPlain."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return _value(json.loads(parts.read(SCHEMA)), parts)
    except NotPlain:
        raise
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise NotPlain("not a skops file of numbers and words") from error


def _value(node: Mapping[str, Any], parts: zipfile.ZipFile) -> Any:
    match node["__loader__"], node["__module__"], node["__class__"]:
        case "DictNode", "builtins", "dict":
            return {key: _value(each, parts) for key, each in node["content"].items()}
        case "ListNode", "builtins", "list":
            return [_value(each, parts) for each in node["content"]]
        case "JsonNode", "builtins", "str" | "int" | "float" | "bool":
            return json.loads(node["content"])
        case "NdArrayNode", "numpy", "ndarray" if node["type"] == "numpy":
            return np.load(io.BytesIO(parts.read(node["file"])), allow_pickle=False)
    raise NotPlain(f"not plain: it holds a {node['__loader__']}")
