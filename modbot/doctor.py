"""What is wrong with an installation, and what to do about it. Looks at everything, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modbot import config
from modbot.checkups import alerting, connections, database, district, keeping, machine, pages, rules
from modbot.checkups.finding import Finding, fine, wrong
from modbot.config import Settings
from modbot.errors import ConfigError


def examine(given: Path | None) -> Iterator[Finding]:
    """One finding after the other. Without readable settings there is only that one."""
    try:
        path = config.find(given)
        settings = config.load(path)
    except ConfigError as error:
        yield wrong("settings", str(error), error.remedy)
        return
    yield fine("settings", str(path))
    yield machine.secrets(path)
    yield from look_over(settings)
    yield machine.web(settings)


def look_over(settings: Settings) -> Iterator[Finding]:
    """What there is to find with settings that hold, also from inside a running modbot."""
    yield machine.time_zone(settings)
    yield machine.disk(settings)
    yield from database.database(settings)
    yield from database.key(settings)
    yield from rules.policy(settings)
    yield from rules.models(settings)
    yield from district.district(settings)
    yield from pages.pages(settings)
    yield from connections.connections(settings)
    yield from keeping.keeping(settings)
    yield from alerting.alerts(settings)
