"""Whether a person sees the machine's opinion before making up their own mind."""

from __future__ import annotations

import hashlib


def comes_after(case_id: int, person: str, share: float) -> bool:
    """True for `share` of all pairs of a case and a person, always the same ones.

    Then the screen shows why the machine picked the comment only after the person's first choice, so that
    what people decide by themselves can be told from what they decide with it.
    """
    drawn = hashlib.sha256(f"{case_id} {person}".encode()).digest()[:8]
    return int.from_bytes(drawn, "big") / 2**64 < share
