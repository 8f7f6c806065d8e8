"""How far two people agree who judged the same case without knowing of each other."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from modbot.reports.extent import Extent
from modbot.reports.figures import Key, Value


def figures(connection: Connection, extent: Extent) -> dict[Key, Value]:  # noqa: ARG001
    return {Key("second_looks"): None, Key("agreement"): None}
