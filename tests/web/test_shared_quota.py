"""What the page Health tells of pages that use up one quota."""

from __future__ import annotations

from pathlib import Path

from modbot import config, wiring
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot.scene import district
from tests.web.member import member
from tests.web.visitor import words


def test_each_page_shows_the_quota_that_it_shares(tmp_path: Path, migrated_file: Path) -> None:
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
    told = words(member(create_app(Desk(settings, store)), store, "vic").get("/health").text)
    store.close()
    assert told.count("500 of 10,000 units used until") == 2
    assert told.count("Counted together with board.") == told.count("Counted together with sports.") == 1
