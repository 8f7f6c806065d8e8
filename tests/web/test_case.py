"""Cases, the queue and what was decided, as the server answers; what a browser adds is in test_shift."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.routing import APIRoute

from modbot import cases, config, notes, outbox, review, second_looks, wiring
from modbot.alerts import watching
from modbot.rulings import Choice, Ruling
from modbot.store import Store, table
from modbot.tables import Action, Call, Case, Decision, Note, Opened, Page
from modbot.web.app import SCREENS, create_app
from modbot.web.desk import Desk
from platforms.base import ActionKind
from tests.modbot.installation import settings_file
from tests.modbot.scene import District, district, edited
from tests.web.member import Member, member
from tests.web.visitor import words

PAGES = '[[page]]\nkey = "blog"\nplatform = "memory"\ntitle = "District blog"\n'


@dataclass(frozen=True)
class Office:
    here: District
    desk: Desk
    app: FastAPI

    def member(self, name: str = "ana") -> Member:
        return member(self.app, self.here.store, name)

    def case(self, text: str) -> int:
        before = {row.id for row in self.here.rows(Case)}
        self.here.comes_in(text)
        (number,) = {row.id for row in self.here.rows(Case)} - before
        return int(number)

    def form(self, number: int, choice: str, **fields: str) -> dict[str, str]:
        version = str(review.case(self.here.store, number).line.version)
        return {"choice": choice, "version": version} | fields

    def hide(self, number: int, **fields: str) -> dict[str, str]:
        return self.form(number, "hide", **({"clause": "C7", "quote": "buy now"} | fields))

    def decisions(self, number: int) -> list[review.Decided]:
        return list(review.case(self.here.store, number).decisions)


def content(page: str) -> str:
    """What a reader sees between the page's head and its dialogs."""
    return words(page.split("<main", 1)[1].split("<dialog", 1)[0].split(">", 1)[1])


@pytest.fixture
def office(tmp_path: Path, migrated_file: Path) -> Iterator[Office]:
    yield from _office(tmp_path, migrated_file, after=0.0)


@pytest.fixture
def choosing_first(tmp_path: Path, migrated_file: Path) -> Iterator[Office]:
    """Where the machine's opinion always comes after the first choice."""
    yield from _office(tmp_path, migrated_file, after=1.0)


def _office(folder: Path, migrated: Path, *, after: float) -> Iterator[Office]:
    (folder / "modbot.db").write_bytes(migrated.read_bytes())
    store = Store(f"sqlite:///{folder / 'modbot.db'}")
    here = district(store)
    loaded = config.load(settings_file(folder, "sqlite:///modbot.db", PAGES))
    drawn = loaded.review.model_copy(update={"opinion_after_share": after, "second_share": 0.0})
    settings = loaded.model_copy(update={"review": drawn})
    wiring.register_pages(store, settings.page)
    desk = Desk(settings, store)
    yield Office(here, desk, create_app(desk))
    store.close()


def test_deciding_goes_on_to_the_next_case_and_offers_to_take_it_back(office: Office) -> None:
    first, second = office.case("buy now: skates"), office.case("buy now or never, 3 bikes")
    answer = office.member().post(f"/case/{first}/decide", office.hide(first))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/case/{second}?after={first}")
    shown = content(office.member().get(answer.headers["location"]).text)
    assert re.search(rf"Case {first} : hidden under C7\. The page is told in \d+ s\. Undo", shown)
    assert "Undo" not in content(office.member("ben").get(answer.headers["location"]).text)
    back = office.member().post(f"/case/{first}/undo")
    assert back.headers["location"] == f"/case/{first}"
    assert [action.state for action in office.here.rows(Action)] == ["cancelled"]


def test_with_nothing_left_the_way_leads_to_the_queue(office: Office) -> None:
    number = office.case("buy now: skates")
    answer = office.member().post(f"/case/{number}/decide", office.form(number, "leave_up"))
    assert answer.headers["location"] == f"/queue?after={number}"
    assert office.member().get("/next").headers["location"] == "/queue"


