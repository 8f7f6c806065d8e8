"""Every part of `make bench` runs on a few made-up comments and writes its figures; no speed is judged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.benchmarks import PARTS
from tests.benchmarks.__main__ import NOT_MEASURED, main, measured
from tests.benchmarks.figures import merge
from tests.benchmarks.plan import Plan, percentile
from tests.peers import missing
from tests.peers.postgres import PACKAGES, is_installed

COMMENTS = 200
TO_WARM_UP = 100
SAYINGS = (
    "What time does the concert at the middle school start, and may grandparents come?",
    "I will come to your house tonight and break every bone in your body, you worthless idiot",
    "Vote yes on Proposition 12 on Tuesday, tell all your neighbours to vote yes",
    "Buy cheap prom dresses now, call 360-555-0142 or write to sale@example.com",
    "The bus was late again today. Third time this week, please look into it.",
)
WRITTEN = {
    "pipeline": ("sqlite.comments_per_s", "sqlite.peak_memory_mb", "sqlite.step.write.cpu_us"),
    "latency": ("sqlite.to_case_p50_ms", "sqlite.to_case_p99_ms"),
    "alerts": ("sqlite.alerts", "sqlite.to_alert_p99_ms"),
    "push": ("sqlite.deliveries", "sqlite.p99_ms"),
    "growth": ("sqlite.at_100.cpu_us_per_comment", "sqlite.cpu_ratio"),
    "classifiers": (
        "ensemble.texts_per_s",
        "ensemble.peak_memory_mb",
        "linear.load_s",
        "patterns.one_text_p50_ms",
        "sparing.everyday.flagged_alike_percent",
    ),
    "explanations": ("all.flags", "all.lower", "all.alike"),
    "chain": ("sqlite.entries_per_s",),
    "reports": ("sqlite.counted_slowest_s", "sqlite.report_slowest_s"),
    "desk": ("sqlite.queue_p95_ms", "sqlite.decide_p95_ms", "sqlite.to_platform_p95_ms"),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made_up")
    with gzip.open(folder / "made_up.jsonl.gz", "wt", encoding="utf-8") as file:
        for number in range(COMMENTS + TO_WARM_UP):
            text = f"{SAYINGS[number % len(SAYINGS)]} ({number} {'x' * (number % 7)})"
            file.write(json.dumps({"id": str(number), "text": text}) + "\n")
    return folder


def small(data: Path | None, *engines: str) -> Plan:
    return Plan(
        data=data,
        engines=engines or ("sqlite",),
        replayed=COMMENTS,
        a_second=100,
        seconds=2,
        warming=1,
        archived=(20, 100),
        fresh=30,
        classified=50,
        logged=COMMENTS,
        waiting=20,
        moderators=2,
        worked=1,
        pause=0.02,
        reports=1,
    )


@pytest.mark.parametrize("part", PARTS)
def test_a_part_measures_and_writes_its_figures(part: str, data: Path, tmp_path: Path) -> None:
    assert measured(part, small(data), tmp_path / "bench.json")
    written = json.loads((tmp_path / "bench.json").read_text())
    for name in WRITTEN[part]:
        assert written[f"{part}.{name}"] > 0, name
    assert {"machine", "commit", "date", f"{part}.machine", f"{part}.commit", f"{part}.date"} <= set(written)


def test_every_comment_of_a_replay_is_counted_on_postgresql_too(data: Path, tmp_path: Path) -> None:
    if not is_installed():
        missing("PostgreSQL", PACKAGES)
    assert measured("pipeline", small(data, "postgresql"), tmp_path / "bench.json")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["pipeline.postgresql.comments"] == COMMENTS
    assert written["pipeline.postgresql.server_cpu_us_per_comment"] > 0
    assert 0 < written["pipeline.postgresql.flagged_share"] < 1


def test_without_comments_it_says_what_to_set_and_ends_with_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MODBOT_BENCH_DATA", raising=False)
    assert main(["--only", "classifiers"]) == NOT_MEASURED
    assert "MODBOT_BENCH_DATA" in capsys.readouterr().err


def test_too_few_comments_are_no_measurement(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "pipeline", "--data", str(data)]) == NOT_MEASURED
    assert "holds 300" in capsys.readouterr().err


def test_the_other_parts_keep_their_figures(tmp_path: Path) -> None:
    results = tmp_path / "bench.json"
    merge(results, "chain", {"sqlite.entries_per_s": 7, "sqlite.gone": 1})
    merge(results, "latency", {"sqlite.to_case_p50_ms": 8})
    merge(results, "chain", {"sqlite.entries_per_s": 9})
    written = json.loads(results.read_text())
    assert written["chain.sqlite.entries_per_s"] == 9
    assert written["latency.sqlite.to_case_p50_ms"] == 8
    assert "chain.sqlite.gone" not in written


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([*range(100, 0, -1)], share) == expected
