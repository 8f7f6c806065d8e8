from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from modbot import cases, config
from modbot.actions import STUCK_AFTER
from modbot.cases import Choice, Ruling
from modbot.health import complaints, measure
from modbot.records import archive
from modbot.store import Store, table
from modbot.tables import Action, Page, Unscored
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot.scene import District, Keywords, add_page, district, said
from tests.web.visitor import Visitor, settings

pages, actions, unscored = table(Page), table(Action), table(Unscored)


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


def health(here: District, folder: Path, *, ended: tuple[str, ...] = ()) -> Any:
    app = create_app(Desk(settings(folder, "blog"), here.store, ended))
    answer = Visitor(app).get("/healthz")
    body = answer.json()
    assert answer.status_code == (200 if body["status"] == "ok" else 503)
    assert (body["status"] == "ok") == (body["reasons"] == [])
    return body


def set_page(here: District, **values: object) -> None:
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(pages).where(pages.c.key == "blog").values(**values))


def ago(**since: float) -> datetime:
    return datetime.now(UTC) - timedelta(**since)


def test_all_is_well_with_a_page_that_was_just_read(here: District, tmp_path: Path) -> None:
    here.comes_in("Nice concert")
    body = health(here, tmp_path)
    assert body["reasons"] == []
    assert body["pages"]["blog"]["lag_seconds"] < 60
    assert body["unscored"] == 0


def test_a_page_that_cannot_be_read_is_told_with_the_reason(here: District, tmp_path: Path) -> None:
    archive.mark_failing(here.store, "blog", "Unavailable: no answer")
    assert health(here, tmp_path)["reasons"] == ["page blog cannot be read: Unavailable: no answer"]


def test_a_page_that_was_not_read_for_long_is_told(here: District, tmp_path: Path) -> None:
    set_page(here, polled_at=ago(minutes=10))
    (reason,) = health(here, tmp_path)["reasons"]
    assert reason.startswith("page blog was last read 60")


def test_a_page_that_is_no_longer_watched_or_has_ended_troubles_nobody(
    here: District, tmp_path: Path
) -> None:
    set_page(here, polled_at=ago(days=10))
    assert health(here, tmp_path, ended=("blog",))["reasons"] == []
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(pages).where(pages.c.key == "news").values(polled_at=ago(days=10)))
    assert health(here, tmp_path, ended=("blog",))["reasons"] == []


def hide(here: District) -> None:
    here.comes_in("I will hurt you")
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C1", quote="hurt you")
    (line,) = _lines(here)
    cases.decide(here.store, here.rules, line, ruling)


def _lines(here: District) -> list[int]:
    from modbot import review

    return [line.id for line in review.waiting(here.store)]


def test_an_action_that_is_tried_again_and_again_is_told_as_stuck(here: District, tmp_path: Path) -> None:
    hide(here)
    assert health(here, tmp_path)["reasons"] == []
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(actions).values(attempts=STUCK_AFTER))
    body = health(here, tmp_path)
    assert body["stuck_actions"] == 1
    assert body["reasons"] == ["1 decided actions are stuck and still being tried"]


def test_an_action_that_the_platform_cannot_do_is_told(here: District, tmp_path: Path) -> None:
    hide(here)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(actions).values(state="failed"))
    assert "cannot be carried out" in health(here, tmp_path)["reasons"][0]


def test_comments_that_nobody_could_score_are_told(here: District, tmp_path: Path) -> None:
    here.member.broken = True
    here.arrive(said("1", "Nice concert"))
    here.scorer.run_once()
    body = health(here, tmp_path)
    assert body["not_scored"] == 1
    assert body["reasons"] == ["1 comments could not be scored and wait for a person"]


def test_comments_that_wait_long_for_their_score_are_told(here: District, tmp_path: Path) -> None:
    with here.store.write(now=ago(minutes=5)) as tx:
        archive.archive(tx, "blog", [said("1", "Nice concert")])
    set_page(here, polled_at=datetime.now(UTC))
    assert health(here, tmp_path)["reasons"] == ["1 comments wait for their score"]


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    store = Store("postgresql://modbot:s3cret@127.0.0.1:1/modbot")
    visitor = Visitor(create_app(Desk(settings(tmp_path, "blog"), store)))
    answer = visitor.get("/healthz")
    assert answer.status_code == 503
    assert "Connection refused" in answer.json()["reasons"][0] or "connection failed" in answer.text
    assert "s3cret" not in answer.text
    assert visitor.get("/metrics").status_code == 200


