"""Deliveries from due to sent: leased, tried, tried again, and the next channel when one fails.

A delivery is marked as being sent before it is. Who finds such a mark of a process that has ended cannot know
whether the message left, no more than after an attempt without an answer, and sends it again under the same
key: the receiver of a signed webhook drops the second one, mail servers see the same Message-ID, and the
message says that it may come twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from modbot.alerts import raising
from modbot.alerts.channels import ChannelFailed, ChannelRefused
from modbot.observe import redact_text
from modbot.store import Store, Transaction, storable, table, utcnow
from modbot.tables import Alert, Call, Delivery

deliveries, alerts, calls = table(Delivery), table(Alert), table(Call)

LEASE = timedelta(seconds=30)
"""How long sending may take before somebody else may try; a channel gives up earlier."""
LONGEST_WAIT = timedelta(minutes=5)
GIVEN_UP = timedelta(hours=24)
"""After so long an alert that is not a call's is no longer tried."""
AT_ONCE = 20
OF_EACH = 5
"""Messages on their way through one channel. More would wait there until they count as failed."""
EACH_NOTED = 12
"""So many failed attempts at a message are in the log one by one; then every twelfth, about one an hour."""
TOO_LATE = "it could not be sent for a day"
ANSWERED = "somebody answered before it was sent"
PASSED_OVER = "not tried yet: this channel did not take another message"


@dataclass(frozen=True, slots=True)
class Due:
    """One delivery that this process is to send now."""

    alert_id: int
    step: int
    channel: str
    person: str
    ladder: int
    place: int
    attempts: int
    """This one included."""
    digest: bool
    raised_at: datetime
    again: bool
    """An earlier attempt may have arrived."""
    failed_before: bool

    @property
    def key(self) -> str:
        return raising.key_of(self.alert_id, self.step, self.channel)


NOTHING: Mapping[str, int] = MappingProxyType({})
_AS_STORED = tuple(
    name for name in Due.__dataclass_fields__ if name not in ("attempts", "again", "failed_before")
)


def lease(store: Store, worker: str, busy: Mapping[str, int] = NOTHING) -> list[Due]:
    """What is due, marked as being sent by this worker. `busy`: what it has on its way, by channel."""
    d = deliveries.c
    has_room = d.channel.not_in([channel for channel, many in busy.items() if many >= OF_EACH])
    with store.read() as connection:
        due = _ready(sa.select(sa.func.count()), utcnow()).where(has_room)
        if connection.execute(due).scalar() == 0:
            return []
    with store.write(logged=False) as tx:
        rows = tx.execute(
            _ready(sa.select(deliveries, alerts.c.raised_at, calls.c.state.label("call")), tx.now)
            .select_from(deliveries.join(alerts).outerjoin(calls, calls.c.alert_id == alerts.c.id))
            .where(has_room)
            .order_by(d.step == 0, d.due_at, d.alert_id, d.place)
            .limit(AT_ONCE)
            .with_for_update(of=deliveries, skip_locked=True)
        ).all()
        answered = [row for row in rows if _is_answered(row)]
        needed = list(_with_room([row for row in rows if not _is_answered(row)], busy))
        for row in needed:
            values = {"state": "sending", "due_at": tx.now + LEASE, "attempts": row.attempts + 1}
            tx.execute(_this(row).values(**values, leased_by=worker))
    if answered:
        with store.write() as tx:
            raising.drop(tx, answered, ANSWERED)
    return [_due(row) for row in needed]


def _with_room(rows: Sequence[Any], busy: Mapping[str, int]) -> Iterator[Any]:
    """As many for each channel as it may have on its way. What shares one message counts for nothing."""
    many = Counter(busy)
    for row in rows:
        if row.digest or many[row.channel] < OF_EACH:
            many[row.channel] += not row.digest
            yield row


def _due(row: Any) -> Due:
    told = {name: row._mapping[name] for name in _AS_STORED}
    again = row.state == "sending" or row.in_doubt
    return Due(**told, attempts=row.attempts + 1, again=again, failed_before=row.failure != "")


def _is_answered(row: Any) -> bool:
    """Nobody else needs to be alerted, not even a person whose message was on its way when modbot stopped."""
    return bool(row.step > 0 and row.call != "calling")


def give_back(store: Store, worker: str) -> None:
    """What a worker of this name was sending when it ended is due at once."""
    d = deliveries.c
    with store.write(logged=False) as tx:
        mine = sa.update(deliveries).where(d.state == "sending", d.leased_by == worker)
        tx.execute(mine.values(due_at=tx.now))


