"""Replay of real comments through the whole path, as fast as it goes: archive, score, policy, case, log."""

from __future__ import annotations

from tests.benchmarks import engines, installation
from tests.benchmarks.plan import Plan, Report, Table
from tests.benchmarks.replaying import Outcome, replay
from tests.benchmarks.runs import runs

COLUMNS = {
    "comments": "comments",
    "comments_per_s": "comments/s",
    "cpu_us_per_comment": "CPU µs each",
    "server_cpu_us_per_comment": "server's µs",
    "peak_memory_mb": "peak MB",
    "flagged_share": "flagged",
    "cases": "cases",
}


def measure(plan: Plan) -> Report:
    report = Report()
    rows = []
    texts = plan.texts(plan.replayed)
    for run in runs(plan.engines):
        name = run.name
        with engines.started(run.engine) as engine:
            installation.write(engine.folder, engine.url, members=run.members)
            # The encoder reads most of these sources' comments, a hundred times as slowly.
            installation.record(engine.folder, texts if run.members else texts[: len(texts) // 10])
            before = engine.server_cpu()
            outcome = replay(engine.folder)
            found = _figures(outcome, engine.server_cpu() - before)
        report.figures.update({f"{name}.{key}": value for key, value in found.items()})
        report.figures[f"{name}.classifiers"] = outcome.version
        rows.append((name, *(f"{found[key]:,}" for key in COLUMNS)))
        report.tables.append(_steps(name, outcome))
    title = "The whole path; to reach on SQLite: 1,000 comments/s in 400 MB"
    report.tables.insert(0, Table(title, ("engine", *COLUMNS.values()), rows))
    return report


def _figures(outcome: Outcome, server_seconds: float) -> dict[str, float]:
    n = outcome.comments
    return {
        "comments": n,
        "comments_per_s": round(n / outcome.seconds, 1),
        "cpu_us_per_comment": round(outcome.cpu_seconds / n * 1e6),
        "server_cpu_us_per_comment": round(server_seconds / n * 1e6),
        "peak_memory_mb": round(outcome.peak_bytes / 1e6, 1),
        "flagged_share": round(outcome.flagged / n, 4),
        "cases": outcome.cases,
        **{f"step.{name}.cpu_us": round(spent["cpu"] / n * 1e6, 1) for name, spent in outcome.steps.items()},
    }


def _steps(name: str, outcome: Outcome) -> Table:
    """Processor time adds up to the total; time on the clock does not, as intake and scoring overlap."""
    n = outcome.comments
    rest = outcome.cpu_seconds - sum(spent["cpu"] for spent in outcome.steps.values())
    ordered = sorted(outcome.steps.items(), key=lambda step: -step[1]["cpu"])
    rows = [
        (
            step,
            f"{spent['cpu'] / n * 1e6:,.1f}",
            f"{spent['cpu'] / outcome.cpu_seconds:.1%}",
            f"{spent['wall'] / n * 1e6:,.1f}",
        )
        for step, spent in ordered
    ]
    rows.append(("everything else", f"{rest / n * 1e6:,.1f}", f"{rest / outcome.cpu_seconds:.1%}", ""))
    return Table(
        f"Where the time goes on {name}", ("step", "CPU µs a comment", "of all CPU", "clock µs"), rows
    )
