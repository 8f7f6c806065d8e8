from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import classifiers
from classifiers import manifest, thresholds
from classifiers.base import Category, ModelMissing, ModelTampered
from classifiers.linear import FILE, Linear

MODELS = Path(classifiers.__file__).parent.parent / "models"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS, tmp_path / "models"))


def test_what_is_recorded_is_verified_and_given_back(tmp_path: Path) -> None:
    manifest.record(tmp_path, "one", {"one/a.bin": b"abc"}, seed=3)
    manifest.record(tmp_path, "two", {"b.json": b"{}"})
    assert manifest.verified(tmp_path, "one", "one/a.bin") == b"abc"
    assert manifest.read(tmp_path)["one"]["seed"] == 3


def test_every_changed_byte_of_a_model_is_refused_before_it_is_read(models: Path) -> None:
    path = models / FILE
    content = path.read_bytes()
    for place in (0, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(ModelTampered, match="restore"):
            Linear(models).load()
        with pytest.raises(ModelTampered):
            Linear(models).classify(["text"])


def test_a_shortened_model_and_a_pickle_in_its_place_are_refused(models: Path) -> None:
    path = models / FILE
    for content in (path.read_bytes()[:-1], b"cos\nsystem\n(S'true'\ntR."):
        path.write_bytes(content)
        with pytest.raises(ModelTampered):
            Linear(models).load()


def test_what_is_missing_is_told_apart_from_what_was_changed(models: Path) -> None:
    (models / FILE).unlink()
    with pytest.raises(ModelMissing):
        Linear(models).load()
    (models / manifest.MANIFEST).write_text("{}")
    with pytest.raises(ModelMissing, match="lists no"):
        thresholds.load(models)
    (models / manifest.MANIFEST).write_text("{")
    with pytest.raises(ModelTampered):
        thresholds.load(models)
    (models / manifest.MANIFEST).unlink()
    with pytest.raises(ModelMissing):
        _ = Linear(models).version


def test_the_version_follows_the_model(models: Path) -> None:
    before = Linear(models).version
    path = models / manifest.MANIFEST
    entries = json.loads(path.read_text())
    entries["linear"]["files"][FILE] = "0" * 64
    path.write_text(json.dumps(entries))
    assert Linear(models).version != before


def test_every_category_has_an_operating_point_with_what_it_was_measured_to_do() -> None:
    points = thresholds.load(MODELS)
    assert set(points) == set(Category)
    for point in points.values():
        assert 0 < point.threshold <= 1
        assert point.goal
        for share in (point.precision, point.recall, point.false_flags):
            assert 0 <= share.low <= share.value <= share.high <= 1
            assert share.n > 0


def test_thresholds_that_were_edited_are_refused(models: Path) -> None:
    path = models / thresholds.FILE
    path.write_text(path.read_text().replace('"threshold": 0', '"threshold": 1'))
    with pytest.raises(ModelTampered):
        thresholds.load(models)


def test_the_manifest_lists_every_file_of_the_models() -> None:
    listed = {file for entry in manifest.read(MODELS).values() for file in entry["files"]}
    there = {str(path.relative_to(MODELS)) for path in MODELS.rglob("*") if path.is_file()}
    assert there - listed <= {manifest.MANIFEST, "linear/CARD.md", "encoder/CARD.md"}


def test_the_shipped_manifest_holds_the_keys_that_its_description_names_and_no_other() -> None:
    described = set(re.findall(r'"(\w+)":', str(manifest.__doc__))) - {"linear", "corpus"}
    entries = manifest.read(MODELS)
    assert set(entries["linear"]) == described
    assert all(set(entry) in (described, {"files"}) for entry in entries.values())
