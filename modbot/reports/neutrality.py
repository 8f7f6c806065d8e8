"""Whether the running model treats opposite opinions alike: measured every week and put on record.

The matched pairs are those of `modbot audit neutrality`. Why live parity is not claimed is told as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import matched_pairs, wiring
from modbot.config import Settings
from modbot.reports.changes import classifier_at
from modbot.reports.extent import Extent, events
from modbot.reports.figures import Key, Value
from modbot.store import Store, body_of, utcnow

MEASURED = "neutrality.measured"
SETTLED = timedelta(days=1)
"""A try-out or a new installation on its first day is spared the minute of work."""
NOT_MEASURED = (
    "The matched pairs were not measured on the model that scored this week's comments. "
    "modbot measures them every week while it runs."
)
PASSED = (
    "The running model passed: of {pairs} pairs of the same words for and against, one side alone was "
    "flagged in {alone}, and the difference between the sides lies within the margins set beforehand."
)
FAILED = "The running model did not pass: {reasons}."
LIVE = (
    "Not established. To compare how comments for and against the district's plans fare, two people would "
    "have to mark the stance of a random sample without seeing the outcome, some 840 comments a side where "
    "two in a hundred are flagged; no such sample is on record."
)
"""Sample size: two one-sided tests at 0.05, power 0.80, margin of two points, base rate of 2 %."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Pairs of one kind; the interval is the 90 % one, in points of a hundred."""

    name: str
    pairs: int
    first_only: int
    second_only: int
    low: float
    high: float
    margin: float
    outcome: str


@dataclass(frozen=True, slots=True)
class Panel:
    """`state` is passed, failed or not measured."""

    state: str
    pairs: str
    strata: tuple[Stratum, ...] = ()
    live: str = LIVE

    def as_data(self) -> dict[str, Any]:
        return asdict(self) | {"strata": [asdict(each) for each in self.strata]}


UNMEASURED = Panel("not measured", NOT_MEASURED)


def figures(panel: Panel) -> Iterator[tuple[Key, Value]]:
    """Of all pairs together, then of each kind of pair."""
    for place, each in enumerate(panel.strata):
        by, which = ("kind of pair", each.name) if place else ("", "")
        yield Key("pairs", by, which), each.pairs
        yield Key("pairs_first_only", by, which), each.first_only
        yield Key("pairs_second_only", by, which), each.second_only
        yield Key("pairs_low", by, which), each.low
        yield Key("pairs_high", by, which), each.high


def panel(connection: Connection, extent: Extent) -> Panel:
    """From the last measurement before the span ended, if it was of the classifiers that scored then."""
    newest = sa.select(sa.func.max(events.c.seq)).where(
        events.c.kind == MEASURED, events.c.seq <= extent.last
    )
    seq = connection.execute(newest).scalar()
    body = None if seq is None else body_of(connection, seq)
    if body is None or body["version"] != classifier_at(connection, extent):
        return UNMEASURED
    strata = tuple(_stratum(each) for each in (body["pooled"], *body["strata"]))
    if body["passed"]:
        alone = strata[0].first_only + strata[0].second_only
        return Panel("passed", PASSED.format(pairs=strata[0].pairs, alone=alone or "none"), strata)
    return Panel("failed", FAILED.format(reasons="; ".join(body["failures"])), strata)


def _stratum(parity: dict[str, Any]) -> Stratum:
    low, high, margin = (round(100 * parity[name], 1) for name in ("low_90", "high_90", "margin"))
    first, second = parity["first_only"], parity["second_only"]
    return Stratum(parity["name"], parity["pairs"], first, second, low, high, margin, parity["outcome"])


def is_due(connection: Connection, since: datetime) -> bool:
    """Whether nobody has measured since then, in an installation that ran for a day at least."""
    newest = sa.select(sa.func.max(events.c.at)).where(events.c.kind == MEASURED)
    last: datetime | None = connection.execute(newest).scalar()
    first: datetime | None = connection.execute(sa.select(events.c.at).where(events.c.seq == 1)).scalar()
    is_settled = first is not None and first < utcnow() - SETTLED
    return is_settled and (last is None or last < since)


def measure(store: Store, settings: Settings) -> None:
    """Put the pairs before the configured classifiers and what came out on record. Takes seconds.

    Raises ConfigError where the district's own pairs cannot be read.
    """
    from classifiers import neutrality as audit

    pairs = matched_pairs.of(settings)
    ensemble, limits = wiring.load_ensemble(settings)
    found = audit.check(ensemble, limits, pairs).as_data()
    # The project's pairs ship with modbot and the district has its own: what was flagged can be seen again.
    found.pop("examples")
    found["district_pairs"] = matched_pairs.fingerprint(settings)
    with store.write() as tx:
        tx.record(MEASURED, f"classifiers:{found['version']}"[:200], found)
