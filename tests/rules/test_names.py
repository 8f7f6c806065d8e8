"""Names that say nothing, modules that grew too long, and paths of somebody's own machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("modbot", "classifiers", "platforms")
FOLDERS = (*PACKAGES, "tests", "deploy", ".ci")
EMPTY_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "core",
    "manager",
    "misc",
    "models",
    "platform",
}
LONGEST_MODULE = 350
LONGEST_FUNCTION = 50
OWN_PATH = re.compile(r"(?<![\w.~-])/(?:home|Users|root|work)/\w|[A-Z]:\\Users")
WRITTEN = {".py", ".toml", ".md", ".html", ".css", ".js", ".yaml", ".yml", ".service", ".timer", ""}


def written(*suffixes: str) -> Iterator[Path]:
    """The project's own text files; corpora and recorded comments are what others wrote."""
    for path in [
        *ROOT.glob("*.*"),
        ROOT / "Makefile",
        *(p for each in FOLDERS for p in (ROOT / each).rglob("*")),
    ]:
        if path.is_file() and path.suffix in (suffixes or WRITTEN) and "__pycache__" not in path.parts:
            yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_file_is_named_by_what_it_holds() -> None:
    """A file of modbot/commands bears the word that people type."""
    held = [path for path in written(".py") if path.parent != ROOT / "modbot" / "commands"]
    assert [name_of(path) for path in held if path.stem.removeprefix("test_") in EMPTY_NAMES] == []


def test_no_module_is_longer_than_one_sitting() -> None:
    """Migrations are exempt, here and below: what a schema change does is one list."""
    lengths = {
        name_of(path): len(path.read_text().splitlines())
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "versions" not in path.parts
    }
    assert {path: n for path, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    found = {
        f"{name_of(path)}:{node.lineno} {node.name}": length
        for path in written(".py")
        if "versions" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert found == {}


def test_nothing_names_a_path_of_somebodys_own_machine() -> None:
    assert {
        name_of(path): hit.group() for path in written() if (hit := OWN_PATH.search(path.read_text()))
    } == {}


@pytest.mark.parametrize("planted", ["/ho" + "me/ann/modbot", "in /ro" + "ot/x", r"C:\Us" + r"ers\ann"])
def test_such_a_path_would_be_found(planted: str) -> None:
    assert OWN_PATH.search(planted)


@pytest.mark.parametrize("harmless", ["https://example.org/home/news", "platforms/work/x", "ProtectHome=yes"])
def test_an_address_is_no_such_path(harmless: str) -> None:
    assert not OWN_PATH.search(harmless)
