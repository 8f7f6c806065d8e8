"""What `make bench` measures. A new part is one module with `measure(plan) -> Report` and one line here."""

PARTS = {
    "pipeline": "tests.benchmarks.pipeline",
    "latency": "tests.benchmarks.latency",
    "alerts": "tests.benchmarks.alerting",
    "push": "tests.benchmarks.push",
    "growth": "tests.benchmarks.growth",
    "classifiers": "tests.benchmarks.classifying",
    "explanations": "tests.benchmarks.explaining",
    "chain": "tests.benchmarks.chain",
    "reports": "tests.benchmarks.reporting",
    "desk": "tests.benchmarks.desk",
}
