"""The wiki adapter against the real MediaWiki: hiding through the history, beside people who edit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from modbot import actions, cases
from modbot.records import archive
from modbot.rulings import Choice, Ruling
from modbot.store import Store
from modbot.tables import Action, Case
from platforms.base import (
    ActionKind,
    CommentGone,
    EventKind,
    Kind,
    NotAuthorised,
    PlatformError,
    RateLimited,
    Unavailable,
    Unsupported,
    Visibility,
)
from platforms.mediawiki import MediaWiki, MediaWikiSettings
from platforms.mediawiki_rest import SignedOut, _answer
from tests.modbot.scene import district
from tests.peers.mediawiki import MediaWiki as Wiki
from tests.platforms.talk import FOOT, Talk, adapter

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = "The very first comment.", "A second comment, a bad one.", "A third one about buses."


async def test_hiding_takes_the_words_out_of_the_page_and_of_every_version_that_holds_them(
    talk: Talk, wiki: MediaWiki
) -> None:
    first, second, third = talk.save(FIRST, SECOND, THIRD)
    receipt = await wiki.act(ActionKind.HIDE, second)
    assert receipt.visibility is Visibility.HIDDEN
    assert talk.text == f"{FIRST}\n\n{THIRD}\n\n{FOOT}"
    assert talk.open_to_readers(first, second, third) == [True, False, False]
    shown = await wiki.act(ActionKind.UNHIDE, second)
    assert shown.visibility is Visibility.VISIBLE
    assert talk.text == f"{FIRST}\n\n{SECOND}\n\n{THIRD}\n\n{FOOT}"
    assert talk.open_to_readers(first, second, third) == [True, True, True]


async def test_showing_one_again_does_not_bring_another_hidden_one_to_light(
    talk: Talk, wiki: MediaWiki
) -> None:
    _, second, third = talk.save(FIRST, SECOND, THIRD)
    await wiki.act(ActionKind.HIDE, second)
    await wiki.act(ActionKind.HIDE, third)
    receipt = await wiki.act(ActionKind.UNHIDE, third)
    assert receipt.visibility is Visibility.VISIBLE
    assert SECOND not in talk.text
    # The version in which the third came stays hidden: the second stands in it.
    assert talk.open_to_readers(second, third) == [False, False]


async def test_a_comment_that_opened_its_page_can_be_hidden_and_shown(
    mediawiki: Wiki, wiki: MediaWiki
) -> None:
    title = f"Talk:New {uuid4().hex[:8]}"
    [number] = map(str, mediawiki.stage(["edit", title, SECOND, None]))
    await wiki.act(ActionKind.HIDE, number)
    assert mediawiki.text(title) == ""
    await wiki.act(ActionKind.UNHIDE, number)
    assert mediawiki.text(title) == SECOND


async def test_words_that_somebody_changed_since_are_left_to_a_person(talk: Talk, wiki: MediaWiki) -> None:
    both = f"{SECOND}\n{THIRD}"
    [number] = talk.save(both)
    talk.put(f"{SECOND}\nAn insertion by somebody else.\n{THIRD}\n\n{FOOT}")
    with pytest.raises(Unsupported, match="by hand"):
        await wiki.act(ActionKind.HIDE, number)
    assert SECOND in talk.text


async def test_a_protected_page_is_left_to_a_person(talk: Talk, wiki: MediaWiki) -> None:
    [number] = talk.save(SECOND)
    talk.wiki.stage(["protect", talk.title, "sysop"])
    with pytest.raises(Unsupported, match="protected"):
        await wiki.act(ActionKind.HIDE, number)


@pytest.fixture
def beside(wiki: MediaWiki, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody does something once, `after` our next edit or right before it."""
    ours = wiki.rest.edit

    def plan(happens: Callable[[], object], *, after: bool) -> None:
        async def edit(page: int, text: str, **more: Any) -> None:
            monkeypatch.setattr(wiki.rest, "edit", ours)
            if not after:
                happens()
            await ours(page, text, **more)
            if after:
                happens()

        monkeypatch.setattr(wiki.rest, "edit", edit)

    return plan


async def test_a_wiki_refuses_to_hide_the_newest_version(talk: Talk, wiki: MediaWiki) -> None:
    before, newest = map(int, talk.save(FIRST, SECOND))
    refused = await wiki.rest.set_hidden(talk.title, [before, newest], hidden=True, reason="r")
    assert refused == ["revdelete-hide-current"]
    assert talk.open_to_readers(str(before), str(newest)) == [False, True]


