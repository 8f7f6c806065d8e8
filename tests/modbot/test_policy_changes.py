from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbot import policy, policy_versions, wiring
from modbot.errors import ConfigError
from modbot.policy import Policy
from modbot.policy_changes import Change, changes, words
from modbot.store import Store
from tests.modbot.scene import POLICY


def rules(text: str) -> Policy:
    return policy.parse(text.encode(), "policy.toml")


def only(text: str) -> Change:
    (found,) = changes(rules(POLICY), rules(text))
    return found


def test_the_same_policy_has_no_changes() -> None:
    assert changes(rules(POLICY), rules(f"{POLICY}\n# a remark\n")) == []


def test_a_clause_s_new_wording_is_shown_word_by_word() -> None:
    found = only(POLICY.replace("services or products", "services and products"))
    assert (found.part, found.id, found.how) == ("clause", "C7", "changed")
    (field,) = found.fields
    assert field.name == "text"
    assert [(piece.how, piece.text) for piece in field.pieces] == [
        ("same", "Promotes commercial services "),
        ("out", "or"),
        ("in", "and"),
        ("same", " products"),
    ]


def test_a_mode_and_its_sign_off_are_changes() -> None:
    signed = 'mode = "enforce"\nsigned_off_by = "Counsel"\nsigned_off_on = 2026-11-01'
    found = only(POLICY.replace('mode = "advise"', signed))
    assert {field.name for field in found.fields} == {"mode", "signed_off_by", "signed_off_on"}


def test_what_is_new_and_what_is_gone_say_so() -> None:
    watch = '[[watch]]\nid = "W1"\ncategory = "security"\ntitle = "Security"\nnote = "Look"\n'
    assert (only(POLICY + watch).how, only(POLICY + watch).title) == ("added", "Security")
    (gone,) = changes(rules(POLICY + watch), rules(POLICY))
    assert (gone.part, gone.id, gone.how) == ("watch", "W1", "removed")


def test_two_word_lists_of_one_clause_are_kept_apart() -> None:
    lists = "".join(
        f'[[word_list]]\nclause = "C7"\nreason = "Some reason {n}"\nterms = ["term {n}"]\n' for n in (1, 2)
    )
    (found,) = changes(rules(POLICY + lists), rules(POLICY + lists.replace("term 2", "term 3")))
    assert (found.part, found.id) == ("word_list", "C7 (2)")


@given(st.text(max_size=80), st.text(max_size=80))
def test_without_the_new_words_it_reads_as_before_and_without_the_old_ones_as_after(
    earlier: str, later: str
) -> None:
    pieces = words(earlier, later)
    assert "".join(piece.text for piece in pieces if piece.how != "in") == earlier
    assert "".join(piece.text for piece in pieces if piece.how != "out") == later


def test_every_time_that_a_version_was_in_force_is_in_the_history(store: Store) -> None:
    first, second = rules(POLICY), rules(POLICY.replace('version = "1"', 'version = "2"'))
    for each in (first, second, first):
        wiring.put_in_force(store, each)
    history = policy_versions.history(store)
    assert [each.version for each in history] == ["1", "2", "1"]
    assert history[0].until is None
    assert [each.until for each in history[1:]] == [history[0].at, history[1].at]
    assert policy_versions.read(store, history[1].seq) == second


def test_an_entry_that_is_no_policy_cannot_be_read_as_one(store: Store) -> None:
    with store.write() as tx:
        seq = tx.record("page.registered", "page:blog", {"text": POLICY})
    with pytest.raises(ConfigError, match="holds no policy"):
        policy_versions.read(store, seq)
