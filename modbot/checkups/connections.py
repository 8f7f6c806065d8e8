"""What connects modbot with its pages: tokens that end, what was pushed, quotas that run short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from modbot import credentials, deliveries, migrations, quotas, wiring
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.credentials import Connection
from modbot.deliveries import Standing
from modbot.errors import ModbotError, StoreUnavailable
from modbot.quotas import Spent
from modbot.store import Store, sqlite_file, utcnow


def connections(settings: Settings) -> Iterator[Finding]:
    """Nothing where the database cannot be read: the finding about it says so."""
    store = readable(settings)
    if store is None:
        return
    zone = ZoneInfo(settings.district.timezone)
    watched = {page.key for page in settings.page}
    try:
        with store.read() as connection:
            connected = credentials.connections(connection)
            standing = deliveries.standing(connection)
            spent = quotas.spent(connection)
    except StoreUnavailable:
        return
    finally:
        store.close()
    yield from (_ends(each, zone) for each in connected if each.page in watched)
    for each in standing:
        yield from _pushed(each)
    together = wiring.sharing(settings) if spent else {}
    for use in spent:
        if use.page in watched:
            yield _quota(use, together.get(use.page, (use.page,)), zone)


def readable(settings: Settings) -> Store | None:
    """The database if it is there and at the newest schema, to be closed."""
    try:
        url = settings.database_url()
        file = sqlite_file(url)
        if file is not None and not file.is_file():
            return None
        store = Store(url)
    except ModbotError:
        return None
    try:
        if migrations.current(store.engine) == migrations.newest():
            return store
    except ModbotError:
        pass
    store.close()
    return None


def _ends(connection: Connection, zone: ZoneInfo) -> Finding:
    what, remedy = f"connection {connection.page}", f"modbot connect {connection.page}"
    if connection.ends_at is None:
        return fine(what, "it lasts until somebody ends it")
    day = f"{connection.ends_at.astimezone(zone):%B %-d, %Y}"
    if connection.ends_at <= utcnow():
        return wrong(what, f"it ended on {day}", remedy)
    return look(what, f"it ends on {day}", remedy) if connection.ends_soon else fine(what, f"until {day}")


def _pushed(standing: Standing) -> Iterator[Finding]:
    what = f"deliveries {standing.page}"
    if standing.late:
        says = f"{standing.late} wait to be read for more than five minutes"
        yield look(what, says, "Is modbot running, and does the platform answer? It tries again by itself.")
    if standing.set_aside:
        says = f"{standing.set_aside} made no sense within a day and were set aside"
        yield look(what, says, "What they told is found by the next poll. Is this the newest modbot?")
    if standing.elsewhere:
        says = f"{standing.elsewhere} told of an account that is no page here: {standing.strangers}"
        yield look(what, says, "Add a [[page]] for it, or end its subscription at the platform.")


def _quota(spent: Spent, pages: Sequence[str], zone: ZoneInfo) -> Finding:
    """`pages`: all that use it up."""
    what = f"quota {', '.join(pages)}"
    until = f"{spent.resets_at.astimezone(zone):%B %-d, %-I:%M %p}"
    together = " together" if len(pages) > 1 else ""
    says = f"{quotas.in_words(spent)} used{together} until {until}; at this pace {spent.forecast:.6g}"
    if not spent.is_short:
        return fine(what, says)
    remedy = "modbot asks less often, so that it lasts. Raise the cap in the page's settings if you may."
    return look(what, says, remedy)
