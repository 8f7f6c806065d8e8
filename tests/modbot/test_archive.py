from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modbot.records import archive
from modbot.store import Store, body_of, table, utcnow
from modbot.tables import Comment, Content, Page, Presence, Score, Unscored
from platforms.base import Batch, Event
from tests.modbot.scene import NOON, District, deleted, district, edited, said


@pytest.fixture
def here(store: Store) -> District:
    return district(store)


def body(here: District, seq: int) -> dict[str, object]:
    with here.store.read() as connection:
        found: dict[str, object] = body_of(connection, seq)
        return found


def test_a_comment_is_stored_with_its_text_and_native_payload_as_received(here: District) -> None:
    text = "<b>Größe</b> 🏫 \u202eRTL\u200b zero\x00width \ud83d alone"
    here.arrive(said("1", text, payload={"raw": text, "meta": [1, None, True]}))
    (row,) = here.rows(Comment)
    kept = body(here, row.id)
    assert kept["text"] == text
    assert kept["payload"] == {"raw": text, "meta": [1, None, True]}


def test_a_comment_waits_to_be_scored_from_the_moment_it_is_stored(here: District) -> None:
    here.arrive(said("1", "Hello"))
    assert [row.comment_id for row in here.rows(Unscored)] == [row.id for row in here.rows(Comment)]


def test_the_same_comment_seen_again_is_stored_once(here: District) -> None:
    here.arrive(said("1", "Hello"))
    taken = here.arrive(said("1", "Hello"), said("2", "Hi"), said("2", "Hi"))
    assert (taken.seen, taken.known) == (1, 2)
    assert [row.native_id for row in here.rows(Comment)] == ["1", "2"]


def test_the_same_id_on_another_page_is_another_comment(here: District) -> None:
    here.arrive(said("1", "Hello"))
    assert here.arrive(said("1", "Hello"), page="news").seen == 1


def test_a_changed_text_is_a_new_revision_even_when_it_is_called_created(here: District) -> None:
    here.arrive(said("1", "First"))
    assert here.arrive(said("1", "Second")).edited == 1
    assert [row.number for row in here.rows(Comment)] == [1, 2]
    assert here.kinds()[-2:] == ["comment.seen", "comment.edited"]


def test_a_text_that_returns_to_an_earlier_wording_is_a_third_revision(here: District) -> None:
    here.arrive(said("1", "A"), edited("1", "B"), edited("1", "A"))
    assert here.arrive(said("1", "A")).known == 1
    assert [row.number for row in here.rows(Comment)] == [1, 2, 3]


def looked_up(here: District, asked_at: datetime, event: Event) -> archive.Taken:
    """What came of an event that was asked for then and arrives now."""
    return archive.take_in(here.store, "blog", Batch((event,), "-"), asked_at=asked_at)


def test_words_from_before_an_edit_that_was_archived_while_they_were_on_their_way_are_no_edit(
    here: District,
) -> None:
    here.arrive(said("1", "A"))
    asked_at = utcnow()
    here.arrive(edited("1", "B"))
    assert looked_up(here, asked_at, said("1", "A")).known == 1
    assert looked_up(here, asked_at, said("1", "C")).edited == 1
    assert [body(here, row.id)["text"] for row in here.rows(Comment)] == ["A", "B", "C"]


def test_an_author_who_goes_back_to_earlier_words_is_believed_by_the_time_of_the_edit_or_the_next_look(
    here: District,
) -> None:
    here.arrive(said("1", "A"))
    asked_at = utcnow()
    here.arrive(edited("1", "B", edited_at=NOON + timedelta(minutes=1)))
    assert looked_up(here, asked_at, said("1", "A", edited_at=NOON + timedelta(minutes=1))).known == 1
    assert looked_up(here, asked_at, said("1", "A", edited_at=NOON + timedelta(minutes=2))).edited == 1
    here.arrive(edited("1", "B"))
    assert looked_up(here, utcnow(), said("1", "A")).edited == 1


def test_a_comment_that_went_while_its_words_were_on_their_way_has_not_returned(here: District) -> None:
    here.arrive(said("1", "A"))
    asked_at = utcnow()
    here.arrive(deleted("1"))
    assert looked_up(here, asked_at, said("1", "A")).known == 1
    assert [row.present for row in here.rows(Presence)] == [False]
    looked_up(here, utcnow(), said("1", "A"))
    assert [row.present for row in here.rows(Presence)] == [False, True]


def test_its_last_words_are_kept_and_it_stays_gone(here: District) -> None:
    here.arrive(said("1", "A"))
    asked_at = utcnow()
    here.arrive(deleted("1"))
    assert looked_up(here, asked_at, said("1", "B")).edited == 1
    assert [body(here, row.id)["text"] for row in here.rows(Comment)] == ["A", "B"]
    assert not here.rows(Presence)[-1].present


def test_several_edits_that_one_look_brings_are_all_kept(here: District) -> None:
    here.arrive(said("1", "A"))
    events = (edited("1", "B"), edited("1", "A"), edited("1", "B"))
    taken = archive.take_in(here.store, "blog", Batch(events, "-"), asked_at=utcnow())
    assert taken.edited == 3


def test_an_older_native_revision_that_arrives_late_changes_nothing(here: District) -> None:
    here.arrive(said("1", "A", revision="r1"), edited("1", "B", revision="r2"), native=True)
    assert here.arrive(said("1", "A", revision="r1"), native=True).known == 1
    assert len(here.rows(Comment)) == 2


