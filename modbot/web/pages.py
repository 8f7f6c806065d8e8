"""Templates: text is escaped, names that are missing are errors, times are the district's."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from modbot import resources
from modbot.visible import visible

STATIC = resources.folder("web") / "static"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%-I:%M:%S %p")


def when(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%A, %B %-d, %Y, %-I:%M:%S %p %Z")


def _environment() -> Environment:
    loader = FileSystemLoader(resources.folder("web") / "templates")
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"visible": visible, "clock": clock, "when": when}
    return made


templates = Jinja2Templates(env=_environment())
