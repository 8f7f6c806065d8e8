"""An installation as `modbot init` leaves it, with one page that replays a recording."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from modbot import checkpoints, config, resources, wiring
from modbot.wiring import Bot
from tests.benchmarks.plan import NotMeasured

PAGE = "recording"
RECORDING = "recording.jsonl"
START = datetime(2026, 1, 5, 16, tzinfo=UTC)


CHEAP = ("patterns", "linear")
"""The members that read every comment; the encoder reads where they leave doubt."""


def write(folder: Path, url: str, *, speed: float | None = None, members: Sequence[str] = ()) -> None:
    """Settings, policy, key, and the page `recording`, which replays recording.jsonl.

    Without `members` those of a new installation.
    """
    (folder / "policy.toml").write_bytes(resources.policy("yelm-4007p.toml"))
    checkpoints.make_key(folder / "checkpoint.key")
    settings = [
        f"database.url = {json.dumps(url)}",
        "log.level = 'warning'",
        *([f"classifiers.members = {json.dumps(list(members))}"] if members else []),
        f"[[page]]\nkey = '{PAGE}'\nplatform = 'replay'",
        f"[page.settings]\npath = {json.dumps(str(folder / RECORDING))}",
        *([] if speed is None else [f"speed = {speed}"]),
    ]
    (folder / config.FILE_NAME).write_text("\n".join(settings), encoding="utf-8")


def record(folder: Path, texts: Iterable[str], *, a_second: float = 50) -> None:
    """The texts as comments under one post, `a_second` of them in every second, at even distances."""
    with (folder / RECORDING).open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps(row(number, text, START + timedelta(seconds=number / a_second))) + "\n")


def row(number: int, text: str, at: datetime = START) -> dict[str, str]:
    """What a platform tells of a comment, in the size it usually has."""
    return {
        "id": f"1784140{number:09}",
        "text": text,
        "author": f"Commenter {number % 997}",
        "author_id": f"u{number % 997:05}",
        "created_at": at.isoformat(),
        "post": f"p{number % 31:03}",
        "post_title": "What is on this week at our schools",
        "permalink": f"https://example.org/posts/p{number % 31:03}?comment={number}",
    }


def opened(folder: Path) -> Bot:
    """Everything built from the folder's settings, with every classifier at work. Raises NotMeasured."""
    bot = wiring.build(config.load(folder / config.FILE_NAME))
    if bot.scorer.ensemble.absent:
        raise NotMeasured(f"A classifier is missing: {bot.scorer.ensemble.absent}.")
    return bot
