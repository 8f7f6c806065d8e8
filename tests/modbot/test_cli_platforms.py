"""modbot platforms: what the adapters say of themselves, on the terminal, as JSON and in the help."""

from __future__ import annotations

import pytest

import platforms
from modbot import resources
from modbot.commands.platforms import HEADS, matrix
from tests.modbot.installation import command

BUILTIN = {name: platforms.load(name) for name in sorted(platforms.BUILTIN)}
HELP = resources.folder("docs") / "platforms.md"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def test_the_table_in_the_help_is_what_the_adapters_say() -> None:
    said = "\n".join([_line(HEADS), "|" + "---|" * len(HEADS), *map(_line, matrix(BUILTIN))])
    assert f"\n{said}\n" in HELP.read_text(encoding="utf-8"), f"put this into {HELP.name}:\n{said}"


def test_every_platform_is_a_line_of_the_command() -> None:
    shown = [line.split("  ")[0] for line in command("platforms").out.splitlines()]
    assert [name for name in shown if name in BUILTIN] == sorted(BUILTIN)


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_more_is_told_of_each_platform(name: str) -> None:
    told = command("platforms", name)
    assert told.status == 0
    able = BUILTIN[name].capabilities
    for effect in able.possible.values():
        assert effect.note in told.out
    assert able.note in told.out
    assert able.storage_terms in told.out


def test_programs_get_the_same_as_json() -> None:
    document = command("platforms", "--json").data
    assert set(document) >= set(BUILTIN)
    assert document["wordpress"]["actions"]["hide"]["reversible"] is True
    assert document["vimeo"]["actions"].keys() == {"delete"}
    assert document["pinterest"]["new_comments"] == "by hand"


def test_a_platform_that_is_not_there_is_refused_with_those_that_are() -> None:
    answer = command("platforms", "myspace")
    assert answer.status == 1
    assert "There is no platform 'myspace'." in answer.err
    assert "wordpress" in answer.err
