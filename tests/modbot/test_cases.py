from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import cases, policy, review, wiring
from modbot.errors import DecisionRefused, ModbotError, NotAllowed, StaleCase
from modbot.rulings import Choice, Ruling
from modbot.store import Store, body_of, table, utcnow
from modbot.tables import Action, Case, CaseBand, Decision, User
from tests.modbot.scene import POLICY, District, district, edited

HIDE = {"choice": Choice.HIDE, "clause": "C7", "quote": "Buy now"}


@pytest.fixture
def here(store: Store) -> District:
    found = district(store)
    found.comes_in("Buy now, half price")
    return found


def only_case(here: District) -> Any:
    (row,) = here.rows(Case)
    return row


def decide(here: District, by: str = "ana", **changes: Any) -> list[int]:
    values: dict[str, Any] = {"choice": Choice.LEAVE_UP, "by": by} | changes
    return cases.decide(here.store, here.rules, only_case(here).id, Ruling(**values))


def refused(here: District, error: type[ModbotError], **changes: Any) -> ModbotError:
    """The decision fails and leaves no trace: no row, no entry in the log."""
    before = (here.kinds(), here.rows(Case), here.rows(Decision), here.rows(Action))
    with pytest.raises(error) as caught:
        decide(here, **changes)
    assert (here.kinds(), here.rows(Case), here.rows(Decision), here.rows(Action)) == before
    assert caught.value.remedy
    return caught.value


def test_leaving_up_is_a_decision_with_its_own_record_and_closes_the_case(here: District) -> None:
    decide(here, reason="A price question, no offer")
    assert [(row.choice, row.decided_by) for row in here.rows(Decision)] == [("leave_up", "ana")]
    assert only_case(here).state == "closed"
    assert here.rows(Action) == []


def test_hiding_asks_the_platform_once_and_waits_for_it(here: District) -> None:
    decide(here, **HIDE)
    assert [(row.kind, row.state) for row in here.rows(Action)] == [("hide", "pending")]
    assert only_case(here).state == "decided"


def test_the_decision_keeps_the_clause_word_for_word_the_quote_and_the_reason(here: District) -> None:
    (seq,) = decide(here, **HIDE, reason="An advertisement")
    with here.store.read() as connection:
        body = body_of(connection, seq)
    assert body["clause_text"] == "Promotes commercial services or products"
    assert (body["quote"], body["reason"], body["policy"]) == (
        "Buy now",
        "An advertisement",
        here.rules.sha256,
    )


def test_hiding_without_a_clause_of_the_policy_is_refused(here: District) -> None:
    assert "C1, C7, C6" in refused(here, DecisionRefused, **(HIDE | {"clause": ""})).remedy
    refused(here, DecisionRefused, **(HIDE | {"clause": "C99"}))


def test_hiding_under_a_clause_in_mode_advise_is_refused(here: District) -> None:
    assert "advise" in str(refused(here, DecisionRefused, **(HIDE | {"clause": "C6"})))


@pytest.mark.parametrize("quote", ["", "   ", "buy now", "words that are not there"])
def test_hiding_without_words_that_stand_in_the_comment_is_refused(here: District, quote: str) -> None:
    refused(here, DecisionRefused, **(HIDE | {"quote": quote}))


def test_each_copy_of_a_case_is_quoted_as_it_stands_there_disguises_included(store: Store) -> None:
    here = district(store)
    here.comes_in("Buy now, half price for all of you", "Buy now, h4lf  pr\u200bice for all of you")
    made = decide(here, **(HIDE | {"quote": "half price"}), version=only_case(here).version)
    with here.store.read() as connection:
        assert [body_of(connection, each)["quote"] for each in made] == ["half price", "h4lf  pr\u200bice"]


@pytest.mark.parametrize("by", ["", "nobody", "vic", "modbot"])
def test_only_a_named_person_who_may_decide_can_decide(here: District, by: str) -> None:
    refused(here, NotAllowed, by=by)


def test_a_person_who_has_left_can_no_longer_decide(here: District) -> None:
    with here.store.write() as tx:
        tx.record("user.changed", "user:ana")
        tx.execute(sa.update(table(User)).where(table(User).c.name == "ana").values(active=False))
    refused(here, NotAllowed)


def test_where_a_platform_has_no_reversible_way_hiding_is_refused(store: Store) -> None:
    here = district(store, platform="replay")
    here.comes_in("Buy now, half price")
    assert "on the platform itself" in refused(here, DecisionRefused, **HIDE).remedy


