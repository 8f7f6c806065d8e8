"""Settings: the shipped defaults, the district's own modbot.toml over them, the environment over both."""

from __future__ import annotations

import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

import platforms
from modbot import resources
from modbot.alerts.settings import Alerts, Mail, OnCall, refuse_unknown_channels
from modbot.errors import ConfigError
from modbot.sampling import Sampling

FILE_NAME = "modbot.toml"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class District(_Table):
    name: str
    timezone: str

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"'{name}' is no time zone; write one such as America/Los_Angeles") from None
        return name


class Database(_Table):
    url: SecretStr


class PolicyFile(_Table):
    file: Path


class Classifiers(_Table):
    members: tuple[str, ...]
    models: str
    district: str
    batch: Annotated[int, Field(ge=1, le=1_000)]


class Intake(_Table):
    poll_seconds: Annotated[float, Field(gt=0)]
    reconcile_seconds: Annotated[float, Field(gt=0)]
    recheck_days: Annotated[int, Field(ge=0)]
    recheck_seconds: Annotated[float, Field(gt=0)]


class AutoReply(_Table):
    """The fixed answer to private messages; off while `pages` is empty."""

    pages: tuple[str, ...]
    text: Annotated[str, Field(max_length=900)]
    by: str
    again_after_days: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.pages and not (self.text.strip() and self.by.strip()):
            raise ValueError(
                "`text` and `by`, the name of who turned it on, are needed where `pages` names any"
            )
        return self


class Review(_Table):
    undo_seconds: Annotated[float, Field(ge=0)]
    second_share: Annotated[float, Field(ge=0, le=1)]
    doubtful_clauses: tuple[str, ...]
    opinion_after_share: Annotated[float, Field(ge=0, le=1)]
    appeal_days: Annotated[int, Field(ge=1)]

    @property
    def sampling(self) -> Sampling:
        return Sampling(self.second_share, frozenset(self.doubtful_clauses))


class Audit(_Table):
    key_file: Path
    checkpoint_folder: Path
    checkpoint_minutes: Annotated[float, Field(gt=0)]
    earlier_public_keys: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")], ...]


class Retention(_Table):
    """For how long records are kept at least, and by which item of which schedule."""

    authority: str
    years: Annotated[int, Field(ge=0, le=1_000)]

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.authority.strip()) != bool(self.years):
            raise ValueError("`authority`, the schedule's item, and `years` are needed together")
        return self


class Web(_Table):
    host: str
    port: Annotated[int, Field(ge=0, le=65535)]
    address: Annotated[str, Field(pattern=r"^(https?://[^/\s?#@]+)?$")]
    key_file: Path
    idle_minutes: Annotated[float, Field(gt=0)]
    session_hours: Annotated[float, Field(gt=0)]
    metrics_token: SecretStr


class Reports(_Table):
    folder: Path


class Sso(_Table):
    issuer: Annotated[str, Field(pattern=r"^(https?://[^\s?#@]+)?$")]
    client_id: str
    client_secret: SecretStr
    allow_loopback: bool


class Log(_Table):
    level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")]
    format: Annotated[str, Field(pattern="^(json|text|auto)$")]


