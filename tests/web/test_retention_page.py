"""The screen on which the records officer sees how long what is kept."""

from __future__ import annotations

from pathlib import Path

from modbot import config, users, wiring
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from platforms.youtube import YouTube
from tests.modbot.scene import district
from tests.web.member import member
from tests.web.visitor import words


def test_each_page_shows_its_schedule_beside_the_platforms_terms(tmp_path: Path, migrated_file: Path) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    district(store)
    users.add(store, "ruth", "Ruth", "records_officer")
    pages = [
        {"key": "videos", "platform": "youtube", "retention": {"authority": "GS50-01-12", "years": 1}},
        {"key": "forum", "platform": "manual", "title": "Parents' forum"},
    ]
    settings = config.build({"page": pages}, tmp_path / "modbot.toml")
    wiring.register_pages(store, settings.page)
    officer = member(create_app(Desk(settings, store)), store, "ruth")
    told = words(officer.get("/retention").text)
    assert 'href="/retention"' in officer.get("/queue").text
    store.close()
    assert "GS50-01-12" in told
    assert "Kept for at least 1 year." in told
    assert f"For counsel, the platform’s terms: {YouTube.capabilities.storage_terms}" in told
    assert "Nothing here is older than that." in told
    assert told.count("Not named yet") == 3