def test_at_once_leaves_no_seconds_for_undo(office: Office) -> None:
    number = office.case("buy now: skates")
    office.member().post(f"/case/{number}/decide", office.hide(number, at_once="1"))
    (action,), (decision,) = office.here.rows(Action), office.here.rows(Decision)
    assert action.due_at == decision.at
    assert len(outbox.due(office.here.store, "blog")) == 1
    shown = content(office.member().get(f"/queue?after={number}").text)
    assert ("hidden under C7" in shown, "is told in" in shown) == (True, False)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"quote": "other words"}, "exactly as they stand in the comment"),
        ({"quote": " "}, "exactly as they stand in the comment"),
        ({"clause": "C6"}, "nothing may be hidden under it"),
        ({"clause": ""}, "Hiding needs a clause"),
        ({"because_hide": "C7.nonsense"}, "is no reason for this choice"),
    ],
)
def test_a_refused_decision_says_why_keeps_what_was_written_and_changes_nothing(
    office: Office, fields: dict[str, str], told: str
) -> None:
    number = office.case("buy now: skates")
    form = office.hide(number, words_hide="An <b>offer</b>", swap_test="true") | fields
    answer = office.member().post(f"/case/{number}/decide", form)
    assert answer.status_code == 409
    assert told in words(answer.text)
    assert "modbot case" not in content(answer.text)
    assert 'value="An &lt;b&gt;offer&lt;/b&gt;"' in answer.text
    assert office.decisions(number) == []


def test_everything_that_was_said_goes_on_record(office: Office) -> None:
    number = office.case("buy now: skates")
    form = office.hide(number, because_hide="C7.commercial", words_hide="A\r\nshop", swap_test="true")
    office.member().post(f"/case/{number}/decide", form)
    (made,) = office.decisions(number)
    assert (made.quote, made.reason, made.reason_code) == ("buy now", "A\nshop", "C7.commercial")
    assert made.swap_test is True


def test_words_are_found_as_they_stand_in_the_comment_however_they_were_shown(office: Office) -> None:
    number = office.case("please\r\nbuy now\u200b or\tnever")
    form = office.hide(number, quote="please\nbuy now\\u200b or never")
    office.member().post(f"/case/{number}/decide", form)
    assert [made.quote for made in office.decisions(number)] == ["please\r\nbuy now\u200b or\tnever"]


def test_a_clause_in_advise_offers_no_hide_and_says_why(office: Office) -> None:
    number = office.case("vote yes on the levy")
    page = office.member().get(f"/case/{number}").text
    assert "Advice only: nothing may be hidden under it" in words(page)
    assert "Hide is not offered under C6: nobody signed off on removing comments under it." in words(page)
    assert "Hide…" not in words(page)
    assert 'value="C6"' not in page


def test_a_threat_that_may_only_report_one_is_said_to_be_either(office: Office) -> None:
    number = office.case("My son says a kid wrote: I will hurt you all, I bring a gun tomorrow")
    page = office.member().get(f"/case/{number}").text
    said = words(page)
    assert "This may be a threat, or a report of somebody else's threat. Show the words" in said
    assert "This may report somebody else’s threat. That breaks no clause" in said
    assert "Only if the writer threatens too" in said
    assert "Hide…" not in said
    assert re.search(r'value="threat"[^>]* checked', page)
    alone = office.case("Mi hija dice que un niño trae una pistola en la mochila")
    assert "Only if the writer threatens too" not in words(office.member().get(f"/case/{alone}").text)
    ben = office.member("ben")
    ben.post("/account/language", {"language": "es"})
    assert "REPORT Avisa de la amenaza de otra persona" in words(ben.get(f"/case/{alone}").text)
    assert "REPORT Avisa de la amenaza de otra persona" in words(ben.get("/queue").text)


def test_refusals_are_in_the_readers_language(office: Office) -> None:
    number = office.case("buy now: half price prom dresses, text 253-555-0142")
    ben = office.member("ben")
    ben.post("/account/language", {"language": "es"})
    refused = ben.post(f"/case/{number}/decide", office.hide(number, quote="other words"))
    assert "Para ocultar hacen falta las palabras que violan la cláusula" in refused.text
    assert "Hiding needs" not in refused.text
    stale = office.hide(number)
    office.here.arrive(edited("1", "buy now: half price skis, text 253-555-0142"))
    office.here.score()
    late = words(ben.post(f"/case/{number}/decide", stale).text)
    assert f"El caso {number} cambió desde que usted lo miró (ahora está" in late
    nothing = words(ben.post("/case/99999/note", {"text": "Nada"}).text)
    assert "No existe el caso 99999." in nothing
    assert "modbot case list" not in nothing


def test_whoever_is_too_late_learns_who_decided_and_how(office: Office) -> None:
    number = office.case("buy now: skates")
    form = office.form(number, "leave_up")
    office.member("ben").post(f"/case/{number}/decide", office.hide(number))
    answer = office.member().post(f"/case/{number}/decide", form)
    assert answer.status_code == 409
    assert re.search(rf"Ben decided case {number} at .*: hidden under C7\.", words(answer.text))
    assert len(office.decisions(number)) == 1


