from __future__ import annotations

from pathlib import Path

from modbot.store import Store
from tests.modbot.installation import install


def test_a_list_is_imported_named_by_number_and_found_by_the_classifier(tmp_path: Path, store: Store) -> None:
    office = install(tmp_path / "office", store)
    sheet = tmp_path / "opt outs.csv"
    sheet.write_text("First name,Last name\nNate,Orr\nZoe,Dunn\n", encoding="utf-8")
    answer = office.modbot("names", "import", str(sheet))
    assert answer.status == 0
    assert "2 students are on the list now" in answer.out
    assert '"names"]' in answer.err
    assert "Orr" not in answer.out + answer.err
    assert (office.folder / "district" / "names.json").exists()


def test_a_file_that_is_not_there_is_told(tmp_path: Path, store: Store) -> None:
    office = install(tmp_path / "office", store)
    answer = office.modbot("names", "import", str(tmp_path / "none.csv"))
    assert answer.status != 0
    assert "There is no file" in answer.err
