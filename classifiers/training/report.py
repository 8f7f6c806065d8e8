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
    """Among comments that break nothing; of rows with only some labels, among those that this one denies."""
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
class Calibration:
    """Of one member by itself: expected calibration error over all comments, over those not in English."""

    member: str
    category: str
    error: float
    not_english: float


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


@dataclass(frozen=True, slots=True)
class Interval:
    """95 %, from drawing whole issues again and again: comments on one issue resemble each other."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Comments whose score lies in [low, high): calibrated, if as many are breaches as the score says."""

    low: float
    high: float
    score: float
    """Their mean score."""
    breaches: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A comment of the corpus that was judged wrongly for one category."""

    text: str
    labels: tuple[str, ...]
    flags: tuple[str, ...]
    issue: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What a page shows of one category beyond its figures."""

    category: str
    auc: Interval | None
    average_precision: Interval | None
    precision: Interval | None
    recall: Interval | None
    false_flags: Interval | None
    """These three at least as wide as Wilson's."""
    tradeoff: tuple[tuple[float, float], ...]
    """(recall, precision) from the highest threshold to the lowest."""
    bins: tuple[Bin, ...]
    missed: tuple[Example, ...]
    wrongly_flagged: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Comments that break this clause (or "nothing"), and as what they are flagged."""

    truth: str
    comments: int
    flagged: Mapping[str, int]
    """By category, and "nothing" for those not flagged at all; a comment may be flagged as several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    issues: int
    categories: tuple[Detail, ...]
    confusion: tuple[Confusion, ...]


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
    members: tuple[Calibration, ...] = ()
    public: tuple[CategoryReport, ...] = ()
    """The same over public sources that the model never learned from."""
    public_viewpoints: tuple[Slice, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())
    details: Details | None = None
    """Evaluation's; training needs none."""

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)
