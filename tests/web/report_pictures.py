"""The weekly report's pages as pictures, of invented weeks: for `make screenshots`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser
from pypdfium2 import PdfDocument

from modbot import migrations
from modbot.reports import page, pdf, pictures, weekly
from modbot.reports.weekly import Version
from modbot.store import Store
from tests.modbot.reporting import CLOCKS, PATIENCE, SCENARIOS, ZONE, usual

WEEKS: dict[str, Callable[[Store], None]] = {
    "usual": usual,
    **SCENARIOS,
    "100,000 comments": partial(usual, comments=(9_000, 11_000, 100_000)),
}


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
    for name, fill in WEEKS.items():
        store = Store(f"sqlite:///{folder / name}.db")
        migrations.upgrade(store.engine)
        fill(store)
        with store.read() as connection:
            basis = weekly.read(connection, "Example Community Schools", ZONE, CLOCKS, PATIENCE)
        store.close()
        for version in Version:
            report = weekly.version_of(basis, version)
            file = folder / f"report-{name.replace(' ', '-')}-{version}.html"
            drawings = pictures.drawings_of(report)
            file.write_text(page.render(report, drawings), encoding="utf-8")
            file.with_suffix(".pdf").write_bytes(pdf.render(report, drawings))
            yield file
