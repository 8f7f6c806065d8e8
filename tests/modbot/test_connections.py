"""What people are told of connections, deliveries and quotas: health, doctor, alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from modbot import config, credentials, deliveries, health, sealing, wiring
from modbot.alerts import lasting, raising
from modbot.checkups import connections
from modbot.checkups.finding import State
from modbot.config import Settings
from modbot.quotas import LastingBudget
from modbot.records import archive
from modbot.store import body_of, table
from modbot.tables import Alert, Page, PushDelivery, QuotaUse
from platforms.base import Batch
from platforms.budget import Period, Quota
from platforms.tokens import Token
from tests.modbot.installation import command, settings_file
from tests.modbot.scene import District, on_file

PAGE = '[[page]]\nkey = "blog"\nplatform = "memory"\ntitle = "District blog"\n'


@pytest.fixture
def here(tmp_path: Path, migrated_file: Path) -> Iterator[District]:
    with on_file(tmp_path, migrated_file) as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return config.load(settings_file(tmp_path, "sqlite:///modbot.db", PAGE))


def _found(settings: Settings) -> list[tuple[str, State]]:
    return [(each.what, each.state) for each in connections.connections(settings)]


def _told(here: District, settings: Settings) -> list[str]:
    return health.complaints(health.measure(here.store), settings)


def _connect(here: District, settings: Settings, **left: float) -> None:
    seal = sealing.seal(settings.path(settings.web.key_file))
    ends = datetime.now(UTC) + timedelta(**left)
    credentials.keep(here.store, seal, "blog", Token(SecretStr("a"), expires_at=ends))


def test_there_is_nothing_to_tell_where_nothing_is_connected(here: District, settings: Settings) -> None:
    assert _found(settings) == []
    assert _told(here, settings) == []


@pytest.mark.parametrize(
    ("days", "state"), [(-1, State.WRONG), (10, State.LOOK), (30, State.FINE)], ids=["ended", "soon", "long"]
)
def test_a_connection_that_ends_is_told_in_time(
    here: District, settings: Settings, days: int, state: State
) -> None:
    _connect(here, settings, days=days)
    assert _found(settings) == [("connection blog", state)]
    assert len(_told(here, settings)) == (state is not State.FINE)
    lasting.conditions(here.store, settings)
    ends = (datetime.now(UTC) + timedelta(days=days)).astimezone(ZoneInfo(settings.district.timezone))
    with here.store.write() as tx:
        standing = raising.standing(tx, f"credential_expiring:blog:{ends.date()}")
    assert (standing is not None) == (state is not State.FINE)


def test_money_that_is_nearly_spent_is_told_and_a_quota_of_calls_only_to_who_asks(
    here: District, settings: Settings
) -> None:
    budget = LastingBudget(here.store, "blog")
    budget.allow(Quota("USD", 10, Period.MONTH, hard=True), Quota("calls", 100, Period.DAY))
    budget.spend("USD", 9.5)
    budget.spend("calls", 95)
    assert _found(settings) == [("quota blog", State.LOOK)] * 2
    (told,) = _told(here, settings)
    assert told.startswith("page blog has used 9.5")
    assert told.endswith("of 10 USD of its month")


def test_doctor_tells_how_much_will_be_used_at_this_pace(
    here: District, settings: Settings, tmp_path: Path
) -> None:
    _use(here, used=250, forecast=400)
    told = " ".join(command("doctor", "--config", str(tmp_path)).out.split())
    assert "quota blog: 250 of 1000 units used until " in told
    assert "; at this pace 400" in told
    _use(here, used=250, forecast=1_400)
    (finding,) = connections.connections(settings)
    assert finding.state is State.LOOK
    assert finding.says.endswith("at this pace 1400")


def _use(here: District, *, used: float, forecast: float) -> LastingBudget:
    budget = LastingBudget(here.store, "blog")
    budget.allow(Quota("units", 1_000, Period.DAY))
    budget.learn("units", used=used)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(QuotaUse)).values(forecast=forecast))
    return budget


def test_somebody_is_told_that_capture_waits_for_a_quota(here: District, settings: Settings) -> None:
    """YouTube's units, as `quotaExceeded` leaves them."""
    wiring.register_pages(here.store, settings.page)
    _use(here, used=1_000, forecast=1_000)
    why = "RateLimited: YouTube's units for today are used up"
    archive.mark_failing(here.store, "blog", why)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Page)).values(failing_since=tx.now - timedelta(hours=1)))
    assert f"page blog cannot be read: {why}" in _told(here, settings)
    lasting.conditions(here.store, settings)
    with here.store.read() as connection:
        alert = body_of(connection, connection.execute(sa.select(table(Alert).c.id)).scalar_one())
    says = (alert or {})["says"]
    assert "District blog allows is used up (1000 of 1000 units)." in says
    assert "wait until" in says


