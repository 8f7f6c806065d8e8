"""What the page Health tells of pages that use up one quota."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from modbot import config, wiring
from modbot.records import archive
from modbot.store import Store, table
from modbot.tables import QuotaUse
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot.scene import district
from tests.web.member import member
from tests.web.visitor import words


def test_each_page_shows_the_quota_that_it_shares_and_how_far_it_reaches(
    tmp_path: Path, migrated_file: Path
) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    district(store)
    app = {"client_id": "4711-app.apps.example.org", "client_secret": "s"}
    body = [
        {"key": key, "platform": "youtube", "settings": app | {"channel": f"UC{key:0>22}"}}
        for key in ("board", "sports")
    ]
    settings = config.build({"page": body}, tmp_path / "modbot.toml")
    wiring.register_pages(store, settings.page)
    pages = [wiring.open_page(page) for page in settings.page]
    wiring.make_all_lasting(pages, store, settings)
    for page in pages:
        page.budget.allow(*page.quotas())
        page.budget.spend("units", 250)
        page.budget.noting()()
    rows = table(QuotaUse)
    with store.write(logged=False) as tx:
        tx.execute(sa.update(rows).values(forecast=7_200))
    reader = member(create_app(Desk(settings, store)), store, "vic")
    told = words(reader.get("/health").text)
    pages[0].budget.learn("units", used=10_000)
    archive.mark_failing(store, "sports", "RateLimited: YouTube's units for today are used up")
    waiting = words(reader.get("/health").text)
    store.close()
    assert told.count("At this pace: 7,200 by then.") == 2
    assert "used up" not in told
    assert "What the platform allows is used up. New comments, and what was decided, wait until" in waiting
    assert "look at the page itself" in waiting
    assert "Is the site up" not in waiting
    assert told.count("500 of 10,000 units used until") == 2
    assert told.count("Counted together with board.") == told.count("Counted together with sports.") == 1
