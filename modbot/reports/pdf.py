"""The report as a tagged PDF, set by Typst from the words of its HTML. Needs the extra `reports`."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from modbot import resources
from modbot.reports import charts, page, paper
from modbot.reports.charts import Drawing
from modbot.reports.weekly import Report

STANDARD: Final = "ua-1"
"""ISO 14289-1: readable by screen readers, which a public body owes its readers. Typst refuses others."""


@cache
def is_possible() -> bool:
    """Whether the extra is installed."""
    return charts.are_possible() and all(find_spec(each) for each in ("typst", "pikepdf"))


def render(report: Report, drawings: Sequence[Drawing]) -> bytes:
    import typst

    made: bytes = typst.compile(
        resources.folder("reports") / "templates" / "report.typ",
        format="pdf",
        pdf_standards=STANDARD,
        font_paths=[_fonts()],
        ignore_system_fonts=True,
        sys_inputs={
            "title": page.title(report),
            "page": json.dumps(paper.tree(page.render(report, drawings, for_paper=True))),
            "drawings": json.dumps({each.name: each.on_paper() for each in drawings}),
        },
    )
    return _with_row_heads(made)


def _fonts() -> Path:
    """DejaVu, which matplotlib brings: the same letters on every machine."""
    import matplotlib as mpl

    return Path(mpl.get_data_path()) / "fonts" / "ttf"


def _with_row_heads(made: bytes) -> bytes:
    """The first cell of each row made its head, which Typst cannot say yet.

    Heads then count by their scope, for the column below or the row beside. Raises nothing: a row of one cell
    has no head.
    """
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(made)) as document:
        bodies = [each for each in document.objects if _is(each, "/TBody")]
        for row in (row for body in bodies for row in body.K):
            if len(row.K) > 1:
                row.K[0].S = pikepdf.Name.TH
                _table_of(row.K[0]).Scope = pikepdf.Name.Row
        for cell in (each for each in document.objects if _is(each, "/TH", "/TD")):
            # A list of heads would count instead of their scopes, and names those of the columns alone.
            del _table_of(cell).Headers
        document.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return out.getvalue()


def _is(each: Any, *kinds: str) -> bool:
    import pikepdf

    return isinstance(each, pikepdf.Dictionary) and each.get("/S") in kinds


def _table_of(cell: Any) -> Any:
    """What is said of the cell as part of a table."""
    return next(each for each in cell.A if each.O == "/Table")
