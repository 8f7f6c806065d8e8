"""The units in deploy/ start commands that there are, at the times that the documentation tells."""

from __future__ import annotations

import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest

from modbot.reports import weeks
from tests.rules.test_commands import EVERY

DEPLOY = Path(__file__).parents[2] / "deploy"


def unit(name: str) -> ConfigParser:
    found = ConfigParser(interpolation=None, strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(DEPLOY / name, encoding="utf-8")
    return found


@pytest.mark.parametrize("name", sorted(path.name for path in DEPLOY.glob("*.service")))
def test_a_service_starts_a_command_with_options_that_there_are(name: str) -> None:
    program, *words = shlex.split(unit(name)["Service"]["ExecStart"])
    assert Path(program).name == "modbot"
    named = " ".join(word for word in words if not word.startswith("--"))
    known = {option for each in EVERY[named].params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_timer_has_reports_made_when_they_are_due_and_catches_up() -> None:
    timer, service = unit("modbot-report.timer"), unit("modbot-report.service")
    assert timer["Timer"]["OnCalendar"] == f"Mon {weeks.READY:%H:%M}"
    assert timer["Timer"]["Persistent"] == "yes"
    assert service["Service"]["ExecStart"].endswith("modbot report weekly --due")


def test_a_bot_that_ends_is_started_again() -> None:
    assert unit("modbot.service")["Service"]["Restart"] == "always"
