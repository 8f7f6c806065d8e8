"""What one more comment costs when ten thousand, a hundred thousand and a million are archived already."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from modbot.wiring import Bot
from tests.benchmarks import engines, installation, scoring
from tests.benchmarks.engines import Engine
from tests.benchmarks.filling import Filler, arrive
from tests.benchmarks.plan import Plan, Report, Table

AT_ONCE = 256
SOURCES = 20_000
"""Real comments that the archive is pieced together from."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds a comment, the median over batches. CPU counts the bot and the database server."""

    wall: float
    cpu: float
    without_classifiers: float
    """Of `cpu`: the classifiers' share cannot grow and would hide what does."""


def measure(plan: Plan) -> Report:
    report = Report()
    fresh = plan.fresh * len(plan.archived)
    texts = plan.texts(fresh + min(SOURCES, fresh))
    for name in engines.available(plan.engines):
        with engines.started(name) as engine:
            costs = _costs(plan, engine, texts[:fresh], texts[fresh:])
        report.figures.update({f"{name}.{key}": value for key, value in _figures(costs).items()})
        report.tables.append(_table(name, costs))
    return report


def _costs(plan: Plan, engine: Engine, fresh: Sequence[str], sources: Sequence[str]) -> dict[int, Cost]:
    installation.write(engine.folder, engine.url, members=installation.CHEAP)
    bot = installation.opened(engine.folder)
    filler = Filler(bot, sources)
    costs = {}
    for place, size in enumerate(plan.archived):
        filler.fill_to(size)
        sys.stderr.write(f"growth: {filler.archived:,} archived on {engine.name}\n")
        texts = fresh[place * plan.fresh : (place + 1) * plan.fresh]
        costs[size] = _cost(bot, engine, texts, filler.archived)
        filler.archived += len(texts)
    bot.close()
    return costs


def _cost(bot: Bot, engine: Engine, texts: Sequence[str], first: int) -> Cost:
    rounds = []
    for start in range(0, len(texts), AT_ONCE):
        batch = texts[start : start + AT_ONCE]
        before = _clocks(bot, engine)
        arrive(bot.store, batch, first + start)
        bot.scorer.run_once()
        spent = [after - then for after, then in zip(_clocks(bot, engine), before, strict=True)]
        rounds.append([seconds / len(batch) * 1e6 for seconds in spent])
    wall, cpu, classifiers = (statistics.median(column) for column in zip(*rounds, strict=True))
    return Cost(wall, cpu, cpu - classifiers)


def _clocks(bot: Bot, engine: Engine) -> tuple[float, float, float]:
    classifiers = scoring.used(bot).cpu_seconds
    return time.perf_counter(), time.process_time() + engine.server_cpu() + classifiers, classifiers


def _figures(costs: dict[int, Cost]) -> dict[str, float]:
    first, last = costs[min(costs)], costs[max(costs)]
    found: dict[str, float] = {}
    for size, cost in costs.items():
        found[f"at_{size}.wall_us_per_comment"] = round(cost.wall, 1)
        found[f"at_{size}.cpu_us_per_comment"] = round(cost.cpu, 1)
        found[f"at_{size}.cpu_us_without_classifiers"] = round(cost.without_classifiers, 1)
    found["wall_ratio"] = round(last.wall / first.wall, 3)
    found["cpu_ratio"] = round(last.cpu / first.cpu, 3)
    found["cpu_ratio_without_classifiers"] = round(last.without_classifiers / first.without_classifiers, 3)
    return found


def _table(name: str, costs: dict[int, Cost]) -> Table:
    first = costs[min(costs)]
    rows = [
        (
            f"{size:,}",
            f"{cost.wall:,.0f}",
            f"{cost.cpu:,.0f}",
            f"{cost.without_classifiers:,.0f}",
            f"{cost.wall / first.wall:.2f}",
            f"{cost.cpu / first.cpu:.2f}",
            f"{cost.without_classifiers / first.without_classifiers:.2f}",
        )
        for size, cost in costs.items()
    ]
    heads = ("archived", "clock µs", "CPU µs", "without classifiers", "× clock", "× CPU", "× without")
    return Table(f"A comment's cost as the archive grows on {name}; to reach: below 1.3 ×", heads, rows)