async def test_a_version_that_became_the_newest_again_is_hidden_by_the_next_attempt(
    talk: Talk, wiki: MediaWiki, beside: Callable[..., None]
) -> None:
    [number] = talk.save(SECOND)
    beside(lambda: talk.wiki.stage(["bring_back", talk.title, int(number)]), after=True)
    with pytest.raises(Unavailable, match="revdelete-hide-current"):
        await wiki.act(ActionKind.HIDE, number)
    assert SECOND in talk.text
    receipt = await wiki.act(ActionKind.HIDE, number)
    assert receipt.visibility is Visibility.HIDDEN
    assert SECOND not in talk.text
    assert talk.open_to_readers(number) == [False]


async def test_words_that_somebody_put_back_while_they_were_hidden_are_hidden_by_the_next_attempt(
    talk: Talk, wiki: MediaWiki, beside: Callable[..., None]
) -> None:
    [number] = talk.save(SECOND)
    again: list[str] = []
    beside(lambda: again.append(talk.put(f"{SECOND}\n\n{FOOT}")), after=True)
    with pytest.raises(Unavailable, match="still given to readers"):
        await wiki.act(ActionKind.HIDE, number)
    receipt = await wiki.act(ActionKind.HIDE, number)
    assert receipt.visibility is Visibility.HIDDEN
    assert talk.text == FOOT
    assert talk.open_to_readers(number, *again) == [False, False]


async def test_an_edit_conflict_keeps_what_the_other_wrote_and_the_next_attempt_hides(
    talk: Talk, wiki: MediaWiki, beside: Callable[..., None]
) -> None:
    [number] = talk.save(SECOND)
    beside(lambda: talk.put(f"{SECOND}\n: An answer to it.\n\n{FOOT}"), after=False)
    with pytest.raises(Unavailable, match="editconflict"):
        await wiki.act(ActionKind.HIDE, number)
    assert talk.text == f"{SECOND}\n: An answer to it.\n\n{FOOT}"
    receipt = await wiki.act(ActionKind.HIDE, number)
    assert receipt.visibility is Visibility.HIDDEN
    assert SECOND not in talk.text
    assert ": An answer to it." in talk.text


async def test_an_edit_elsewhere_on_the_page_is_no_conflict(
    talk: Talk, wiki: MediaWiki, beside: Callable[..., None]
) -> None:
    first, *_ = talk.save(SECOND, FIRST, THIRD)
    beside(lambda: talk.put(f"{SECOND}\n\n{FIRST}\n\n{THIRD}\n\nOne more.\n\n{FOOT}"), after=False)
    receipt = await wiki.act(ActionKind.HIDE, first)
    assert receipt.visibility is Visibility.HIDDEN
    assert "One more." in talk.text


async def test_an_answer_names_the_edit_that_brought_the_line_above(talk: Talk, wiki: MediaWiki) -> None:
    question = talk.put(f"When does school start?\n\n{FOOT}")
    answer = talk.put(f"When does school start?\n:On Tuesday, the notice says.\n\n{FOOT}")
    deep = talk.put(
        f"When does school start?\n:On Tuesday, the notice says.\n::Thank you very much!\n\n{FOOT}"
    )
    events = (await wiki.poll(None)).events
    found = {event.id: event.comment for event in events if event.comment}
    assert [(found[each].parent, found[each].kind) for each in (question, answer, deep)] == [
        (None, Kind.COMMENT),
        (question, Kind.REPLY),
        (answer, Kind.REPLY),
    ]
    assert found[answer].text == ":On Tuesday, the notice says."
    assert (found[answer].author, found[answer].post_title) == ("203.0.113.7", talk.title)
    assert found[answer].permalink.endswith(f"index.php?diff={answer}")


async def test_our_own_edits_are_no_comments_and_a_hidden_one_is_captured_as_hidden(
    talk: Talk, wiki: MediaWiki
) -> None:
    [number] = talk.save(SECOND)
    await wiki.act(ActionKind.HIDE, number)
    [event] = (await wiki.poll(None)).events
    assert event.comment
    assert (event.id, event.comment.text, event.comment.visible) == (number, SECOND, False)


