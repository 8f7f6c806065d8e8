"""What training and evaluation hand back: plain data, ready for a page or for JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from classifiers.thresholds import Share


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryReport:
    """One category over rows whose label for it is known."""

    category: str
    auc: float | None
    average_precision: float | None
    threshold: float
    precision: Share
    recall: Share
    false_flags: Share
    calibration_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One part of the rows: how often comments that break nothing are flagged at all, and breaches found."""

    name: str
    rows: int
    false_flags: Share
    recall: Share
    """Of (comment, category) breaches, the share whose category is flagged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Matched pairs that differ in the side taken: is one of the two flagged and the other not?"""

    pairs: int
    only_pro: int
    only_con: int
    difference: float
    low: float
    high: float
    """P(flag | pro) - P(flag | con) with its 90 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    version: str
    rows: int
    categories: tuple[CategoryReport, ...]
    false_flags: Share
    """Comments that break nothing and are flagged for anything."""
    viewpoints: Share
    """Protected opinions among them."""
    micro_f1: float
    macro_f1: float
    slices: tuple[Slice, ...]
    parity: Mapping[str, Parity]
    public: tuple[CategoryReport, ...] = ()
    """The same over public sources that the model never learned from."""
    public_viewpoints: tuple[Slice, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)
