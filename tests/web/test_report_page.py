"""The weekly report's page in a browser: no barrier, in either theme, on paper and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from modbot.reports import page as report_page
from modbot.reports import pictures, weekly
from modbot.reports.weekly import Version
from modbot.store import Store
from tests.modbot.reporting import CLOCKS, PATIENCE, ZONE, usual
from tests.web.test_accessible import AXE, BARRIERS, DESKTOP, PHONE, examined, overflowing


@pytest.fixture(scope="module")
def reports(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Version, Path]:
    """Both versions of a week with something in every section."""
    folder = tmp_path_factory.mktemp("reports")
    (folder / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    usual(store)
    with store.read() as connection:
        basis = weekly.read(connection, "Example Community Schools", ZONE, CLOCKS, PATIENCE)
    store.close()
    files = {version: folder / f"{version}.html" for version in Version}
    for version, file in files.items():
        report = weekly.version_of(basis, version)
        file.write_text(report_page.render(report, pictures.drawings_of(report)), encoding="utf-8")
    return files


@pytest.fixture(params=list(Version))
def shown(request: pytest.FixtureRequest, browser: Browser, reports: dict[Version, Path]) -> Iterator[Page]:
    # axe is put into the page, which its own rules would not let in.
    context = browser.new_context(viewport=DESKTOP, bypass_csp=True)
    opened = context.new_page()
    opened.goto(reports[request.param].as_uri())
    yield opened
    context.close()


def test_the_report_has_no_barrier_light_dark_and_on_a_telephone(shown: Page) -> None:
    assert examined(shown, DESKTOP, PHONE) == []


def test_the_report_can_be_read_on_paper(shown: Page) -> None:
    shown.evaluate(AXE)
    for scheme in ("light", "dark"):
        shown.emulate_media(media="print", color_scheme="dark" if scheme == "dark" else "light")
        assert shown.evaluate(BARRIERS, ["html", ["color-contrast"]]) == [], scheme


def test_the_report_s_page_never_scrolls_sideways(shown: Page) -> None:
    assert overflowing(shown) == []
