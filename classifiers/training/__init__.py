"""Trains and measures the shipped models: `train` and `evaluate` are what the command line calls."""

from classifiers.training.report import Report
from classifiers.training.running import evaluate, train

__all__ = ["Report", "evaluate", "train"]
