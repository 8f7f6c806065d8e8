"""Trained models are used only if they are neutral: a biased one, made from the shipped one, is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import skops.io

from classifiers import manifest
from classifiers.base import Category
from classifiers.linear import FILE
from classifiers.neutrality.pairs import Kind, Pair
from classifiers.training import reading
from modbot import admission, resources
from modbot.errors import ConfigError
from modbot.members import ensemble_of

ONE_SIDE = (
    "taxes",
    "taxpayers",
    "against",
    "not",
    "no",
    "wrong",
    "down",
    "never",
    "stop",
    "worst",
    "doesn't",
)
SHIPPED = ("linear", "manifest.json", "thresholds.json", "joining.json")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The shipped models without the encoder, whose opinion a bias in the linear model need not outweigh."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in SHIPPED:
        source = resources.models() / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists():
            shutil.copy(source, folder)
    entries = {name: entry for name, entry in manifest.read(folder).items() if name != "encoder"}
    (folder / manifest.MANIFEST).unlink()
    for name, entry in entries.items():
        facts = {key: value for key, value in entry.items() if key != "files"}
        manifest.record(
            folder, name, {file: (folder / file).read_bytes() for file in entry["files"]}, **facts
        )
    return folder


def plant_bias(models: Path) -> None:
    """One side's words now speak for advocacy, whatever is said with them."""
    raw = skops.io.loads(manifest.verified(models, "linear", FILE))
    index = {word: number for number, word in enumerate(raw["words"].split("\n"))}
    rows = [index[word] for word in ONE_SIDE if word in index]
    raw["vectors"][rows, raw["categories"].index(Category.POLITICAL)] += 60
    manifest.record(models, "linear", {FILE: skops.io.dumps(raw)})


def train(out: Path, biased: bool) -> None:
    with admission.admitted(out, lambda _: None) as made:
        if biased:
            plant_bias(made)
        (made / "linear" / "CARD.md").write_text("made anew")


def test_a_second_training_on_the_same_models_is_refused_while_the_first_is_at_work(installed: Path) -> None:
    with admission.admitted(installed, lambda _: None) as made:
        made_anew = made / "linear" / "CARD.md"
        made_anew.write_text("made by the first")
        with pytest.raises(ConfigError, match="Another training is at work") as refused:
            train(installed, biased=False)
        assert made_anew.read_text() == "made by the first"
    assert "--out" in refused.value.remedy
    assert (installed / "linear" / "CARD.md").read_text() == "made by the first"


def test_a_biased_model_is_refused_and_what_was_there_stays(installed: Path) -> None:
    before = (installed / FILE).read_bytes()
    with pytest.raises(ConfigError, match="fail the neutrality audit and are not used") as refused:
        train(installed, biased=True)
    assert "opposite opinions, all" in str(refused.value)
    assert "modbot audit neutrality --models" in refused.value.remedy
    assert (installed / FILE).read_bytes() == before
    assert (installed / "linear" / "CARD.md").read_text() != "made anew"
    assert (installed.with_name("models.new") / FILE).read_bytes() != before


def test_a_model_that_takes_sides_in_what_the_district_argues_about_is_refused(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(reading.corpus())[::10]
    monkeypatch.setattr(reading, "corpus", lambda: iter(rows))
    abuse = ["You are a stupid worthless idiot", "You ugly pathetic loser", "Shut up you dumb moron"]
    own = [
        Pair(
            kind=Kind.VIEWPOINT,
            issue="bells",
            first=text,
            second="The bells ring at eight",
            breaks=False,
            districts=True,
        )
        for text in abuse
    ]
    with pytest.raises(ConfigError, match="bells: in 3 pairs the same side was flagged alone"):
        admission.require_neutral(installed, own)


def test_a_model_that_takes_sides_only_where_the_encoder_fails_to_load_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = shutil.copytree(resources.models(), tmp_path / "models")
    plant_bias(models)
    whole, limits = ensemble_of(("patterns", "linear", "encoder"), models)
    alone, _ = ensemble_of(("patterns", "linear"), models)
    texts = [row.text for row in reading.corpus() if "taxes" in row.text and row.permissible]
    flags = [
        [any(score.probability >= limits[name] for name, score in one.items()) for one in made.joined(texts)]
        for made in (whole, alone)
    ]
    hit = [text for text, one, other in zip(texts, *flags, strict=True) if other and not one]
    assert len(hit) >= 3
    second = "The bells ring at eight"
    own = [
        Pair(kind=Kind.VIEWPOINT, issue="bells", first=text, second=second, breaks=False, districts=True)
        for text in hit
    ]
    rows = list(reading.corpus())[::10]
    monkeypatch.setattr(reading, "corpus", lambda: iter(rows))
    with pytest.raises(ConfigError) as refused:
        admission.require_neutral(models, own)
    assert "without the encoder, " in str(refused.value)
    assert str(refused.value).count("bells") == 1


def test_a_neutral_model_takes_the_place_of_the_old_one(installed: Path) -> None:
    train(installed, biased=False)
    assert (installed / "linear" / "CARD.md").read_text() == "made anew"
    assert not installed.with_name("models.new").exists()


def test_a_training_that_fails_leaves_everything_as_it_was(installed: Path) -> None:
    with (
        pytest.raises(ValueError, match="out of memory"),
        admission.admitted(installed, lambda _: None) as made,
    ):
        (made / "linear" / "CARD.md").write_text("half")
        raise ValueError("out of memory")
    assert (installed / "linear" / "CARD.md").read_text() != "half"
