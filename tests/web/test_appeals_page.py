"""An appeal from the telephone to its answer, as the server shows it to each role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modbot import config, users
from modbot.store import Store
from modbot.tables import Appeal
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot.installation import settings_file
from tests.modbot.scene import district
from tests.web.test_case import Office, content

PAGES = '[[page]]\nkey = "blog"\nplatform = "memory"\ntitle = "District blog"\n'
WORDS = "I only asked <b>where</b> to buy skates."


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("appeals")
    (folder / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    here = district(store)
    loaded = config.load(settings_file(folder, "sqlite:///modbot.db", PAGES))
    drawn = loaded.review.model_copy(update={"opinion_after_share": 0.0, "second_share": 0.0})
    users.add(store, "alma", "Alma Reyes", "appeals_officer")
    desk = Desk(loaded.model_copy(update={"review": drawn}), store)
    yield Office(here, desk, create_app(desk))
    store.close()


def hidden(office: Office, text: str) -> int:
    number = office.case(text)
    office.member("ana").post(f"/case/{number}/decide", office.hide(number))
    return number


def test_an_appeal_is_entered_read_and_granted(office: Office) -> None:
    case = hidden(office, "buy now: skates at the corner")
    form = {"case": str(case), "words": WORDS, "contact": "parent@example.org"}
    place = office.member("ben").post("/appeals", form).headers["location"]
    assert WORDS in content(office.member("vic").get("/appeals").text)
    seen = content(office.member("ben").get(place).text)
    assert "An appeals officer decides this" in seen
    officer = content(office.member("alma").get(place).text)
    assert WORDS in officer
    assert "parent@example.org" in officer
    assert "Promotes commercial services or products" in officer
    assert office.member("ana").post(f"{place}/overturn", {"reason": "x"}).status_code == 403
    empty = office.member("alma").post(f"{place}/overturn", {"reason": " "})
    assert (empty.status_code, "owed a reason" in empty.text) == (409, True)
    told = office.member("alma").post(f"{place}/overturn", {"reason": "It asks, it sells nothing"})
    after = content(office.member("alma").get(told.headers["location"]).text)
    assert "Granted: it is shown again" in after
    assert "It asks, it sells nothing" in after
    assert office.decisions(case)[-1].by == "alma"


def test_what_cannot_be_entered_comes_back_with_the_words_that_were_written(office: Office) -> None:
    case = office.case("vote yes on the levy")
    answer = office.member("ana").post("/appeals", {"case": str(case), "words": WORDS})
    assert answer.status_code == 409
    page = content(answer.text)
    assert "hides nothing" in page
    assert WORDS in page
    assert office.member("vic").post("/appeals", {"case": str(case), "words": WORDS}).status_code == 403


def test_upheld_it_stays_hidden_and_stands_among_the_decided(office: Office) -> None:
    case = hidden(office, "buy now: one hundred winter coats")
    place = office.member("alma").post("/appeals", {"case": str(case), "words": "Why?"}).headers["location"]
    office.member("alma").post(f"{place}/uphold", {"reason": "It sells coats"})
    page = content(office.member("alma").get("/appeals").text)
    assert "No appeal waits" in page
    assert "Upheld: it stays hidden" in page
    assert office.here.rows(Appeal)[-1].state == "upheld"
    assert office.decisions(case)[-1].by == "ana"