async def test_what_others_took_away_is_gone_and_what_we_hid_is_not(talk: Talk, wiki: MediaWiki) -> None:
    first, second, third = talk.save(FIRST, SECOND, THIRD)
    events = (await wiki.poll(None)).events
    known = {event.id: event.comment.revision for event in events if event.comment}
    await wiki.act(ActionKind.HIDE, second)
    talk.put(f"{THIRD}\n\n{FOOT}")
    [event] = await wiki.lookup(known)
    assert (event.kind, event.id) == (EventKind.DELETED, first)
    talk.put(f"{FIRST}\n\n{THIRD}\n\n{FOOT}")
    [back] = await wiki.lookup({first: "", third: known[third]})
    assert (back.kind, back.id) == (EventKind.EDITED, first)
    talk.wiki.stage(["erase", talk.title])
    assert {each.detail for each in await wiki.lookup(known)} == {"its page was deleted"}
    with pytest.raises(CommentGone):
        await wiki.act(ActionKind.HIDE, first)


async def test_a_session_that_ended_is_renewed_unnoticed(talk: Talk, wiki: MediaWiki) -> None:
    [number] = talk.save(SECOND)
    wiki.rest._client.cookies.clear()
    assert (await wiki.poll(None)).events
    wiki.rest._token = "worn out"
    wiki.rest._client.cookies.clear()
    assert (await wiki.act(ActionKind.HIDE, number)).visibility is Visibility.HIDDEN


@pytest.mark.parametrize("user", ["Modbot", "Modbot@", "@moderation"])
def test_a_persons_own_password_is_refused_with_what_to_make_instead(user: str) -> None:
    with pytest.raises(ValidationError, match="Special:BotPasswords") as refused:
        MediaWikiSettings(url="https://wiki.example.org/w", user=user, bot_password=SecretStr("secret-word"))
    assert "secret-word" not in str(refused.value)


async def test_wrong_credentials_missing_rights_and_a_wrong_address_are_found_at_the_start(
    mediawiki: Wiki,
) -> None:
    for changes, words in (
        ({"bot_password": "0" * 32}, "Special:BotPasswords"),
        ({"url": f"{mediawiki.url}/w"}, "check `url`"),
    ):
        with pytest.raises(NotAuthorised, match=words):
            await adapter(mediawiki, **changes).open()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("maxlag", RateLimited),
        ("ratelimited", RateLimited),
        ("readonly", Unavailable),
        ("internal_api_error_DBQueryError", Unavailable),
        ("editconflict", Unavailable),
        ("nosuchrevid", CommentGone),
        ("protectedpage", Unsupported),
        ("abusefilter-disallowed", Unsupported),
        ("permissiondenied", NotAuthorised),
        ("blocked", NotAuthorised),
        ("assertuserfailed", SignedOut),
        ("badtoken", SignedOut),
        ("somethingnew", Unavailable),
    ],
)
def test_every_refusal_says_what_to_do(code: str, error: type[PlatformError]) -> None:
    answer = httpx.Response(200, json={"error": {"code": code, "info": "…"}}, headers={"retry-after": "5"})
    with pytest.raises(error):
        _answer(answer)


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json=[]), httpx.Response(404)]
)
def test_half_an_answer_is_none(answer: httpx.Response) -> None:
    with pytest.raises(Unavailable):
        _answer(answer)


async def test_from_an_edit_to_a_decision_to_the_page_and_back(
    talk: Talk, wiki: MediaWiki, migrated_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    here = district(store, "mediawiki")
    talk.save(FIRST, "Buy now, half price prom dresses at my shop.", THIRD)
    batch = await wiki.poll(None)
    archive.take_in(store, "blog", batch, native_revisions=wiki.capabilities.native_revisions)
    here.score()
    [case] = here.rows(Case)
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now", reason="An advertisement")
    cases.decide(store, here.rules, case.id, ruling)
    assert await actions.carry_out(store, "blog", wiki) == 1
    assert talk.text == f"{FIRST}\n\n{THIRD}\n\n{FOOT}"
    assert not (await wiki.poll(batch.cursor)).events
    cases.undo(store, here.rules, case.id, "ana")
    assert await actions.carry_out(store, "blog", wiki) == 1
    assert "prom dresses" in talk.text
    assert [(row.kind, row.state) for row in here.rows(Action)] == [("hide", "done"), ("unhide", "done")]
    store.close()
