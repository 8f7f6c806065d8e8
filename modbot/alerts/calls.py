"""A call: the people on call are alerted one after the other until one of them answers.

A step of a call and the messages it causes are one transaction, so that a stop at any instant leaves out no
person and repeats none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot.alerts import raising
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.config import Settings
from modbot.errors import StaleCase
from modbot.store import Readable, Store, Transaction, body_of, table, utcnow
from modbot.tables import Alert, Call, Decision, Delivery

calls, alerts, deliveries, decisions = table(Call), table(Alert), table(Delivery), table(Decision)

GOES_ON = (About.SCORER_DOWN,)
"""Does not pass because somebody has answered: nobody is alerted again until it has passed by itself."""
_RINGING = (
    sa.select(alerts.c.case_id, calls.c.id)
    .join(alerts, alerts.c.id == calls.c.alert_id)
    .where(calls.c.state == "calling", ~alerts.c.drill, alerts.c.case_id.is_not(None))
)
NOT_NEEDED = "the call is over"
NOBODY_ON_CALL = timedelta(minutes=1)
"""How often an empty chain is looked at again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A call as people see it."""

    id: int
    alert_id: int
    case_id: int | None
    says: str
    drill: bool
    state: str
    step: int
    started_at: datetime
    next_at: datetime
    acknowledged_by: str
    acknowledged_at: datetime | None


def start(tx: Transaction, settings: Settings, news: News, *, by: str = "modbot") -> int | None:
    """Raise an urgent alert and alert the first person; the call's number, None if it is under way."""
    alert_id = raising.raise_alert(tx, settings, news)
    if alert_id is None:
        return None
    body = {"alert": alert_id, "case": news.case_id, "drill": news.drill}
    seq = tx.record("call.started", "call:{seq}", body, actor=by)
    tx.add(Call, id=seq, alert_id=alert_id, state="calling", step=0, next_at=tx.now, acknowledged_by="")
    _step(tx, settings, seq, alert_id, 0)
    return seq


def go_on(store: Store, settings: Settings) -> int:
    """Alert the next person wherever it is time, and see who has decided; returns how many calls moved."""
    people = len(settings.on_call.person)
    with store.read() as connection:
        waiting = connection.execute(_calling(utcnow(), people)).all()
        answered = _answered_by_deciding(connection)
    for call_id, by in answered:
        acknowledge(store, call_id, by, "decision")
    for row in waiting:
        with store.write() as tx:
            its_time = _calling(tx.now, people).where(calls.c.id == row.id)
            again = tx.execute(its_time.with_for_update()).first()
            if again is not None:
                _step(tx, settings, row.id, row.alert_id, again.step)
    return len(waiting) + len(answered)


def acknowledge(store: Store, call_id: int, by: str, how: str) -> Seen:
    """A person answered: `how` is link, page, command or decision. Raises StaleCase if there is no such call.

    Who was first stays; answering again changes nothing.
    """
    with store.write() as tx:
        row = tx.execute(sa.select(calls).where(calls.c.id == call_id).with_for_update()).first()
        if row is None:
            raise _no_call(call_id)
        if row.state == "calling":
            tx.record("call.acknowledged", f"call:{call_id}", {"how": how, "step": row.step}, actor=by)
            _close(
                tx, call_id, row.alert_id, state="acknowledged", acknowledged_by=by, acknowledged_at=tx.now
            )
    return look(store, call_id)


def end_drill(store: Store, settings: Settings, call_id: int, by: str = "modbot") -> None:
    """End a drill and tell everybody who was alerted that it was one. Raises StaleCase."""
    with store.write() as tx:
        both = sa.select(calls, alerts.c.drill).join(alerts, alerts.c.id == calls.c.alert_id)
        row = tx.execute(both.where(calls.c.id == call_id)).first()
        if row is None or not row.drill:
            raise StaleCase(
                "There is no drill %(call)s.", remedy="See them with: modbot alert list", call=call_id
            )
        if row.state == "ended":
            return
        tx.record("call.ended", f"call:{call_id}", {"step": row.step}, actor=by)
        _close(tx, call_id, row.alert_id, state="ended")
        _tell_it_is_over(tx, settings, row.alert_id, call_id)


def over(tx: Transaction, key: str) -> None:
    """What was told has passed: nobody else is alerted, and if it comes again, it is told again."""
    alert_id = raising.standing(tx, key)
    if alert_id is None:
        return
    calling = sa.select(calls.c.id, calls.c.step).where(
        calls.c.alert_id == alert_id, calls.c.state == "calling"
    )
    row = tx.execute(calling).first()
    if row is not None:
        tx.record("call.ended", f"call:{row.id}", {"step": row.step})
        _close(tx, row.id, alert_id, state="ended")
    raising.over(tx, key)


def look(store: Store, call_id: int) -> Seen:
    """Raises StaleCase if there is no such call."""
    found = list_of(store, calls.c.id == call_id)
    if not found:
        raise _no_call(call_id)
    return found[0]


