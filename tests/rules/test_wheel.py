"""What is shipped works where no checkout is: in an empty environment, from another folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.peers import missing

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]
PACKAGES = ("modbot", "classifiers", "platforms")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT], cwd=folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the installed commands."""
    environment = tmp_path_factory.mktemp("empty") / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", environment], cwd=wheel.parent)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
    result = ask([*pip, "install", "--quiet", "--no-compile", wheel], cwd=wheel.parent)
    if "connection broken by" in result.stderr:
        missing("a package index", "connect this machine to the one that pip uses")
    assert result.returncode == 0, result.stderr
    return environment / "bin"


@pytest.fixture
def district(programs: Path, tmp_path: Path) -> Path:
    """A new installation, made by the installed command."""
    run([programs / "modbot", "init", tmp_path / "district"], cwd=tmp_path)
    return tmp_path / "district"


def ask(command: Sequence[str | Path], cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )


def run(command: Sequence[str | Path], cwd: Path, text: str = "") -> str:
    result = ask(command, cwd, text)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    models = {
        f"modbot/_models/{path.relative_to(ROOT / 'models').as_posix()}"
        for path in (ROOT / "models").rglob("*")
        if path.is_file()
    }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert files | models == held


def test_the_installed_program_scores_with_the_shipped_models(programs: Path, tmp_path: Path) -> None:
    [line] = run([programs / "modbot", "score"], tmp_path, '{"id": "1", "text": "Thank you"}\n').splitlines()
    answer = json.loads(line)
    assert answer["id"] == "1"
    assert answer["flags"] == []
    assert all(0 <= score < 1 for score in answer["scores"].values())


def test_a_new_installation_has_a_policy_that_holds(programs: Path, district: Path, tmp_path: Path) -> None:
    run([programs / "modbot", "policy", "check", district / "policy.toml"], tmp_path)


def test_a_new_installation_has_a_log_that_proves_itself(
    programs: Path, district: Path, tmp_path: Path
) -> None:
    settings = district / "modbot.toml"
    proof = run([programs / "modbot", "audit", "verify", "--json", "--config", settings], tmp_path)
    assert json.loads(proof)["entries"] >= 1


def test_nothing_is_taken_from_the_checkout(programs: Path, tmp_path: Path) -> None:
    for package in PACKAGES:
        place = run([programs / "python", "-c", f"import {package}; print({package}.__file__)"], tmp_path)
        assert place.startswith(str(programs.parent))
