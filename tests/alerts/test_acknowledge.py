"""The page behind the link in a message."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from modbot.alerts import calls, drill
from modbot.alerts.routing import News
from modbot.alerts.settings import About
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk as WebDesk
from tests.alerts.receiver import Desk
from tests.alerts.scenery import Scene, channel, person, settings
from tests.web.member import member
from tests.web.visitor import Visitor, words

THREAT = "I will hurt you <script>alert(1)</script>"


class Behind:
    """A call under way, and what ana's phone got."""

    def __init__(self, store: Store, folder: Path, desk: Desk, *, with_words: bool = False) -> None:
        phone = channel("ana-phone", desk.url, words=with_words)
        self.scene = Scene(store, settings(folder, phone, on_call={"person": [person("ana", "ana-phone")]}))
        self.scene.here.comes_in(THREAT)
        self.scene.round()
        self.message = next(each["data"] for each in desk.kept if each["data"]["answer"])
        self.link = self.message["answer"].removeprefix("http://127.0.0.1:8080")
        self.app = create_app(WebDesk(self.scene.settings, store))
        self.visitor = Visitor(self.app)

    @property
    def state(self) -> tuple[str, str]:
        (call,) = self.scene.calls()
        return call.state, call.acknowledged_by


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    """What differs between the engines is tested with calls and alerts."""
    opened = Store(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'modbot.db')}")
    yield opened
    opened.close()


@pytest.fixture
def desk() -> Iterator[Desk]:
    taking = Desk()
    yield taking
    taking.close()


def test_looking_at_the_link_answers_nothing_however_often(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    for _ in range(3):
        assert behind.visitor.get(behind.link).status_code == 200
    assert behind.state == ("calling", "")


def test_the_button_answers_in_the_name_of_who_got_the_link(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    answered = behind.visitor.post(behind.link, {}, script=False)
    assert (answered.status_code, answered.headers["location"]) == (303, behind.link)
    assert behind.state == ("acknowledged", "ana")
    assert "Ana has answered" in words(behind.visitor.get(behind.link).text)
    assert "I have seen this" not in behind.visitor.get(behind.link).text


def test_another_sites_page_cannot_answer(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    refused = behind.visitor.post(behind.link, {}, Origin="https://elsewhere.example")
    assert refused.status_code == 403
    assert behind.state == ("calling", "")


def test_a_link_that_nobody_got_opens_nothing(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    for path in ("/ack/nonsense", behind.link[:-5] + "AAAAA"):
        assert behind.visitor.get(path).status_code == 404
        assert behind.visitor.post(path, {}).status_code == 404
    assert behind.state == ("calling", "")


def test_the_comments_words_stay_away_unless_the_district_lets_them_go(
    store: Store, tmp_path: Path, desk: Desk
) -> None:
    behind = Behind(store, tmp_path, desk)
    said = behind.visitor.get(behind.link).text
    assert "hurt you" not in said
    assert "Pat" not in said
    assert "comment" not in behind.message


def test_where_they_may_go_they_are_shown_as_text(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk, with_words=True)
    said = behind.visitor.get(behind.link).text
    cover = said.split('<details class="severe">')[1].split("</details>")[0]
    assert "This may be a threat. Show the words" in words(cover)
    assert "I will hurt you &lt;script&gt;" in cover
    assert "<script>alert" not in said
    assert desk.kept[0]["data"]["comment"] == {"author": "Pat", "text": THREAT}


def test_a_signed_in_person_answers_in_the_page(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    (call,) = behind.scene.calls()
    ben = member(behind.app, store, "ben")
    assert "I have seen this" in ben.get(f"/call/{call.id}").text
    assert ben.post(f"/call/{call.id}").status_code == 303
    assert behind.state == ("acknowledged", "ben")


def test_a_call_in_the_page_needs_somebody_who_may_decide(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    (call,) = behind.scene.calls()
    assert behind.visitor.get(f"/call/{call.id}").status_code == 303
    assert behind.visitor.post(f"/call/{call.id}", {}).status_code in (303, 401, 403)
    assert member(behind.app, store, "vic").post(f"/call/{call.id}").status_code == 403
    assert behind.state == ("calling", "")


def test_behind_a_proxy_the_name_that_people_type_is_known(store: Store, tmp_path: Path, desk: Desk) -> None:
    made = settings(tmp_path, web={"address": "https://modbot.example.org"})
    app = create_app(WebDesk(made, store))
    assert Visitor(app).get("/ack/nonsense", Host="modbot.example.org").status_code == 404
    assert Visitor(app).get("/ack/nonsense", Host="elsewhere.example").status_code == 400


def test_a_drill_says_that_it_is_one_and_that_it_has_ended(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    assert "drill" not in behind.visitor.get(behind.link).text.lower()
    call = drill.start(store, behind.scene.settings)
    behind.scene.round()
    link = desk.kept[-1]["data"]["answer"].removeprefix("http://127.0.0.1:8080")
    assert "This is a drill" in words(behind.visitor.get(link).text)
    calls.end_drill(store, behind.scene.settings, call)
    assert "This drill has ended" in words(behind.visitor.get(link).text)


def test_a_call_about_comments_that_nobody_reads_leads_to_them_and_says_when_it_has_passed(
    store: Store, tmp_path: Path, desk: Desk
) -> None:
    behind = Behind(store, tmp_path, desk)
    news = News(about=About.SCORER_DOWN, key="scorer_down:unread", says="They wait.", calls=True)
    with store.write() as tx:
        calls.start(tx, behind.scene.settings, news)
    behind.scene.round()
    link = desk.kept[-1]["data"]["answer"].removeprefix("http://127.0.0.1:8080")
    shown = behind.visitor.get(link).text
    assert "Comments wait unread" in words(shown)
    assert "/queue?view=unscored" in shown
    assert "911" not in shown
    with store.write() as tx:
        calls.over(tx, news.key)
    assert "It has passed: nobody needs to do anything more." in words(behind.visitor.get(link).text)


def test_health_leads_to_a_call_that_nobody_has_answered(store: Store, tmp_path: Path, desk: Desk) -> None:
    behind = Behind(store, tmp_path, desk)
    (call,) = behind.scene.calls()
    ana = member(behind.app, store, "ana")
    assert f'href="/call/{call.id}"' in ana.get("/health").text
    assert "No call waits" not in ana.get("/health").text
    calls.acknowledge(store, call.id, "ben", "page")
    assert "No call waits for an answer." in words(ana.get("/health").text)
