"""The Bluesky adapter against the real personal data server and AppView; under `make faults`, since a fresh
machine takes minutes to install them. The quick tests are in test_bluesky.py, on a simulated network."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from pydantic import SecretStr

from platforms.base import ActionKind, Comment, CommentGone, Event, EventKind, Kind, NotAuthorised, Visibility
from platforms.bluesky import Bluesky, BlueskySettings
from platforms.tokens import Token
from tests.peers.bluesky import Account, Network, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        os.environ.get("MODBOT_FAULTS") != "long", reason="the real Bluesky network runs under make faults"
    ),
]
numbers = itertools.count(1)


@pytest.fixture
def district(bluesky: Network) -> Account:
    return bluesky.join(f"district{next(numbers)}.test")


@pytest.fixture
def parent(bluesky: Network) -> Account:
    return bluesky.join(f"parent{next(numbers)}.test")


@pytest.fixture
def root(bluesky: Network, district: Account) -> str:
    return bluesky.post(district, "Board meeting tonight.")


def make(bluesky: Network, district: Account, **changes: object) -> Bluesky:
    known = {"service": bluesky.url, "handle": district.handle, "app_password": district.app_password}
    return Bluesky("page", BlueskySettings.model_validate({**known, "allow_loopback": True, **changes}))


@pytest.fixture
async def page(bluesky: Network, district: Account) -> AsyncIterator[Bluesky]:
    platform = make(bluesky, district)
    await platform.open()
    yield platform
    await platform.close()


async def everything(page: Bluesky, cursor: str | None = None) -> tuple[list[Event], str]:
    events: list[Event] = []
    for _ in range(20):
        batch = await page.poll(cursor)
        events, cursor = [*events, *batch.events], batch.cursor
        if not batch.more:
            return events, cursor
    raise AssertionError("twenty batches and no end")


def comments(events: Sequence[Event]) -> list[Comment]:
    return [event.comment for event in events if event.comment]


def notified(bluesky: Network, district: Account, *uris: str) -> Callable[[], bool]:
    return lambda: set(uris) <= set(bluesky.notified(district))


async def test_answers_mentions_and_quotes_come_oldest_first_with_their_text_as_written(
    bluesky: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    text = "line one\n<b>& 日本語 \u202eup\u202c \U0001f468\u200d\U0001f469\u200d\U0001f467"
    answer = bluesky.post(parent, text, parent=root)
    below = bluesky.post(parent, "and more", parent=answer)
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": district.did}
    facets = [{"index": {"byteStart": 0, "byteEnd": 9}, "features": [feature]}]
    mention = bluesky.post(parent, "@district", facets=facets)
    record = bluesky.record(root)
    embed = {"$type": "app.bsky.embed.record", "record": {"uri": root, "cid": record["cid"]}}
    quote = bluesky.post(parent, "look", embed=embed)
    until(notified(bluesky, district, answer, below, mention, quote))
    events, cursor = await everything(page)
    found = comments(events)
    assert [comment.id for comment in found] == [answer, below, mention, quote]
    assert [comment.kind for comment in found] == [Kind.COMMENT, Kind.REPLY, Kind.MENTION, Kind.MENTION]
    assert (found[0].text, found[0].parent, found[0].post) == (text, None, root)
    assert (found[1].parent, found[1].post) == (answer, root)
    assert found[0].author == f"@{parent.handle}"
    assert (await page.poll(cursor)).cursor == cursor
    later = bluesky.post(parent, "later", parent=root)
    until(notified(bluesky, district, later))
    assert [event.id for event in (await everything(page, cursor))[0]] == [later]


async def test_a_hidden_answer_is_behind_the_click_for_readers_and_back_when_shown_again(
    bluesky: Network, parent: Account, root: str, page: Bluesky
) -> None:
    answer = bluesky.post(parent, "You are all idiots.", parent=root)
    until(lambda: answer in bluesky.in_thread(parent, root))
    hidden = await page.act(ActionKind.HIDE, answer)
    assert (hidden.visibility, hidden.already) == (Visibility.HIDDEN, False)
    until(lambda: bluesky.shown_hidden(parent, answer, root))
    assert (await page.act(ActionKind.HIDE, answer)).already
    shown = await page.act(ActionKind.UNHIDE, answer)
    assert (shown.visibility, shown.already) == (Visibility.VISIBLE, False)
    until(lambda: not bluesky.shown_hidden(parent, answer, root))


async def test_what_is_hidden_leaves_the_notifications_and_is_captured_and_not_taken_for_deleted(
    bluesky: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    answer = bluesky.post(parent, "hidden before anybody saw it", parent=root)
    until(notified(bluesky, district, answer))
    await page.act(ActionKind.HIDE, answer)
    until(lambda: answer not in bluesky.notified(district))
    [comment] = comments((await everything(page))[0])
    assert comment.id == answer
    assert list(await page.lookup({answer: comment.revision})) == []


async def test_answers_far_below_under_a_hidden_one_or_dated_back_are_found_in_the_whole_thread(
    bluesky: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    first = bluesky.post(parent, "first", parent=root)
    until(notified(bluesky, district, first))
    _, cursor = await everything(page)
    chain = [first]
    for level in range(2, 8):
        chain.append(bluesky.post(parent, f"level {level}", parent=chain[-1]))
    dated_back = bluesky.post(parent, "long ago", parent=root, created="2020-01-01T00:00:00.000Z")
    until(lambda: {*chain, dated_back} <= set(bluesky.in_thread(parent, root)))
    until(notified(bluesky, district, chain[2]))
    told, cursor = await everything(page, cursor)
    assert not {chain[-1], dated_back} & {event.id for event in told}
    page._watched_at = float("-inf")
    missed, cursor = await everything(page, cursor)
    assert {chain[-1], dated_back} <= {event.id for event in missed}
    assert {event.id for event in [*told, *missed]} == {*chain[1:], dated_back}


async def test_another_hand_on_the_gate_at_the_same_moment_loses_nothing(
    bluesky: Network,
    district: Account,
    parent: Account,
    root: str,
    page: Bluesky,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = bluesky.post(parent, "ours", parent=root)
    theirs = bluesky.post(parent, "theirs", parent=root)
    allow = [{"$type": "app.bsky.feed.threadgate#followingRule"}]
    bluesky.gate(district, root, allow=allow, hiddenReplies=[])
    put, tried = page.rest.put, list[object]()

    async def put_after_another(*given: object, **named: object) -> object:
        if not tried:
            bluesky.gate(district, root, allow=allow, hiddenReplies=[theirs])
        tried.append(given)
        return await put(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(page.rest, "put", put_after_another)
    await page.act(ActionKind.HIDE, ours)
    gate = bluesky.gate_of(district, root)
    assert len(tried) == 2
    assert gate["hiddenReplies"] == [theirs, ours]
    assert gate["allow"] == allow


async def test_an_answer_to_what_was_deleted_meanwhile_still_comes(
    bluesky: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    above = bluesky.post(parent, "soon gone", parent=root)
    below = bluesky.post(parent, "to somebody who took it back", parent=above)
    until(notified(bluesky, district, above, below))
    bluesky.delete(parent, above)
    until(lambda: above not in bluesky.notified(district))
    assert below not in bluesky.in_thread(district, root)
    [comment] = comments((await everything(page))[0])
    assert (comment.id, comment.parent, comment.post) == (below, above, root)


async def test_a_deleted_answer_is_told_from_one_whose_author_blocks_the_district(
    bluesky: Network, district: Account, parent: Account, root: str, page: Bluesky
) -> None:
    gone = bluesky.post(parent, "gone soon", parent=root)
    kept = bluesky.post(parent, "kept", parent=root)
    until(notified(bluesky, district, gone, kept))
    known = {comment.id: comment.revision for comment in comments((await everything(page))[0])}
    bluesky.delete(parent, gone)
    bluesky.block(parent, district)
    until(lambda: not bluesky.ask("app.bsky.feed.getPosts", {"uris": [kept]}, district.bearer)["posts"])
    until(lambda: gone not in bluesky.in_thread(bluesky_reader(bluesky), root))
    [event] = await page.lookup(known)
    assert (event.kind, event.id) == (EventKind.DELETED, gone)
    with pytest.raises(CommentGone):
        await page.act(ActionKind.HIDE, gone)


def bluesky_reader(bluesky: Network) -> Account:
    return bluesky.join(f"reader{next(numbers)}.test")


async def test_a_garbled_session_is_renewed_by_the_refresh_token_or_the_app_password(
    bluesky: Network, district: Account, page: Bluesky
) -> None:
    token = await page.tokens.get()
    assert token
    for spoiled in (
        Token(access=SecretStr("no.such.token"), refresh=token.refresh),
        Token(access=SecretStr("no.such.token"), refresh=SecretStr("no.such.token")),
    ):
        await page.tokens.put(spoiled)
        await page.poll(None)
        renewed = await page.tokens.get()
        assert renewed
        assert renewed.access.get_secret_value() != "no.such.token"


async def test_a_wrong_app_password_says_where_to_make_a_new_one(bluesky: Network, district: Account) -> None:
    with pytest.raises(NotAuthorised, match="App passwords"):
        await make(bluesky, district, app_password="wrong").open()