def ringing(store: Readable) -> dict[int, int]:
    """Case → the call about it that nobody has answered yet."""
    with store.read() as connection:
        return {row.case_id: row.id for row in connection.execute(_RINGING)}


def list_of(store: Store, *conditions: Any, limit: int = 50) -> Sequence[Seen]:
    """Calls, newest first."""
    with store.read() as connection:
        rows = connection.execute(
            sa.select(calls, alerts.c.case_id, alerts.c.drill, alerts.c.raised_at)
            .join(alerts, alerts.c.id == calls.c.alert_id)
            .where(*conditions)
            .order_by(calls.c.id.desc())
            .limit(limit)
        ).all()
        return [
            Seen(
                id=row.id,
                alert_id=row.alert_id,
                case_id=row.case_id,
                says=(body_of(connection, row.alert_id) or {}).get("says", ""),
                drill=row.drill,
                state=row.state,
                step=row.step,
                started_at=row.raised_at,
                next_at=row.next_at,
                acknowledged_by=row.acknowledged_by,
                acknowledged_at=row.acknowledged_at,
            )
            for row in rows
        ]


def _step(tx: Transaction, settings: Settings, call_id: int, alert_id: int, done: int) -> None:
    chain = settings.on_call.person
    if not chain:
        next_at = tx.now + NOBODY_ON_CALL
        tx.execute(sa.update(calls).where(calls.c.id == call_id).values(next_at=next_at))
        return
    person, step = chain[done % len(chain)], done + 1
    tx.record("call.person", f"call:{call_id}", {"step": step, "person": person.name})
    apart = timedelta(seconds=settings.on_call.channel_seconds)
    due = [tx.now + number * apart for number in range(len(person.channels))]
    raising.send(tx, alert_id, person.channels, step=step, person=person.name, due=due)
    next_at = tx.now + timedelta(minutes=settings.on_call.step_minutes)
    tx.execute(sa.update(calls).where(calls.c.id == call_id).values(step=step, next_at=next_at))


def _calling(now: datetime, people: int) -> sa.Select[Any]:
    """Calls whose next person's turn it is: after the pause, or once no channel took the last one's message.

    Without a pause only until everybody had a turn: where nothing works, nobody is asked again and again.
    """
    d = deliveries.c
    hopeful = sa.exists().where(
        d.alert_id == calls.c.alert_id, d.step == calls.c.step, sa.or_(d.failure == "", d.state == "sent")
    )
    unreachable = sa.and_(calls.c.step > 0, calls.c.step < people, ~hopeful)
    return sa.select(calls).where(calls.c.state == "calling", sa.or_(calls.c.next_at <= now, unreachable))


def _answered_by_deciding(connection: Connection) -> list[tuple[int, str]]:
    """Whoever decides the case has seen it."""
    rows = connection.execute(
        sa.select(calls.c.id, decisions.c.decided_by)
        .join(alerts, alerts.c.id == calls.c.alert_id)
        .join(decisions, decisions.c.case_id == alerts.c.case_id)
        .where(calls.c.state == "calling", decisions.c.id > calls.c.id)
        .order_by(decisions.c.id)
    )
    first: dict[int, str] = {}
    for row in rows:
        first.setdefault(row.id, row.decided_by)
    return list(first.items())


def _close(tx: Transaction, call_id: int, alert_id: int, **values: Any) -> None:
    """Nobody else needs to be alerted."""
    tx.execute(sa.update(calls).where(calls.c.id == call_id).values(**values))
    d = deliveries.c
    unsent = (d.alert_id == alert_id, d.step > 0, d.state.in_(("waiting", "due")))
    left = tx.execute(sa.select(deliveries).where(*unsent).order_by(d.step, d.place)).all()
    raising.drop(tx, left, NOT_NEEDED)
    told = tx.execute(sa.select(alerts.c.key, alerts.c.about).where(alerts.c.id == alert_id)).one()
    if told.about not in GOES_ON:
        raising.over(tx, told.key)


def _tell_it_is_over(tx: Transaction, settings: Settings, alert_id: int, call_id: int) -> None:
    d = deliveries.c
    told = tx.execute(
        sa.select(d.channel).distinct().where(d.alert_id == alert_id, d.attempts > 0).order_by(d.channel)
    ).scalars()
    configured = [name for name in told if settings.alerts.named(name) is not None]
    says = "The drill is over. Nothing happened and nobody needs to do anything. Thank you."
    body: dict[str, Any] = {
        "about": About.DRILL_OVER,
        "says": says,
        "case": None,
        "page": "",
        "clauses": [],
        "drill": True,
    }
    seq = tx.record("alert.raised", "alert:{seq}", body)
    tx.add(
        Alert,
        id=seq,
        about=About.DRILL_OVER.value,
        key=f"drill_over:{call_id}",
        page="",
        drill=True,
        raised_at=tx.now,
        over_at=tx.now,
    )
    for number, channel in enumerate(configured):
        raising.send(tx, seq, [channel], ladder=number)


def _no_call(call_id: int) -> StaleCase:
    return StaleCase("There is no call %(call)s.", remedy="See them with: modbot alert list", call=call_id)