class PageSettings(_Table):
    """One registered page; `settings` are the platform's own keys, checked by the platform."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    platform: str
    title: str = ""
    school: str = ""
    link: str = ""
    access_ends: date | None = None
    retention: Retention | None = None
    settings: dict[str, Any] = Field(default={}, repr=False)

    @field_validator("platform")
    @classmethod
    def _registered(cls, name: str) -> str:
        if name not in platforms.names():
            raise ValueError(f"'{name}' is no platform; there are: {', '.join(platforms.names())}")
        return name


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="MODBOT_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    district: District
    database: Database
    policy: PolicyFile
    classifiers: Classifiers
    intake: Intake
    auto_reply: AutoReply
    review: Review
    audit: Audit
    retention: Retention
    web: Web
    sso: Sso
    reports: Reports
    log: Log
    alerts: Alerts
    on_call: OnCall
    mail: Mail
    page: tuple[PageSettings, ...] = ()
    folder: Path = Path()
    """Where modbot.toml lies; relative paths start here."""

    @field_validator("page")
    @classmethod
    def _different(cls, found: tuple[PageSettings, ...]) -> tuple[PageSettings, ...]:
        keys = [page.key for page in found]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"two pages share the key {', '.join(twice)}")
        return found

    @model_validator(mode="after")
    def _channels_are_there(self) -> Self:
        refuse_unknown_channels(self.alerts, self.on_call, self.mail)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    def retention_of(self, page: PageSettings | None) -> Retention:
        """What holds for the records of this page; None: of one that is no longer watched."""
        return (page and page.retention) or self.retention

    def path(self, relative: Path) -> Path:
        return self.folder / relative

    def database_url(self) -> str:
        """The address with a relative SQLite file placed beside modbot.toml. Holds the password."""
        url = self.database.url.get_secret_value()
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/"):
            return prefix + str(self.folder.absolute() / url.removeprefix(prefix))
        return url


def find(given: Path | None) -> Path:
    """The settings file: as given, or $MODBOT_CONFIG, or modbot.toml here. Raises ConfigError."""
    path = given or Path(os.environ.get("MODBOT_CONFIG", FILE_NAME))
    if path.is_dir():
        path = path / FILE_NAME
    if not path.is_file():
        raise ConfigError(
            f"There is no settings file {path}.",
            remedy="Make one with: modbot init FOLDER, or name yours with --config FILE.",
        )
    return path


def load(path: Path) -> Settings:
    """Read and check a settings file. Raises ConfigError naming the file, the key and what to mend."""
    try:
        own = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _broken(path, error.strerror or "it cannot be read") from None
    except UnicodeDecodeError:
        raise _broken(path, "it is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise _broken(path, str(error)) from None
    return build(own, path)


def build(own: dict[str, Any], path: Path) -> Settings:
    """Settings from a decoded file lying at `path`."""
    merged = _over(tomllib.loads(resources.defaults()), own)
    folder = path.parent
    try:
        settings = Settings(**_resolve(merged, folder))
    except ValidationError as error:
        raise _broken(path, "; ".join(_plain(each) for each in error.errors())) from None
    except SettingsError:
        raise ConfigError(
            "An environment variable that begins with MODBOT_ cannot be read as a setting.",
            remedy="Name the section and the key, such as MODBOT_WEB__PORT=9000, or unset it.",
        ) from None
    # Set here, because where the file lies is not for the environment to say.
    return settings.model_copy(update={"folder": folder})


def _over(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = base | own
    for key in base.keys() & own.keys():
        if isinstance(base[key], dict) and isinstance(own[key], dict):
            both[key] = base[key] | own[key]
    return both


def _resolve(value: Any, folder: Path) -> Any:
    """Replace `{ env = "NAME" }` and `{ secret_file = "path" }` by what they stand for."""
    if isinstance(value, list):
        return [_resolve(each, folder) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"env"} and isinstance(value["env"], str):
        return _from_environment(value["env"])
    if set(value) == {"secret_file"} and isinstance(value["secret_file"], str):
        return _from_file(folder / value["secret_file"])
    return {key: _resolve(each, folder) for key, each in value.items()}


def _from_environment(name: str) -> str:
    if name not in os.environ:
        raise ConfigError(
            f"The environment variable {name} is not set.",
            remedy=f"Set {name} to the secret that modbot.toml takes from it.",
        )
    return os.environ[name]


def _from_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            f"The secret file {path} cannot be read: {error.strerror}.",
            remedy="Write the secret into it, readable by modbot's user alone (chmod 600).",
        ) from None


def _broken(path: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"The settings file {path} does not hold: {problem}.",
        remedy="Mend it; every key with its meaning is shown by: modbot init --show-defaults",
    )


def _plain(error: Any) -> str:
    """One validation error as `web port: …`; the value is left out, since it may be a secret."""
    place = " ".join(str(part + 1 if isinstance(part, int) else part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "is not a setting that modbot knows"
    return f"{place}: {message}" if place else message
