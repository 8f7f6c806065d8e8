"""The learned models on record: at most one in shadow, at most one adopted, and the way back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import case_rows
from modbot.config import Settings
from modbot.errors import ConfigError, NotAllowed, StaleCase, Words
from modbot.learning.in_use import ADOPTED, folder_of, unlike
from modbot.roles import LEADS
from modbot.store import Store, Transaction, bodies_of, table
from modbot.tables import LearnedModel, ShadowScore

learned, shadow_scores = table(LearnedModel), table(ShadowScore)

SHADOW, REPLACED, DROPPED = "shadow", "replaced", "dropped"
LIST = "See them with: modbot models learned"
STATES = {
    SHADOW: Words("in shadow"),
    ADOPTED: Words("adopted"),
    REPLACED: Words("replaced"),
    DROPPED: Words("dropped"),
}
"""Each state as people call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A learned model as people see it. `figures`: what it was learned from and how it did in the checks."""

    id: int
    folder: str
    manifest: str
    learned_by: str
    at: datetime
    state: str
    before: int | None
    failures: int
    failure: str
    figures: Mapping[str, Any]


def everything(connection: Connection) -> list[Learned]:
    """The newest first."""
    rows = connection.execute(sa.select(learned).order_by(learned.c.id.desc())).all()
    return _read(connection, rows)


def in_state(connection: Connection, state: str) -> Learned | None:
    rows = connection.execute(sa.select(learned).where(learned.c.state == state)).all()
    found = _read(connection, rows)
    return found[0] if found else None


def _read(connection: Connection, rows: Any) -> list[Learned]:
    bodies = bodies_of(connection, [row.id for row in rows])
    return [
        Learned(
            id=row.id,
            folder=row.folder,
            manifest=row.manifest,
            learned_by=row.learned_by,
            at=row.at,
            state=row.state,
            before=row.before,
            failures=row.failures,
            failure=row.failure,
            figures=bodies.get(row.id, {}),
        )
        for row in rows
    ]


def refuse_others(tx: Transaction, by: str) -> None:
    """What scores everybody's comments is for leads to say. Raises NotAllowed."""
    if case_rows.active(tx, by) not in LEADS:
        raise NotAllowed("%(by)s may not say which models are used.", remedy="Ask a lead.", by=by)


def refuse_second(connection: Connection) -> None:
    """Raises ConfigError while another model works in shadow."""
    waiting = in_state(connection, SHADOW)
    if waiting is not None:
        raise ConfigError(
            "Model %(number)s works in shadow already.",
            remedy="Compare it first (modbot models compare), then: modbot models adopt %(number)s, "
            "or modbot models drop %(number)s",
            number=waiting.id,
        )


def add(tx: Transaction, folder: str, manifest: str, by: str, figures: Mapping[str, Any]) -> int:
    """Put a model that passed every check on record, in shadow; returns its number."""
    refuse_second(tx.connection)
    number = tx.record("model.learned", "model:{seq}", dict(figures), actor=by)
    about = {"folder": folder, "manifest": manifest, "learned_by": by, "at": tx.now, "state": SHADOW}
    tx.add(LearnedModel, id=number, before=None, compared_to=0, failures=0, failure="", **about)
    return number


def adopt(store: Store, settings: Settings, number: int, by: str) -> None:
    """From the next comment on it scores in the place of the models before it.

    Raises NotAllowed, StaleCase for one that is not in shadow, or ConfigError where its files are not as
    they were checked.
    """
    with store.write() as tx:
        refuse_others(tx, by)
        row = _locked(tx, number)
        if row.state != SHADOW:
            raise StaleCase(
                "Model %(number)s is not in shadow: it is %(state)s.",
                remedy=LIST,
                number=number,
                state=STATES[row.state],
            )
        _refuse_unlike(settings, row)
        before = in_state(tx.connection, ADOPTED)
        if before is not None:
            _set(tx, before.id, state=REPLACED)
        _set(tx, number, state=ADOPTED, before=before and before.id)
        body = {"model": number, "before": before and before.id, "manifest": row.manifest}
        tx.record("model.adopted", f"model:{number}", body, actor=by)


def back(store: Store, settings: Settings, by: str) -> int | None:
    """The models before the adopted one score again; returns their number, None for the shipped ones."""
    with store.write() as tx:
        refuse_others(tx, by)
        current = in_state(tx.connection, ADOPTED)
        if current is None:
            raise StaleCase("No learned model is in use, so there is no way back.", remedy=LIST)
        number = _still_there(tx, current.before)
        if number is not None:
            _refuse_unlike(settings, _locked(tx, number))
            _set(tx, number, state=ADOPTED)
        _set(tx, current.id, state=REPLACED)
        body = {"model": current.id, "now": number}
        tx.record("model.returned", f"model:{current.id}", body, actor=by)
        return number


def drop(store: Store, settings: Settings, number: int, by: str) -> None:
    """Its files and what it said in shadow go; what was learned and how it did stays on record."""
    with store.write() as tx:
        refuse_others(tx, by)
        row = _locked(tx, number)
        if row.state not in (SHADOW, REPLACED):
            raise StaleCase(
                "Model %(number)s cannot be dropped: it is %(state)s.",
                remedy=LIST,
                number=number,
                state=STATES[row.state],
            )
        user = tx.execute(
            sa.select(learned.c.id).where(learned.c.before == number, learned.c.state == ADOPTED)
        ).scalar()
        if user is not None:
            raise StaleCase(
                "Model %(number)s is the way back from model %(user)s, which is in use.",
                remedy=LIST,
                number=number,
                user=user,
            )
        tx.execute(sa.delete(shadow_scores).where(shadow_scores.c.model_id == number))
        _set(tx, number, state=DROPPED)
        tx.record("model.dropped", f"model:{number}", {"model": number}, actor=by)
    shutil.rmtree(folder_of(settings, row.folder), ignore_errors=True)


def _still_there(tx: Transaction, number: int | None) -> int | None:
    """That model, or the nearest before it that was not dropped; None for the shipped ones."""
    while number is not None and _locked(tx, number).state == DROPPED:
        number = _locked(tx, number).before
    return number


def _locked(tx: Transaction, number: int) -> sa.Row[Any]:
    row = tx.execute(sa.select(learned).where(learned.c.id == number).with_for_update()).first()
    if row is None:
        raise StaleCase("There is no learned model %(number)s.", remedy=LIST, number=number)
    return row


def _set(tx: Transaction, number: int, **values: Any) -> None:
    tx.execute(sa.update(learned).where(learned.c.id == number).values(**values))


def _refuse_unlike(settings: Settings, row: sa.Row[Any]) -> None:
    trouble = unlike(folder_of(settings, row.folder), row.manifest)
    if trouble:
        raise ConfigError(
            "Model %(number)s cannot be used: %(trouble)s.",
            remedy="Restore the folder from a backup, or drop the model and learn again.",
            number=row.id,
            trouble=trouble,
        )
