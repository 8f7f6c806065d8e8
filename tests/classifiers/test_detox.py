"""Detoxify as a member, on a tiny model in the library's own format; the parts that need torch say so."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from classifiers import detox, detox_reading, joining, manifest
from classifiers.base import Category, ClassifierFailed, ModelMissing, ModelTampered, Score
from classifiers.detox import CATEGORY_OF, EXPLAINED_FROM, Detox
from classifiers.detox_reading import CHECKPOINT, NAME, ONNX, folder_of
from classifiers.ensemble import Ensemble
from classifiers.evidence import cut
from classifiers.joining import Rule, Rules
from classifiers.patterns import Patterns
from tests.classifiers import tiny_detoxify
from tests.classifiers.tiny_detoxify import DISTRICT, TAUGHT

INSULT = "You stupid idiot, thank you"
LIBRARY = pytest.mark.skipif(
    not detox_reading.library_is_there(),
    reason="Detoxify is not installed: pip install 'modbot[detoxify]' into an environment of its own",
)


@pytest.fixture(scope="module")
def small() -> Detox:
    """The ONNX form, as on a machine without torch."""
    made = Detox(DISTRICT)
    made.load()
    return made


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A district's folder that may be damaged."""
    shutil.copytree(folder_of(DISTRICT), folder_of(tmp_path))
    return tmp_path


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """With its hash in the manifest, as somebody would who may write there."""
    entry = dict(manifest.read(folder)[NAME])
    files = {file: (folder / file).read_bytes() for file in entry.pop("files")}
    manifest.record(folder, NAME, {**files, name: content}, **entry)


def test_an_insult_is_harassment_and_its_words_are_marked(small: Detox) -> None:
    score = small.classify([INSULT])[0][Category.HARASSMENT]
    assert score.probability > 0.5
    assert "idiot" in " ".join(INSULT[span.start : span.end] for span in score.spans)


def test_without_the_marked_words_the_score_is_lower(small: Detox) -> None:
    texts = [*TAUGHT, INSULT, INSULT.upper(), "1d10t " + INSULT, "😀 kill yourself 😀 you all", INSULT * 9]
    explained = 0
    for text, scores in zip(texts, small.classify(texts), strict=True):
        for category, score in scores.items():
            if score.spans:
                [left] = small.classify([cut(text, score.spans)])
                assert left[category].probability < score.probability
                explained += 1
    assert explained >= 8


def test_a_rude_tone_alone_is_no_category() -> None:
    assert "toxicity" not in CATEGORY_OF
    assert set(CATEGORY_OF.values()) == Detox.categories


def test_what_was_not_read_of_a_long_text_is_not_called_clear(small: Detox) -> None:
    tokens = detox.MOST_PARTS * detox_reading.LONGEST
    [hidden] = small.classify(["the bus was late again " * tokens + INSULT])
    [seen] = small.classify([INSULT + " thank you" * tokens])
    assert hidden == {}
    assert seen[Category.HARASSMENT].probability >= EXPLAINED_FROM
    assert all(score.probability >= EXPLAINED_FROM for score in seen.values())


def test_where_no_weights_are_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="modbot models add detoxify"):
        Detox(tmp_path).load()


def test_a_changed_file_is_never_read(copied: Path) -> None:
    (folder_of(copied) / ONNX).write_bytes(b"something else")
    with pytest.raises(ModelTampered, match="SHA-256"):
        Detox(copied).load()


def test_a_file_that_is_no_model_is_refused_in_words(copied: Path) -> None:
    folder = folder_of(copied)
    replace_file(folder, ONNX, b"no model")
    with pytest.raises(ModelTampered, match="modbot models export detoxify"):
        Detox(copied).load()


def test_the_version_tells_the_weights(small: Detox, copied: Path) -> None:
    folder = folder_of(copied)
    assert Detox(copied).version == small.version
    replace_file(folder, ONNX, b"other weights")
    assert Detox(copied).version != small.version


def test_it_is_heard_and_does_not_count(small: Detox) -> None:
    alone, both = Ensemble([Patterns(DISTRICT)]), Ensemble([Patterns(DISTRICT), small])
    both.load()
    [before], [after] = alone.assess([INSULT]), both.assess([INSULT])
    assert after.scores == before.scores
    assert after.members["detox"][Category.HARASSMENT].probability > 0.5
    assert after.uncounted == ("detox",)
    assert "detox:" in both.version


def test_it_counts_where_a_joining_rule_weighs_it(small: Detox) -> None:
    rules = Rules({frozenset({"detox"}): {Category.HARASSMENT: Rule({"detox": 0.5}, 0.0)}})
    ensemble = Ensemble([Patterns(DISTRICT), small], rules)
    ensemble.load()
    [found] = ensemble.assess([INSULT])
    said = small.classify([INSULT])[0][Category.HARASSMENT]
    expected = Rule({"detox": 0.5}, 0.0).joined({"detox": said.probability})
    assert found.scores[Category.HARASSMENT].probability == expected
    assert found.uncounted == ()


def test_where_it_is_absent_the_others_go_on(tmp_path: Path) -> None:
    ensemble = Ensemble([Patterns(DISTRICT), Detox(tmp_path)])
    ensemble.load()
    [found] = ensemble.assess(["text me at 206-555-0142"])
    assert found.absent == ("detox",)
    assert found.scores[Category.COMMERCIAL] != Score(0.0)
    assert "modbot models add detoxify" in ensemble.absent["detox"]