def test_metrics_are_read_from_the_rows_at_each_scrape(here: District, tmp_path: Path) -> None:
    visitor = Visitor(create_app(Desk(settings(tmp_path, "blog"), here.store)))
    hide(here)
    scraped = visitor.get("/metrics")
    assert scraped.headers["content-type"].startswith("text/plain")
    lines = scraped.text.splitlines()
    assert 'modbot_actions_now{state="pending"} 1.0' in lines
    assert 'modbot_cases_now{state="decided"} 1.0' in lines
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(actions).values(state="done"))
    lines = visitor.get("/metrics").text.splitlines()
    assert 'modbot_actions_now{state="pending"} 0.0' in lines
    assert 'modbot_actions_now{state="done"} 1.0' in lines


def test_a_page_that_never_answered_lags_since_it_was_registered(here: District, tmp_path: Path) -> None:
    with here.store.write(now=ago(hours=3)) as tx:
        add_page(tx, "old", "memory", tx.record("page.registered", "page:old"))
    here.comes_in("Nice concert")
    visitor = Visitor(create_app(Desk(settings(tmp_path, "blog"), here.store)))
    told = re.findall(r'^modbot_page_lag_seconds{page="(\w+)"} (.+)$', visitor.get("/metrics").text, re.M)
    lags = {page: float(lag) for page, lag in told}
    assert lags["old"] >= 3 * 3600
    assert lags["news"] < 3600
    assert lags["blog"] < 3600


def test_a_member_that_is_not_there_is_told(here: District, tmp_path: Path) -> None:
    absent = Keywords()
    absent.name = "second"
    absent.broken = True
    here.scorer.ensemble.members = (here.member, absent)
    here.comes_in("Buy now, half price")
    assert "comments are scored without: second" in health(here, tmp_path)["reasons"]


def test_a_log_that_nobody_signs_is_told(here: District, tmp_path: Path) -> None:
    here.comes_in("Nice concert")
    figures = measure(here.store)
    late = replace(figures, unsigned_seconds=2 * 3600 + 121)
    assert complaints(figures, settings(tmp_path, "blog")) == []
    (reason,) = complaints(late, settings(tmp_path, "blog"))
    assert reason.startswith("the log has not been signed for too long")
    assert figures.unsigned_seconds > 0


def ask(
    here: District, folder: Path, path: str, address: str, token: str = "", sent: str = ""
) -> httpx.Response:
    """A request from that address, to a modbot with this token for metrics."""
    page = {"key": "blog", "platform": "memory"}
    named = config.build({"page": [page], "web": {"metrics_token": token}}, folder / "modbot.toml")
    transport = httpx.ASGITransport(app=create_app(Desk(named, here.store)), client=(address, 1))

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers={"Authorization": sent} if sent else {})

    return asyncio.run(send())


def test_strangers_hear_only_whether_all_is_well(here: District, tmp_path: Path) -> None:
    archive.mark_failing(here.store, "blog", "Unavailable: no answer")
    stranger = ask(here, tmp_path, "/healthz", "203.0.113.5")
    assert (stranger.status_code, stranger.json()) == (503, {"status": "degraded"})
    assert ask(here, tmp_path, "/metrics", "203.0.113.5").status_code == 403
    for machine in ("127.0.0.1", "::1"):
        assert "reasons" in ask(here, tmp_path, "/healthz", machine).json()
        assert ask(here, tmp_path, "/metrics", machine).status_code == 200


def test_whoever_holds_the_token_hears_all_from_anywhere(here: District, tmp_path: Path) -> None:
    for sent, allowed in (
        ("Bearer s3cret", True),
        ("bearer s3cret", True),
        ("Bearer s3cre", False),
        ("", False),
    ):
        answer = ask(here, tmp_path, "/metrics", "203.0.113.5", "s3cret", sent)
        assert (answer.status_code == 200) is allowed, sent
    assert ask(here, tmp_path, "/metrics", "203.0.113.5", "", "Bearer ").status_code == 403