def test_an_edit_in_between_is_told_and_nothing_is_decided(office: Office) -> None:
    number = office.case("buy now: skates")
    form = office.hide(number)
    office.here.arrive(edited("1", "buy now: skis"))
    office.here.score()
    answer = office.member().post(f"/case/{number}/decide", form)
    assert (answer.status_code, office.decisions(number)) == (409, [])
    page = words(office.member().get(f"/case/{number}").text)
    assert "buy now : skis" in page
    assert "The author edited it: 1 earlier version" in page


def test_what_was_escalated_is_taken_back_from_the_bar_after_it(office: Office) -> None:
    number, second = office.case("buy now: skates"), office.case("buy now or never, 3 bikes")
    escalated = office.member().post(f"/case/{number}/decide", office.form(number, "escalate"))
    assert escalated.headers["location"] == f"/case/{second}?after={number}"
    assert 'name="passed_on"' in office.member().get(escalated.headers["location"]).text
    back = office.member().post(f"/case/{number}/undo", {"passed_on": "true"})
    assert (back.status_code, back.headers["location"]) == (303, f"/case/{number}")
    assert [row.escalated for row in office.here.rows(Case)] == [False, False]
    assert 'name="passed_on"' not in office.member().get(f"/queue?after={number}").text
    assert office.member().post(f"/case/{number}/undo", {"passed_on": "true"}).status_code == 409


def test_a_referral_of_a_hidden_comment_changes_nothing_about_it(office: Office) -> None:
    number = office.case("buy now: skates")
    office.member().post(f"/case/{number}/decide", office.hide(number))
    refer = Ruling(choice=Choice.REFER, by="ben", referral="threat")
    cases.decide(office.here.store, office.here.rules, number, refer)
    page = content(office.member().get(f"/case/{number}").text)
    assert "It is being hidden: the page is told in a moment" in page
    assert "hidden under C7" in content(office.member().get("/decided").text)
    assert "Undo" in content(office.member("ben").get(f"/queue?after={number}").text)
    office.member("ben").post(f"/case/{number}/undo", {"passed_on": "true"})
    assert [action.state for action in office.here.rows(Action)] == ["pending"]


def test_queue_and_case_lead_to_a_call_that_nobody_has_answered(office: Office) -> None:
    number = office.case("I will hurt you after the game")
    assert "Answer the call" not in content(office.member().get(f"/case/{number}").text)
    watching.UrgentWatcher(office.here.store, office.desk.settings).look()
    (call,) = office.here.rows(Call)
    for path in ("/queue", f"/case/{number}"):
        assert f'href="/call/{call.id}"' in office.member().get(path).text
    assert "/call/" not in office.member("vic").get("/queue").text
    office.member().post(f"/call/{call.id}")
    assert "/call/" not in office.member().get("/queue").text


def test_where_no_alerts_are_set_up_a_referral_says_that_nobody_is_told(office: Office) -> None:
    page = content(office.member().get(f"/case/{office.case('buy now: skates')}").text)
    assert "modbot has no way to tell them here" in page


def test_opening_keeps_the_case_and_others_are_told_who_has_it(office: Office) -> None:
    number = office.case("buy now: skates")
    claim = f"/case/{number}/claim?version=1"
    assert words(office.member().post(claim, script=True).text) == ""
    assert "Ana is deciding this case at the moment." in words(office.member("ben").post(claim).text)
    assert "Ana is deciding it" in words(office.member("ben").get("/queue").text)
    assert "This case changed" in words(office.member().post(claim.replace("=1", "=0")).text)
    assert office.member().post(f"/case/{number}/release").status_code == 204
    assert words(office.member("ben").post(claim).text) == ""
    assert {row.person for row in office.here.rows(Opened)} == {"ana", "ben"}


def test_the_machine_s_opinion_comes_after_the_first_choice_where_it_is_drawn(choosing_first: Office) -> None:
    number = choosing_first.case("buy now: skates")
    moderator = choosing_first.member()
    page = moderator.get(f"/case/{number}").text
    assert "<mark" not in page
    assert 'id="clause-C7"' not in page
    assert "C7" not in moderator.get("/queue").text.split('id="rows"')[1]
    answer = moderator.post(f"/case/{number}/decide", choosing_first.form(number, "leave_up"))
    assert "You chose: left up. Below is what the machine thinks." in words(answer.text)
    assert "buy now</mark>" in answer.text
    assert choosing_first.decisions(number) == []
    form = choosing_first.hide(number, first_choice="leave_up")
    moderator.post(f"/case/{number}/decide", form)
    (made,) = choosing_first.decisions(number)
    assert made.choice == "hide"