def test_the_shipped_rules_do_not_weigh_it() -> None:
    """Until somebody fits them to it, it changes no verdict."""
    models = Path(detox.__file__).parents[1] / "models"
    assert "detox" not in joining.load(models).known


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A district's folder with a checkpoint in the library's format."""
    folder = tmp_path_factory.mktemp("detoxify")
    tiny_detoxify.install(folder, folder / "published")
    return folder


@pytest.fixture(scope="module")
def whole(installed: Path) -> Detox:
    made = Detox(installed)
    made.load()
    return made


@LIBRARY
def test_it_says_what_the_library_says(whole: Detox, installed: Path) -> None:
    import torch
    from detoxify import Detoxify

    checkpoint = torch.load(folder_of(installed) / CHECKPOINT, weights_only=True)
    checkpoint["config"]["arch"]["args"]["model_type"] = str(folder_of(installed))
    torch.save(checkpoint, installed / "local.ckpt")
    texts = [text for text in TAUGHT if len(text.split()) > 1]
    said = Detoxify(checkpoint=installed / "local.ckpt").predict(texts)
    for index, scores in enumerate(whole.classify(texts)):
        highest: dict[Category, float] = {}
        for label, category in CATEGORY_OF.items():
            if label in said:
                highest[category] = max(highest.get(category, 0.0), said[label][index])
        found = {category: score.probability for category, score in scores.items()}
        assert found == pytest.approx(highest, abs=1e-4)


@LIBRARY
def test_a_text_gets_the_same_alone_and_in_any_company(whole: Detox) -> None:
    texts = [*TAUGHT, INSULT, "", "word " * 500]
    assert [whole.classify([text])[0] for text in texts] == whole.classify(texts)
    assert whole.classify(texts[::-1])[::-1] == whole.classify(texts)


def _saved(checkpoint: object, folder: Path) -> bytes:
    import torch

    torch.save(checkpoint, folder / "other.ckpt")
    return (folder / "other.ckpt").read_bytes()


@LIBRARY
def test_code_in_a_checkpoint_does_not_run(installed: Path, tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.system, (f"touch {tmp_path / 'ran'}",))

    shutil.copytree(folder_of(installed), folder_of(tmp_path))
    folder = folder_of(tmp_path)
    replace_file(folder, CHECKPOINT, _saved({"config": Harmful()}, tmp_path))
    with pytest.raises(ModelTampered, match="more or less than weights"):
        Detox(tmp_path).load()
    assert not (tmp_path / "ran").exists()


@LIBRARY
def test_a_checkpoint_of_another_architecture_is_refused(installed: Path, tmp_path: Path) -> None:
    import torch

    shutil.copytree(folder_of(installed), folder_of(tmp_path))
    folder = folder_of(tmp_path)
    checkpoint = torch.load(folder / CHECKPOINT, weights_only=True)
    checkpoint["config"]["arch"]["args"]["model_name"] = "AutoModel"
    replace_file(folder, CHECKPOINT, _saved(checkpoint, tmp_path))
    with pytest.raises(ModelTampered):
        Detox(tmp_path).load()


@LIBRARY
def test_the_eight_bit_form_says_nearly_the_same_without_torch(
    whole: Detox, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classifiers import detox_exporting

    shutil.copytree(folder_of(installed), folder_of(tmp_path))
    detox_exporting.export(folder_of(tmp_path))
    (folder_of(tmp_path) / CHECKPOINT).unlink()
    monkeypatch.setattr(detox_reading, "library_is_there", lambda: False)
    without = Detox(tmp_path)
    assert without.version != whole.version
    for one, other in zip(whole.classify([*TAUGHT]), without.classify([*TAUGHT]), strict=True):
        for category, score in one.items():
            assert other[category].probability == pytest.approx(score.probability, abs=0.05)


@LIBRARY
@pytest.mark.parametrize("kind", ["Roberta", "XLMRoberta", "Albert"])
def test_every_published_architecture_is_read_in_both_forms(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classifiers import detox_exporting

    (tmp_path / "published").mkdir()
    tiny_detoxify.untaught(tmp_path / "published", kind)
    tiny_detoxify.take(tiny_detoxify.variant(), tmp_path, tmp_path / "published")
    said = Detox(tmp_path).classify([*TAUGHT])
    assert all(set(scores) == Detox.categories for scores in said)
    detox_exporting.export(folder_of(tmp_path))
    monkeypatch.setattr(detox_reading, "library_is_there", lambda: False)
    for one, other in zip(said, Detox(tmp_path).classify([*TAUGHT]), strict=True):
        for category, score in one.items():
            assert other[category].probability == pytest.approx(score.probability, abs=0.05)


def test_a_failing_reader_is_a_failing_member(small: Detox) -> None:
    def fail(ids: object) -> NoReturn:
        raise RuntimeError("out of memory")

    broken = Detox(DISTRICT)
    broken._reader = replace(small._reader, logits=fail)
    with pytest.raises(ClassifierFailed):
        broken.classify(["you idiot"])


def test_the_committed_model_is_what_its_labels_say() -> None:
    labels = json.loads((folder_of(DISTRICT) / "labels.json").read_text())
    assert labels == [detox_reading.PLAIN_NAMES.get(name, name) for name in tiny_detoxify.CLASSES]
