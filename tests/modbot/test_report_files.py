"""The files: the same bytes every time, readable by everybody, checked against the log, made in time."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

import pikepdf
import pytest
import sqlalchemy as sa
from page import ValidationProfile, validate_pdf_bytes
from pypdf import PdfReader

from modbot import config, users
from modbot.records import disposition
from modbot.reports import making, neutrality, page, pdf, phrases, pictures, schedule, weekly, weeks
from modbot.reports.figures import MEANINGS
from modbot.reports.weekly import Basis, Report, Version
from modbot.store import Store, table
from modbot.tables import AuditEvent, User
from tests.benchmarks.simulating import Simulated
from tests.modbot.installation import Installation, settings_file
from tests.modbot.reporting import PATIENCE, SCENARIOS, ZONE
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
        year.threshold = 0.6 if week == WEEK else 0.5
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
    drawings = pictures.drawings_of(report)
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


def test_a_sentence_stands_directly_above_each_chart(report: Report) -> None:
    drawings = pictures.drawings_of(report)
    html = page.render(report, drawings)
    assert len(drawings) == (4 if report.is_public else 5)
    for each in drawings:
        before = re.search(rf'<p class="said">([^<]+)</p>\s*<figure>\s*<figcaption>{each.title}<', html)
        assert before is not None, each.name
        assert before[1].strip().endswith(".")


def test_every_figure_stands_in_a_section_with_its_twelve_weeks(report: Report) -> None:
    assert {name for names in page.SECTIONS.values() for name in names} == MEANINGS.keys()
    html = page.render(report, ())
    for name in ("Flagged by clause", "New comments by page", "Hidden by school", "Flagged by platform"):
        assert f"<caption>{name}, week by week</caption>" in html
    assert "<caption>Watched (percent) by page, week by week</caption>" in html
    assert "<caption>Not readable (hours) by page, week by week</caption>" in html


def test_every_part_stands_beside_the_week_before_and_what_is_usual(report: Report) -> None:
    """Of three weeks the log has the last two before this one, so the usual is the mean of both."""
    table = page.tables(report)["page"]
    place = table.heads.index(MEANINGS["seen"].label)
    keys = report.parts("seen", "page")
    for row, key in zip(table.rows, keys, strict=True):
        first, second, last = report.run("seen", "page", key)[-3:]
        if isinstance(first, int) and isinstance(second, int):
            usual = phrases.cell(round(median((first, second)), 2))
            assert row.cells[place] == page.Cell(phrases.cell(last), phrases.cell(second), usual)
        else:
            assert row.cells[place].usual in (phrases.STAR, phrases.DASH)
    told = any(row.cells[place].usual not in (phrases.STAR, phrases.DASH) for row in table.rows)
    assert told is not report.is_public
    rows = re.findall(
        r"<td>([^<]*)<span class=.before.>([^<]*)</span><span class=.before.>([^<]*)</span></td>",
        page.render(report, ()),
    )
    shown = {tuple(dataclasses.astuple(cell)) for row in table.rows for cell in row.cells}
    assert shown <= set(rows)


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
    assert len(figures) == len(pictures.drawings_of(report))
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
    extra = place.modbot("report", "weekly", "--week", str(WEEK), "--out", str(place.folder / "board"))
    assert extra.status == 0, extra.err
    opened = Store(f"sqlite:///{place.folder / 'copy.db'}")
    assert making.due(opened, ZONE, WEEK.end(ZONE) + timedelta(hours=8))[-1] == WEEK
    answer = place.modbot("report", "weekly", "--week", str(WEEK))
    assert making.due(opened, ZONE, WEEK.end(ZONE) + timedelta(hours=8))[-1] != WEEK
    opened.close()
    assert answer.status == 0, answer.err
    assert "left out" in answer.err
    folder = place.folder / "reports"
    assert len(list(folder.iterdir())) == 6
    settings_file(place.folder, f"sqlite:///{place.folder / 'copy.db'}", '[district]\nname = "Renamed since"')
    for ending in ("internal.json", "public.json", "internal.html", "public.csv"):
        checked = place.modbot("report", "weekly", "--check", str(folder / f"{WEEK}-{ending}"))
        assert checked.status == 0, checked.out
        assert "is what the log says" in checked.out
    page_of = folder / f"{WEEK}-public.html"
    page_of.write_bytes(page_of.read_bytes().replace(b"Nobody is named", b"Somebody is named"))
    checked = place.modbot("report", "weekly", "--check", str(page_of))
    assert checked.status == 1
    assert "nor has the log a file with these bytes" in checked.out
    entry = place.modbot("audit", "tail", "-n", "1", "--json").data
    assert (entry["kind"], entry["subject"]) == ("report.made", f"report:{WEEK}")


def test_the_check_draws_the_pdf_again(place: Installation, drawn: dict[Version, dict[str, bytes]]) -> None:
    file = place.folder / "board meeting.pdf"
    file.write_bytes(drawn[Version.PUBLIC][f"{WEEK}-public.pdf"])
    answer = place.modbot("report", "weekly", "--check", str(file))
    assert answer.status == 0, answer.out
    assert f"is what the log says of week {WEEK}" in answer.out


def test_the_check_says_that_released_scores_may_be_why_a_threshold_is_missing(
    place: Installation, basis: Basis
) -> None:
    document = weekly.document(weekly.version_of(basis, Version.INTERNAL))
    assert "from 0.5 to 0.6" in json.dumps(document["changes"])
    file = place.folder / f"{WEEK}-internal.json"
    file.write_text(json.dumps(document))
    assert place.modbot("report", "weekly", "--check", str(file)).status == 0
    opened = Store(f"sqlite:///{place.folder / 'copy.db'}")
    users.add(opened, "ruth", "Ruth Ortega", "records_officer")
    with opened.read() as connection:
        scores = sa.select(table(AuditEvent).c.seq).where(table(AuditEvent).c.kind == "comment.scored")
        seqs = connection.execute(scores).scalars().all()
    disposition.dispose(opened, seqs, by="ruth", authority="GS50-01-12")
    opened.close()
    answer = place.modbot("report", "weekly", "--check", str(file))
    assert answer.status == 1
    assert f"released the content of {len(seqs)} scores of that time" in answer.err


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
    now = WEEK.end(ZONE) + timedelta(hours=8)
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
    now = WEEK.end(ZONE) + timedelta(hours=8)
    opened = Store(settings.database_url())
    with opened.write() as tx:
        tx.record("neutrality.measured", "classifiers:test", {"version": "test"})
        for week in (WEEK.earlier(2), WEEK.earlier()):
            tx.record(making.MADE, f"report:{week}")
    monkeypatch.setattr(schedule, "utcnow", lambda: now)
    watch = schedule.Schedule(opened, settings)
    assert asyncio.run(watch.look()) == []
    monkeypatch.setattr(schedule, "ProcessPoolExecutor", lambda **_: pytest.fail("it should wait"))
    assert asyncio.run(watch.look()) == []
    opened.close()


def test_a_week_that_cannot_be_made_does_not_keep_the_next_from_being_made(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config.load(place.folder / "modbot.toml")
    now = WEEK.end(ZONE) + timedelta(hours=8)
    (place.folder / "reports" / f"{WEEK.earlier()}-internal.json.draft").mkdir(parents=True)
    opened = Store(settings.database_url())
    with opened.write() as tx:
        tx.record("neutrality.measured", "classifiers:test", {"version": "test"})
        tx.record(making.MADE, f"report:{WEEK.earlier(2)}")
    for module in (making, schedule):
        monkeypatch.setattr(module, "utcnow", lambda: now)
    monkeypatch.setattr(pdf, "is_possible", lambda: False)
    # A thread costs less than a process, and what is left out above would be there in a process.
    monkeypatch.setattr(schedule, "ProcessPoolExecutor", lambda **_: ThreadPoolExecutor(1))
    assert asyncio.run(schedule.Schedule(opened, settings).look()) == [WEEK]
    assert making.due(opened, ZONE, now) == [WEEK.earlier()]
    opened.close()


def test_a_model_that_cannot_be_measured_is_tried_again_in_an_hour(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def measure(settings: object) -> None:
        tried.append(settings)
        raise OSError("no model")

    settings = config.load(place.folder / "modbot.toml")
    now = [WEEK.end(ZONE) + timedelta(hours=8)]
    opened = Store(settings.database_url())
    with opened.write() as tx:
        for week in (WEEK.earlier(2), WEEK.earlier(), WEEK):
            tx.record(making.MADE, f"report:{week}")
    monkeypatch.setattr(schedule, "utcnow", lambda: now[0])
    monkeypatch.setattr(neutrality, "utcnow", lambda: now[0])
    monkeypatch.setattr(schedule, "measure", measure)
    monkeypatch.setattr(schedule, "ProcessPoolExecutor", lambda **_: ThreadPoolExecutor(1))
    watch = schedule.Schedule(opened, settings)
    for minutes, times in ((0, 1), (1, 1), (61, 2)):
        now[0] = WEEK.end(ZONE) + timedelta(hours=8, minutes=minutes)
        assert asyncio.run(watch.look()) == []
        assert len(tried) == times
    opened.close()


def test_the_public_version_names_nobody_in_any_of_its_files(
    drawn: dict[Version, dict[str, bytes]], store: Store
) -> None:
    with store.read() as connection:
        people = connection.execute(sa.select(table(User).c.name, table(User).c.full_name)).all()
    names = {name for person in people for name in person}
    assert named(drawn[Version.INTERNAL], names) == {"ana", "ben"}
    assert named(drawn[Version.PUBLIC], names) == set()


def named(files: dict[str, bytes], names: set[str]) -> set[str]:
    """Which of the names stand as words in the files, in small letters."""
    text = ""
    for name, content in files.items():
        if name.endswith(".pdf"):
            text += "\n".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(content)).pages)
        else:
            text += content.decode()
    return {name.lower() for name in names if re.search(rf"\b{name}\b", text, re.IGNORECASE)}


@pytest.mark.parametrize("name", ["before the start", "nobody wrote", "first", "one comment"])
def test_weeks_with_little_in_them_make_whole_reports(name: str, migrated_file: Path, tmp_path: Path) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    opened = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    SCENARIOS[name](opened)
    with opened.read() as connection:
        found = weekly.read(connection, NAME, ZONE, WEEK, PATIENCE)
    opened.close()
    for version in Version:
        little = weekly.version_of(found, version)
        drawings = pictures.drawings_of(little)
        html = page.render(little, drawings)
        assert "None" not in html
        assert "nan" not in html.replace("finance", "")
        # What nobody watched is not told to have been quiet.
        quiet = re.findall("No (?:comment|case) was|No author|No known|Nobody asked", html)
        assert name != "before the start" or not quiet
        made = pdf.render(little, drawings)
        told = validate_pdf_bytes(made, profile=ValidationProfile.PDF_UA_1)
        assert [f"{each.rule_id}: {each.message}" for each in told.failures] == []
