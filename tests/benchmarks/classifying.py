"""The classifiers alone: texts per second, the time to load, and the time for one text.

The ensemble also on what a page brings, where nearly everything breaks nothing: there its costly member is
spared most texts, and how often that changes what is flagged is measured on the same texts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from classifiers.base import Category
from classifiers.ensemble import Assessment, Ensemble
from modbot import resources
from modbot.members import ensemble_of
from modbot.scoring_process import ScoringProcess
from tests.benchmarks import detoxify_speed
from tests.benchmarks.plan import NotMeasured, Plan, Report, Table, percentile
from tests.benchmarks.scoring import peak_bytes

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
    texts, everyday = plan.texts(plan.classified), plan.everyday(plan.classified)
    for name, members in {**{name: (name,) for name in MEMBERS}, "ensemble": MEMBERS}.items():
        ensemble, limits = _loaded(members)
        load = {"load_s": round(sum(map(_loading, members)), 3)}
        found = _speed(ensemble, everyday if name == "ensemble" else texts, limits) | load
        report.figures.update({f"{name}.{key}": value for key, value in found.items()})
        rows.append((name, *(f"{found[key]:,}" for key in COLUMNS)))
    report.figures.update({"versions": ensemble.version, "ensemble.peak_memory_mb": _memory(everyday)})
    thorough = Ensemble(ensemble.members, replace(ensemble.rules, spared={}))
    always = _speed(thorough, texts, limits)
    report.figures.update({f"ensemble_without_sparing.{key}": value for key, value in always.items()})
    rows.append(("ensemble, nobody spared", *(f"{always.get(key, '–')}" for key in COLUMNS)))
    if yardstick := detoxify_speed.speed(everyday):
        times = found["texts_per_s"] / yardstick["texts_per_s"]  # the last that was measured is the ensemble
        report.figures.update({f"detoxify_original.{key}": value for key, value in yardstick.items()})
        report.figures["ensemble.times_detoxify_original"] = round(times, 1)
        rows.append(("Detoxify original", *(f"{yardstick.get(key, '–')}" for key in COLUMNS)))
    report.tables.append(Table("The classifiers in one process", ("", *COLUMNS.values()), rows))
    report.tables.append(_sparing(report, ensemble, thorough, limits, {"everyday": everyday, "mixed": texts}))
    return report


def _loaded(members: tuple[str, ...]) -> tuple[Ensemble, Mapping[Category, float]]:
    ensemble, limits = ensemble_of(members, resources.models())
    if ensemble.absent:
        raise NotMeasured(f"A classifier is missing: {ensemble.absent}.")
    return ensemble, limits


def _sparing(
    report: Report,
    ensemble: Ensemble,
    thorough: Ensemble,
    limits: Mapping[Category, float],
    texts: Mapping[str, Sequence[str]],
) -> Table:
    """How many texts the costly members are asked about, and how many are flagged alike without that."""
    rows = []
    for name, some in texts.items():
        found, whole = _assessed(ensemble, some, limits), _assessed(thorough, some, limits)
        asked = sum(one.members.keys() >= ensemble.rules.spared.keys() for one in found)
        alike = sum(_flags(a, limits) == _flags(b, limits) for a, b in zip(found, whole, strict=True))
        figures = {
            "asked_percent": round(100 * asked / len(some), 1),
            "flagged_percent": round(100 * sum(bool(_flags(one, limits)) for one in found) / len(some), 2),
            "flagged_alike_percent": round(100 * alike / len(some), 3),
        }
        report.figures.update({f"sparing.{name}.{key}": value for key, value in figures.items()})
        rows.append((f"{name} ({len(some):,})", *map(str, figures.values())))
    heads = ("texts", "encoder asked, %", "flagged, %", "flagged alike without sparing, %")
    return Table("What sparing the encoder changes", heads, rows)


def _assessed(ensemble: Ensemble, texts: Sequence[str], limits: Mapping[Category, float]) -> list[Assessment]:
    batches = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    return [one for batch in batches for one in ensemble.assess(batch, marked_from=limits)]


def _flags(one: Assessment, limits: Mapping[Category, float]) -> set[Category]:
    return {category for category, score in one.scores.items() if score.probability >= limits[category]}


def _speed(ensemble: Ensemble, texts: Sequence[str], limits: Mapping[Category, float]) -> dict[str, float]:
    """Words are marked where a comment is flagged, as when the bot asks."""
    ensemble.assess(texts[:AT_ONCE], marked_from=limits)
    wall, cpu = time.perf_counter(), time.process_time()
    _assessed(ensemble, texts, limits)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    alone = [_seconds(ensemble, text, limits) * 1000 for text in texts[: len(texts) // 10]]
    return {
        "texts_per_s": round(len(texts) / wall, 1),
        "cpu_us_per_text": round(cpu / len(texts) * 1e6, 1),
        "one_text_p50_ms": round(percentile(alone, 0.5), 3),
        "one_text_p99_ms": round(percentile(alone, 0.99), 3),
        "longest_text_ms": round(_seconds(ensemble, " ".join(texts[:500])[:LONGEST], limits) * 1000, 1),
    }


def _seconds(ensemble: Ensemble, text: str, limits: Mapping[Category, float]) -> float:
    started = time.perf_counter()
    ensemble.assess([text], marked_from=limits)
    return time.perf_counter() - started


def _loading(member: str) -> float:
    """Seconds to import and load one member in a fresh process."""
    command = [sys.executable, "-c", LOADING, member, str(resources.models())]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)


def _memory(texts: Sequence[str]) -> int:
    """MB that the process of the classifiers held at most."""
    process = ScoringProcess(MEMBERS, resources.models(), Path())
    try:
        for start in range(0, len(texts), AT_ONCE):
            process.assess(texts[start : start + AT_ONCE])
        return peak_bytes(str(process.pid)) // 2**20
    finally:
        process.close()
