"""The files: the same bytes every time, readable by everybody, checked against the log, made in time."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pytest
from page import ValidationProfile, validate_pdf_bytes
from pypdf import PdfReader

from modbot import config
from modbot.reports import making, page, pdf, schedule, weekly, weeks
from modbot.reports.weekly import Basis, Report, Version
from modbot.store import Store
from tests.benchmarks.simulating import Simulated
from tests.modbot.installation import Installation, settings_file
from tests.modbot.reporting import PATIENCE, ZONE
from tests.modbot.scene import District

WEEK = weeks.parse("2026-W44")
NAME = "Example & Community Schools"


@pytest.fixture(scope="module")
def store(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Three weeks of a district's comments, a gap, and hostile names in the register."""
    path = tmp_path_factory.mktemp("reports") / "modbot.db"
    path.write_bytes(migrated_file.read_bytes())
    opened = Store(f"sqlite:///{path}")
    first = WEEK.earlier(2)
    year = Simulated(opened, first.start(ZONE))
    with opened.write(now=first.start(ZONE)) as tx:
        about = {"platform": "memory", "title": "<b>Page</b>", "school": "=cmd()", "url": ""}
        tx.record("page.registered", "page:sports", about)
    for week in (first, WEEK.earlier(), WEEK):
        year.span(week.start(ZONE), week.end(ZONE), 120)
    day = WEEK.days(ZONE)[2]
    year.gap("board", day[1], day[2])
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def basis(store: Store) -> Basis:
    with store.read() as connection:
        return weekly.read(connection, NAME, ZONE, WEEK, PATIENCE)


@pytest.fixture(scope="module")
def reports(basis: Basis) -> dict[Version, Report]:
    return {version: weekly.version_of(basis, version) for version in Version}


@pytest.fixture(scope="module")
def drawn(reports: dict[Version, Report]) -> dict[Version, dict[str, bytes]]:
    """Each version's files, drawn once for all tests, because it takes seconds."""
    return {version: dict(making.contents(report)) for version, report in reports.items()}


@pytest.fixture(params=list(Version))
def version(request: pytest.FixtureRequest) -> Version:
    return Version(request.param)


@pytest.fixture
def report(reports: dict[Version, Report], version: Version) -> Report:
    return reports[version]


@pytest.fixture
def files(drawn: dict[Version, dict[str, bytes]], version: Version) -> dict[str, bytes]:
    return drawn[version]


def test_the_page_needs_nothing_beside_it(report: Report, files: dict[str, bytes]) -> None:
    html = files[f"{WEEK}-{report.version}.html"].decode()
    assert re.findall(r'\s(?:src|href|action)="(?!#)[^"]*"', html) == []
    assert "<script" not in html
    assert "url(" not in html.replace("url(#", "")


def test_names_of_strangers_are_text(files: dict[str, bytes], report: Report) -> None:
    html = files[f"{WEEK}-{report.version}.html"].decode()
    assert "<b>Page</b>" not in html
    assert "&lt;b&gt;Page&lt;/b&gt;" in html


def test_every_chart_has_its_words_and_a_table_of_its_numbers(report: Report) -> None:
    drawings = page.drawings_of(report)
    html = page.render(report, drawings)
    assert {"volume", "judged", "pace", "calendar"} <= {each.name for each in drawings}
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for each in drawings:
        tree = ElementTree.fromstring(each.in_page())
        assert tree.get("role") == "img"
        assert [child.tag.rpartition("}")[2] for child in tree][:2] == ["title", "desc"]
        assert tree[0].text
        assert tree[1].text
        assert "#0a0b" not in each.in_page()
    assert html.count("<caption>") >= len(drawings)


