"""Every figure there is: its name, what it counts, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from modbot.rulings import REFERRALS

WITHHELD: Literal["withheld"] = "withheld"
"""In the place of a number that the public version does not tell."""

LEAST = 10
"""The smallest count of people's doings that everybody is told."""
Value = int | float | None | Literal["withheld"]
"""None: there was nothing to measure."""


class Key(NamedTuple):
    """`by` says along what a figure is broken down, `which` names the part; both empty for the total."""

    name: str
    by: str = ""
    which: str = ""


Figures = Mapping[Key, Value]


class Seen(StrEnum):
    """Who sees a figure."""

    COUNTED = "counted"
    """Everybody, but no number under ten: it counts what people wrote or did."""
    OPEN = "open"
    """Everybody: it says something about the machine."""
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Meaning:
    label: str
    unit: str
    seen: Seen
    text: str
    """What it counts, for the reader who asks."""
    rests_on: tuple[str, ...] = ()
    """The counts behind it: where one of them is under `least` or withheld, so is this."""
    least: int = LEAST
    whole_only: bool = False
    """Everybody sees the total alone: what it is broken down into overlaps, so it cannot be protected."""


MEANINGS = {
    "seen": Meaning(
        "New comments", "comments", Seen.COUNTED, "Comments that were archived for the first time."
    ),
    "edited": Meaning("Edits", "edits", Seen.COUNTED, "Later wordings of comments, each archived as well."),
    "gone": Meaning(
        "Gone from the page",
        "comments",
        Seen.COUNTED,
        "Comments that their author or the platform took down.",
    ),
    "flagged": Meaning(
        "Flagged",
        "comments",
        Seen.COUNTED,
        "Wordings that may break a clause in the machine's opinion; each counts under its likeliest clause.",
    ),
    "not_scored": Meaning(
        "Not scored",
        "comments",
        Seen.COUNTED,
        "Comments that the classifiers could not judge; a person looks.",
    ),
    "reviewed": Meaning(
        "Decided by a person",
        "comments",
        Seen.COUNTED,
        "Comments that a person left up, hid or proposed to delete during the week.",
    ),
    "left_up": Meaning(
        "Left up", "comments", Seen.COUNTED, "Of the decided: those that stay for everybody to read."
    ),
    "hidden": Meaning(
        "Hidden",
        "comments",
        Seen.COUNTED,
        "Of the decided: those that a person hid under the clause they broke.",
    ),
    "proposed": Meaning(
        "Proposed for deletion",
        "comments",
        Seen.COUNTED,
        "Of the decided: those to be deleted where nothing can be hidden. They stay up until released.",
    ),
    "deleted": Meaning(
        "Deleted for good",
        "comments",
        Seen.COUNTED,
        "Comments that the platform deleted after a records officer had released them.",
    ),
    "restored": Meaning(
        "Restored",
        "comments",
        Seen.COUNTED,
        "Hidden comments that the platform shows again after a person said so.",
    ),
    "overturned": Meaning(
        "Overturned",
        "decisions",
        Seen.COUNTED,
        "Decisions to hide that another person than the first took back.",
    ),
    "appeals_filed": Meaning(
        "Appeals", "appeals", Seen.COUNTED, "Requests by authors to look again at what was hidden."
    ),
    "appeals_decided": Meaning(
        "Appeals decided",
        "appeals",
        Seen.COUNTED,
        "By an appeals officer, who had no part in the decision.",
        ("appeals_filed",),
    ),
    "appeals_overturned": Meaning(
        "Appeals granted",
        "appeals",
        Seen.COUNTED,
        "Of the decided: the comment is shown again.",
        ("appeals_decided",),
    ),
    "appeals_upheld": Meaning(
        "Appeals refused",
        "appeals",
        Seen.COUNTED,
        "Of the decided: the comment stays hidden.",
        ("appeals_decided",),
    ),
    "appeals_waiting": Meaning(
        "Appeals waiting", "appeals", Seen.INTERNAL, "Not decided when the week ended."
    ),
    "corrected": Meaning(
        "Corrected",
        "decisions",
        Seen.COUNTED,
        "Decisions to hide that the same person took back, slips included.",
    ),
    "carried_out": Meaning(
        "Hidden on the page", "comments", Seen.INTERNAL, "Hides that the platform confirmed during the week."
    ),
    "failed": Meaning(
        "Not possible",
        "actions",
        Seen.COUNTED,
        "Decided changes that the platform refused; a person has to act.",
    ),
    "cases_opened": Meaning(
        "Cases opened", "cases", Seen.INTERNAL, "Near-identical comments share one case."
    ),
    "cases_decided": Meaning(
        "Cases decided", "cases", Seen.INTERNAL, "Cases that got their first decision to hide or leave up."
    ),
    "waiting": Meaning("Waiting", "cases", Seen.COUNTED, "Cases without a decision when the week ended."),
    "oldest_hours": Meaning(
        "Oldest waiting",
        "hours",
        Seen.OPEN,
        "How long the oldest such case had been open, or open again, when the week ended.",
        ("waiting",),
    ),
    "decision_median_hours": Meaning(
        "Time to decision, median",
        "hours",
        Seen.OPEN,
        "Half of the cases decided in the week were decided within this time after they were opened.",
        ("cases_decided",),
    ),
    "decision_p90_hours": Meaning(
        "Time to decision, 90th percentile",
        "hours",
        Seen.OPEN,
        "Nine of ten were decided within it.",
        ("cases_decided",),
    ),
    "urgent": Meaning(
        "Possible threats",
        "comments",
        Seen.COUNTED,
        "Comments whose verdict was urgent: a person looks at once.",
    ),
    "urgent_unseen": Meaning(
        "Threats not yet looked at", "comments", Seen.COUNTED, "Of these, not looked at when the week ended."
    ),
    "view_in_time": Meaning(
        "Threats looked at in time", "comments", Seen.COUNTED, "Of these, looked at within 15 minutes."
    ),
    "view_late": Meaning(
        "Threats looked at late", "comments", Seen.COUNTED, "Of these, looked at after more than 15 minutes."
    ),
    "view_median_minutes": Meaning(
        "First look at a threat, median",
        "minutes",
        Seen.OPEN,
        "From the verdict until a person took the case, decided it or acknowledged the alert.",
        ("urgent",),
        # Half of fewer would say something of how many were late, where that is withheld.
        least=2 * LEAST,
    ),
    "view_longest_minutes": Meaning(
        "First look at a threat, longest", "minutes", Seen.INTERNAL, "The slowest first look of the week."
    ),
    "referred": Meaning(
        "Referred", "comments", Seen.COUNTED, "Comments that a person passed on, each to whom it went last."
    ),
    "referred_threat": Meaning(
        "Referred to the safety team", "comments", Seen.COUNTED, "Of the referred: as a possible threat."
    ),
    "referred_privacy": Meaning(
        "Referred to the privacy officer",
        "comments",
        Seen.COUNTED,
        "Of the referred: for a student's private matters.",
    ),
    "referred_civil_rights": Meaning(
        "Referred to the civil-rights officer",
        "comments",
        Seen.COUNTED,
        "Of the referred: somebody may be harassed for who they are.",
    ),
    "captured": Meaning(
        "Watched", "percent", Seen.OPEN, "Share of the time in which the page could be read."
    ),
    "gap_hours": Meaning("Not readable", "hours", Seen.OPEN, "Time in which the page could not be read."),
    "partly_hours": Meaning(
        "Read in part",
        "hours",
        Seen.OPEN,
        "Time in which a part of the page, such as one channel or video, was closed to modbot.",
    ),
    "second_looks": Meaning(
        "Second looks",
        "cases",
        Seen.COUNTED,
        "Cases that a second person judged without knowing the first choice.",
        whole_only=True,
    ),
    "second_agreed": Meaning(
        "Second looks that agreed", "cases", Seen.INTERNAL, "Of these, where both chose the same."
    ),
    "second_differed": Meaning(
        "Second looks that differed", "cases", Seen.INTERNAL, "Of these, where the two chose differently."
    ),
    "agreement": Meaning(
        "Agreement of two reviewers",
        "alpha",
        Seen.OPEN,
        "Krippendorff's alpha: 1 is full agreement, 0 is chance. Below 0.667 a clause should only advise.",
        # With the number of looks, alpha nearly tells how many of them differed.
        ("second_looks", "second_agreed", "second_differed"),
        whole_only=True,
    ),
    "pairs": Meaning(
        "Matched pairs",
        "pairs",
        Seen.OPEN,
        "The same words for and against, put before the classifiers that scored the week's comments.",
    ),
    "pairs_first_only": Meaning(
        "Only the first flagged", "pairs", Seen.OPEN, "Of these, where the first side alone was flagged."
    ),
    "pairs_second_only": Meaning(
        "Only the second flagged", "pairs", Seen.OPEN, "Of these, where the second side alone was flagged."
    ),
    "pairs_low": Meaning(
        "Difference, at least",
        "points",
        Seen.OPEN,
        "Lower end of the 90 percent interval of the difference between the sides, in points of a hundred.",
    ),
    "pairs_high": Meaning("Difference, at most", "points", Seen.OPEN, "Its upper end."),
    "changes": Meaning(
        "Changes of the rules", "changes", Seen.OPEN, "Changes of policy, lists, models, thresholds."
    ),
    "requests_received": Meaning(
        "Records requests",
        "requests",
        Seen.COUNTED,
        "Public-records requests about comments or their moderation that somebody entered.",
    ),
    "requests_answered": Meaning(
        "Records requests answered",
        "requests",
        Seen.COUNTED,
        "By a records officer, during the week.",
        ("requests_received",),
    ),
    "requests_waiting": Meaning(
        "Records requests waiting", "requests", Seen.INTERNAL, "Not answered when the week ended."
    ),
    "disposed": Meaning(
        "Records disposed of", "records", Seen.COUNTED, "Entries whose words the records officer released."
    ),
}
"""In the order in which they are listed."""

REFERRED = {each: f"referred_{each}" for each in REFERRALS}
"""The figure of each kind of referral; together they are `referred`."""
DECIDED = ("reviewed", "left_up", "hidden", "proposed", "restored")
COVERED = {"appeals_decided": "appeals_filed", "requests_answered": "requests_received"}
"""What leaves a queue, with what comes into it. Who adds up the weeks knows that no more left than came."""
PARTED = ("seen", "edited", "gone", "flagged", "not_scored", *DECIDED)
"""What is counted by page, platform and school."""
BY_CLAUSE = ("flagged", *DECIDED)
"""`proposed` is there only where a page can hide nothing: elsewhere it is always zero, and to withhold a zero
would mean to withhold what stands beside it."""
NO_CLAUSE = "-"
"""Stands for the clause of a comment that no clause was named for."""
