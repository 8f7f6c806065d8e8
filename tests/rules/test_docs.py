"""What the documentation must name, and that it names nothing that is not there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from typer.main import get_command

import platforms
from classifiers.base import Category, ClassifierError
from modbot import observe, resources, rulings
from modbot.audit import KINDS
from modbot.cli import COMMANDS
from modbot.config import PageSettings, Settings
from modbot.errors import ModbotError
from modbot.policy import About, Clause, Watch
from modbot.roles import ROLES
from modbot.words import WordList
from platforms.base import PlatformError

ROOT = Path(__file__).parents[2]
HELP = ROOT / "modbot" / "docs"
FILES = {path.stem: path for path in [*sorted(HELP.glob("*.md")), *sorted(HELP.glob("platforms/*.md"))]}
PAGES = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
TEXTS = PAGES | {name: (ROOT / f"{name}.md").read_text(encoding="utf-8") for name in ("README", "CHANGELOG")}


def code_in(text: str) -> set[str]:
    """Everything that stands in `code`, single or fenced."""
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, re.M | re.S)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return {*inline, *fenced}


def commands(group: str) -> dict[str, set[str]]:
    """Every command of a group, such as "case list", with its options."""
    found: Any = get_command(import_module(f"modbot.commands.{group}").app)
    parts = getattr(found, "commands", None)
    named = {f"{group} {part}": one for part, one in parts.items()} if parts else {group: found}
    return {name: {option for each in one.params for option in each.opts} for name, one in named.items()}


def settings() -> Iterator[str]:
    """Every setting as `[table] key`."""
    for table, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"[{table}] {key}" for key in field.annotation.model_fields)
    yield from (f"[[page]] {key}" for key in PageSettings.model_fields)


def subclasses(error: type[Exception]) -> Iterator[str]:
    for each in error.__subclasses__():
        if each.__module__.split(".")[0] in ("modbot", "platforms", "classifiers"):
            yield each.__name__
            yield from subclasses(each)


PARTS = (
    r"What to (create|do) there",
    "Which review the platform wants",
    r"[Ww]hat it costs",
    "What cannot be done, and how to do it by hand",
)


@pytest.mark.parametrize("name", sorted(path.stem for path in HELP.glob("platforms/*.md")))
def test_a_platforms_page_has_every_part_that_an_office_needs(name: str) -> None:
    headings = "\n".join(re.findall(r"^\*\*([^*]+)\*\*", PAGES[name], re.M))
    assert [part for part in PARTS if not re.search(part, headings)] == []


@pytest.mark.parametrize("setting", sorted(settings()))
def test_every_setting_is_explained(setting: str) -> None:
    assert setting in code_in(PAGES["operating"])


def shipped() -> dict[str, Any]:
    """The default of every setting, by `[table] key`."""
    tables = tomllib.loads(resources.defaults())
    return {f"[{table}] {key}": value for table, keys in tables.items() for key, value in keys.items()}


def default_told(setting: str) -> Any:
    """Its default as the table of operating.md tells it."""
    (cell,) = re.findall(rf"^\| `{re.escape(setting)}` \| ([^|]*?) ?\|", PAGES["operating"], re.M)
    text = cell.strip("`")
    if text in ("", "empty", "none"):
        return [] if text == "none" else ""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


@pytest.mark.parametrize("setting", sorted(shipped()))
def test_the_default_that_is_told_is_the_one_that_ships(setting: str) -> None:
    assert default_told(setting) == shipped()[setting]


@pytest.mark.parametrize("page", PAGES)
def test_no_list_of_members_that_is_shown_leaves_a_shipped_one_out(page: str) -> None:
    """Whoever copies such a list would switch that member off."""
    for shown in re.findall(r"members = (\[.*?\])", PAGES[page]):
        assert set(shipped()["[classifiers] members"]) <= set(tomllib.loads(f"value = {shown}")["value"])


@pytest.mark.parametrize("name", sorted(platforms.BUILTIN))
def test_every_setting_of_a_platform_is_explained(name: str) -> None:
    """On its own page under docs/platforms, or in a section of operating.md."""
    section = re.search(rf"^### {name}$(.*?)(?=^##)", PAGES["operating"], re.M | re.S)
    told = PAGES.get(name) or (section[1] if section else "")
    assert told, f"there is no docs/platforms/{name}.md"
    assert set(platforms.load(name).Settings.model_fields) <= code_in(told)


@pytest.mark.parametrize("group", COMMANDS)
def test_every_command_is_explained(group: str) -> None:
    explained = "\n".join(code_in(PAGES["operating"]))
    assert [name for name in commands(group) if not re.search(rf"\bmodbot {name}\b", explained)] == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_log_entry_is_explained(kind: str) -> None:
    assert f"| `{kind}` | {KINDS[kind]}. |" in PAGES["concepts"]


@pytest.mark.parametrize("name", sorted({family.name for family in observe.REGISTRY.collect()}))
def test_every_metric_is_explained(name: str) -> None:
    assert any(code.removesuffix("_total") == name for code in code_in(PAGES["operating"]))


@pytest.mark.parametrize(
    "error", sorted({*subclasses(ModbotError), *subclasses(PlatformError), *subclasses(ClassifierError)})
)
def test_every_class_of_error_has_its_way_out(error: str) -> None:
    assert error in code_in(PAGES["operating"])


@pytest.mark.parametrize("model", [About, Clause, Watch, WordList])
def test_every_key_of_a_policy_is_explained(model: type[BaseModel]) -> None:
    assert set(model.model_fields) <= code_in(PAGES["policy"])


def test_every_word_that_people_choose_from_is_explained() -> None:
    words = {*Category, *rulings.Choice, *rulings.REFERRALS, *ROLES}
    assert {str(word) for word in words} <= code_in(PAGES["concepts"])


@pytest.mark.parametrize("page", TEXTS)
def test_no_command_or_option_is_named_that_is_not_there(page: str) -> None:
    known = {name: options for group in COMMANDS for name, options in commands(group).items()}
    for line in (line for code in code_in(TEXTS[page]) for line in code.splitlines()):
        called = re.search(r"^(?:[^#]*[\s/])?modbot ([a-z]+)(?: ([a-z]+))?", line)
        if called is None:
            continue
        group, command = called[1], f"{called[1]} {called[2]}"
        assert group in COMMANDS, line
        name = command if command in known else group
        assert name in known or called[2] is None, line
        assert set(re.findall(r"--[a-z-]+", line)) <= known.get(name, set()), line


@pytest.mark.parametrize("page", TEXTS)
def test_every_link_leads_somewhere(page: str) -> None:
    folder = FILES[page].parent if page in PAGES else ROOT
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[page]):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, heading = target.partition("#")
        file = folder / path if path else folder / f"{page}.md"
        assert file.exists(), target
        assert not heading or heading in headings(file), target


def test_every_test_that_the_readme_names_is_in_the_file_it_links_to() -> None:
    named = re.findall(r"\[`(test_\w+)`\]\(([^)]+)\)", TEXTS["README"])
    assert len(named) > 10
    assert [name for name, file in named if f"def {name}(" not in (ROOT / file).read_text()] == []


def headings(file: Path) -> set[str]:
    """The anchors that a reader's page gives to the headings."""
    titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_help_links_to_the_help_alone(page: str) -> None:
    """It is read where no checkout is."""
    targets = re.findall(r"\]\(([^)\s]+)\)", PAGES[page])
    elsewhere = [each for each in targets if "/" in each and not each.startswith("https://")]
    assert [each for each in elsewhere if not re.match(r"(\.\./|platforms/)[\w-]+\.md", each)] == []


def test_the_changelog_has_an_entry_for_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.search(rf"^## \[{re.escape(project['version'])}\]", TEXTS["CHANGELOG"], re.M)
