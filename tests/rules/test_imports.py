"""Imports point one way, and only one module acts on a platform."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("modbot", "classifiers", "platforms")
BREACHES = {
    "platforms/memory.py": "from modbot import audit",
    "platforms/base.py": "from classifiers.base import Category",
    "classifiers/base.py": "from platforms.base import Comment",
    "classifiers/__init__.py": "import modbot.policy",
    "modbot/pipeline.py": "from modbot import actions",
    "modbot/policy.py": "from platforms.base import ActionKind",
    "modbot/alerts/discord_webhook/embeds.py": "from modbot.alerts.hours import parse",
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def test_imports_point_one_way() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("path", "breach"), BREACHES.items())
def test_an_import_that_points_the_other_way_is_found(tmp_path: Path, path: str, breach: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / path).open("a") as file:
        file.write(f"\n\ndef planted() -> None:\n    {breach}\n")
    result = lint(tmp_path)
    importer = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    assert result.returncode == 1
    assert re.search(rf"{importer} -> \w+", result.stdout), result.stdout


def _reaching_for(*names: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "modbot").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in names
    }


def test_a_platform_is_told_to_act_in_one_module_alone() -> None:
    assert _reaching_for("act", "act_on") == {"modbot/actions.py"}


def test_private_messages_are_answered_in_one_module_alone() -> None:
    assert _reaching_for("may_answer") == {"modbot/auto_reply.py"}
    answering = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "modbot").rglob("*.py")
        if "platform.answer(" in path.read_text()
    }
    assert answering == {"modbot/auto_reply.py"}


def test_no_simulated_platform_knows_the_adapter_that_it_answers() -> None:
    imported = {
        f"{path.name}: {name}"
        for path in (ROOT / "tests" / "simulators").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
        if name.partition(".")[0] in PACKAGES
    }
    assert imported == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []
