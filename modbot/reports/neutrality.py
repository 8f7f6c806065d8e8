"""What is known of the neutrality of the running model, and why live parity is not claimed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.engine import Connection

from modbot.reports.extent import Extent

NOT_MEASURED = (
    "The matched pairs have not been measured on the running model and put on record. "
    "Run modbot audit neutrality to do so."
)
LIVE = (
    "Not established. To compare how comments for and against the district's plans fare, two people would "
    "have to mark the stance of a random sample without seeing the outcome, some 840 comments a side where "
    "two in a hundred are flagged; no such sample is on record."
)
"""Sample size: two one-sided tests at 0.05, power 0.80, margin of two points, base rate of 2 %."""


@dataclass(frozen=True, slots=True)
class Panel:
    """`state` is passed, failed or not measured; `figures` are those of the pairs' audit, name → value."""

    state: str
    pairs: str
    live: str
    figures: dict[str, float | int | str]

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def panel(connection: Connection, extent: Extent) -> Panel:  # noqa: ARG001
    return Panel("not measured", NOT_MEASURED, LIVE, {})
