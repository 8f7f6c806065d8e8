from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from openpyxl import Workbook

from modbot import opt_outs
from modbot.errors import ConfigError


def test_a_csv_with_two_columns_is_read_with_every_way_to_write_a_name(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "Student ID,Last Name,First Name,Nickname\n77,O'Neil-Hart,Mary Ann,Molly\n78,De La Cruz,José,\n",
        encoding="utf-8-sig",
    )
    forms, students = opt_outs.forms_of(file)
    assert students == 2
    assert {"mary ann o neil hart", "molly o neil hart", "mary o neil", "jose de la cruz", "jose cruz"} <= {
        *forms
    }
    assert not any("77" in form for form in forms)
    assert "jose de" not in forms


def test_a_spreadsheet_with_whole_names_is_read(tmp_path: Path) -> None:
    book = Workbook()
    for row in [("Name", "Grade"), ("Orr, Nate", 6), ("Zoe Dunn", 7), (None, None)]:
        book.active.append(row)
    book.save(tmp_path / "list.xlsx")
    forms, students = opt_outs.forms_of(tmp_path / "list.xlsx")
    assert students == 2
    assert forms == ["dunn zoe", "nate orr", "orr nate", "zoe dunn"]


def test_a_list_from_an_old_office_with_semicolons_is_read(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes("Nombre;Apellidos\nIñigo;Muñoz Peña\n".encode("cp1252"))
    forms, students = opt_outs.forms_of(tmp_path / "list.csv")
    assert students == 1
    assert {"iñigo muñoz peña", "iñigo muñoz"} <= {*forms}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", b"", "is empty"),
        ("heads.csv", b"Grade,Room\n6,12\n", "no columns of names"),
        ("nobody.csv", b"First name,Last name\n,\n", "names nobody"),
        ("broken.xlsx", b"this is no spreadsheet", "not a spreadsheet"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=says) as refused:
        opt_outs.forms_of(tmp_path / name)
    assert refused.value.remedy


def test_the_list_is_readable_by_its_owner_alone_and_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "district"
    opt_outs.write(folder, ["nate orr"])
    written = opt_outs.write(folder, ["zoe dunn"])
    assert json.loads(written.read_text(encoding="utf-8")) == {"forms": ["zoe dunn"]}
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == ["names.json"]
