"""The platforms' tokens, which end now and then, and quotas, which must hold."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from pydantic import SecretStr

from modbot import credentials, sealing
from modbot.config import Settings
from modbot.store import Store, table
from modbot.tables import Page, QuotaUse
from platforms.oauth import token_of
from platforms.tokens import Token
from tests.contracts.stages import Stage
from tests.contracts.stages.bluesky import BlueskyStage
from tests.contracts.stages.discord import DiscordStage
from tests.contracts.stages.facebook import FacebookStage
from tests.contracts.stages.instagram import InstagramStage
from tests.contracts.stages.linkedin import LinkedInStage
from tests.contracts.stages.x import XStage
from tests.contracts.stages.youtube import YouTubeStage
from tests.faults.line import Line


class Tokens:
    """Where there are refresh tokens the bot helps itself; else a person connects the page again."""

    def __init__(self, store: Store, settings: Settings, stages: Mapping[str, Stage]) -> None:
        self._store = store
        self._seal = sealing.seal(settings.path(settings.web.key_file))
        self._stages = stages

    def connect_again(self) -> None:
        """What a person does who finds a page disconnected; at first, for all."""
        with self._store.read() as connection:
            failing = {row.key: row.failure for row in connection.execute(sa.select(table(Page)))}
        connected = {each.page for each in self._connections()}
        for name, stage in self._stages.items():
            if isinstance(stage, (FacebookStage, InstagramStage)):
                stage.account.tokens = {stage.token: None}
                continue
            needed = name not in connected or failing[name].startswith("NotAuthorised")
            if needed and (token := _given(stage)):
                credentials.keep(self._store, self._seal, name, token)

    def end_some(self, chance: random.Random) -> None:
        for name in chance.sample(sorted(ENDING), 2):
            ENDING[name](self._stages[name])

    def check_quotas(self, line: Line) -> None:
        """By the platforms' own counts, and by ours."""
        assert not line.refused, "a platform had to say that its quota is used up"
        channel = self._stages["youtube"]
        assert isinstance(channel, YouTubeStage)
        x = self._stages["x"]
        assert isinstance(x, XStage)
        bill = 0.005 * (len(x.service.read_today) + x.service.writes)
        with self._store.read() as connection:
            rows = connection.execute(sa.select(table(QuotaUse))).all()
        assert not [row for row in rows if row.used > row.allowed]
        used = {(row.page, row.unit): row.used for row in rows}
        assert channel.channel.used <= used["youtube", "units"]
        assert bill <= used["x", "USD"] + 1e-9

    def _connections(self) -> list[credentials.Connection]:
        with self._store.read() as connection:
            return credentials.connections(connection)


def _given(stage: Stage) -> Token | None:
    if isinstance(stage, XStage):
        return token_of(stage.service.tokens(stage.district))
    if isinstance(stage, YouTubeStage):
        return Token(SecretStr(stage.channel.token), refresh=SecretStr(stage.channel.refresh))
    if isinstance(stage, LinkedInStage):
        return Token(SecretStr(stage.organization.token), refresh=SecretStr(stage.organization.refresh))
    return None


def _end(stage: Stage) -> None:
    if isinstance(stage, (FacebookStage, InstagramStage)):
        stage.graph.expire(stage.account)
    elif isinstance(stage, XStage):
        stage.service.expire()
    elif isinstance(stage, YouTubeStage):
        stage.channel.token = f"access-{int(stage.channel.token.rpartition('-')[2]) + 1}"
    elif isinstance(stage, LinkedInStage):
        stage.organization.token += "+"
    elif isinstance(stage, BlueskyStage):
        stage.network.expire_tokens("access")
    elif isinstance(stage, DiscordStage):
        stage.guild.drop()


ENDING: Mapping[str, Callable[[Stage], None]] = dict.fromkeys(
    ("facebook", "instagram", "x", "youtube", "linkedin", "bluesky", "discord"), _end
)
"""Where something ends that was given for a time: a token, a session, a connection to the gateway."""
