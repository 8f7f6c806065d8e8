from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modbot.errors import StaleCase
from modbot.store import Store
from modbot.tables import Action, Case, Comment, Decision
from tests.modbot.installation import Installation, install
from tests.modbot.scene import edited

THREAT = "Say that again and I will hurt you"


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Installation:
    return install(tmp_path / "office", store)


def test_the_list_shows_urgent_cases_first_then_the_oldest(office: Installation) -> None:
    office.here.comes_in("buy now, last chance", "vote yes on Tuesday", THREAT)
    lines = office.modbot("case", "list").out.splitlines()
    assert [line.split()[3] for line in lines[1:]] == ["C1", "C7", "C6"]
    assert THREAT in lines[1]
    assert "urgent" in lines[1]


def test_an_empty_list_says_so(office: Installation) -> None:
    assert office.modbot("case", "list").out == "No case waits for a decision.\n"
    assert office.modbot("case", "list", "--json").data == []


def test_a_case_is_shown_with_its_evidence_marked_and_the_clause_verbatim(office: Installation) -> None:
    office.here.comes_in(THREAT)
    out = office.modbot("case", "show", str(office.only_case())).out
    assert "  | Say that again and I will «hurt you»\n" in out
    assert "May break C1: Threatening or intimidating\n" in out
    assert "threats, high: says so" in out


def test_a_clause_in_advise_mode_is_shown_as_one_under_which_nothing_is_hidden(office: Installation) -> None:
    office.here.comes_in("vote yes")
    assert "Nothing may be hidden under it." in office.modbot("case", "show", str(office.only_case())).out


def test_a_case_as_json_holds_the_text_the_spans_and_the_clause(office: Installation) -> None:
    office.here.comes_in(THREAT)
    found = office.modbot("case", "show", str(office.only_case()), "--json").data
    (seen,) = found["revisions"]
    assert seen["text"] == THREAT
    (finding,) = seen["judged"]["findings"]
    (span,) = finding["spans"]
    assert THREAT[span["start"] : span["end"]] == "hurt you"
    assert found["clauses"][0]["text"] == "Threatening or intimidating"


def test_near_identical_comments_are_counted_and_listed(office: Installation) -> None:
    office.here.comes_in(*(f"buy now at the big sale on the corner{'!' * n}" for n in range(14)))
    number = office.only_case()
    assert office.modbot("case", "list", "--json").data[0]["copies"] == 14
    out = office.modbot("case", "show", str(number)).out
    assert "With 13 near-identical comments, which the same decision covers:" in out
    assert "  and 3 more" in out


def test_what_a_stranger_wrote_cannot_steer_the_terminal(office: Installation) -> None:
    office.here.comes_in("hurt you \x1b[2J\x9b31m \u202egnol \ud83d <b>[red]")
    number = str(office.only_case())
    for answer in (office.modbot("case", "show", number), office.modbot("case", "list")):
        assert "\x1b" not in answer.out
        assert "\x9b" not in answer.out
        assert "\u202e" not in answer.out
        assert "\\x1b[2J\\x9b31m \\u202egnol \\ud83d <b>[red]" in answer.out


def test_hiding_asks_the_platform_after_the_time_to_undo(office: Installation) -> None:
    office.here.comes_in(THREAT)
    number = str(office.only_case())
    answer = office.modbot(*hide(number))
    assert answer.status == 0
    assert f"Case {number}: hide by ana" in answer.out
    assert "in 10 seconds" in answer.err
    (action,), (decision,) = office.here.rows(Action), office.here.rows(Decision)
    assert (action.kind, action.state) == ("hide", "pending")
    assert (action.due_at - decision.at).total_seconds() == 10


def test_now_leaves_no_time_to_undo(office: Installation) -> None:
    office.here.comes_in(THREAT)
    office.modbot(*hide(str(office.only_case())), "--now")
    (action,), (decision,) = office.here.rows(Action), office.here.rows(Decision)
    assert action.due_at == decision.at


def test_undo_withdraws_the_action_and_puts_the_case_back(office: Installation) -> None:
    office.here.comes_in(THREAT)
    number = str(office.only_case())
    office.modbot(*hide(number))
    assert office.modbot("case", "undo", number, "--as", "ben").status == 0
    assert office.here.rows(Action)[0].state == "cancelled"
    assert office.here.rows(Case)[0].state == "open"
    shown = office.modbot("case", "show", number).out
    assert "ana decided on record" in shown
    assert "hide on the platform: cancelled" in shown


