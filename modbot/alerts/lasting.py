"""What goes wrong for a while, told once while it lasts; and reports that were made."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from modbot import health, quotas, review
from modbot.alerts import calls, overdue, raising, watching
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.config import Settings
from modbot.credentials import NOTICE
from modbot.quotas import Spent
from modbot.store import Store, body_of, table, utcnow
from modbot.tables import Alert, AuditEvent

alerts, events = table(Alert), table(AuditEvent)

LASTING = (
    About.QUEUE_LATE,
    About.APPEAL_LATE,
    About.CAPTURE_GAP,
    About.SCORER_DOWN,
    About.ACTION_STUCK,
    About.CREDENTIAL_EXPIRING,
)
REPORT_MADE = "report.made"
SCORER_DOWN = About.SCORER_DOWN.value
UNREAD = timedelta(minutes=10)
"""How long comments may go unread by classifiers and people before the people on call are alerted."""


def conditions(store: Store, settings: Settings, ended: Collection[str] = ()) -> None:
    """Raise what has begun, and note what has passed, of the things that last a while."""
    wanted = {news.key: news for news in _lasting(store, settings, ended)}
    with store.read() as connection:
        told = set(
            connection.execute(
                sa.select(alerts.c.key).where(
                    alerts.c.over_at.is_(None), alerts.c.about.in_([about.value for about in LASTING])
                )
            ).scalars()
        )
    if told == wanted.keys():
        return
    with store.write() as tx:
        for key in told - wanted.keys():
            calls.over(tx, key)
        for key in wanted.keys() - told:
            begin = calls.start if wanted[key].calls else raising.raise_alert
            begin(tx, settings, wanted[key])


def reports(store: Store, settings: Settings) -> None:
    """Tell of reports that were made since the last look."""
    e = events.c
    with store.read() as connection:
        seen = watching.place(connection, REPORT_MADE)
        made = connection.execute(
            sa.select(e.seq, e.subject).where(e.kind == REPORT_MADE, e.seq > seen).order_by(e.seq)
        ).all()
        names = {row.seq: (body_of(connection, row.seq) or {}).get("week", row.subject) for row in made}
    if not made:
        return
    with store.write() as tx:
        for seq, name in names.items():
            says = f"The weekly report {name} is ready."
            news = News(about=About.REPORT_READY, key=f"report_ready:{seq}", says=says)
            raising.raise_alert(tx, settings, news)
        watching.keep_place(tx, REPORT_MADE, made[-1].seq)


def _lasting(store: Store, settings: Settings, ended: Collection[str]) -> list[News]:
    figures = health.measure(store)
    allowed = health.allowed_lag(settings)
    watched_pages = {page.key: page for page in settings.page if page.key not in ended}
    used_up = health.waiting_for_quota(figures, settings)
    found = []
    for page in figures.pages:
        if page.key not in watched_pages:
            continue
        lag = page.overdue_seconds
        failing = page.failing_since is not None and (utcnow() - page.failing_since).total_seconds() > allowed
        if failing or (lag is not None and lag > allowed):
            title = watched_pages[page.key].title or page.key
            says = f"modbot cannot read the page {title}. Comments that come in there wait to be seen."
            if page.key in used_up:
                says = _waits(title, used_up[page.key], settings)
            school = watched_pages[page.key].school
            key = f"capture_gap:{page.key}"
            found.append(News(about=About.CAPTURE_GAP, key=key, says=says, page=page.key, school=school))
    found += [*_of_scoring(figures), *_of_unread(store, figures)]
    if figures.stuck or figures.refused:
        found += overdue.of_actions(settings, health.not_coming_through(store))
    found += [*_of_access(figures, settings), *overdue.of_queue(store, settings)]
    return found + _of_appeals(store, settings)


def _waits(title: str, spent: Spent, settings: Settings) -> str:
    until = f"{spent.resets_at.astimezone(ZoneInfo(settings.district.timezone)):%B %-d, %-I:%M %p}"
    return (
        f"What the platform of the page {title} allows is used up ({quotas.in_words(spent)}). New comments "
        f"there, and what was decided, wait until {until}. Look at the page itself until then."
    )


def _of_scoring(figures: health.Figures) -> list[News]:
    if figures.not_scored:
        says = "Comments cannot be scored: until that is mended, people have to read each one in the queue."
    elif figures.oldest_unscored_seconds > health.PATIENCE:
        says = f"{figures.unscored} comments wait for their score."
    elif figures.absent:
        says = f"Comments are scored without: {figures.absent}."
    else:
        return []
    return [News(about=About.SCORER_DOWN, key=SCORER_DOWN, says=says)]


def _of_unread(store: Store, figures: health.Figures) -> list[News]:
    """Threats would come in unseen. Not before it was told for a while that something is wrong: after a start
    old comments may wait that are scored in a moment."""
    if figures.oldest_unscored_seconds < UNREAD.total_seconds():
        return []
    since = sa.select(alerts.c.raised_at).where(alerts.c.key == SCORER_DOWN, alerts.c.over_at.is_(None))
    with store.read() as connection:
        told = connection.execute(since).scalar()
    if told is None or utcnow() - told < UNREAD:
        return []
    says = (
        f"There are comments that for more than {UNREAD.seconds // 60} minutes no classifier has scored and "
        "no person has decided. There may be a threat among them that nobody was alerted to. Read what is "
        "in the queue under Not scored, and have the scoring mended: Health tells more."
    )
    return [News(about=About.SCORER_DOWN, key=f"{SCORER_DOWN}:unread", says=says, calls=True)]


def _of_access(figures: health.Figures, settings: Settings) -> list[News]:
    """Dates that platforms told when a page was connected, or that the district wrote down."""
    zone = ZoneInfo(settings.district.timezone)
    today = utcnow().astimezone(zone).date()
    told = {each.page: each.ends_at.astimezone(zone).date() for each in figures.connections if each.ends_at}
    found = []
    for page in settings.page:
        ends = min((day for day in (page.access_ends, told.get(page.key)) if day), default=None)
        if ends is not None and ends - today <= NOTICE:
            news = News(
                about=About.CREDENTIAL_EXPIRING,
                key=f"credential_expiring:{page.key}:{ends}",
                says=_ends(page.title or page.key, ends),
                page=page.key,
                school=page.school,
            )
            found.append(news)
    return found


def _ends(page: str, day: date) -> str:
    return f"modbot's access to {page} ends on {day:%B %-d, %Y}. Renew it before."


def _of_appeals(store: Store, settings: Settings) -> list[News]:
    """Each by itself, so that another one that runs late is told too."""
    zone = ZoneInfo(settings.district.timezone)
    return [
        News(
            about=About.APPEAL_LATE,
            key=f"appeal_late:{each.id}",
            says=f"Appeal {each.id} was due on {each.due_at.astimezone(zone):%B %-d, %Y} and is not decided. "
            "The author is owed an answer by an appeals officer.",
            case_id=each.case_id,
        )
        for each in review.appeals(store, settings.review.appeal_days, waiting=True)
        if each.is_late
    ]
