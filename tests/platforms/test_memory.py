from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from platforms.base import ActionKind, CommentGone, EventKind, Visibility
from platforms.memory import Memory, MemoryPage, Performed, memory_page

pytestmark = pytest.mark.anyio


@pytest.fixture
def page() -> MemoryPage:
    return memory_page(uuid4().hex)


@pytest.fixture
def adapter(page: MemoryPage) -> Memory:
    return Memory(page.name, Memory.Settings())


async def test_every_action_is_on_record_with_whether_it_changed_anything(
    page: MemoryPage, adapter: Memory
) -> None:
    comment_id = page.post("a text")
    for action in (ActionKind.HIDE, ActionKind.HIDE, ActionKind.UNHIDE, ActionKind.DELETE, ActionKind.DELETE):
        await adapter.act(action, comment_id)
    assert page.performed == [
        Performed(ActionKind.HIDE, comment_id, changed=True),
        Performed(ActionKind.HIDE, comment_id, changed=False),
        Performed(ActionKind.UNHIDE, comment_id, changed=True),
        Performed(ActionKind.DELETE, comment_id, changed=True),
        Performed(ActionKind.DELETE, comment_id, changed=False),
    ]


async def test_our_own_deletion_comes_back_as_an_event(page: MemoryPage, adapter: Memory) -> None:
    comment_id = page.post("a text")
    cursor = (await adapter.poll(None)).cursor
    await adapter.act(ActionKind.DELETE, comment_id)
    [event] = (await adapter.poll(cursor)).events
    assert (event.kind, event.id, event.detail) == (EventKind.DELETED, comment_id, "deleted by the page")


async def test_a_deleted_comment_can_neither_be_edited_nor_hidden(page: MemoryPage, adapter: Memory) -> None:
    comment_id = page.post("a text")
    page.delete(comment_id)
    with pytest.raises(CommentGone):
        page.edit(comment_id, "another")
    with pytest.raises(CommentGone):
        await adapter.act(ActionKind.HIDE, comment_id)
    assert (await adapter.act(ActionKind.DELETE, comment_id)).visibility is Visibility.GONE


async def test_a_cursor_of_another_life_starts_over_and_ids_never_meet(page: MemoryPage) -> None:
    other = MemoryPage(page.name)
    old_ids = {page.post("a"), page.post("b")}
    cursor = page.events_after(None).cursor
    new_ids = [other.post("c")]
    batch = other.events_after(cursor)
    assert [event.id for event in batch.events] == new_ids
    assert not old_ids & set(new_ids)


async def test_a_reader_sees_what_is_neither_hidden_nor_deleted(page: MemoryPage) -> None:
    shown, hidden, deleted = page.post("shown"), page.post("hidden"), page.post("deleted")
    page.show(hidden, visible=False)
    page.delete(deleted)
    page.edit(shown, "shown, and edited")
    assert [(comment.id, comment.text) for comment in page.seen_by_public()] == [(shown, "shown, and edited")]


async def test_many_threads_write_at_once_and_nothing_is_lost(page: MemoryPage, adapter: Memory) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(page.post, (f"text {number}" for number in range(2000))))
    seen: list[str] = []
    cursor = None
    for _ in range(20):
        batch = await adapter.poll(cursor)
        seen, cursor = [*seen, *(event.id for event in batch.events)], batch.cursor
    assert sorted(seen) == sorted(ids)
    assert len(set(ids)) == 2000
