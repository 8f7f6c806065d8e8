"""The list of students whose families opted out, from the spreadsheet that the school keeps."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from zipfile import BadZipFile

from classifiers.private_names import FILE, form
from modbot.errors import ConfigError

HEADS = {
    "first": ("first name", "first", "given name", "student first name", "nombre"),
    "last": ("last name", "last", "surname", "family name", "student last name", "apellido", "apellidos"),
    "whole": ("name", "student", "student name", "full name", "nombre completo"),
    "called": ("nickname", "preferred name", "goes by", "preferred first name", "apodo"),
}
PARTICLES = frozenset(("de", "la", "las", "los", "del", "da", "dos", "van", "von", "der", "den", "al", "el"))
MOST = 100_000
Rows = Sequence[Sequence[str]]


def forms_of(path: Path) -> tuple[list[str], int]:
    """How each name may be written, and of how many students. Raises ConfigError for what cannot be read."""
    rows = [row for row in _rows(path) if any(row)]
    if not rows:
        raise ConfigError(f"{path} is empty.", remedy="Export the list once more, with a head row.")
    places = _places(path, rows[0])
    names = [_names(row, places) for row in rows[1:]]
    found = [{form(name) for name in some} - {""} for some in names]
    students = sum(bool(some) for some in found)
    if not students:
        raise ConfigError(
            f"{path} names nobody.", remedy="Below the head row there must be first and last names."
        )
    return sorted(set[str]().union(*found)), students


def write(folder: Path, forms: Sequence[str]) -> Path:
    """Readable by the owner alone; replaces the earlier list at once, so that nobody reads half of it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / FILE
    fresh = target.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump({"forms": list(forms)}, file, ensure_ascii=False)
    fresh.replace(target)
    return target


def _rows(path: Path) -> Rows:
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _sheet(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="cp1252", errors="replace")
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096], ",;\t")
    except csv.Error:
        dialect = csv.excel
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), dialect)]


def _sheet(path: Path) -> Rows:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError):
        raise ConfigError(
            f"{path} is not a spreadsheet that can be read.", remedy="Save it as .xlsx or .csv."
        ) from None
    try:
        rows: Iterable[Sequence[object]] = book.worksheets[0].iter_rows(max_row=MOST, values_only=True)
        return [["" if cell is None else str(cell).strip() for cell in row] for row in rows]
    finally:
        book.close()


def _places(path: Path, heads: Sequence[str]) -> dict[str, int]:
    """Which column is what, by its head."""
    lowered = [" ".join(head.lower().replace("_", " ").split()) for head in heads]
    places = {
        what: next(lowered.index(name) for name in names if name in lowered)
        for what, names in HEADS.items()
        if any(name in lowered for name in names)
    }
    if "whole" in places or {"first", "last"} <= places.keys():
        return places
    raise ConfigError(
        f"{path} has no columns of names.",
        remedy="Its first row must name the columns: First name and Last name, or Name; Nickname if any.",
    )


def _names(row: Sequence[str], places: dict[str, int]) -> list[str]:
    """First and last, last and first; of several names also the first alone, as people write them."""
    cells = {what: row[place] if place < len(row) else "" for what, place in places.items()}
    first, last = cells.get("first", ""), cells.get("last", "")
    if not (first and last):
        first, last = _halves(cells.get("whole", ""))
    if not (first and last):
        return []
    firsts = [first, first.split()[0], *filter(None, [cells.get("called", "")])]
    lasts = [last, *[part for part in last.replace("-", " ").split() if part.lower() not in PARTICLES][:1]]
    return [name for one in firsts for other in lasts for name in (f"{one} {other}", f"{other} {one}")]


def _halves(whole: str) -> tuple[str, str]:
    """Of "Orr, Nate" or "Nate Orr"."""
    if "," in whole:
        last, _, first = whole.partition(",")
        return first.strip(), last.strip()
    first, _, last = whole.strip().partition(" ")
    return first, last.strip()