def test_csv_and_json_have_every_figure_of_every_week(report: Report, files: dict[str, bytes]) -> None:
    lines = list(csv.reader(io.StringIO(files[f"{WEEK}-{report.version}.csv"].decode())))
    document = json.loads(files[f"{WEEK}-{report.version}.json"])
    assert lines[0][4:] == [str(week) for week in WEEK.course()]
    assert len(lines) - 1 == len(document["figures"]) == len({key for each in report.course for key in each})
    assert not any(cell.startswith("=") for line in lines for cell in line)


def test_the_pdf_holds_by_the_rules_for_screen_readers(files: dict[str, bytes], report: Report) -> None:
    """ISO 14289-1 (PDF/UA-1), as far as a machine can tell."""
    made = files[f"{WEEK}-{report.version}.pdf"]
    found = validate_pdf_bytes(made, profile=ValidationProfile.PDF_UA_1)
    assert [f"{each.rule_id}: {each.message}" for each in found.failures] == []
    assert found.rules.total > 100


def test_the_validator_finds_what_would_be_wrong(drawn: dict[Version, dict[str, bytes]]) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(drawn[Version.INTERNAL][f"{WEEK}-internal.pdf"])) as document:
        del document.Root.Lang
        document.save(out)
    found = validate_pdf_bytes(out.getvalue(), profile=ValidationProfile.PDF_UA_1)
    assert not found.is_compliant


def test_the_pdf_is_tagged_as_it_is_read(report: Report, files: dict[str, bytes]) -> None:
    document = PdfReader(io.BytesIO(files[f"{WEEK}-{report.version}.pdf"]))
    assert document.metadata is not None
    assert document.metadata.title == page.title(report)
    tags = list(elements(document.root_object["/StructTreeRoot"]))
    kinds = {str(each["/S"]) for each in tags if "/S" in each}
    assert {"/H1", "/H2", "/P", "/Table", "/TR", "/TH", "/TD", "/Figure", "/L", "/LI", "/Caption"} <= kinds
    figures = [each for each in tags if each.get("/S") == "/Figure"]
    assert len(figures) == len(page.drawings_of(report))
    assert all(len(str(each["/Alt"])) > 40 for each in figures)
    for head in (each for each in tags if each.get("/S") == "/TH"):
        assert any("/Scope" in each for each in head["/A"])  # type: ignore[attr-defined]
    for row in (each for each in tags if each.get("/S") == "/TR" and len(each["/K"]) > 1):  # type: ignore[arg-type]
        assert row["/K"][0].get_object()["/S"] == "/TH"  # type: ignore[index]


def test_the_pdf_says_what_the_page_says(report: Report, files: dict[str, bytes]) -> None:
    document = PdfReader(io.BytesIO(files[f"{WEEK}-{report.version}.pdf"]))
    printed = squeezed("".join(sheet.extract_text() for sheet in document.pages))
    html = files[f"{WEEK}-{report.version}.html"].decode()
    body = re.sub(r"<svg.*?</svg>", "", html[html.index("<body") :], flags=re.S)
    said = [squeezed(unescape(each)) for each in re.findall(r"<(?:p|li|dt|th|h2)\b[^>]*>([^<]+)<", body)]
    assert len(said) > 80
    assert [each for each in said if each not in printed] == []


def squeezed(text: str) -> str:
    return re.sub(r"\s+|\b\d+ of \d+\b", "", text)


def elements(node: object) -> Iterator[dict[str, object]]:
    found = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(found, list):
        for each in found:
            yield from elements(each)
    elif isinstance(found, dict):
        yield found
        if "/K" in found:
            yield from elements(found["/K"])


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Installation:
    """An installation on a copy of the store."""
    with (
        sqlite3.connect(str(store.engine.url.database)) as source,
        sqlite3.connect(tmp_path / "copy.db") as copy,
    ):
        source.backup(copy)
    source.close()
    copy.close()
    settings_file(tmp_path, f"sqlite:///{tmp_path / 'copy.db'}", f'[district]\nname = "{NAME}"')
    return Installation(tmp_path, District(store, None, None, None))  # type: ignore[arg-type]


