"""An alert comes up: its row, its log entry and its deliveries in one transaction with what caused it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog

from modbot.alerts import routing
from modbot.alerts.routing import News
from modbot.config import Settings
from modbot.store import Transaction, table
from modbot.tables import Alert, Delivery

UNSENT = ("waiting", "due", "sending")
log = structlog.get_logger()
alerts, deliveries = table(Alert), table(Delivery)


def raise_alert(tx: Transaction, settings: Settings, news: News) -> int | None:
    """The alert's number; None if the same thing has been told and is not over."""
    if standing(tx, news.key) is not None:
        return None
    body = {
        "about": news.about,
        "says": news.says,
        "case": news.case_id,
        "page": news.page,
        "clauses": list(news.clauses),
        "drill": news.drill,
        "calls": news.calls,
    }
    seq = tx.record("alert.raised", "alert:{seq}", body)
    tx.add(
        Alert,
        id=seq,
        about=news.about.value,
        key=news.key,
        case_id=news.case_id,
        page=news.page,
        drill=news.drill,
        raised_at=tx.now,
    )
    local = tx.now.astimezone(ZoneInfo(settings.district.timezone))
    if routing.unrouted(settings.alerts, news, local):
        log.warning("alert.no_route", alert=seq, about=news.about.value, page=news.page)
    taken: set[str] = set()
    for number, ladder in enumerate(routing.ladders(settings.alerts, settings.on_call, news, local)):
        send(tx, seq, [name for name in ladder if name not in taken], ladder=number, digest=not news.at_once)
        taken.update(ladder)
        if not news.at_once:
            _postpone(tx, settings, seq, number, local)
    return seq


def standing(tx: Transaction, key: str) -> int | None:
    """The alert of this key that is not over."""
    same = sa.select(alerts.c.id).where(alerts.c.key == key, alerts.c.over_at.is_(None))
    found: int | None = tx.execute(same).scalar()
    return found


def over(tx: Transaction, key: str) -> None:
    """What was told has passed: if it comes again, it is told again."""
    seq = standing(tx, key)
    if seq is None:
        return
    tx.record("alert.over", f"alert:{seq}")
    tx.execute(sa.update(alerts).where(alerts.c.id == seq).values(over_at=tx.now))


def send(
    tx: Transaction,
    alert_id: int,
    channels: Sequence[str],
    *,
    step: int = 0,
    person: str = "",
    ladder: int = 0,
    due: Sequence[datetime] = (),
    digest: bool = False,
) -> None:
    """Deliveries through these channels: each at its `due` time; else the first now, the rest if it fails."""
    for place, channel in enumerate(channels):
        tx.add(
            Delivery,
            alert_id=alert_id,
            step=step,
            channel=channel,
            person=person,
            ladder=ladder,
            place=place,
            state="due" if due or place == 0 else "waiting",
            attempts=0,
            due_at=due[place] if due else tx.now,
            digest=digest,
            leased_by="",
            in_doubt=False,
            failure="",
        )


def key_of(alert_id: int, step: int, channel: str) -> str:
    """A message's key: the same for every attempt at it, and for nothing else."""
    return f"modbot-{alert_id}-{step}-{channel}"


def drop(tx: Transaction, rows: Sequence[sa.Row[Any]], why: str) -> None:
    """These deliveries' messages are not sent, or not tried any more."""
    d = deliveries.c
    dropped: dict[int, list[str]] = {}
    for row in rows:
        its = (d.alert_id == row.alert_id, d.step == row.step, d.channel == row.channel)
        left = sa.update(deliveries).where(*its, d.state.in_(UNSENT)).values(state="dropped")
        if tx.execute(left).rowcount:
            dropped.setdefault(row.alert_id, []).append(key_of(row.alert_id, row.step, row.channel))
    for alert_id, keys in dropped.items():
        tx.record("alert.dropped", f"alert:{alert_id}", {"why": why, "messages": keys})


def _postpone(tx: Transaction, settings: Settings, alert_id: int, ladder: int, local: datetime) -> None:
    """Not before the channel's pause and the quiet time are over."""
    d = deliveries.c
    mine = sa.and_(d.alert_id == alert_id, d.step == 0, d.ladder == ladder, d.state == "due")
    for row in tx.execute(sa.select(d.channel).where(mine)).all():
        same = sa.select(sa.func.max(d.due_at)).where(
            d.channel == row.channel, d.digest, d.alert_id < alert_id, d.state.in_(("due", "sending", "sent"))
        )
        due_at = routing.not_before(settings.alerts, tx.execute(same).scalar(), local)
        tx.execute(sa.update(deliveries).where(mine, d.channel == row.channel).values(due_at=due_at))