def sent(store: Store, done: Sequence[Due], receipt: str) -> None:
    """One message that carried these deliveries was taken."""
    with store.write() as tx:
        for each in done:
            body = _told(each) | {"receipt": receipt, "attempts": each.attempts, "maybe_twice": each.again}
            seq = tx.record("alert.sent", f"alert:{each.alert_id}", body)
            tx.execute(_this(each).values(state="sent", receipt=seq, failure="", due_at=tx.now))
            _drop_stand_ins(tx, each)


def failed(store: Store, tried: Sequence[Due], error: ChannelFailed, wait: timedelta) -> None:
    """The channel did not take it: it is tried again after `wait`, and the next channel is used now."""
    failure = storable(redact_text(str(error)))[:500]
    with store.write() as tx:
        for each in tried:
            if each.attempts <= EACH_NOTED or each.attempts % EACH_NOTED == 0:
                body = _told(each) | {"failure": failure, "attempts": each.attempts}
                tx.record("alert.failed", f"alert:{each.alert_id}", body)
            too_late = each.step == 0 and tx.now - each.raised_at > GIVEN_UP
            values = {"state": "due", "due_at": tx.now + wait}
            still_mine = _this(each).where(deliveries.c.state == "sending")
            # A doubt stays, whatever the following attempts say.
            tx.execute(still_mine.values(**values, failure=failure, in_doubt=each.again or error.in_doubt))
            if not each.failed_before:
                _use_the_next(tx, each)
            if too_late:
                raising.drop(tx, tx.execute(sa.select(deliveries).where(*_is(each))).all(), TOO_LATE)
        if not isinstance(error, ChannelRefused):
            _pass_over(tx, tried[0].channel)


def pause(attempts: int, asked: float | None, *, lasting: bool) -> timedelta:
    """Until the next attempt: as the channel asks, else doubling; long where only a person can mend it."""
    if asked is not None:
        return min(timedelta(seconds=max(1.0, asked)), LONGEST_WAIT)
    return LONGEST_WAIT if lasting else min(timedelta(seconds=2.0 ** min(attempts, 9)), LONGEST_WAIT)


def _ready(statement: sa.Select[Any], now: datetime) -> sa.Select[Any]:
    d = deliveries.c
    return statement.where(d.state.in_(("due", "sending")), d.due_at <= now)


def _this(row: Any) -> sa.Update:
    return sa.update(deliveries).where(*_is(row))


def _is(row: Any) -> tuple[sa.ColumnElement[bool], ...]:
    d = deliveries.c
    return d.alert_id == row.alert_id, d.step == row.step, d.channel == row.channel


def _use_the_next(tx: Transaction, each: Any) -> None:
    """The following channel of the ladder that nobody has tried yet, at once."""
    d = deliveries.c
    same = (d.alert_id == each.alert_id, d.step == each.step, d.ladder == each.ladder)
    untried = (d.place > each.place, d.attempts == 0, d.state.in_(("waiting", "due")))
    row = tx.execute(sa.select(deliveries).where(*same, *untried).order_by(d.place).limit(1)).first()
    if row is not None:
        tx.execute(_this(row).values(state="due", due_at=tx.now))


def _pass_over(tx: Transaction, channel: str) -> None:
    """What waits for its turn in a channel that does not work uses the next one now, and keeps its turn."""
    d = deliveries.c
    untried = (d.channel == channel, d.state == "due", d.attempts == 0, d.failure == "", d.due_at <= tx.now)
    rows = tx.execute(
        sa.select(deliveries).where(*untried).order_by(d.alert_id, d.step).with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        tx.record(
            "alert.failed", f"alert:{row.alert_id}", _told(row) | {"failure": PASSED_OVER, "attempts": 0}
        )
        tx.execute(_this(row).values(failure=PASSED_OVER))
        _use_the_next(tx, row)


def _drop_stand_ins(tx: Transaction, each: Due) -> None:
    """A channel that only stands in is not needed once the one before it took the alert."""
    d = deliveries.c
    same = (d.alert_id == each.alert_id, d.step == each.step, d.ladder == each.ladder)
    waiting = sa.update(deliveries).where(*same, d.place > each.place, d.state == "waiting")
    tx.execute(waiting.values(state="dropped"))


def _told(each: Any) -> dict[str, Any]:
    """`each`: a Due or a delivery's row."""
    key = raising.key_of(each.alert_id, each.step, each.channel)
    return {"channel": each.channel, "step": each.step, "person": each.person, "key": key}