def test_decided_cases_have_a_list_of_their_own(office: Installation) -> None:
    office.here.comes_in(THREAT)
    number = office.only_case()
    office.modbot("case", "decide", str(number), "--choice", "leave_up", "--as", "ana")
    assert office.modbot("case", "list", "--json").data == []
    assert [line["id"] for line in office.modbot("case", "list", "--decided", "--json").data] == [number]


def test_a_claimed_case_says_by_whom_and_is_refused_to_others(office: Installation) -> None:
    office.here.comes_in(THREAT)
    number = str(office.only_case())
    office.modbot("case", "claim", number, "--as", "ana")
    assert "claimed by ana" in office.modbot("case", "list").out
    refused = office.modbot("case", "claim", number, "--as", "ben")
    assert refused.status == 1
    assert "is being decided by ana" in refused.err
    office.modbot("case", "release", number, "--as", "ana")
    assert office.modbot("case", "claim", number, "--as", "ben").status == 0


def test_an_edited_comment_is_shown_as_it_reads_now(office: Installation) -> None:
    office.here.comes_in(THREAT)
    office.here.arrive(edited("1", "Sorry, that was too much"))
    office.here.score()
    out = office.modbot("case", "show", str(office.only_case())).out
    assert "Sorry, that was too much" in out
    assert "Revision 2: the author edited it." in out
    assert "As it reads now, no clause may apply." in out


def test_a_case_that_nobody_could_score_says_why(office: Installation) -> None:
    office.here.member.broken = True
    office.here.comes_in("Nice concert")
    out = office.modbot("case", "show", str(office.only_case())).out
    assert "Not scored: no classifier could score" in out
    assert "A person has to look." in out


def hide(number: str, **changed: str) -> list[str]:
    values = {"choice": "hide", "clause": "C1", "quote": "hurt you", "as": "ana"} | changed
    options = [part for name, value in values.items() for part in (f"--{name}", value)]
    return ["case", "decide", number, *options]


