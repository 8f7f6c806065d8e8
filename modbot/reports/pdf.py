"""The report as a tagged PDF, made from its HTML. Needs the extra `reports`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from modbot.reports import charts, page
from modbot.reports.charts import Drawing
from modbot.reports.weekly import Report

VARIANT = "pdf/ua-1"
"""ISO 14289-1: readable by screen readers, which a public body owes its readers."""


@cache
def is_possible() -> bool:
    """Whether the extra is installed, and the library Pango of the system that it needs."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return charts.are_possible()


def render(report: Report, drawings: Sequence[Drawing]) -> bytes:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # The page carries its drawings within: no file is read and no server asked.
    fetcher = URLFetcher(allowed_protocols=("data",))
    document = HTML(string=page.render(report, drawings, for_paper=True), url_fetcher=fetcher)
    made: bytes = document.write_pdf(pdf_variant=VARIANT, pdf_identifier=str(report.week).encode())
    return made
