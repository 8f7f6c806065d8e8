"""The wiki adapter against the real MediaWiki: hiding through the history, and what mwclient sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import httpx
import mwclient
import pytest
import requests
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
from platforms.mediawiki_rest import MediaWikiRest, SignedOut, _answer
from tests.modbot.scene import district
from tests.peers.mediawiki import MediaWiki as Wiki

pytestmark = pytest.mark.anyio

FOOT = "----\nAll comments stand above."
FIRST, SECOND, THIRD = "The very first comment.", "A second comment, a bad one.", "A third one about buses."


class Talk:
    """A talk page of a test's own."""

    def __init__(self, wiki: Wiki) -> None:
        self.wiki = wiki
        self.title = f"Talk:Page {uuid4().hex[:8]}"
        wiki.stage(["edit", self.title, FOOT, "Admin"], ["forget"])

    def save(self, *texts: str) -> list[str]:
        """The page with these paragraphs, one revision for each that was added to those before."""
        pages = ["\n\n".join([*texts[: number + 1], FOOT]) for number in range(len(texts))]
        return [
            str(number) for number in self.wiki.stage(*(["edit", self.title, page, None] for page in pages))
        ]

    def put(self, text: str) -> str:
        return str(self.wiki.stage(["edit", self.title, text, None])[0])

    @property
    def text(self) -> str:
        return self.wiki.text(self.title)

    def open_to_readers(self, *numbers: str) -> list[bool]:
        query = {"prop": "revisions", "rvprop": "ids|content", "rvslots": "main", "revids": "|".join(numbers)}
        [page] = self.wiki.ask(action="query", **query)["query"]["pages"]
        return ["content" in each["slots"]["main"] for each in page["revisions"]]


@pytest.fixture
def talk(mediawiki: Wiki) -> Talk:
    return Talk(mediawiki)


def adapter(wiki: Wiki, **changes: object) -> MediaWiki:
    known = {"url": wiki.url, "user": wiki.user, "bot_password": wiki.password, "allow_loopback": True}
    return MediaWiki("wiki", MediaWikiSettings.model_validate(known | changes))


@pytest.mark.parametrize("user", ["Modbot", "Modbot@", "@moderation"])
def test_a_persons_own_password_is_refused_with_what_to_make_instead(user: str) -> None:
    with pytest.raises(ValidationError, match="Special:BotPasswords") as refused:
        MediaWikiSettings(url="https://wiki.example.org/w", user=user, bot_password=SecretStr("secret-word"))
    assert "secret-word" not in str(refused.value)


@pytest.fixture
async def wiki(mediawiki: Wiki) -> AsyncIterator[MediaWiki]:
    platform = adapter(mediawiki)
    await platform.open()
    yield platform
    await platform.close()


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


async def sent_by(wiki: MediaWiki, talk: Talk) -> list[dict[str, str]]:
    """Every request of a whole day's work, as its parameters."""
    sent: list[dict[str, str]] = []

    async def keep(request: httpx.Request) -> None:
        sent.append(dict(parse_qsl(request.url.query.decode() or request.content.decode())))

    wiki.rest._client.event_hooks = {"request": [keep]}
    wiki.rest._public.event_hooks = {"request": [keep]}
    talk.put(f"A question?\n\n{FOOT}")
    answer = talk.put(f"A question?\n:An answer to it.\n\n{FOOT}")
    batch = await wiki.poll(None)
    await wiki.lookup({event.id: "" for event in batch.events})
    await wiki.act(ActionKind.HIDE, answer)
    await wiki.act(ActionKind.UNHIDE, answer)
    await wiki.rest._sign_in()
    return sent


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


async def test_every_parameter_is_one_that_the_wiki_itself_describes(talk: Talk, wiki: MediaWiki) -> None:
    for sent in await sent_by(wiki, talk):
        modules = ["main", "json", sent["action"]]
        modules += [f"query+{name}" for key in ("list", "prop", "meta") for name in _split(sent.get(key))]
        answer = talk.wiki.ask(action="paraminfo", modules="|".join(modules))
        described: dict[str, Any] = {}
        for module in answer["paraminfo"]["modules"]:
            described |= {f"{module['prefix']}{each['name']}": each for each in module["parameters"]}
        unknown = set(sent) - set(described) - {"continue"}
        assert not unknown, (sent, unknown)
        for name, value in sent.items():
            allowed = described.get(name, {}).get("type")
            if isinstance(allowed, list):
                assert set(_split(value)) <= {str(each) for each in allowed}, name
        missing = [name for name, each in described.items() if each.get("required") and name not in sent]
        assert not missing


async def test_mwclient_sends_the_same_for_the_same(
    mediawiki: Wiki, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = int(talk.put(f"A comment.\n\n{FOOT}"))
    theirs: list[dict[str, str]] = []
    original = requests.Session.request

    def keep(self: Any, method: str, url: str, **options: Any) -> Any:
        theirs.append(dict(options.get("data") or options.get("params") or {}) | {"": method})
        return original(self, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", keep)
    host = mediawiki.url.removeprefix("http://")
    site = mwclient.Site(host, scheme="http", path="/", force_login=False)
    site.login(mediawiki.user, mediawiki.password)
    found = site.get("query", prop="revisions", revids=number, rvprop="ids", rvslots="main")
    token = site.get_token("csrf")
    site.pages[talk.title].edit(FOOT, summary="s")
    site.post("revisiondelete", type="revision", target=talk.title, ids=number, hide="content", token=token)
    assert found["query"]["pages"]
    ours: list[dict[str, str]] = []

    async def note(request: httpx.Request) -> None:
        ours.append(dict(parse_qsl(request.url.query.decode() or request.content.decode())))
        ours[-1] |= {"": request.method}

    rest = MediaWikiRest(
        mediawiki.url, mediawiki.user, SecretStr(mediawiki.password), 60, allow_loopback=True
    )
    rest._client.event_hooks = {"request": [note]}
    await rest.identify()
    await rest.revisions([number])
    again = int(talk.put(f"Another.\n\n{FOOT}"))
    native = (await rest.revisions([again]))[again]
    await rest.edit(native["page"]["pageid"], FOOT, based_on=native, summary="s")
    await rest.set_hidden(talk.title, [again], hidden=True, reason="r")
    await rest.close()
    for action, same in {
        "login": {"lgname", "lgpassword", "format"},
        "edit": {"text", "summary", "bot", "format"},
        "revisiondelete": {"type", "target", "hide", "format"},
    }.items():
        [own] = [each for each in ours if each["action"] == action]
        other = [each for each in theirs if each.get("action") == action][-1]
        assert {key: own.get(key) for key in same} == {key: str(other.get(key)) for key in same}, action
        assert own[""] == other[""].upper() == "POST"
        assert ("token" in own) == ("token" in other)


def _split(value: str | None) -> list[str]:
    return value.split("|") if value else []