def test_an_urgent_case_is_shown_with_the_machine_s_opinion_to_everybody(choosing_first: Office) -> None:
    number = choosing_first.case("I will hurt you")
    assert "This may be a threat" in words(choosing_first.member().get(f"/case/{number}").text)


def test_hard_words_are_shown_on_request_and_gently_counted(office: Office) -> None:
    number = office.case("I will hurt you")
    moderator = office.member()
    queue = moderator.get("/queue").text
    assert "hurt you" not in queue
    assert "This may be a threat. The words are shown when you open it." in words(queue)
    assert '<details class="severe">' in moderator.get(f"/case/{number}").text
    moderator.post(f"/case/{number}/claim?version=1", script=True)
    assert "1 hard comment read today." in words(moderator.get("/queue").text)


def test_one_of_many_can_be_decided_by_itself(office: Office) -> None:
    for end in ("", "!", "!!"):
        office.here.comes_in(f"buy now at the big sale on the corner{end}")
    (row,) = office.here.rows(Case)
    record = review.case(office.here.store, row.id).items[1].id
    answer = office.member().post(f"/case/{row.id}/split", {"record": str(record)})
    assert answer.headers["location"] == f"/case/{row.id}"
    assert len(office.here.rows(Case)) == 2


def test_notes_and_skips(office: Office) -> None:
    first, second = office.case("buy now: skates"), office.case("buy now or never, 3 bikes")
    moderator = office.member()
    moderator.post(f"/case/{first}/note", {"text": "Ask <i>Lee</i>"})
    assert "Ask &lt;i&gt;Lee&lt;/i&gt;" in office.member("ben").get(f"/case/{first}").text
    moderator.post(f"/case/{first}/note", {"text": " "})
    assert len(office.here.rows(Note)) == 1
    assert moderator.post(f"/case/{first}/skip").headers["location"] == f"/case/{second}"
    assert moderator.get("/next").headers["location"] == f"/case/{second}"
    assert office.member("ben").get("/next").headers["location"] == f"/case/{first}"
    moderator.post(f"/case/{second}/decide", office.form(second, "leave_up"))
    assert moderator.post(f"/case/{first}/skip").headers["location"] == "/queue"


def test_a_second_look_is_blind_and_changes_nothing_on_the_page(office: Office) -> None:
    number = office.case("buy now: skates")
    ruling = Ruling(choice=Choice.HIDE, by="ben", clause="C7", quote="buy now", reason="a secret reason")
    always = office.desk.settings.review.sampling.__class__(share=1.0)
    cases.decide(office.here.store, office.here.rules, number, ruling, sampling=always)
    moderator = office.member()
    assert moderator.get("/next").headers["location"] == f"/case/{number}"
    for path in (f"/case/{number}", "/decided", "/queue?view=second", "/queue/news?loaded=0&seen=0"):
        shown = words(moderator.get(path + (f"&shown={number}" if "?" in path else "")).text)
        assert "secret reason" not in shown
        assert not re.search("idden under C|Hidden by|Decided by Ben", shown)
    assert "Somebody decided this case already." in words(moderator.get(f"/case/{number}").text)
    moderator.post(f"/case/{number}/decide", office.form(number, "leave_up"))
    assert len(office.decisions(number)) == 1
    assert review.case(office.here.store, number).line.escalated
    assert second_looks.DIFFERS == "differs"


def test_a_viewer_reads_and_is_offered_nothing_to_decide(office: Office) -> None:
    number = office.case("buy now: skates")
    viewer = office.member("vic")
    page = content(viewer.get(f"/case/{number}").text)
    assert "buy now" in page
    assert not re.search("Leave up|Hide|Skip|Save the note", page)
    assert viewer.post(f"/case/{number}/decide", office.hide(number)).status_code == 403
    assert office.decisions(number) == []


def test_news_of_the_queue_tell_what_came_and_what_became_of_the_rest(office: Office) -> None:
    first = office.case("buy now: skates")
    page = office.member().get("/queue").text
    loaded = re.search(r"loaded=(\d+)", page)
    assert loaded
    news = f"/queue/news?loaded={loaded[1]}&seen={loaded[1]}&shown={first}"
    assert office.member().get(news).status_code in (200, 204)
    office.case("I will hurt you")
    cases.decide(
        office.here.store,
        office.here.rules,
        first,
        Ruling(choice=Choice.LEAVE_UP, by="ben"),
        delay=timedelta(0),
    )
    told = words(office.member().get(news).text)
    assert "Show 1 new case, 1 urgent" in told
    assert "Left up by Ben" in told


