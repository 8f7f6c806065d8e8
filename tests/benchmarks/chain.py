"""How fast `modbot audit verify` proves a log: every entry, its content, the head and a checkpoint."""

from __future__ import annotations

import time

from modbot import checkpoints
from tests.benchmarks import engines, installation
from tests.benchmarks.filling import Filler
from tests.benchmarks.plan import Plan, Report, Table


def measure(plan: Plan) -> Report:
    report = Report()
    rows = []
    texts = plan.texts(min(plan.logged, 20_000))
    for name in engines.available(plan.engines):
        with engines.started(name) as engine:
            installation.write(engine.folder, engine.url)
            bot = installation.opened(engine.folder)
            Filler(bot, texts).fill_to(plan.logged)
            checkpoints.sign(bot.store, checkpoints.read_key(engine.folder / "checkpoint.key"), engine.folder)
            wall, cpu = time.perf_counter(), time.process_time()
            proof = checkpoints.verify(
                bot.store, checkpoints.read_file(engine.folder / checkpoints.FILE_NAME)
            )
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            bot.close()
        report.figures[f"{name}.entries"] = proof.entries
        report.figures[f"{name}.entries_per_s"] = round(proof.entries / wall, 1)
        report.figures[f"{name}.cpu_us_per_entry"] = round(cpu / proof.entries * 1e6, 2)
        rows.append(
            (name, f"{proof.entries:,}", f"{proof.entries / wall:,.0f}", f"{cpu / proof.entries * 1e6:.1f}")
        )
    heads = ("engine", "entries", "entries/s", "CPU µs each")
    report.tables.append(Table("Proving the log", heads, rows))
    return report
