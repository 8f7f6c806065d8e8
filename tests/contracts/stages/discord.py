from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from platforms.base import Platform
from platforms.discord import Discord, DiscordSettings
from tests.contracts.stages import Stage
from tests.simulators import serve
from tests.simulators.discord import CHANNEL, TOKEN, Guild
from tests.simulators.discord_objects import SERVER


class DiscordStage(Stage):
    secrets = (TOKEN,)

    def __init__(self, guild: Guild) -> None:
        self.guild = guild

    def platform(self) -> Platform:
        settings = DiscordSettings.model_validate(
            {"token": TOKEN, "server": SERVER, "url": f"{self.guild.url}/api/v10", "allow_loopback": True}
        )
        return Discord("server", settings)

    def write(self, texts: Sequence[str], *, parent: str | None = None) -> list[str]:
        answers = _number(parent) if parent else None
        return [f"{CHANNEL}-{self.guild.write(text, answers=answers)}" for text in texts]

    def edit(self, comment_id: str, text: str) -> None:
        self.guild.edit(_number(comment_id), text)

    def delete(self, comment_id: str) -> None:
        self.guild.delete(_number(comment_id))

    def reader_sees(self, comment_id: str) -> bool:
        return any(each["id"] == _number(comment_id) for each in self.guild.messages[CHANNEL])


def _number(comment_id: str) -> str:
    return comment_id.rpartition("-")[2]


@contextmanager
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    guild = Guild()
    with serve(guild.app) as url:
        guild.url = url
        yield DiscordStage(guild)