def test_filters_narrow_the_list_and_its_news_and_counts_are_right(office: Office) -> None:
    office.case("buy now: skates")
    office.case("vote yes on the levy")
    page = office.member().get("/queue?clause=C6").text
    rows = page.split('id="rows"')[1]
    assert ("levy" in rows, "skates" in rows) == (True, False)
    assert "clause=C6" in rows.split('id="news"')[1]
    assert "C7 Commercial promotion (1)" in words(page)
    assert "2 cases wait." in words(page)
    assert "Nothing waits here" in words(office.member().get("/queue?view=lead").text)
    assert "levy" in words(office.member().get("/queue?kind=comment").text)
    assert "Nothing waits here" in words(office.member().get("/queue?kind=mention").text)
    assert "levy" in words(office.member().get("/queue?kind=nonsense").text)
    assert office.member().get("/queue?older=nonsense&clause=%00&start=x").status_code == 200


def test_decided_shows_the_newest_first_with_restore_and_filters(office: Office) -> None:
    first, second = office.case("buy now: skates"), office.case("buy now or never, 3 bikes")
    office.member().post(f"/case/{first}/decide", office.hide(first))
    office.member("ben").post(f"/case/{second}/decide", office.form(second, "leave_up"))
    shown = words(office.member().get("/decided").text)
    assert shown.index("3 bikes") < shown.index("skates")
    assert re.search("hidden under C7 the page is being told", shown)
    assert "Restore" in shown
    only = words(office.member().get("/decided?by=ben").text)
    assert ("3 bikes" in only, "skates" in only) == (True, False)


def test_a_number_that_is_no_case_is_said_in_a_page(office: Office) -> None:
    answer = office.member().get("/case/9999")
    assert answer.status_code == 404
    assert "There is no case 9999." in words(answer.text)
    assert office.member().post("/case/9999/skip").status_code == 404


def test_a_case_shows_the_codebooks_nearest_example(office: Office) -> None:
    number = office.case("buy now, gutter cleaning at half price")
    page = content(office.member().get(f"/case/{number}").text)
    assert "Most like this example of the codebook: Gutter cleaning, first visit half price" in page


def test_a_case_names_what_is_marked_links_its_page_and_has_every_clause_to_read(office: Office) -> None:
    with office.here.store.write(logged=False) as tx:
        its = sa.update(table(Page)).where(table(Page).c.key == "blog")
        tx.execute(its.values(url="https://blog.larchhollow.example/"))
    number = office.case("buy now: skates")
    page = office.member().get(f"/case/{number}").text
    assert "says so buy now" in words(page.split('<dl class="marks')[1].split("</dl>")[0].split(">", 1)[1])
    assert re.search(r'<a href="https://blog.larchhollow.example/"[^>]*><bdi>District blog</bdi></a>', page)
    assert re.search(r"<summary[^>]*>Read it.*?<p[^>]*>Threatening or intimidating</p></details>", page, re.S)
    assert 'title="Threatening' not in page
    with office.here.store.write(logged=False) as tx:
        tx.execute(its.values(url="javascript:alert(1)"))
    assert "javascript:" not in office.member().get(f"/case/{number}").text


def test_a_history_that_is_cut_says_so(office: Office) -> None:
    number = office.case("buy now: skates")
    assert "Here are the newest" not in office.member().get(f"/case/{number}").text
    for n in range(100):
        notes.write(office.here.store, number, "ben", f"note {n}")
    shown = len(review.case(office.here.store, number).history)
    said = words(office.member().get(f"/case/{number}").text)
    assert f"Here are the newest 100 of {shown} entries." in said


def test_decided_leads_to_the_wordings_before_many_are_taken_back(office: Office) -> None:
    one = office.case("vote yes on the levy")
    many = office.case("buy now at the big sale on the corner")
    office.here.comes_in("buy now at the big sale on the corner!")
    office.member().post(f"/case/{one}/decide", office.form(one, "leave_up"))
    office.member().post(f"/case/{many}/decide", office.hide(many))
    page = office.member().get("/decided").text
    assert f'action="/case/{one}/undo"' in page
    assert f'action="/case/{many}/undo"' not in page
    assert re.search(rf'href="/case/{many}#copies">See them all and restore', page)
    case = office.member().get(f"/case/{many}").text
    assert f'action="/case/{many}/undo"' in case
    assert "Every wording that the decision covers" in case


def test_nothing_can_be_done_to_an_author() -> None:
    assert set(ActionKind) == {ActionKind.HIDE, ActionKind.UNHIDE, ActionKind.DELETE}
    paths = [route.path for screen in SCREENS for route in screen.routes if isinstance(route, APIRoute)]
    assert "/case/{number}/decide" in paths
    assert [path for path in paths if re.search("block|ban|mute", path)] == []
