"""Who decides what the bot queues: a moderator, and the records officer who releases deletions."""

from __future__ import annotations

import contextlib
import random

import sqlalchemy as sa

from modbot import deletions, proposals, wiring
from modbot.errors import DecisionRefused, NotAllowed, StaleCase
from modbot.store import table
from modbot.tables import Action, Case, Proposal, Unscored, User
from tests.faults.worker import review
from tests.modbot.scene import District

OFFICER = "rex"


class Staff:
    def __init__(self, here: District, chance: random.Random) -> None:
        self._store = here.store
        self._chance = chance
        with here.store.write() as tx:
            seq = tx.record("user.added", f"user:{OFFICER}", {"role": "records_officer"})
            tx.add(User, name=OFFICER, added=seq, full_name="Rex", role="records_officer", active=True)

    def work(self, bot: wiring.Bot, *, undoing: bool = True) -> None:
        """Decide some of what waits, and now and then take a decision back."""
        review(bot, self._chance.random if undoing else lambda: 1.0)
        self._release()

    def waiting(self, bot: wiring.Bot) -> list[str]:
        """What is not settled yet, in words."""
        wanted = (
            (table(Unscored), sa.true()),
            (table(Action), table(Action).c.state == "pending"),
            (table(Case), table(Case).c.state.in_(("open", "claimed"))),
            (table(Proposal), table(Proposal).c.state == proposals.WAITING),
        )
        with bot.store.read() as connection:
            counts = {
                rows.name: connection.execute(
                    sa.select(sa.func.count()).select_from(rows).where(which)
                ).scalar_one()
                for rows, which in wanted
            }
        return [f"{count} {name} waiting" for name, count in counts.items() if count]

    def _release(self) -> None:
        cases, waiting = table(Case), table(Proposal)
        found = (
            sa.select(cases.c.id, cases.c.version)
            .where(cases.c.id.in_(sa.select(waiting.c.case_id).where(waiting.c.state == proposals.WAITING)))
            .order_by(cases.c.id)
            .limit(5)
        )
        with self._store.read() as connection:
            rows = connection.execute(found).all()
        for row in rows:
            with contextlib.suppress(StaleCase, DecisionRefused, NotAllowed):
                deletions.release_case(self._store, row.id, row.version, OFFICER, "It breaks the clause.")