def test_a_deletion_is_noted_once_and_the_words_stay(here: District) -> None:
    here.arrive(said("1", "Hello"))
    here.arrive(deleted("1"), deleted("1"))
    assert here.arrive(deleted("1")).known == 1
    assert [row.present for row in here.rows(Presence)] == [False]
    assert body(here, here.rows(Comment)[0].id)["text"] == "Hello"


def test_a_deleted_comment_that_is_listed_again_has_returned(here: District) -> None:
    here.arrive(said("1", "Hello"), deleted("1"))
    here.arrive(said("1", "Hello"))
    assert [row.present for row in here.rows(Presence)] == [False, True]
    assert here.kinds()[-1] == "comment.returned"


def test_a_deletion_of_a_comment_that_was_never_seen_stores_nothing(here: District) -> None:
    assert here.arrive(deleted("unheard-of")).known == 1


def test_the_cursor_moves_in_the_same_commit_as_the_comments(here: District) -> None:
    class Cut(Exception):
        pass

    def cut(*_: object) -> None:
        raise Cut

    sa.event.listen(here.store.engine, "commit", cut)
    with pytest.raises(Cut):
        here.arrive(said("1", "Hello"))
    sa.event.remove(here.store.engine, "commit", cut)
    assert here.rows(Comment) == []
    assert {row.key: row.cursor for row in here.rows(Page)}["blog"] is None
    here.arrive(said("1", "Hello"))
    assert {row.key: row.cursor for row in here.rows(Page)}["blog"] == "1"


def test_a_time_without_answers_is_logged_as_a_gap_when_the_page_answers_again(here: District) -> None:
    archive.mark_failing(here.store, "blog", "Unavailable: no answer")
    archive.mark_failing(here.store, "blog", "Unavailable: still none")
    here.arrive(said("1", "Hello"))
    gap = here.kinds().index("capture.gap")
    found = body(here, gap + 1)
    assert found["failure"] == "Unavailable: still none"
    assert found["from"] < found["to"]  # type: ignore[operator]
    assert {row.key: row.failing_since for row in here.rows(Page)}["blog"] is None


def test_a_batch_that_says_comments_are_missing_is_a_gap_on_record(here: District) -> None:
    archive.take_in(here.store, "blog", Batch((), cursor="1"))
    archive.take_in(here.store, "blog", Batch((), cursor="2", gap="the feed ran over"))
    assert body(here, here.kinds().index("capture.gap") + 1)["failure"] == "the feed ran over"


def test_the_first_words_arriving_after_an_edit_are_kept_and_are_not_the_newest(here: District) -> None:
    here.arrive(edited("1", "second", edited_at=NOON + timedelta(minutes=1)), native=True)
    assert here.arrive(said("1", "first"), native=True).edited == 1
    assert here.arrive(said("1", "first"), native=True).known == 1
    found = {row.number: body(here, row.id)["text"] for row in here.rows(Comment)}
    assert found == {0: "first", 1: "second"}


def test_no_score_can_exist_for_a_comment_that_is_not_archived(here: District) -> None:
    with pytest.raises(sa.exc.IntegrityError), here.store.write() as tx:
        seq = tx.record("comment.scored", "comment:blog/9", {})
        tx.add(Score, id=seq, comment_id=9999, classifier="x", absent="")


def test_no_comment_can_exist_without_its_content(here: District) -> None:
    with pytest.raises(sa.exc.IntegrityError), here.store.write() as tx:
        seq = tx.record("comment.seen", "comment:blog/9")
        values = dict.fromkeys(("native_id", "revision", "kind", "post"), "")
        tx.add(
            Comment, id=seq, page="blog", number=1, created_at=NOON, archived_at=NOON, visible=True, **values
        )


@pytest.mark.parametrize("model", [Comment, Content])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_database_itself_refuses_to_change_the_record(here: District, model: type, verb: str) -> None:
    here.arrive(said("1", "Hello"))
    found = table(model)
    change = {"page": "news"} if model is Comment else {"body": json.dumps("forged")}
    statement = sa.delete(found) if verb == "delete" else sa.update(found).values(**change)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), here.store.write() as tx:
        tx.execute(statement)


texts = st.sampled_from(["A", "B", "C"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("said"), st.sampled_from("123"), texts),
        st.tuples(st.just("gone"), st.sampled_from("123"), st.just("")),
    ),
    max_size=20,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.integers(1, 5), st.integers(0, 10_000))
def test_however_events_are_cut_into_batches_the_archive_is_the_same(
    store: Store, found: list[tuple[str, str, str]], size: int, run: int
) -> None:
    here = district(store) if not _started(store) else District(store, None, None, None)  # type: ignore[arg-type]
    prefixes = (f"{run}-whole-{id(found)}-", f"{run}-cut-{id(found)}-")
    for prefix, step in zip(prefixes, (max(1, len(found)), size), strict=True):
        events = [
            said(prefix + name, text) if what == "said" else deleted(prefix + name)
            for what, name, text in found
        ]
        for at in range(0, len(events), step):
            here.arrive(*events[at : at + step])
    assert _history(here, prefixes[0]) == _history(here, prefixes[1])


def _started(store: Store) -> bool:
    with store.read() as connection:
        return bool(connection.execute(sa.select(sa.func.count()).select_from(table(Page))).scalar())


def _history(here: District, prefix: str) -> list[tuple[str, str, int]]:
    return [
        (row.native_id.removeprefix(prefix), row.revision, row.number)
        for row in here.rows(Comment)
        if row.native_id.startswith(prefix)
    ]
