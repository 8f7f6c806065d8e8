"""Quotas on record: what is used stays used, whatever happens to the process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modbot import config, quotas, wiring
from modbot.config import Settings
from modbot.errors import ConfigError
from modbot.quotas import PARTS, LastingBudget
from modbot.store import Store, table
from modbot.tables import QuotaUse
from platforms.base import CapReached, Platform, RateLimited
from platforms.budget import Period, Quota
from tests.modbot.scene import district
from tests.platforms.meta import facebook
from tests.simulators.graph import Graph

MONEY = Quota("USD", 1.0, Period.MONTH, hard=True)
UNITS = Quota("units", 1_000, Period.DAY, timezone="America/Los_Angeles")


@pytest.fixture
def here(store: Store) -> Store:
    return district(store).store


def _budget(store: Store, *allowed: Quota) -> LastingBudget:
    budget = LastingBudget(store, "blog")
    budget.allow(*allowed)
    return budget


def _spent(store: Store) -> Sequence[quotas.Spent]:
    with store.read() as connection:
        return quotas.spent(connection)


def test_what_was_spent_is_spent_after_a_restart(here: Store) -> None:
    before = _budget(here, UNITS)
    before.spend("units", 333)
    before.noting()()
    assert _budget(here, UNITS).outlook()[0].used == 333


def test_a_killed_process_costs_a_fiftieth_of_the_quota_and_never_exceeds_it(here: Store) -> None:
    for spendings in range(PARTS):
        killed = _budget(here, MONEY)
        assert killed.outlook()[0].used == pytest.approx(spendings / PARTS)
        killed.spend("USD", 0.005)
    with pytest.raises(CapReached):
        _budget(here, MONEY).spend("USD", 0.005)


def test_two_processes_share_one_cap(here: Store) -> None:
    one, two = _budget(here, MONEY), _budget(here, MONEY)
    spending = 0
    for budget in [one, two] * 200:
        try:
            budget.spend("USD", 0.005)
        except CapReached:
            break
        spending += 1
    assert 190 <= spending <= 200


def test_a_new_period_begins_with_nothing_used(here: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    monkeypatch.setattr(quotas, "utcnow", lambda: now)
    budget = _budget(here, UNITS)
    budget.spend("units", 1_000)
    with pytest.raises(RateLimited):
        budget.spend("units")
    now += timedelta(days=1)
    budget.spend("units", 10)
    budget.noting()()
    assert _budget(here, UNITS).outlook()[0].used == 10


def test_a_reset_in_the_midst_of_a_period_holds_after_a_restart(
    here: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    monkeypatch.setattr(quotas, "utcnow", lambda: now)
    budget = _budget(here, UNITS)
    budget.spend("units", 900)
    budget.learn("units", resets_at=now + timedelta(hours=1))
    now += timedelta(hours=2)
    budget.spend("units", 10)
    budget.noting()()
    assert _budget(here, UNITS).outlook()[0].used == 10


def test_the_platforms_own_count_is_kept(here: Store) -> None:
    budget = _budget(here, UNITS)
    budget.learn("units", used=700)
    budget.noting()()
    assert _budget(here, UNITS).outlook()[0].used == 700


def test_what_is_nearly_used_up_is_told_with_when_it_resets(here: Store) -> None:
    _budget(here, UNITS).spend("units", 950)
    (line,) = _spent(here)
    assert line.is_short
    assert line.resets_at > datetime.now(UTC)
    assert quotas.in_words(line).endswith("of 1000 units")


def test_windows_that_only_the_platform_named_leave_no_row(here: Store) -> None:
    budget = _budget(here)
    budget.learn("reads", used=1, limit=300, resets_at=datetime.now(UTC) + timedelta(minutes=15))
    budget.spend("reads")
    budget.noting()()
    with here.read() as connection:
        assert connection.execute(table(QuotaUse).select()).all() == []


def test_a_window_of_minutes_is_shown_while_it_runs_short(here: Store) -> None:
    """A hosted Bluesky server counts calls for five minutes."""
    budget = _budget(here)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    budget.learn("calls", used=2_900, limit=3_000, resets_at=soon)
    budget.noting()()
    (line,) = _spent(here)
    assert quotas.in_words(line) == "2900 of 3000 calls"
    assert line.is_short


def test_what_the_platform_counts_over_an_hour_is_shown(here: Store) -> None:
    """Meta tells percents of what it allows, and declares no quota beforehand."""
    budget = _budget(here)
    for used in (40, 60):
        budget.learn("percent", used=used, limit=100, resets_at=datetime.now(UTC) + timedelta(hours=1))
        budget.noting()()
    (line,) = _spent(here)
    assert (line.unit, line.used, line.allowed, line.hard) == ("percent", 60, 100, False)
    assert quotas.in_words(line) == "60 of 100 percent"


def test_what_the_platform_said_is_used_up_is_not_asked_for_after_a_restart(here: Store) -> None:
    """X counts hidings for a quarter of an hour; a process that is killed notes nothing at its end."""
    until = datetime.now(UTC) + timedelta(minutes=15)
    _budget(here).learn("hidings", used=50, limit=50, resets_at=until)
    after = _budget(here)
    with pytest.raises(RateLimited) as refused:
        after.spend("hidings")
    assert 800 < refused.value.retry_after <= 900
    after.learn("hidings", used=1, limit=50, resets_at=until)
    after.spend("hidings")


def test_what_begins_anew_in_seconds_is_not_put_on_record(here: Store) -> None:
    """Discord's buckets are used up and full again all the time."""
    _budget(here).learn("messages", used=5, limit=5, resets_at=datetime.now(UTC) + timedelta(seconds=5))
    assert _spent(here) == []
    _budget(here).spend("messages")


