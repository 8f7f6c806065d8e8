"""What the process of the classifiers uses, which the bot's own clocks do not count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import psutil

from modbot.scoring_process import ScoringProcess
from modbot.wiring import Bot
from tests.benchmarks.plan import NotMeasured


@dataclass(frozen=True, slots=True)
class Used:
    """Since it started."""

    cpu_seconds: float
    peak_bytes: int


def used(bot: Bot) -> Used:
    assert isinstance(bot.scorer.ensemble, ScoringProcess)
    pid = bot.scorer.ensemble.pid
    times = psutil.Process(pid).cpu_times()
    return Used(times.user + times.system, peak_bytes(str(pid)))


def peak_bytes(process: str) -> int:
    """The most memory that a process held at once; what it shares with others counts for each."""
    status = Path(f"/proc/{process}/status")
    if not status.is_file():
        raise NotMeasured("Peak memory is read from /proc, which this system lacks.")
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
    return int(peak) * 1024
