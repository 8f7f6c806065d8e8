"""A learned model's card: what it was learned from and how it did in the checks. Nobody's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEAD = """# Model card: linear, corrected by decisions of {district}

Written by modbot; do not edit. The words it learned from are this district's and stay in this folder.

**What it is.** The member `linear` and the joining rules of the models in use when it was learned
({base}), with a small step away from them: what the words of decided cases add, drawn towards zero,
and a calibration drawn towards none.

**What it was learned from.** {cases} cases that two people decided alike, by {persons} people,
decided from {first} to {last}. What stands in fewer than three of these cases moves nothing.

| category | hidden | left up | surprise before | surprise now |
|---|---|---|---|---|
"""
CHECKS = """
Surprise is the mean log loss of the joined score over these cases, by models that had not seen the case.

**Neutrality**: of {pairs} pairs of opposite opinions the first side is flagged {difference:+.1%} more often
(90 %: {low:+.1%} to {high:+.1%}).

**The project's corpus**: of {permissible} comments that break nothing it flags {flagged}, the models before
flagged {flagged_before}.

| category | breaches | found before | found now |
|---|---|---|---|
"""
LIMITS = """
## Limits

- People see what the machine flags. What it misses, they cannot teach it by deciding.
- It repeats what was decided. If decisions lean to one side, so would it: against that stands the neutrality
  check.
- It belongs to the models it was learned on. After an update of modbot, learn again.
"""


def card(figures: Mapping[str, Any], district: str) -> str:
    """Markdown."""
    categories = [
        f"| {name} | {one['hidden']} | {one['left_up']} "
        f"| {one['surprise_before']:.3f} | {one['surprise']:.3f} |\n"
        for name, one in figures["categories"].items()
    ]
    corpus = figures["corpus"]
    recall = [
        f"| {name} | {one['breaches']} | {one['found_before']} | {one['found']} |\n"
        for name, one in corpus["recall"].items()
    ]
    days = {key: figures[key][:10] for key in ("first", "last")}
    head = HEAD.format(**{**figures, **days, "district": district})
    return "".join([head, *categories, CHECKS.format(**corpus, **figures["neutrality"]), *recall, LIMITS])
