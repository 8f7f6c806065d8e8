from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from classifiers.base import Category, ModelMissing
from classifiers.private_names import Names

DISTRICT = Path(__file__).parent.parent / "data" / "district"
NAMES = Names(DISTRICT)


def marked(text: str) -> list[str]:
    scores = NAMES.classify([text])[0]
    return [text[span.start : span.end] for score in scores.values() for span in score.spans]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Nate Orr, 6th grade, was expelled", "Nate Orr"),
        ("orr, nate: failing math again", "orr, nate"),
        ("they had to put N4te 0rr in rehab", "N4te 0rr"),
        ("Zoë Dunn's mom got deported 😢", "Zoë Dunn"),
        ("Escuché que José Nuñez fue suspendido", "José Nuñez"),
        ("Ana Lucía Pérez Gómez está embarazada", "Ana Lucía Pérez Gómez"),
        ("Zoe Dunn walks home alone down Elm at 3", "Zoe Dunn"),
    ],
)
def test_a_listed_name_beside_a_private_matter_is_found(text: str, name: str) -> None:
    assert marked(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Go Nate Orr! What a game",
        "Congratulations Zoe Dunn, honor roll!",
        "My son Nate Orr was suspended unfairly",
        "Nate was suspended",
        "Two students were expelled on Monday",
        f"Nate Orr sang beautifully. {'The choir was wonderful. ' * 8}Somebody else was expelled.",
    ],
)
def test_a_name_alone_an_own_child_and_a_matter_without_a_name_say_nothing(text: str) -> None:
    assert NAMES.classify([text]) == [{}]


def test_a_slip_in_a_name_is_found_and_counts_for_less() -> None:
    [exact, slip] = NAMES.classify(["Zoe Dunn was arrested", "Zoe Dun was arrested"])
    assert 0.5 < slip[Category.STUDENT_PRIVACY].probability < exact[Category.STUDENT_PRIVACY].probability
    assert marked("the dog dunno was arrested") == []


def test_what_it_says_never_repeats_a_name() -> None:
    said = repr(NAMES.classify(["Nate Orr was expelled", "Nat Orr was expelled"])) + NAMES.version
    assert "nate" not in said.lower()
    assert "orr" not in said.lower()


def test_another_list_is_another_version(tmp_path: Path) -> None:
    shutil.copy(DISTRICT / "names.json", tmp_path)
    before = Names(tmp_path).version
    (tmp_path / "names.json").write_text(json.dumps({"forms": ["zoe dunn"]}), encoding="utf-8")
    assert Names(tmp_path).version != before == NAMES.version


def test_without_a_list_and_with_a_broken_one_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="modbot names import"):
        Names(tmp_path).load()
    (tmp_path / "names.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ModelMissing, match="import it again"):
        Names(tmp_path).load()


def test_an_empty_list_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"forms": []}', encoding="utf-8")
    assert Names(tmp_path).classify(["Nate Orr was expelled"]) == [{}]
