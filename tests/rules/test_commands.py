"""What holds for every command."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from modbot.cli import COMMANDS

WRITERS = {
    *("demo", "init", "disconnect"),
    *("case claim", "case release", "case skip", "case note", "case split"),
    *("case decide", "case undo", "case second", "case delete"),
    *("comment add", "comment import", "task done", "task gone", "appeal file", "appeal decide"),
    *("audit checkpoint", "request add", "request answer"),
    *("user add", "user password", "user role", "user deactivate"),
    *("alert answer", "alert test", "drill threat", "drill end"),
    *("models adopt", "models back", "models drop", "models add", "models export", "names import"),
}
"""Commands that change something; what they answer is one sentence."""
ALWAYS_DATA = {"audit export", "score"}
"""Commands that write nothing else than JSON lines."""


def commands(name: str, found: Any) -> Iterator[tuple[str, Any]]:
    """Every command below this one, such as "case list"."""
    parts = getattr(found, "commands", None)
    if not parts:
        yield name, found
        return
    for part, each in parts.items():
        yield from commands(f"{name} {part}", each)


EVERY = {
    name: command
    for group in COMMANDS
    for name, command in commands(group, get_command(import_module(f"modbot.commands.{group}").app))
}


@pytest.mark.parametrize("name", sorted(EVERY.keys() - WRITERS - ALWAYS_DATA))
def test_every_reading_command_answers_programs_as_well(name: str) -> None:
    assert "--json" in {option for each in EVERY[name].params for option in each.opts}


def test_every_command_that_is_said_to_write_is_there() -> None:
    assert EVERY.keys() >= WRITERS | ALWAYS_DATA