def test_what_was_used_up_and_has_begun_anew_is_forgotten(
    here: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    _budget(here).learn("hidings", used=50, limit=50, resets_at=now + timedelta(minutes=15))
    monkeypatch.setattr(quotas, "utcnow", lambda: now + timedelta(minutes=16))
    _budget(here).spend("hidings")


def test_what_meta_says_of_its_limit_is_shown_with_the_page(here: Store, graph: Graph) -> None:
    page = facebook(graph, graph.account())
    page.budget = LastingBudget(here, "blog")

    async def a_look() -> None:
        graph.usage = 42
        await page.open()
        await page.close()
        graph.usage = 0

    asyncio.run(a_look())
    page.budget.noting()()
    (line,) = _spent(here)
    assert quotas.in_words(line) == "42 of 100 percent of Meta's limit"


GOOGLE = {"client_id": "4711-app.apps.example.org", "client_secret": "s"}


def _channels(folder: Path, *pages: tuple[str, Mapping[str, object]]) -> Settings:
    body = [
        {"key": key, "platform": "youtube", "settings": {"channel": f"UC{key:0>22}"} | GOOGLE | dict(more)}
        for key, more in pages
    ]
    return config.build({"page": body}, folder / "modbot.toml")


def _opened(store: Store, settings: Settings) -> list[Platform]:
    wiring.register_pages(store, settings.page)
    pages = [wiring.open_page(page) for page in settings.page]
    wiring.make_all_lasting(pages, store, settings)
    for page in pages:
        page.budget.allow(*page.quotas())
    return pages


def test_channels_of_one_google_project_share_its_units(here: Store, tmp_path: Path) -> None:
    other = {"client_id": "4711-another-app.apps.example.org"}
    own = {"client_id": "5-app.apps.example.org"}
    settings = _channels(tmp_path, ("one", {}), ("two", other), ("own", own))
    one, two, alone = _opened(here, settings)
    one.budget.spend("units", 6_000)
    with pytest.raises(RateLimited):
        two.budget.spend("units", 6_000)
    alone.budget.spend("units", 6_000)
    both = ["one", "two"]
    assert wiring.sharing(settings) == {"one": both, "two": both, "own": ["own"]}
    again = wiring.open_page(settings.page[1])
    wiring.make_lasting(again, here, settings)
    again.budget.allow(*again.quotas())
    with pytest.raises(RateLimited):
        again.budget.spend("units", 6_000)


def test_what_was_used_stays_used_when_the_first_of_such_pages_is_taken_out_and_put_back(
    here: Store, tmp_path: Path
) -> None:
    own = {"client_id": "5-app.apps.example.org"}
    both = (("one", {}), ("two", {}), ("own", own))
    for some in (both, both[1:], both):
        page = _opened(here, _channels(tmp_path, *some))[0]
        page.budget.spend("units", 3_000)
        page.budget.noting()()
    assert {line.page: line.used for line in _spent(here)} == {"one": 9_000, "own": 0}


def test_pages_that_share_a_quota_must_not_say_different_things_of_it(here: Store, tmp_path: Path) -> None:
    settings = _channels(tmp_path, ("one", {}), ("two", {"units_per_day": 50_000}))
    with pytest.raises(ConfigError, match="Pages 'one' and 'two' share one quota"):
        _opened(here, settings)
