"""The settings of alerts: [alerts], [on_call] and [mail]. Part of modbot.config."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from modbot.alerts import hours


class About(StrEnum):
    """What alerts are about."""

    URGENT = "urgent"
    REFERRED_THREAT = "referred_threat"
    REFERRED_PRIVACY = "referred_privacy"
    REFERRED_CIVIL_RIGHTS = "referred_civil_rights"
    QUEUE_LATE = "queue_late"
    APPEAL_LATE = "appeal_late"
    CAPTURE_GAP = "capture_gap"
    SCORER_DOWN = "scorer_down"
    ACTION_STUCK = "action_stuck"
    CREDENTIAL_EXPIRING = "credential_expiring"
    REPORT_READY = "report_ready"
    DRILL_OVER = "drill_over"


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$")]
Times = Annotated[str, Field(max_length=200)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(_Table):
    """Somewhere that messages go to."""

    name: Name
    kind: Literal["discord", "mail", "webhook"]
    url: SecretStr = SecretStr("")
    """Of discord and webhook. A secret: whoever knows it can post there."""
    secret: SecretStr = SecretStr("")
    """Of webhook: signs what is sent (Standard Webhooks, `whsec_…`)."""
    to: tuple[str, ...] = ()
    """Of mail: who gets it."""
    words: bool = False
    """Whether the comment's words and its author may go there."""
    allow_loopback: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "mail" and not self.to:
            raise ValueError("a channel of kind mail needs `to`, a list of addresses")
        if self.kind == "mail" and any("@" not in each or not each.isprintable() for each in self.to):
            raise ValueError("`to` holds something that is no mail address")
        if self.kind != "mail" and not self.url.get_secret_value():
            raise ValueError(f"a channel of kind {self.kind} needs `url`")
        if self.kind == "discord" and "/api/webhooks/" not in self.url.get_secret_value():
            raise ValueError("`url` is no Discord webhook: https://discord.com/api/webhooks/NUMBER/TOKEN")
        if self.kind == "webhook" and not self.secret.get_secret_value():
            raise ValueError("a channel of kind webhook needs `secret`")
        return self


class Route(_Table):
    """Which alerts go to `to`: the first of these channels, and the next whenever one fails."""

    to: Annotated[tuple[Name, ...], Field(min_length=1)]
    about: tuple[About, ...] = ()
    clauses: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    hours: Times = ""

    @field_validator("hours")
    @classmethod
    def _readable(cls, text: str) -> str:
        hours.parse(text)
        return text


class Alerts(_Table):
    queue_hours: Annotated[float, Field(gt=0)]
    not_scored_hours: Annotated[float, Field(gt=0)]
    quiet: Times
    digest_minutes: Annotated[float, Field(ge=0)]
    channel: tuple[Channel, ...]
    route: tuple[Route, ...]

    _readable = field_validator("quiet")(Route._readable.__func__)  # type: ignore[attr-defined]

    @model_validator(mode="after")
    def _known(self) -> Self:
        _refuse_twice([each.name for each in self.channel], "alerts.channel")
        for route in self.route:
            _refuse_unknown(route.to, self.channel, "a route")
        return self

    def named(self, name: str) -> Channel | None:
        return next((each for each in self.channel if each.name == name), None)


class OnCallPerson(_Table):
    name: Name
    """The short name of a person who has access."""
    channels: Annotated[tuple[Name, ...], Field(min_length=1)]


class OnCall(_Table):
    step_minutes: Annotated[float, Field(gt=0)]
    channel_seconds: Annotated[float, Field(ge=0)]
    link_hours: Annotated[float, Field(gt=0)]
    person: tuple[OnCallPerson, ...]
    """The chain: who is alerted first, second, and so on; after the last, the first again."""

    @model_validator(mode="after")
    def _different(self) -> Self:
        _refuse_twice([each.name for each in self.person], "on_call.person")
        return self


class Mail(_Table):
    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    tls: Literal["starttls", "from the start", "none"]
    user: str
    password: SecretStr
    sender: str
    ca_file: str

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.tls == "none" and self.host not in ("", "127.0.0.1", "localhost", "::1"):
            raise ValueError("mail may go without TLS only to a server on this machine")
        if self.host and "@" not in self.sender:
            raise ValueError("`sender` must be the mail address that alerts come from")
        return self

    @property
    def authorities(self) -> Path | None:
        return Path(self.ca_file) if self.ca_file else None


def refuse_unknown_channels(alerts: Alerts, on_call: OnCall, mail: Mail) -> None:
    """What holds between the tables. Raises ValueError."""
    for person in on_call.person:
        _refuse_unknown(person.channels, alerts.channel, f"{person.name} on call")
    if not mail.host and any(each.kind == "mail" for each in alerts.channel):
        raise ValueError("a channel of kind mail needs [mail] host")


def _refuse_twice(names: Sequence[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two blocks of [[{what}]] share the name {', '.join(twice)}")


def _refuse_unknown(names: Sequence[str], channels: Sequence[Channel], who: str) -> None:
    unknown = sorted(set(names) - {each.name for each in channels})
    if unknown:
        raise ValueError(f"{who} names the channel {', '.join(unknown)}, which no [[alerts.channel]] is")
