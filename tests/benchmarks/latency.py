"""How long a comment takes from the platform to the queue while comments come in at an even pace."""

from __future__ import annotations

from tests.benchmarks import engines, installation
from tests.benchmarks.plan import Plan, Report, Table, percentile
from tests.benchmarks.replaying import Outcome, replay
from tests.benchmarks.runs import runs

COLUMNS = {
    "comments_per_s": "comments/s",
    "queued": "queued",
    "to_case_p50_ms": "p50 ms",
    "to_case_p99_ms": "p99 ms",
    "to_case_longest_ms": "longest ms",
    "cpu_share_of_one_core": "of one core",
}


def measure(plan: Plan) -> Report:
    report = Report()
    rows = []
    texts = plan.texts(plan.a_second * plan.seconds)
    for run in runs(plan.engines):
        name = run.name
        with engines.started(run.engine) as engine:
            installation.write(engine.folder, engine.url, speed=1, members=run.members)
            installation.record(engine.folder, texts, a_second=plan.a_second)
            found = _figures(replay(engine.folder))
        report.figures.update({f"{name}.{key}": value for key, value in found.items()})
        rows.append((name, *(f"{found[key]:,}" for key in COLUMNS)))
    title = "From the platform to the queue; to reach: p99 250 ms at 50 comments/s"
    report.tables.append(Table(title, ("engine", *COLUMNS.values()), rows))
    return report


def _figures(outcome: Outcome) -> dict[str, float]:
    return {
        "comments_per_s": round(outcome.comments / outcome.seconds, 1),
        "queued": len(outcome.to_case),
        "to_case_p50_ms": round(percentile(outcome.to_case, 0.5) * 1000, 1),
        "to_case_p99_ms": round(percentile(outcome.to_case, 0.99) * 1000, 1),
        "to_case_longest_ms": round(max(outcome.to_case) * 1000, 1),
        "cpu_share_of_one_core": round(outcome.cpu_seconds / outcome.seconds, 3),
    }
