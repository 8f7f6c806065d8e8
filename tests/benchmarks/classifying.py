"""The classifiers alone: texts per second, the time to load, and the time for one text."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from classifiers.ensemble import Ensemble
from modbot import resources
from modbot.members import ensemble_of
from tests.benchmarks import detoxify_speed
from tests.benchmarks.plan import NotMeasured, Plan, Report, Table, percentile

MEMBERS = ("patterns", "linear", "encoder")
AT_ONCE = 256
LONGEST = 10_000
"""Characters: as much as any platform lets through."""
LOADING = """
import sys, time
from pathlib import Path
started = time.perf_counter()
import classifiers
classifiers.load(sys.argv[1])(Path(sys.argv[2])).load()
print(time.perf_counter() - started)
"""
COLUMNS = {
    "texts_per_s": "texts/s",
    "cpu_us_per_text": "CPU µs each",
    "one_text_p50_ms": "one text, p50 ms",
    "one_text_p99_ms": "p99 ms",
    "longest_text_ms": "10,000 characters, ms",
    "load_s": "load s",
}


def measure(plan: Plan) -> Report:
    report = Report()
    rows = []
    texts = plan.texts(plan.classified)
    for name, members in {**{name: (name,) for name in MEMBERS}, "ensemble": MEMBERS}.items():
        ensemble, _ = ensemble_of(members, resources.models())
        if ensemble.absent:
            raise NotMeasured(f"A classifier is missing: {ensemble.absent}.")
        found = _speed(ensemble, texts) | {"load_s": round(sum(map(_loading, members)), 3)}
        report.figures.update({f"{name}.{key}": value for key, value in found.items()})
        rows.append((name, *(f"{found[key]:,}" for key in COLUMNS)))
        report.figures["versions"] = ensemble.version
    if yardstick := detoxify_speed.speed(texts):
        times = found["texts_per_s"] / yardstick["texts_per_s"]  # the last that was measured is the ensemble
        report.figures.update({f"detoxify_original.{key}": value for key, value in yardstick.items()})
        report.figures["ensemble.times_detoxify_original"] = round(times, 1)
        rows.append(("Detoxify original", *(f"{yardstick.get(key, '–')}" for key in COLUMNS)))
    report.tables.append(Table("The classifiers in one process", ("", *COLUMNS.values()), rows))
    return report


def _speed(ensemble: Ensemble, texts: Sequence[str]) -> dict[str, float]:
    ensemble.assess(texts[:AT_ONCE])
    wall, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(texts), AT_ONCE):
        ensemble.assess(texts[start : start + AT_ONCE])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    alone = [_seconds(ensemble, text) * 1000 for text in texts[: len(texts) // 10]]
    return {
        "texts_per_s": round(len(texts) / wall, 1),
        "cpu_us_per_text": round(cpu / len(texts) * 1e6, 1),
        "one_text_p50_ms": round(percentile(alone, 0.5), 3),
        "one_text_p99_ms": round(percentile(alone, 0.99), 3),
        "longest_text_ms": round(_seconds(ensemble, " ".join(texts[:500])[:LONGEST]) * 1000, 1),
    }


def _seconds(ensemble: Ensemble, text: str) -> float:
    started = time.perf_counter()
    ensemble.assess([text])
    return time.perf_counter() - started


def _loading(member: str) -> float:
    """Seconds to import and load one member in a fresh process."""
    command = [sys.executable, "-c", LOADING, member, str(resources.models())]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)
