"""Alerts as people see them: what came up, who was told, what is stuck. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.alerts.settings import About
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import Alert, Call, Delivery

alerts, calls, deliveries = table(Alert), table(Call), table(Delivery)

STUCK_AFTER = 5
"""Attempts after which a message is called stuck; it is still tried."""
LATE = timedelta(minutes=1)
"""A message that has been due for so long was not sent by anybody."""


UNANSWERED = timedelta(minutes=10)
"""A call that nobody has answered for so long is told."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message on its way."""

    step: int
    channel: str
    person: str
    state: str
    attempts: int
    failure: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One alert. `call` is the number of its call, None where nobody is called."""

    id: int
    at: datetime
    about: str
    says: str
    drill: bool
    over_at: datetime | None
    call: int | None
    call_state: str
    answered_by: str
    told: tuple[Told, ...]


def newest(store: Store, limit: int = 30) -> Sequence[Listed]:
    return _listed(store, None, limit)


def one(store: Store, alert_id: int) -> Listed | None:
    return next(iter(_listed(store, alert_id, 1)), None)


def last_drill(store: Store) -> datetime | None:
    """When the last drill began."""
    drills = sa.select(sa.func.max(alerts.c.raised_at)).where(alerts.c.drill, alerts.c.about == About.URGENT)
    with store.read() as connection:
        found: datetime | None = connection.execute(drills).scalar()
        return found


@dataclass(frozen=True, slots=True)
class Trouble:
    """What health tells of alerts."""

    stuck: int
    """Messages that were tried often, or that nobody sends."""
    unanswered: int
    """Calls that nobody has answered for long, and those that alert nobody; drills left out."""


def trouble(connection: Connection) -> Trouble:
    now = utcnow()
    d = deliveries.c
    unsent = d.state.in_(("due", "sending"))
    unsent_for_long = sa.and_(d.due_at < now - LATE, d.attempts == 0)
    stuck = sa.select(sa.func.count()).where(unsent, sa.or_(d.attempts >= STUCK_AFTER, unsent_for_long))
    for_long = alerts.c.raised_at < now - UNANSWERED
    nobody = sa.and_(calls.c.step == 0, alerts.c.raised_at < now - LATE)
    unanswered = (
        sa.select(sa.func.count())
        .select_from(calls.join(alerts))
        .where(calls.c.state == "calling", ~alerts.c.drill, sa.or_(for_long, nobody))
    )
    return Trouble(connection.execute(stuck).scalar_one(), connection.execute(unanswered).scalar_one())


def _listed(store: Store, alert_id: int | None, limit: int) -> Sequence[Listed]:
    a = alerts.c
    wanted = sa.select(
        alerts, calls.c.id.label("call"), calls.c.state.label("call_state"), calls.c.acknowledged_by
    ).select_from(alerts.outerjoin(calls, calls.c.alert_id == a.id))
    if alert_id is not None:
        wanted = wanted.where(a.id == alert_id)
    d = deliveries.c
    with store.read() as connection:
        rows = connection.execute(wanted.order_by(a.id.desc()).limit(limit)).all()
        ids = [row.id for row in rows]
        says = bodies_of(connection, ids)
        sent = connection.execute(
            sa.select(deliveries).where(d.alert_id.in_(ids)).order_by(d.alert_id, d.step, d.ladder, d.place)
        ).all()
    return [
        Listed(
            id=row.id,
            at=row.raised_at,
            about=row.about,
            says=says.get(row.id, {}).get("says", ""),
            drill=row.drill,
            over_at=row.over_at,
            call=row.call,
            call_state=row.call_state or "",
            answered_by=row.acknowledged_by or "",
            told=tuple(
                Told(each.step, each.channel, each.person, each.state, each.attempts, each.failure)
                for each in sent
                if each.alert_id == row.id
            ),
        )
        for row in rows
    ]