def test_a_decision_on_a_case_that_changed_meanwhile_is_refused(here: District) -> None:
    seen = only_case(here).version
    here.comes_in("Buy now, half price!")
    refused(here, StaleCase, version=seen)
    decide(here, version=only_case(here).version)


def test_a_text_that_the_author_just_edited_cannot_be_decided_by_its_old_words(here: District) -> None:
    here.arrive(edited("1", "Lovely concert"))
    assert "edited" in str(refused(here, StaleCase, **HIDE))
    here.score()
    refused(here, DecisionRefused, **HIDE)
    decide(here)


def test_a_claimed_case_cannot_be_decided_by_somebody_else(here: District) -> None:
    cases.claim(here.store, only_case(here).id, "ben")
    assert "ben" in str(refused(here, StaleCase))
    decide(here, by="ben")


def test_a_claim_ends_after_ten_minutes(here: District) -> None:
    cases.claim(here.store, only_case(here).id, "ben")
    with here.store.write(logged=False) as tx:
        past = utcnow() - timedelta(seconds=1)
        tx.execute(sa.update(table(Case)).values(claimed_until=past))
    decide(here, by="ana")


def test_a_claim_keeps_others_from_claiming_and_can_be_given_back(here: District) -> None:
    case_id = only_case(here).id
    cases.claim(here.store, case_id, "ben")
    cases.claim(here.store, case_id, "ben")
    with pytest.raises(StaleCase):
        cases.claim(here.store, case_id, "ana")
    cases.release(here.store, case_id, "ben")
    cases.claim(here.store, case_id, "ana")


def test_the_log_tells_once_who_saw_a_case_as_it_was_then(here: District) -> None:
    case_id = only_case(here).id
    for _ in range(3):
        cases.claim(here.store, case_id, "ben")
        cases.release(here.store, case_id, "ben")
    assert here.kinds().count("case.claimed") == 1
    here.arrive(edited("1", "Buy now, a quarter of the price"))
    here.score()
    cases.claim(here.store, case_id, "ben")
    assert here.kinds()[-1] == "case.claimed"
    assert here.kinds().count("case.claimed") == 2


def test_escalating_leaves_the_case_open_before_the_ordinary_ones(here: District) -> None:
    decide(here, choice=Choice.ESCALATE, reason="Is a school fair a business?")
    assert (only_case(here).state, only_case(here).priority) == ("open", 1)


def test_whoever_only_looks_at_an_escalated_case_does_not_keep_a_lead_from_it(here: District) -> None:
    decide(here, choice=Choice.ESCALATE)
    case_id = only_case(here).id
    cases.claim(here.store, case_id, "ben")
    assert review.next_for(here.store, "lee") == review.Next(case_id)
    cases.claim(here.store, case_id, "lee")
    assert only_case(here).claimed_by == "lee"
    with pytest.raises(StaleCase):
        cases.claim(here.store, case_id, "ben")
    decide(here, by="lee")


def test_referring_needs_to_say_to_whom_and_leaves_the_case_open(here: District) -> None:
    refused(here, DecisionRefused, choice=Choice.REFER)
    decide(here, choice=Choice.REFER, referral="civil_rights")
    assert only_case(here).state == "open"


def test_every_near_identical_comment_gets_its_own_decision_and_action(here: District) -> None:
    here.comes_in("Buy now, half price", "BUY NOW, half price!")
    made = decide(here, **HIDE, version=only_case(here).version)
    assert len(here.rows(Decision)) == 3
    with here.store.read() as connection:
        assert [body_of(connection, seq)["quote"] for seq in made] == ["Buy now", "Buy now", "BUY NOW"]
    assert len({row.native_id for row in here.rows(Action)}) == 3


def test_after_the_decision_a_new_copy_opens_a_new_case(here: District) -> None:
    decide(here)
    assert here.rows(CaseBand) == []
    here.comes_in("Buy now, half price")
    assert [row.state for row in here.rows(Case)] == ["closed", "open"]


def test_taking_back_a_hide_that_nobody_carried_out_withdraws_it(here: District) -> None:
    decide(here, **HIDE)
    cases.undo(here.store, here.rules, only_case(here).id, "ana")
    assert [(row.kind, row.state) for row in here.rows(Action)] == [("hide", "cancelled")]
    assert only_case(here).state == "open"
    assert [row.choice for row in here.rows(Decision)] == ["hide", "leave_up"]