def test_the_command_writes_both_versions_and_the_check_finds_them_true(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "is_possible", lambda: False)
    answer = place.modbot("report", "weekly", "--week", str(WEEK))
    assert answer.status == 0, answer.err
    assert "left out" in answer.err
    folder = place.folder / "reports"
    assert len(list(folder.iterdir())) == 6
    for version in Version:
        checked = place.modbot("report", "weekly", "--check", str(folder / f"{WEEK}-{version}.json"))
        assert checked.status == 0, checked.out
        assert "is what the log says" in checked.out
    entry = place.modbot("audit", "tail", "-n", "1", "--json").data
    assert (entry["kind"], entry["subject"]) == ("report.made", f"report:{WEEK}")


def test_the_check_finds_a_figure_that_somebody_changed(place: Installation, basis: Basis) -> None:
    document = weekly.document(weekly.version_of(basis, Version.INTERNAL))
    figure = next(each for each in document["figures"] if each["figure"] == "seen" and not each["by"])
    figure["weeks"][str(WEEK)] = 119
    document["district"] = "Our school district"
    file = place.folder / "changed.json"
    file.write_text(json.dumps(document))
    answer = place.modbot("report", "weekly", "--check", str(file))
    assert answer.status == 1
    assert f"seen, {WEEK}: 119 in the file, 120 by the log" in answer.out


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"week": "2026-W44"}', '{"week": 7, "version": "public"}'])
def test_a_file_that_is_no_report_is_refused_in_words(place: Installation, text: str) -> None:
    (place.folder / "other.json").write_text(text)
    answer = place.modbot("report", "weekly", "--check", str(place.folder / "other.json"))
    assert answer.status == 1
    assert "is no weekly report" in answer.err


def test_a_week_that_is_not_over_has_no_report(place: Installation) -> None:
    answer = place.modbot("report", "weekly", "--week", "2999-W01")
    assert answer.status == 1
    assert "not over yet" in answer.err


def test_missed_weeks_are_caught_up_once_and_another_process_makes_the_same_bytes(
    place: Installation, drawn: dict[Version, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config.load(place.folder / "modbot.toml")
    now = WEEK.end(ZONE) + weeks.timedelta(hours=8)
    for module in (making, schedule):
        monkeypatch.setattr(module, "utcnow", lambda: now)
    opened = Store(settings.database_url())
    assert making.due(opened, ZONE, now) == [WEEK.earlier(2), WEEK.earlier(), WEEK]
    with opened.write() as tx:
        for week in (WEEK.earlier(2), WEEK.earlier()):
            tx.record(making.MADE, f"report:{week}")
        tx.record("neutrality.measured", "classifiers:test", {"version": "test"})
    watch = schedule.Schedule(opened, settings)
    assert asyncio.run(watch.look()) == [WEEK]
    assert asyncio.run(watch.look()) == []
    there = {path.name: path.read_bytes() for path in (place.folder / "reports").iterdir()}
    here = drawn[Version.INTERNAL] | drawn[Version.PUBLIC]
    assert [name for name in there if there[name] != here[name]] == []
    assert len(there) == 8
    opened.close()


def test_a_report_that_cannot_be_made_is_tried_again_later_and_disturbs_nothing(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place.folder / "reports").write_text("a file where the folder should be")
    settings = config.load(place.folder / "modbot.toml")
    now = WEEK.end(ZONE) + weeks.timedelta(hours=8)
    opened = Store(settings.database_url())
    with opened.write() as tx:
        tx.record("neutrality.measured", "classifiers:test", {"version": "test"})
    monkeypatch.setattr(schedule, "utcnow", lambda: now)
    watch = schedule.Schedule(opened, settings)
    assert asyncio.run(watch.look()) == []
    monkeypatch.setattr(making, "due", lambda *_: pytest.fail("it should wait"))
    assert asyncio.run(watch.look()) == []
    opened.close()
