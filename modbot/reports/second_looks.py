"""How far two people agree who judged the same case without knowing of each other."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from modbot import agreement
from modbot.reports.extent import Extent
from modbot.reports.figures import Key, Value


def figures(connection: Connection, extent: Extent) -> Iterator[tuple[Key, Value]]:
    """In all, then by clause. Alpha is None where nobody ever chose differently."""
    for each in agreement.between(connection, extent.start, extent.end):
        by = "clause" if each.clause else ""
        yield Key("second_looks", by, each.clause), each.pairs
        yield Key("second_agreed", by, each.clause), each.agreed
        alpha = None if each.alpha is None else round(each.alpha, 2)
        yield Key("agreement", by, each.clause), alpha
