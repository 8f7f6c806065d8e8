"""From labelled texts to models that score, by the commands as people type them, each in its own process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classifiers import manifest
from classifiers.base import Category
from tests.classifiers.small_data import public_data, some_of_the_corpus
from tests.modbot.installation import Answer, command, process


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Too few comments for anything but a poor model, which no district should get."""
    made = tmp_path_factory.mktemp("training")
    some_of_the_corpus(made / "corpus", 260, 2)
    public_data(made / "data")
    return made


@pytest.fixture(scope="module")
def trained(folder: Path) -> Answer:
    words = "train --data data --corpus corpus --out models --only linear"
    return process(*words.split(), folder=folder, seconds=300)


def test_a_model_of_too_little_is_trained_whole_and_refused_by_the_audit(
    folder: Path, trained: Answer
) -> None:
    assert trained.status == 1
    assert "260 corpus comments, 90 public rows" in trained.err
    assert "fail the neutrality audit and are not used" in trained.err
    assert "They lie in models.new." in trained.err
    assert not (folder / "models").exists()
    made = folder / "models.new"
    assert set(manifest.read(made)) == {"linear", "joining", "thresholds"}
    for name, entry in manifest.read(made).items():
        assert all(manifest.verified(made, name, file) for file in entry["files"])
    assert "Model card: linear" in (made / "linear" / "CARD.md").read_text()


def test_it_can_be_evaluated_on_what_it_was_trained_with(folder: Path, trained: Answer) -> None:
    assert trained.out == ""
    words = "evaluate --models models.new --corpus corpus --data data --page page.html --json"
    again = process(*words.split(), folder=folder, seconds=300)
    assert again.status == 0, again.err
    assert again.data["rows"] == 260
    assert again.data["details"]["issues"] > 10
    assert any("The encoder is asked about every comment." in note for note in again.data["notes"])
    assert "<html" in (folder / "page.html").read_text()


def test_it_scores(folder: Path, trained: Answer) -> None:
    assert trained.status == 1
    answer = process("score", "--models", "models.new", folder=folder, text=b"Vote NO on Measure 4!\n")
    assert answer.status == 0, answer.err
    assert "Scoring without encoder" in answer.err
    (line,) = (json.loads(line) for line in answer.out.splitlines())
    assert set(line["scores"]) == {category.value for category in Category}
    assert line["scores"]["political"] > 0.5


def test_there_must_be_members_to_join(folder: Path) -> None:
    inputs = ("--data", str(folder / "data"), "--corpus", str(folder / "corpus"))
    answer = command("train", *inputs, "--out", str(folder / "empty"), "--only", "joining")
    assert answer.status == 1
    assert "no manifest.json in" in answer.err
    assert not (folder / "empty").exists()


def test_a_folder_without_comments_is_named(folder: Path) -> None:
    answer = command("evaluate", "--corpus", str(folder / "data"))
    assert answer.status == 1
    assert "data holds no sources." in answer.err
    assert "They are files that end in .jsonl." in answer.err