def test_pages_that_use_up_one_quota_are_all_named(here: District, tmp_path: Path) -> None:
    body = 'platform = "x"\n[page.settings]\nclient_id = "4711"\nclient_secret = "s"\nmonthly_dollars = 10\n'
    blocks = "".join(f'[[page]]\nkey = "{key}"\n{body}' for key in ("board", "sports"))
    settings = config.load(settings_file(tmp_path, "sqlite:///modbot.db", blocks))
    wiring.register_pages(here.store, settings.page)
    first = wiring.open_page(settings.page[0])
    wiring.make_lasting(first, here.store, settings)
    first.budget.allow(*first.quotas())
    first.budget.spend("USD", 9.5)
    assert _found(settings)[0] == ("quota board, sports", State.LOOK)
    assert _told(here, settings) == ["pages board, sports together have used 9.5 of 10 USD of their month"]


def test_deliveries_that_wait_or_make_no_sense_are_told(here: District, settings: Settings) -> None:
    for name in ("waits", "odd"):
        deliveries.receive(here.store, "blog", name, b"x")
    rows = table(PushDelivery)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(rows).values(received_at=tx.now - timedelta(minutes=10)))
        tx.execute(sa.update(rows).where(rows.c.delivery == "odd").values(state="set aside"))
    assert _found(settings) == [("deliveries blog", State.LOOK)] * 2
    assert _told(here, settings) == [
        "1 deliveries of page blog wait to be read",
        "1 deliveries of page blog made no sense and were set aside",
    ]


def test_deliveries_of_accounts_that_are_no_pages_here_are_told(here: District, settings: Settings) -> None:
    for name, account in (("one", "55"), ("two", "55"), ("three", "77")):
        deliveries.receive(here.store, "blog", name, b"x")
        rows = table(PushDelivery)
        with here.store.write(logged=False) as tx:
            known = sa.update(rows).where(rows.c.delivery == name)
            tx.execute(known.values(state="elsewhere", failure=account))
    assert _found(settings) == [("deliveries blog", State.LOOK)]
    assert _told(here, settings) == [
        "3 deliveries to page blog told of an account that is no page here: 55, 77"
    ]


def test_a_page_that_is_left_alone_to_spare_its_quota_is_not_behind(
    here: District, settings: Settings
) -> None:
    archive.take_in(here.store, "blog", Batch((), "-"), rest=timedelta(minutes=15))
    pages = table(Page)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(pages).values(polled_at=tx.now - timedelta(minutes=14)))
    assert _told(here, settings) == []
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(pages).values(next_poll_at=tx.now - timedelta(minutes=10)))
    assert len(_told(here, settings)) == 1


def test_a_slow_page_has_no_gap_and_one_that_was_forgotten_has(here: District) -> None:
    archive.take_in(here.store, "blog", Batch((), "1"), rest=timedelta(hours=2))
    pages = table(Page)
    for ago, gaps in ((timedelta(0), 0), (timedelta(hours=1), 1)):
        with here.store.write(logged=False) as tx:
            tx.execute(
                sa.update(pages).values(polled_at=tx.now - timedelta(hours=3), next_poll_at=tx.now - ago)
            )
        archive.take_in(here.store, "blog", Batch((), "2"))
        assert here.kinds().count("capture.gap") == gaps


def test_without_a_database_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    settings = config.load(settings_file(tmp_path / "new", "sqlite:///none.db", PAGE))
    assert _found(settings) == []
    assert not (tmp_path / "new" / "none.db").exists()
