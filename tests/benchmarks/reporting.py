"""What a weekly report costs in a year with a million archived comments: every fourth week of it in turn."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from modbot import migrations
from modbot.reports import making, weekly
from modbot.reports.weekly import Version
from modbot.reports.weeks import Week, of_moment
from modbot.store import Store
from tests.benchmarks import engines
from tests.benchmarks.plan import Plan, Report, Table
from tests.benchmarks.simulating import Simulated

ZONE = ZoneInfo("America/Los_Angeles")
START = datetime(2025, 11, 24, 8, tzinfo=UTC)
WEEKS = 52
MEASURED = range(12, WEEKS + 1, 4)
"""Weeks whose reports may be made, by their number in the year: each looks back on twelve full weeks."""
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds, by the clock and of the processor; `drawn` has HTML, CSV, JSON and PDF of both versions."""

    week: Week
    counted: float
    counted_cpu: float
    drawn: float
    drawn_cpu: float


def measure(plan: Plan) -> Report:
    report = Report()
    for name in engines.available(plan.engines):
        with engines.started(name) as engine:
            store = Store(engine.url)
            migrations.upgrade(store.engine)
            last = _fill(store, max(plan.archived))
            engines.swept(store)
            costs = [_cost(store, last.earlier(WEEKS - number)) for number in MEASURED[-plan.reports :]]
            store.close()
        report.figures.update(_figures(name, costs, max(plan.archived)))
        report.tables.append(_table(name, costs, max(plan.archived)))
    return report


def _fill(store: Store, comments: int) -> Week:
    """A year of even weeks; the last of them."""
    year = Simulated(store, START)
    week = of_moment(START, ZONE)
    for number in range(WEEKS):
        year.span(week.start(ZONE), week.end(ZONE), comments // WEEKS)
        sys.stderr.write(f"reports: {year.archived:,} archived in {number + 1} weeks\n")
        week = week.earlier(-1)
    return week.earlier()


def _cost(store: Store, week: Week) -> Cost:
    clock, cpu = time.perf_counter(), time.process_time()
    with store.read() as connection:
        basis = weekly.read(connection, "Example Community Schools", ZONE, week, PATIENCE)
    read, read_cpu = time.perf_counter(), time.process_time()
    for version in Version:
        for _ in making.contents(weekly.version_of(basis, version)):
            pass
    return Cost(
        week, read - clock, read_cpu - cpu, time.perf_counter() - read, time.process_time() - read_cpu
    )


def _figures(name: str, costs: list[Cost], comments: int) -> dict[str, float | str]:
    return {
        f"{name}.comments": comments,
        f"{name}.counted_slowest_s": round(max(cost.counted for cost in costs), 2),
        f"{name}.files_slowest_s": round(max(cost.drawn for cost in costs), 2),
        f"{name}.report_slowest_s": round(max(cost.counted + cost.drawn for cost in costs), 2),
        f"{name}.report_cpu_s": round(max(cost.counted_cpu + cost.drawn_cpu for cost in costs), 2),
        f"{name}.peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _table(name: str, costs: list[Cost], comments: int) -> Table:
    rows = [
        (
            str(cost.week),
            f"{cost.counted:.2f}",
            f"{cost.counted_cpu:.2f}",
            f"{cost.drawn:.2f}",
            f"{cost.drawn_cpu:.2f}",
            f"{cost.counted + cost.drawn:.2f}",
        )
        for cost in costs
    ]
    heads = ("week", "counted s", "its CPU", "eight files s", "their CPU", "in all s")
    return Table(f"A weekly report among {comments:,} comments on {name}; to reach: 5 s", heads, rows)
