"""The chain, without a database: every kind of tampering is found at the entry where it was done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modbot import audit
from modbot.errors import AuditBroken

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
Row = tuple[audit.Entry, str | None, bool]


def chain(bodies: list[str | None]) -> list[Row]:
    rows: list[Row] = []
    prev = (0, audit.GENESIS)
    for body in bodies:
        payload = audit.NO_PAYLOAD if body is None else audit.digest(body)
        entry = audit.link(prev, NOON, "modbot", "comment.seen", "comment:blog/1", payload)
        rows.append((entry, body, False))
        prev = (entry.seq, entry.hash)
    return rows


def broken_at(rows: list[Row]) -> int:
    with pytest.raises(AuditBroken) as caught:
        list(audit.verify(rows))
    return caught.value.seq


bodies = st.lists(st.one_of(st.none(), st.integers().map(audit.canonical)), min_size=3, max_size=12)


@given(bodies)
def test_an_untouched_chain_is_proven_entry_by_entry(found: list[str | None]) -> None:
    assert [entry.seq for entry in audit.verify(chain(found))] == list(range(1, len(found) + 1))


@given(bodies, st.data())
def test_an_edited_field_is_found_at_its_entry(found: list[str | None], data: st.DataObject) -> None:
    rows = chain(found)
    at = data.draw(st.integers(0, len(rows) - 1))
    change = data.draw(
        st.sampled_from(
            [
                {"at": NOON + timedelta(microseconds=1)},
                {"actor": "somebody"},
                {"kind": "decision.made"},
                {"subject": "comment:blog/2"},
                {"payload_hash": "f" * 64},
                {"hash": "f" * 64},
            ]
        )
    )
    entry, body, disposed = rows[at]
    rows[at] = (replace(entry, **change), body, disposed)
    assert broken_at(rows) == at + 1


@given(bodies, st.data())
def test_a_removed_entry_is_found_where_it_stood(found: list[str | None], data: st.DataObject) -> None:
    rows = chain(found)
    at = data.draw(st.integers(0, len(rows) - 2))
    del rows[at]
    assert broken_at(rows) == at + 1


@given(bodies, st.data())
def test_two_entries_in_the_wrong_order_are_found(found: list[str | None], data: st.DataObject) -> None:
    rows = chain(found)
    at = data.draw(st.integers(0, len(rows) - 2))
    rows[at], rows[at + 1] = rows[at + 1], rows[at]
    assert broken_at(rows) == at + 1


def test_an_entry_rewritten_with_a_fitting_hash_is_found_at_the_next_one() -> None:
    rows = chain(['"a"', '"b"', '"c"'])
    forged = audit.link(
        (1, rows[0][0].hash), NOON, "modbot", "comment.seen", "comment:x", audit.digest('"z"')
    )
    rows[1] = (forged, '"z"', False)
    assert broken_at(rows) == 3


@pytest.mark.parametrize("body", ['"other"', None])
def test_changed_or_missing_content_is_found(body: str | None) -> None:
    rows = chain(['"a"', '"b"'])
    rows[0] = (rows[0][0], body, False)
    assert broken_at(rows) == 1


def test_content_where_none_was_recorded_is_found() -> None:
    rows = chain([None])
    rows[0] = (rows[0][0], '"smuggled in"', False)
    assert broken_at(rows) == 1


def test_lawfully_disposed_content_leaves_the_chain_whole() -> None:
    rows = chain(['"a"', '"b"'])
    rows[0] = (rows[0][0], None, True)
    assert len(list(audit.verify(rows))) == 2


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none(), st.booleans())))
def test_canonical_bodies_are_ascii_and_do_not_depend_on_the_order_of_keys(value: dict[str, object]) -> None:
    backwards = dict(reversed(value.items()))
    assert audit.canonical(value) == audit.canonical(backwards)
    assert audit.canonical(value).isascii()
