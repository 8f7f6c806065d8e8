"""The weekly report's pages as pictures, of invented weeks: for `make screenshots`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser
from pypdfium2 import PdfDocument

from modbot import migrations
from modbot.reports import page, pdf, weekly, weeks
from modbot.reports.weekly import Version
from modbot.store import Store
from tests.benchmarks.simulating import Simulated

ZONE = ZoneInfo("America/Los_Angeles")
LAST = weeks.parse("2026-W44")
"""Of 169 hours."""
COMMENTS = (310, 280, 420, 365, 290, 510, 330)


def take(browser: Browser, out: Path) -> None:
    """Both versions, light, dark and as wide as a telephone, each as one picture; the pages of the PDF."""
    with tempfile.TemporaryDirectory() as folder:
        for file in _written(Path(folder)):
            _print(file.with_suffix(".pdf"), out)
            for style, width, scheme in (
                ("light", 1000, "light"),
                ("dark", 1000, "dark"),
                ("phone", 390, "light"),
            ):
                context = browser.new_context(viewport={"width": width, "height": 900})
                shown = context.new_page()
                shown.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                shown.goto(file.as_uri())
                shown.screenshot(path=out / f"{file.stem}-{style}.png", full_page=True)
                context.close()


def _print(file: Path, out: Path) -> None:
    with PdfDocument(file) as document:
        for number, sheet in enumerate(document, 1):
            sheet.render(scale=1.5).to_pil().save(out / f"{file.stem}-page{number}.png")


def _written(folder: Path) -> Iterator[Path]:
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    migrations.upgrade(store.engine)
    week = LAST.earlier(len(COMMENTS) - 1)
    district = Simulated(store, week.start(ZONE))
    for comments in COMMENTS:
        district.span(week.start(ZONE), week.end(ZONE), comments)
        week = week.earlier(-1)
    day = LAST.days(ZONE)[2]
    district.gap("north-high", day[1] + timedelta(hours=12), day[2] + timedelta(hours=9))
    with store.read() as connection:
        basis = weekly.read(connection, "Example Community Schools", ZONE, LAST, timedelta(minutes=15))
    store.close()
    for version in Version:
        report = weekly.version_of(basis, version)
        file = folder / f"report-{version}.html"
        drawings = page.drawings_of(report)
        file.write_text(page.render(report, drawings), encoding="utf-8")
        file.with_suffix(".pdf").write_bytes(pdf.render(report, drawings))
        yield file
