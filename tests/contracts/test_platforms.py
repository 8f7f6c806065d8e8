"""What every registered platform must do. A new one needs nothing here, only its stage in `stages/`."""

from __future__ import annotations

import builtins
import json
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import ValidationError

import platforms
from platforms.base import (
    ActionKind,
    Comment,
    CommentGone,
    Event,
    EventKind,
    Kind,
    Platform,
    Unsupported,
    Visibility,
)
from tests.contracts.stages import Stage

pytestmark = pytest.mark.anyio

TEXTS = [
    "plain",
    '<b>bold</b> <a href="https://example.org/?a=1&amp;b=2">link</a> &lt;tag&gt; & "quotes" 日本語 Ünïcødé',
    "line one\nline two\n\n  indented\ttabbed  ",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 zero\u200bwidth\u200cjoin\ufeff \u202eup\u202c",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467 back\\slash \\n %41 %s {0} 'single' $1 --;",
    "x" * 9_990 + "\U0001f600" * 10,
]


def able(action: ActionKind) -> list[str]:
    return [name for name in platforms.names() if action in platforms.load(name).capabilities.actions]


ABLE = [(name, action) for action in ActionKind for name in able(action)]
UNABLE = [(name, action) for name in platforms.names() for action in ActionKind if name not in able(action)]
SEE_EDITS = [name for name in platforms.names() if platforms.load(name).capabilities.sees_edits != "no"]
SEE_DELETIONS = [
    name for name in platforms.names() if platforms.load(name).capabilities.sees_deletions != "no"
]


@pytest.fixture(params=platforms.names())
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    name = f"tests.contracts.stages.{request.param}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        pytest.fail(
            f"the platform {request.param!r} has no stage: write {name.replace('.', '/')}.py", pytrace=False
        )
    with module.stage(request) as stage:
        yield stage


@pytest.fixture
async def platform(stage: Stage) -> AsyncIterator[Platform]:
    platform = stage.platform()
    await platform.open()
    yield platform
    await platform.close()


async def drained(platform: Platform, cursor: str | None = None) -> tuple[list[Event], list[str]]:
    """Every event after `cursor`, and the cursor after each batch."""
    events: list[Event] = []
    cursors: list[str] = []
    for _ in range(50):
        batch = await platform.poll(cursor)
        events += batch.events
        cursor = batch.cursor
        cursors.append(cursor)
        if not batch.more:
            return events, cursors
    raise AssertionError("fifty batches and no end")


async def seen_since(platform: Platform, cursor: str, known: dict[str, str], how: str) -> list[Event]:
    """What the platform notices in the way its capabilities name."""
    if how == "lookup":
        return list(await platform.lookup(known))
    return (await drained(platform, cursor))[0]


def comments(events: Sequence[Event]) -> list[Comment]:
    return [event.comment for event in events if event.comment]


@pytest.mark.parametrize("name", platforms.names())
def test_a_platform_is_registered_under_its_own_name(name: str) -> None:
    assert platforms.load(name).name == name


@pytest.mark.parametrize("name", platforms.names())
def test_capabilities_are_coherent(name: str) -> None:
    capabilities = platforms.load(name).capabilities
    assert capabilities.sees_edits in {"push", "poll", "lookup", "no"}
    assert capabilities.sees_deletions in {"push", "poll", "lookup", "no"}
    assert all(effect.note for effect in capabilities.actions.values())
    hide = capabilities.actions.get(ActionKind.HIDE)
    assert (hide is not None and hide.reversible) == (ActionKind.UNHIDE in capabilities.actions)