REFUSED: dict[str, tuple[Callable[[str], list[str]], str, str]] = {
    "a number that is no case": (lambda _: hide("999"), "There is no case 999", "modbot case list"),
    "nobody": (lambda n: hide(n, **{"as": ""}), "Nobody is not an active user", "--as NAME"),
    "an unknown user": (lambda n: hide(n, **{"as": "zoe"}), "zoe is not an active user", "modbot user add"),
    "a viewer": (lambda n: hide(n, **{"as": "vic"}), "vic may look at cases", "Ask a moderator"),
    "no clause": (lambda n: hide(n, clause=""), "Hiding needs a clause", "Give one of: C1, C7, C6"),
    "an advise clause": (lambda n: hide(n, clause="C6"), "in mode 'advise'", "Leave it up"),
    "words that are not there": (lambda n: hide(n, quote="kill you"), "exactly as they stand", "Copy them"),
    "no words": (lambda n: hide(n, quote=""), "exactly as they stand", "Copy them"),
    "a stale version": (lambda n: hide(n, version="7"), "changed since you looked", "modbot case show"),
    "a referral to nobody": (lambda n: hide(n, choice="refer"), "needs to say to whom", "threat, privacy"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_decision_that_breaks_a_rule_is_refused_with_what_to_do(office: Installation, why: str) -> None:
    arguments, message, remedy = REFUSED[why]
    office.here.comes_in(THREAT)
    answer = office.modbot(*arguments(str(office.only_case())))
    assert answer.status == 1
    assert answer.out == ""
    assert message in answer.err
    assert "  What to do: " in answer.err
    assert remedy in answer.err
    assert office.here.rows(Decision) == []


def test_a_deactivated_user_decides_nothing(office: Installation) -> None:
    office.here.comes_in(THREAT)
    number = str(office.only_case())
    office.modbot("user", "deactivate", "ana")
    assert "ana is not an active user" in office.modbot(*hide(number)).err
    assert office.here.rows(Decision) == []


def test_a_choice_that_there_is_not_is_refused_before_anything_is_opened(office: Installation) -> None:
    answer = office.modbot("case", "decide", "1", "--choice", "delete")
    assert answer.status == 2
    assert "leave_up" in answer.err


def test_the_user_may_come_from_the_environment(office: Installation) -> None:
    office.here.comes_in(THREAT)
    answer = office.modbot("case", "claim", str(office.only_case()), MODBOT_USER="lee")
    assert answer.status == 0
    assert office.here.rows(Case)[0].claimed_by == "lee"


def test_the_policy_file_may_be_edited_while_people_decide_under_the_one_in_force(
    office: Installation,
) -> None:
    office.here.comes_in(THREAT)
    number = str(office.only_case())
    policy = office.folder / "policy.toml"
    policy.write_text(policy.read_text().replace("enforce", "off"))
    assert office.modbot(*hide(number)).status == 0
    assert office.here.rows(Decision)[0].policy == office.here.rules.sha256


def test_showing_an_unknown_case_is_an_error_of_its_own(store: Store) -> None:
    from modbot import review

    with pytest.raises(StaleCase, match="There is no case 5"):
        review.case(store, 5)


def test_the_list_is_filtered(office: Installation) -> None:
    office.here.comes_in("buy now, last chance", "vote yes on Tuesday", THREAT)

    def texts(*options: str) -> list[str]:
        return [line["text"] for line in office.modbot("case", "list", *options, "--json").data]

    assert texts("--clause", "C6") == ["vote yes on Tuesday"]
    assert len(texts("--page", "blog")) == 3
    assert texts("--page", "news") == []
    assert texts("--escalated") == []
    first = office.modbot("case", "list", "--json").data[0]["id"]
    office.modbot("case", "claim", str(first), "--as", "ana")
    assert texts("--mine", "--as", "ana") == [THREAT]
    assert "--as" in office.modbot("case", "list", "--mine").err


def test_next_names_the_case_to_look_at_and_skipping_goes_on_to_another(office: Installation) -> None:
    assert office.modbot("case", "next", "--as", "ana").out == "No case waits for you.\n"
    assert office.modbot("case", "next", "--json", "--as", "ana").data is None
    office.here.comes_in("buy now, last chance", THREAT)
    urgent, ordinary = (line["id"] for line in office.modbot("case", "list", "--json").data)
    assert office.modbot("case", "next", "--as", "ana").out == f"Case {urgent}.\n"
    asked = office.modbot("case", "next", "--json", "--as", "ana")
    assert asked.data == {"id": urgent, "second_look": False}
    assert office.modbot("case", "skip", str(urgent), "--as", "ana").status == 0
    assert office.modbot("case", "next", "--as", "ana").out == f"Case {ordinary}.\n"


def test_a_note_is_shown_with_the_case(office: Installation) -> None:
    office.here.comes_in(THREAT)
    number = str(office.only_case())
    assert office.modbot("case", "note", number, "Told the safety team", "--as", "ana").status == 0
    assert "ana noted: Told the safety team" in office.modbot("case", "show", number).out


def test_a_second_opinion_is_given_without_seeing_the_first(office: Installation) -> None:
    office.here.comes_in(THREAT)
    number = str(office.only_case())
    office.modbot(*hide(number), MODBOT_REVIEW__SECOND_SHARE="1")
    assert [
        line["state"] for line in office.modbot("case", "list", "--second", "--as", "ben", "--json").data
    ] == ["open"]
    assert f"Case {number}, for your second opinion." in office.modbot("case", "next", "--as", "ben").out
    blind = office.modbot("case", "show", number, "--as", "ben").out
    assert "your second opinion" in blind
    assert "hide" not in blind
    assert office.modbot("case", "claim", number, "--as", "ben").status == 0
    answer = office.modbot("case", "second", number, "--choice", "leave_up", "--as", "ben")
    assert "a lead decides" in answer.err
    assert office.here.rows(Case)[0].escalated


def test_one_copy_is_split_off_by_its_record_number(office: Installation) -> None:
    office.here.comes_in("buy now at the big sale", "buy now at the big sale!")
    number = str(office.only_case())
    record = office.modbot("case", "show", number, "--json").data["revisions"][1]["id"]
    answer = office.modbot("case", "split", number, "--record", str(record), "--as", "ana")
    assert f"Record {record} is case" in answer.out
    assert len(office.here.rows(Case)) == 2


def test_only_the_records_officer_has_a_comment_deleted(office: Installation) -> None:
    office.here.comes_in(THREAT)
    record = str(office.here.rows(Comment)[0].id)
    answer = office.modbot("case", "delete", "--record", record, "--reason", "A court order", "--as", "lee")
    assert answer.status == 1
    assert "records officer" in answer.err
