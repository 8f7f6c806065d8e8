"""How far two people agree who judged the same case without knowing of each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy.engine import Connection

from modbot import agreement
from modbot.agreement import Agreement
from modbot.reports.extent import Extent
from modbot.reports.figures import Key, Value


def figures(connection: Connection, extent: Extent, clauses: Collection[str]) -> Iterator[tuple[Key, Value]]:
    """In all, then by clause. Alpha is None where nobody ever chose differently.

    Every one of the `clauses` is named: to leave out those without a second look would tell that the others
    had one.
    """
    found = agreement.between(connection, extent.start, extent.end)
    known = {each.clause for each in found}
    found += [Agreement(clause=each, pairs=0, agreed=0, alpha=None) for each in clauses if each not in known]
    for each in found:
        by = "clause" if each.clause else ""
        yield Key("second_looks", by, each.clause), each.pairs
        yield Key("second_agreed", by, each.clause), each.agreed
        yield Key("second_differed", by, each.clause), each.pairs - each.agreed
        alpha = None if each.alpha is None else round(each.alpha, 2)
        yield Key("agreement", by, each.clause), alpha
