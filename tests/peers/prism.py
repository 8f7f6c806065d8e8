"""Stoplight Prism, which holds requests on the wire against a platform's description.

The descriptions are made of the cuts in tests/data/specs: names, types and limits, so that Prism starts in a
few seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.descriptions import FOLDER
from tests.peers import missing
from tests.peers.guarded import Guarded, wait_until

BUILD = Path(__file__).parents[2] / "build" / "prism"
PRISM = BUILD / "node_modules" / ".bin" / "prism"
START_SECONDS = 120
PACKAGES = "apt-get install nodejs npm && npm install --prefix build/prism @stoplight/prism-cli"

BEARER = {"type": "http", "scheme": "bearer"}
DISCORDS = {"type": "apiKey", "name": "Authorization", "in": "header"}


@contextmanager
def started(description: Mapping[str, Any], folder: Path, upstream: str = "") -> Iterator[str]:
    """The address of a Prism that answers with examples, or from `upstream`."""
    if not (PRISM.exists() and shutil.which("node")):
        missing("Prism", PACKAGES)
    file = folder / "description.json"
    file.write_text(json.dumps(description), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    way = ["proxy", str(file), upstream] if upstream else ["mock", str(file)]
    command = ["node", str(PRISM), *way, "--host", "127.0.0.1", "--port", str(port)]
    prism = Guarded(command, folder / "prism.log", dict(os.environ))
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(address), prism, START_SECONDS)
        yield address
    finally:
        prism.stop()


def _answers(address: str) -> bool:
    with suppress(httpx.TransportError):
        httpx.get(address)
        return True
    return False


def openapi(name: str, *, base: str = "", secured: Mapping[str, Any] = BEARER) -> dict[str, Any]:
    """The platform's cut as an OpenAPI document; `base` goes before each of its paths."""
    cut = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    paths: dict[str, dict[str, Any]] = {}
    for each in cut["operations"] if isinstance(cut, dict) else cut:
        paths.setdefault(base + each["path"], {})[each["verb"].lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1"},
        "components": {"securitySchemes": {"token": secured}},
        "security": [{"token": []}],
        "paths": paths,
    }


def _operation(cut: Mapping[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": key, "in": "path", "required": True, "schema": limits}
        for key, limits in cut["place"].items()
    ]
    operation = {
        "parameters": [*parameters, *(_parameter(key, value) for key, value in cut["parameters"].items())],
        "responses": {"default": {"description": "whatever the platform answers"}},
    }
    if (body := cut.get("body")) and body["properties"]:
        schema = {"type": "object", **body}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameter(name: str, cut: Mapping[str, Any]) -> dict[str, Any]:
    limits = {key: value for key, value in cut.items() if key not in ("required", "repeated")}
    for key in ("minimum", "maximum"):
        if key in limits:
            limits[key] = int(limits[key])
    if cut.get("repeated"):
        limits = {"type": "array", "items": limits}
    return {
        "name": name,
        "in": "query",
        "required": cut["required"],
        "explode": False,
        "schema": limits,
    }
