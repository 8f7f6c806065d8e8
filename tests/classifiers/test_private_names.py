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
        ("pray for #NateOrr he is in rehab", "NateOrr"),
        ("NateOrr got suspended again lol", "NateOrr"),
        ("nateorr got suspended again lol", "nateorr"),
        ("escuche que #ZoëDunn esta embarazada", "ZoëDunn"),
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
        "My own son, Nate Orr, was suspended unfairly",
        "Nate Orr, my grandson, was suspended unfairly",
        "Nate Orr is my son. Nate Orr was suspended for nothing",
        "my son's name is Nate Orr and he was suspended for nothing",
        "Suspendieron a mi hijo Nate Orr sin motivo",
        "Ana Lucía Pérez Gómez es mi hija y está embarazada",
        "My daughter's IEP meeting is at noon",
        "Nate was suspended",
        "Two students were expelled on Monday",
        f"Nate Orr sang beautifully. {'The choir was wonderful. ' * 8}Somebody else was expelled.",
    ],
)
def test_a_name_alone_an_own_child_and_a_matter_without_a_name_say_nothing(text: str) -> None:
    assert NAMES.classify([text]) == [{}]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My son told me Nate Orr was expelled", "Nate Orr"),
        ("I told my son Nate Orr was expelled", "Nate Orr"),
        ("According to my daughter, Nate Orr was expelled", "Nate Orr"),
        ("Nate Orr got suspended, my kid saw it", "Nate Orr"),
        ("Our kid's bus is late. Nate Orr was expelled.", "Nate Orr"),
        ("That is my son. Nate Orr was expelled.", "Nate Orr"),
        ("Nate Orr is my son's bully, he was suspended twice", "Nate Orr"),
        ("My son's friend Nate Orr was arrested", "Nate Orr"),
        ("My son Nate Orr was suspended with Zoe Dunn", "Zoe Dunn"),
        ("Mi hijo me contó que expulsaron a Nate Orr", "Nate Orr"),
        ("Mi hija dice que Nate Orr fue expulsado", "Nate Orr"),
    ],
)
def test_a_child_of_the_writers_hides_nobody_elses(text: str, name: str) -> None:
    assert marked(text) == [name]


@pytest.mark.parametrize("between", ["The choir was wonderful. " * 8, "El coro estuvo precioso. " * 8])
def test_a_name_far_from_any_matter_hides_no_slip_in_a_name_beside_it(between: str) -> None:
    assert marked(f"Nate Orr sang beautifully. {between}Zoe Dun was expelled.") == ["Zoe Dun"]


def test_both_an_exact_name_and_one_with_a_slip_are_marked() -> None:
    assert marked("Zoe Dunn and Nat Orr were arrested") == ["Zoe Dunn", "Nat Orr"]


def test_a_name_run_together_that_is_a_word_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('{"forms": ["bo ring", "ring bo"]}', encoding="utf-8")
    names = Names(tmp_path)
    assert names.classify(["That class was boring, he was expelled"]) == [{}]
    assert names.classify(["Bo Ring was expelled"]) != [{}]


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
