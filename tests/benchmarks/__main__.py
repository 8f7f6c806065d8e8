"""python -m tests.benchmarks [--only PART] [--data DIR]: measure, print tables, write build/bench.json."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

from tests.benchmarks import PARTS, figures
from tests.benchmarks.plan import NotMeasured, Plan

RESULTS = Path("build/bench.json")
NOT_MEASURED = 2


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    plan = Plan(data=options.data)
    not_measured = [part for part in options.only or PARTS if not measured(part, plan, RESULTS)]
    return NOT_MEASURED if not_measured else 0


def measured(part: str, plan: Plan, results: Path) -> bool:
    """Measure a part, print its tables, merge its figures into `results`; False when something is missing."""
    try:
        report = import_module(PARTS[part]).measure(plan)
    except NotMeasured as reason:
        sys.stderr.write(f"{part}: not measured. {reason}\n")
        return False
    figures.show(report)
    figures.merge(results, part, report.figures)
    return True


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(PARTS), metavar="PART")
    given = os.environ.get("MODBOT_BENCH_DATA")
    parser.add_argument("--data", type=Path, default=Path(given) if given else None, metavar="DIR")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
