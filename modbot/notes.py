"""Notes on a case, for colleagues; on record like everything else."""

from __future__ import annotations

from modbot import case_rows
from modbot.errors import DecisionRefused
from modbot.store import Store
from modbot.tables import Note

LONGEST = 4_000
"""Characters of one note."""


def write(store: Store, case_id: int, by: str, text: str) -> int:
    """Returns the note's number. Raises NotAllowed, StaleCase, or DecisionRefused: too short, too long."""
    if not text.strip() or len(text) > LONGEST:
        raise DecisionRefused("A note has between 1 and 4,000 characters.", remedy="Write a shorter one.")
    with store.write() as tx:
        case_rows.decider(tx, by)
        case_rows.locked(tx, case_id)
        body = {"case": case_id, "text": text.strip()}
        number = tx.record("case.noted", f"case:{case_id}", body, actor=by)
        tx.add(Note, id=number, case_id=case_id, written_by=by, at=tx.now)
    return number
