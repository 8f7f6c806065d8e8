"""Adapters for accounts of the simulated Graph, opened, and what the tests of both platforms need."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from platforms.base import Batch, Comment, Event, Platform
from platforms.facebook import Facebook, FacebookSettings
from platforms.instagram import Instagram
from platforms.instagram_login import InstagramSettings
from tests.simulators.graph import APP_ID, APP_SECRET, Graph
from tests.simulators.graph_objects import Account

SPECS = Path(__file__).parents[1] / "data" / "specs"
SAMPLES: dict[str, dict[str, Any]] = json.loads((SPECS / "meta-samples.json").read_text(encoding="utf-8"))
FORM = "word-for-the-form"


def facebook(graph: Graph, account: Account, **changes: object) -> Facebook:
    known = _known(graph, account) | {"page_id": account.id} | changes
    return Facebook("page", FacebookSettings.model_validate(known))


def instagram(graph: Graph, account: Account, **changes: object) -> Instagram:
    known = _known(graph, account) | {"account_id": account.id} | changes
    return Instagram("insta", InstagramSettings.model_validate(known))


def _known(graph: Graph, account: Account) -> dict[str, object]:
    return {
        "access_token": next(iter(account.tokens)),
        "app_id": APP_ID,
        "app_secret": APP_SECRET,
        "verify_token": FORM,
        "api": graph.url,
        "allow_loopback": True,
    }


def signed(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def sample(platform: str, name: str) -> bytes:
    return json.dumps(SAMPLES[platform][name]).encode()


async def everything(platform: Platform, cursor: str | None = None) -> tuple[list[Comment], Batch]:
    """Every comment after `cursor`, and the last batch."""
    found: list[Event] = []
    for _ in range(100):
        batch = await platform.poll(cursor)
        found += batch.events
        cursor = batch.cursor
        if not batch.more:
            return [event.comment for event in found if event.comment], batch
    raise AssertionError("a hundred batches and no end")


def texts(comments: list[Comment]) -> list[str]:
    return [comment.text for comment in comments]