def test_the_constructor_only_stores(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("the constructor touched the world")

    settings = stage.platform().settings
    for owner, call in ((socket, "socket"), (builtins, "open"), (Path, "open")):
        monkeypatch.setattr(owner, call, refuse)
    platform = stage.platform()
    monkeypatch.undo()
    assert platform.settings == settings


async def test_opening_says_who_we_are(stage: Stage) -> None:
    platform = stage.platform()
    identity = await platform.open()
    await platform.close()
    assert identity.account
    assert identity.can_moderate == bool(platform.capabilities.actions)
    assert abs(identity.clock_skew.total_seconds()) < 3


async def test_the_first_poll_brings_everything_oldest_first(stage: Stage, platform: Platform) -> None:
    texts = [f"comment {number}" for number in range(70)]
    ids = stage.write(texts)
    events, _ = await drained(platform)
    assert [event.id for event in events] == ids
    assert [comment.text for comment in comments(events)] == texts
    assert {event.kind for event in events} == {EventKind.CREATED}


async def test_no_cursor_skips_or_repeats_after_a_restart(stage: Stage, platform: Platform) -> None:
    ids = stage.write([f"comment {number}" for number in range(70)])
    cursor: str | None = None
    before: list[str] = []
    for _ in range(10):
        batch = await platform.poll(cursor)
        cursor, before = batch.cursor, [*before, *(event.id for event in batch.events)]
        restarted = stage.platform()
        await restarted.open()
        after, _ = await drained(restarted, cursor)
        await restarted.close()
        assert [*before, *(event.id for event in after)] == ids
        if not batch.more:
            return
    raise AssertionError("ten batches and no end")


async def test_with_nothing_new_there_is_no_event_and_the_same_cursor(
    stage: Stage, platform: Platform
) -> None:
    stage.write(["one", "two"])
    _, cursors = await drained(platform)
    again = await platform.poll(cursors[-1])
    assert (list(again.events), again.cursor, again.more) == ([], cursors[-1], False)


async def test_an_empty_page_brings_no_event_and_a_cursor_to_go_on_from(
    stage: Stage, platform: Platform
) -> None:
    first = await platform.poll(None)
    assert not first.events
    ids = stage.write(["the first of all"])
    events, _ = await drained(platform, first.cursor)
    assert [event.id for event in events] == ids


async def test_a_comment_written_later_comes_with_the_next_poll(stage: Stage, platform: Platform) -> None:
    stage.write(["earlier"])
    _, cursors = await drained(platform)
    ids = stage.write(["later"])
    events, _ = await drained(platform, cursors[-1])
    assert [event.id for event in events] == ids


async def test_an_answer_names_the_comment_it_answers(stage: Stage, platform: Platform) -> None:
    [parent] = stage.write(["question"])
    stage.write(["answer"], parent=parent)
    first, second = comments((await drained(platform))[0])
    assert (first.parent, first.kind) == (None, Kind.COMMENT)
    assert (second.parent, second.kind) == (parent, Kind.REPLY)


async def test_text_comes_back_exactly(stage: Stage, platform: Platform) -> None:
    stage.write(TEXTS)
    events, _ = await drained(platform)
    assert [comment.text for comment in comments(events)] == TEXTS


async def test_every_comment_can_be_archived(stage: Stage, platform: Platform) -> None:
    stage.write(TEXTS)
    events, _ = await drained(platform)
    for event, comment in zip(events, comments(events), strict=True):
        assert event.at.utcoffset() is not None
        assert comment.created_at.utcoffset() is not None
        assert comment.edited_at is None or comment.edited_at.utcoffset() is not None
        assert comment.id == event.id
        assert comment.revision
        assert json.loads(json.dumps(comment.payload, allow_nan=False)) == comment.payload


@pytest.mark.parametrize("stage", SEE_EDITS, indirect=True)
async def test_an_edit_is_seen_as_the_capabilities_say(stage: Stage, platform: Platform) -> None:
    [comment_id] = stage.write(["before"])
    events, cursors = await drained(platform)
    [old] = comments(events)
    stage.edit(comment_id, "after")
    how = platform.capabilities.sees_edits
    [event] = await seen_since(platform, cursors[-1], {comment_id: old.revision}, how)
    assert (event.kind, event.id) == (EventKind.EDITED, comment_id)
    assert event.comment
    assert event.comment.text == "after"
    assert event.comment.revision != old.revision


@pytest.mark.parametrize("stage", SEE_DELETIONS, indirect=True)
async def test_a_deletion_is_seen_as_the_capabilities_say(stage: Stage, platform: Platform) -> None:
    _, gone = stage.write(["kept", "gone"])
    events, cursors = await drained(platform)
    known = {comment.id: comment.revision for comment in comments(events)}
    stage.delete(gone)
    how = platform.capabilities.sees_deletions
    [event] = await seen_since(platform, cursors[-1], known, how)
    assert (event.kind, event.id) == (EventKind.DELETED, gone)
    assert event.comment is None or (event.comment.id, event.comment.text) == (gone, "gone")
    assert event.detail


async def test_looking_up_unchanged_comments_brings_nothing(stage: Stage, platform: Platform) -> None:
    stage.write(TEXTS)
    events, _ = await drained(platform)
    assert list(await platform.lookup({comment.id: comment.revision for comment in comments(events)})) == []


@pytest.mark.parametrize("stage", able(ActionKind.HIDE), indirect=True)
async def test_hiding_takes_a_comment_from_the_reader_and_showing_gives_it_back(
    stage: Stage, platform: Platform
) -> None:
    [comment_id] = stage.write(["a comment"])
    assert stage.reader_sees(comment_id)
    hidden = await platform.act(ActionKind.HIDE, comment_id)
    assert (hidden.action, hidden.id, hidden.already) == (ActionKind.HIDE, comment_id, False)
    assert hidden.visibility is Visibility.HIDDEN
    assert not stage.reader_sees(comment_id)
    shown = await platform.act(ActionKind.UNHIDE, comment_id)
    assert (shown.visibility, shown.already) == (Visibility.VISIBLE, False)
    assert stage.reader_sees(comment_id)


@pytest.mark.parametrize("stage", able(ActionKind.DELETE), indirect=True)
async def test_deleting_takes_a_comment_from_the_reader(stage: Stage, platform: Platform) -> None:
    kept, gone = stage.write(["kept", "gone"])
    receipt = await platform.act(ActionKind.DELETE, gone)
    assert (receipt.visibility, receipt.already) == (Visibility.GONE, False)
    assert not stage.reader_sees(gone)
    assert stage.reader_sees(kept)


@pytest.mark.parametrize(("stage", "action"), ABLE, indirect=["stage"])
async def test_repeating_an_action_is_harmless(stage: Stage, platform: Platform, action: ActionKind) -> None:
    [comment_id] = stage.write(["a comment"])
    first = await platform.act(action, comment_id)
    second = await platform.act(action, comment_id)
    assert second.already
    assert second.visibility is first.visibility
    assert json.dumps(dict(second.answer))
    assert second.at.utcoffset() is not None


@pytest.mark.parametrize("stage", able(ActionKind.HIDE), indirect=True)
async def test_a_hidden_comment_is_still_the_same_revision(stage: Stage, platform: Platform) -> None:
    stage.write(["a comment"])
    [comment] = comments((await drained(platform))[0])
    await platform.act(ActionKind.HIDE, comment.id)
    assert list(await platform.lookup({comment.id: comment.revision})) == []


@pytest.mark.parametrize("stage", able(ActionKind.HIDE), indirect=True)
async def test_a_comment_hidden_before_it_was_seen_is_captured_all_the_same(
    stage: Stage, platform: Platform
) -> None:
    shown, hidden = stage.write(["shown", "hidden"])
    await platform.act(ActionKind.HIDE, hidden)
    assert [comment.id for comment in comments((await drained(platform))[0])] == [shown, hidden]


@pytest.mark.parametrize(("stage", "action"), UNABLE, indirect=["stage"])
async def test_an_action_out_of_reach_is_refused(
    stage: Stage, platform: Platform, action: ActionKind
) -> None:
    [comment_id] = stage.write(["a comment"])
    with pytest.raises(Unsupported):
        await platform.act(action, comment_id)


@pytest.mark.parametrize(("stage", "action"), ABLE, indirect=["stage"])
async def test_acting_on_an_unknown_comment_says_that_it_is_gone(
    stage: Stage, platform: Platform, action: ActionKind
) -> None:
    for unknown in (stage.unknown_id, "1/../1", "no such id"):
        with pytest.raises(CommentGone):
            await platform.act(action, unknown)


def test_settings_refuse_an_unknown_key_and_keep_secrets_out_of_the_refusal(stage: Stage) -> None:
    platform = stage.platform()
    known = {name: getattr(platform.settings, name) for name in type(platform.settings).model_fields}
    with pytest.raises(ValidationError, match="colour") as refusal:
        platform.Settings.model_validate({**known, "colour": "blue"})
    assert not [secret for secret in stage.secrets if secret in str(refusal.value)]


async def test_nothing_printed_shows_a_secret(stage: Stage, platform: Platform) -> None:
    printed = f"{platform!r} {platform} {vars(platform)} {platform.settings!r} {platform.settings}"
    assert not [secret for secret in stage.secrets if secret in printed]


async def test_closing_twice_or_unopened_is_harmless(stage: Stage) -> None:
    platform = stage.platform()
    await platform.close()
    await platform.open()
    await platform.close()
    await platform.close()