def test_taking_back_a_hide_that_was_carried_out_asks_for_the_reverse(here: District) -> None:
    decide(here, **HIDE)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Action)).values(state="done", attempts=1))
    cases.undo(here.store, here.rules, only_case(here).id, "ben")
    assert [(row.kind, row.state) for row in here.rows(Action)] == [("hide", "done"), ("unhide", "pending")]


def test_a_hidden_comment_is_restored_by_deciding_to_leave_it_up(here: District) -> None:
    decide(here, **HIDE)
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Action)).values(state="done", attempts=1))
    decide(here, by="lee", reason="Reversed on review")
    assert [row.kind for row in here.rows(Action)] == ["hide", "unhide"]


def test_an_open_case_has_nothing_to_take_back(here: District) -> None:
    with pytest.raises(StaleCase):
        cases.undo(here.store, here.rules, only_case(here).id, "ana")


def test_a_decided_case_cannot_be_hidden_over_without_taking_the_decision_back(here: District) -> None:
    decide(here)
    refused(here, StaleCase, **HIDE)


def test_an_unknown_case_is_told_as_such(here: District) -> None:
    with pytest.raises(StaleCase, match="no case 999"):
        cases.claim(here.store, 999, "ana")


def test_the_database_refuses_an_action_without_a_decision(here: District) -> None:
    with pytest.raises(sa.exc.IntegrityError), here.store.write() as tx:
        seq = tx.record("action.requested", "comment:blog/1")
        values = {"page": "blog", "native_id": "1", "kind": "hide", "state": "pending", "failure": ""}
        tx.add(Action, id=seq, decision_id=9999, comment_id=seq, attempts=0, due_at=utcnow(), **values)


def test_the_database_refuses_a_decision_by_nobody(here: District) -> None:
    case = only_case(here)
    with pytest.raises(sa.exc.IntegrityError), here.store.write() as tx:
        seq = tx.record("decision.made", "comment:blog/1", {})
        tx.add(
            Decision,
            id=seq,
            case_id=case.id,
            comment_id=case.id,
            choice="hide",
            clause="C7",
            decided_by="modbot",
            at=utcnow(),
            policy=here.rules.sha256,
        )


def test_each_decision_cites_the_policy_that_was_in_force(here: District) -> None:
    newer = policy.parse(POLICY.replace('"1"', '"2"', 1).encode(), "policy.toml")
    wiring.put_in_force(here.store, newer)
    cases.decide(here.store, newer, only_case(here).id, Ruling(choice=Choice.LEAVE_UP, by="ana"))
    assert [row.policy for row in here.rows(Decision)] == [newer.sha256]


def test_words_that_do_not_stand_in_every_comment_of_the_case_cannot_hide_them_all(here: District) -> None:
    here.comes_in("Buy now, half price 1!")
    version = only_case(here).version
    problem = refused(here, DecisionRefused, **(HIDE | {"quote": "price 1"}), version=version)
    assert "not in 1" in str(problem)


def test_one_decision_for_many_comments_must_say_which_state_of_the_case_was_seen(here: District) -> None:
    here.comes_in("Buy now, half price!")
    assert f"--version {only_case(here).version}" in refused(here, StaleCase).remedy


def test_an_escalated_case_is_settled_by_a_lead(here: District) -> None:
    decide(here, choice=Choice.ESCALATE)
    assert refused(here, NotAllowed).remedy == "Ask a lead."
    decide(here, by="lee")


def test_leaving_up_again_what_is_up_already_is_refused(here: District) -> None:
    decide(here)
    refused(here, StaleCase)


def test_a_clause_that_the_policy_does_not_have_is_refused_for_any_choice(here: District) -> None:
    refused(here, DecisionRefused, clause="C99")


def test_after_undo_near_identical_comments_join_the_case_again(here: District) -> None:
    decide(here)
    cases.undo(here.store, here.rules, only_case(here).id, "ana")
    here.comes_in("Buy now, half price!")
    assert len(here.rows(Case)) == 1


def test_a_claim_that_ran_out_lets_copies_join(here: District) -> None:
    cases.claim(here.store, only_case(here).id, "ben")
    with here.store.write(logged=False) as tx:
        tx.execute(sa.update(table(Case)).values(claimed_until=utcnow() - timedelta(seconds=1)))
    here.comes_in("Buy now, half price!")
    assert len(here.rows(Case)) == 1


def test_the_database_refuses_an_action_that_is_final(here: District) -> None:
    (decision,) = decide(here, **HIDE)
    with pytest.raises(sa.exc.IntegrityError), here.store.write() as tx:
        tx.execute(
            sa.update(table(Action)).where(table(Action).c.decision_id == decision).values(kind="delete")
        )
