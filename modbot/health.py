"""How the bot is, read from its rows: what lags, what is stuck, what waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from modbot import by_hand, credentials, deliveries, owed, page_openings, quotas, wiring
from modbot.actions import STUCK_AFTER
from modbot.alerts.listing import Trouble, trouble
from modbot.config import Settings
from modbot.credentials import Connection as Connected
from modbot.deliveries import Standing
from modbot.learning import in_use
from modbot.learning.in_use import Adopted
from modbot.queue import WAITING
from modbot.quotas import Spent
from modbot.store import Store, bodies_of, table, utcnow
from modbot.tables import (
    Action,
    AuditEvent,
    Case,
    CaseComment,
    Checkpoint,
    Comment,
    Decision,
    Page,
    Score,
    Unscored,
)

pages, actions, cases, case_comments = table(Page), table(Action), table(Case), table(CaseComment)
unscored, comments, scores = table(Unscored), table(Comment), table(Score)
events, checkpoints, decisions = table(AuditEvent), table(Checkpoint), table(Decision)

POLLS_MISSED = 5
"""A page that was not read for so many polls lags."""
SWEEPS_MISSED = 3
UNCHECKED = 900.0
"""Seconds for which looking for edits and deletions may fail before anybody is told."""
PATIENCE = 120.0
"""Seconds for which a page may be unread, or a comment unscored, before anybody is told."""
ACTION_STATES = ("pending", "done", "gone", "failed", "cancelled")
CASE_STATES = ("open", "claimed", "decided", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFigures:
    key: str
    known_seconds: float
    """Since the page was registered, or its settings last changed."""
    lag_seconds: float | None
    """Since the page last answered; None when it never did."""
    overdue_seconds: float | None
    """Since it should have been read again: it may be left alone for a while on purpose."""
    failing_since: datetime | None
    failure: str
    unreadable: str
    """What part of it cannot be read."""
    unchecked_since: datetime | None
    """Since when it was not looked through for edits and deletions; None: it is."""
    unchecked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    pages: tuple[PageFigures, ...]
    actions: Mapping[str, int]
    stuck: int
    """Actions that were tried often and still wait."""
    refused: int
    """Failed actions that the platform should have carried out; what only people can do is not among them."""
    stranded: Mapping[str, int]
    """By page: decided actions that wait, though the page is no longer in the settings."""
    cases: Mapping[str, int]
    unscored: int
    oldest_unscored_seconds: float
    """Of what neither a classifier has scored nor a person has decided."""
    not_scored: int
    """Of these, those that no classifier could score so far."""
    heard: tuple[str, ...]
    """Members of the ensemble that took part in the newest score."""
    absent: str
    """Those that were not there for it."""
    adopted: Adopted | None
    """The learned model that people had used."""
    unanswered: int
    """People of the last day to whom the fixed answer was not sent, or may not have been."""
    unsigned_seconds: float
    """How long the log has gone on without a signed checkpoint."""
    alerts: Trouble
    pushed: tuple[Standing, ...]
    quotas: tuple[Spent, ...]
    connections: tuple[Connected, ...]


def measure(store: Store) -> Figures:
    now = utcnow()
    with store.read() as connection:
        waiting, oldest, failed = _unscored(connection)
        heard, absent = _members(connection)
        retired = page_openings.retired(connection)
        return Figures(
            pages=tuple(_pages(connection, now, retired)),
            actions=_by_state(connection, actions, ACTION_STATES),
            stuck=_stuck(connection),
            refused=_refused(connection),
            stranded=_stranded(connection, retired),
            cases=_by_state(connection, cases, CASE_STATES),
            unscored=waiting,
            oldest_unscored_seconds=0.0 if oldest is None else max(0.0, (now - oldest).total_seconds()),
            not_scored=failed,
            heard=heard,
            absent=absent,
            adopted=in_use.adopted(connection),
            unanswered=owed.given_up(connection, now),
            unsigned_seconds=_unsigned(connection, now),
            alerts=trouble(connection),
            pushed=tuple(deliveries.standing(connection)),
            quotas=tuple(quotas.spent(connection)),
            connections=tuple(credentials.connections(connection)),
        )


def complaints(figures: Figures, settings: Settings, ended: Collection[str] = ()) -> list[str]:
    """What a person should look at, one sentence each; empty when all is well.

    Only pages that are configured count, and not those whose source has `ended`.
    """
    watched = {page.key for page in settings.page} - set(ended)
    allowed = allowed_lag(settings)
    zone = ZoneInfo(settings.district.timezone)
    found = [_of_page(page, allowed) for page in figures.pages if page.key in watched]
    for page in figures.pages:
        if page.key in watched and page.failing_since is None:
            found += _of_parts(page, settings, zone)
    found += _of_platforms(figures, settings, watched)
    if figures.alerts.unanswered:
        found.insert(0, f"{figures.alerts.unanswered} urgent calls are not answered by anybody on call")
    if figures.alerts.stuck:
        found.append(f"{figures.alerts.stuck} alerts do not leave: see modbot alert list")
    if figures.refused:
        found.append(f"{figures.refused} decided actions cannot be carried out by the platform")
    if figures.stuck:
        found.append(f"{figures.stuck} decided actions are stuck and still being tried")
    for key, count in figures.stranded.items():
        found.append(f"{count} decided actions wait on page {key}, which is no longer in the settings")
    if figures.unanswered:
        found.append(f"{figures.unanswered} who wrote in private did not get the fixed answer: see the log")
    if figures.not_scored:
        found.append(f"{figures.not_scored} comments could not be scored and wait for a person")
    elif figures.oldest_unscored_seconds > PATIENCE:
        found.append(f"{figures.unscored} comments wait for their score")
    if figures.absent:
        found.append(f"comments are scored without: {figures.absent}")
    if figures.adopted and (trouble := figures.adopted.trouble(settings)):
        found.append(f"the shipped models score, not learned model {figures.adopted.number}: {trouble}")
    if is_unsigned(figures, settings):
        found.append("the log has not been signed for too long: look at the key and the checkpoint folder")
    return [each for each in found if each]


def allowed_lag(settings: Settings) -> float:
    """Seconds for which a page may go unread before it lags."""
    return max(PATIENCE, POLLS_MISSED * settings.intake.poll_seconds)


def is_unsigned(figures: Figures, settings: Settings) -> bool:
    """Whether the log has gone on for too long without a checkpoint."""
    return figures.unsigned_seconds > 2 * 60 * settings.audit.checkpoint_minutes + PATIENCE


def _of_page(page: PageFigures, allowed: float) -> str:
    if page.failing_since is not None:
        return f"page {page.key} cannot be read: {page.failure}"
    if page.lag_seconds is not None and (page.overdue_seconds or 0) > allowed:
        return f"page {page.key} was last read {round(page.lag_seconds)} seconds ago"
    return ""


def _of_parts(page: PageFigures, settings: Settings, zone: ZoneInfo) -> Iterator[str]:
    """Of a page that is read: what of it is not."""
    if page.unreadable:
        yield f"part of page {page.key} cannot be read: {page.unreadable}"
    if page.unchecked_since is not None and is_unchecked(page.unchecked_since, settings):
        since = f"{page.unchecked_since.astimezone(zone):%B %-d, %-I:%M %p}"
        what = "edits and deletions have not been looked at since"
        yield f"page {page.key}: {what} {since}: {page.unchecked}"


def is_unchecked(since: datetime | None, settings: Settings) -> bool:
    """Whether looking for edits and deletions has failed for so long that people are told."""
    allowed = max(UNCHECKED, SWEEPS_MISSED * settings.intake.recheck_seconds)
    return (seconds_since(since, utcnow()) or 0.0) > allowed


def _of_platforms(figures: Figures, settings: Settings, watched: Collection[str]) -> list[str]:
    """What platforms sent and it could not be read, money that is nearly spent, connections that end."""
    zone = ZoneInfo(settings.district.timezone)
    found = [says for each in figures.pushed for says in each.complaints]
    for spent in figures.quotas:
        if spent.page in watched and spent.hard and spent.share >= quotas.NEARLY:
            together = wiring.sharing(settings).get(spent.page, (spent.page,))
            found.append(_used_up(spent, together))
    for connected in figures.connections:
        if connected.page in watched and connected.ends_at and connected.ends_soon:
            day = f"{connected.ends_at.astimezone(zone):%B %-d, %Y}"
            found.append(f"the connection of page {connected.page} ends on {day}: modbot connect it again")
    return found


def waiting_for_quota(figures: Figures, settings: Settings) -> Mapping[str, Spent]:
    """By page: the quota that is used up, also where it is counted under another page."""
    gone = {each.page: each for each in figures.quotas if each.is_used_up}
    together = wiring.sharing(settings) if gone else {}
    return {key: gone[each] for key, pages in together.items() for each in pages if each in gone}


def _used_up(spent: Spent, pages: Sequence[str]) -> str:
    """`pages`: all that use it up."""
    who = f"pages {', '.join(pages)} together have" if len(pages) > 1 else f"page {spent.page} has"
    period = f"their {spent.period}" if len(pages) > 1 else f"its {spent.period}"
    return f"{who} used {quotas.in_words(spent)} of {period}"


def _pages(connection: Connection, now: datetime, retired: Collection[str]) -> list[PageFigures]:
    """Without those that are retired: they would lag for ever."""
    rows = connection.execute(
        sa.select(pages, events.c.at.label("registered_at"))
        .join(events, events.c.seq == pages.c.registered)
        .where(pages.c.key.not_in(retired))
        .order_by(pages.c.key)
    )
    return [
        PageFigures(
            key=row.key,
            known_seconds=max(0.0, (now - row.registered_at).total_seconds()),
            lag_seconds=seconds_since(row.polled_at, now),
            overdue_seconds=seconds_since(row.next_poll_at or row.polled_at, now),
            failing_since=row.failing_since,
            failure=row.failure,
            unreadable=row.unreadable,
            unchecked_since=row.unchecked_since,
            unchecked=row.unchecked,
        )
        for row in rows
    ]


def seconds_since(moment: datetime | None, now: datetime) -> float | None:
    """None for never, 0 for what is still to come."""
    return None if moment is None else max(0.0, (now - moment).total_seconds())


def _by_state(connection: Connection, counted: sa.Table, states: tuple[str, ...]) -> dict[str, int]:
    rows = connection.execute(sa.select(counted.c.state, sa.func.count()).group_by(counted.c.state))
    return dict.fromkeys(states, 0) | {row[0]: row[1] for row in rows}


def _stuck(connection: Connection) -> int:
    often = sa.and_(actions.c.state == "pending", actions.c.attempts >= STUCK_AFTER)
    return connection.execute(sa.select(sa.func.count()).select_from(actions).where(often)).scalar() or 0


def _stranded(connection: Connection, retired: Collection[str]) -> dict[str, int]:
    rows = connection.execute(
        sa.select(actions.c.page, sa.func.count())
        .where(actions.c.state == "pending", actions.c.page.in_(retired))
        .group_by(actions.c.page)
        .order_by(actions.c.page)
    )
    return {row[0]: row[1] for row in rows}


def _refused(connection: Connection) -> int:
    failed = (
        sa.select(pages.c.platform, actions.c.kind, sa.func.count())
        .join_from(actions, pages, pages.c.key == actions.c.page)
        .where(actions.c.state == "failed")
        .group_by(pages.c.platform, actions.c.kind)
    )
    rows = connection.execute(failed)
    return sum(count for platform, kind, count in rows if not by_hand.only_people(platform, kind))


def not_coming_through(store: Store) -> list[tuple[int, str]]:
    """Each page with actions that count as stuck or refused, with the case of its oldest, oldest first."""
    often = sa.and_(actions.c.state == "pending", actions.c.attempts >= STUCK_AFTER)
    oldest = (
        sa.select(actions.c.page, actions.c.state, actions.c.kind, sa.func.min(actions.c.id).label("id"))
        .where(sa.or_(often, actions.c.state == "failed"))
        .group_by(actions.c.page, actions.c.state, actions.c.kind)
        .subquery()
    )
    rows = (
        sa.select(oldest, pages.c.platform, decisions.c.case_id)
        .join(actions, actions.c.id == oldest.c.id)
        .join(decisions, decisions.c.id == actions.c.decision_id)
        .join(pages, pages.c.key == oldest.c.page)
        .order_by(oldest.c.id)
    )
    found: dict[str, int] = {}
    with store.read() as connection:
        for row in connection.execute(rows):
            if row.state == "pending" or not by_hand.only_people(row.platform, row.kind):
                found.setdefault(row.page, row.case_id)
    return [(case_id, page) for page, case_id in found.items()]


def _unscored(connection: Connection) -> tuple[int, datetime | None, int]:
    """How many comments wait for a score; since when, and how many failed, of those that nobody decided."""
    failed = unscored.c.attempts > 0
    waits = (
        sa.exists()
        .where(case_comments.c.comment_id == unscored.c.comment_id, cases.c.id == case_comments.c.case_id)
        .where(cases.c.state.in_(WAITING))
        .correlate(unscored)
    )
    since = sa.case((sa.or_(~failed, waits), comments.c.archived_at))
    unread = sa.func.coalesce(sa.func.sum(sa.case((sa.and_(failed, waits), 1), else_=0)), 0)
    row = connection.execute(
        sa.select(sa.func.count(), sa.func.min(since), unread).select_from(
            unscored.join(comments, comments.c.id == unscored.c.comment_id)
        )
    ).one()
    return row[0], row[1], row[2]


def _members(connection: Connection) -> tuple[tuple[str, ...], str]:
    """Those that took part in the newest score, and those that were absent."""
    newest = sa.select(scores.c.id, scores.c.absent).order_by(scores.c.id.desc()).limit(1)
    row = connection.execute(newest).first()
    if row is None:
        return (), ""
    said = bodies_of(connection, [row.id]).get(row.id, {})
    return tuple(sorted(said.get("members", ()))), row.absent


def _unsigned(connection: Connection, now: datetime) -> float:
    """Seconds since the first entry that no checkpoint covers."""
    signed = sa.select(sa.func.coalesce(sa.func.max(checkpoints.c.seq), 0)).scalar_subquery()
    first = sa.select(events.c.at).where(events.c.seq == signed + 1)
    since = connection.execute(first).scalar()
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
