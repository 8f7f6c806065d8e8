"""Every request to a wiki, against its own description of itself and what mwclient sends for the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import httpx
import mwclient
import pytest
import requests

from platforms.base import ActionKind
from platforms.mediawiki import MediaWiki
from tests.peers.mediawiki import MediaWiki as Wiki
from tests.platforms.talk import FOOT, Talk

pytestmark = pytest.mark.anyio

Sent = dict[str, str]
METHOD = ""
"""The key under which a request's method stands beside its parameters."""


@contextmanager
def noted(wiki: MediaWiki) -> Iterator[list[Sent]]:
    """Our requests, as their parameters."""
    sent: list[Sent] = []

    async def keep(request: httpx.Request) -> None:
        given = dict(parse_qsl(request.url.query.decode() or request.content.decode()))
        sent.append(given | {METHOD: request.method})

    wiki.rest._client.event_hooks = wiki.rest._public.event_hooks = {"request": [keep]}
    yield sent
    wiki.rest._client.event_hooks = wiki.rest._public.event_hooks = {}


async def a_day(wiki: MediaWiki, talk: Talk) -> list[Sent]:
    """Every request of a whole day's work."""
    with noted(wiki) as sent:
        await wiki.rest.identify()
        talk.put(f"A question?\n\n{FOOT}")
        answer = talk.put(f"A question?\n:An answer to it.\n\n{FOOT}")
        batch = await wiki.poll(None)
        await wiki.poll(batch.cursor)
        await wiki.lookup({event.id: "" for event in batch.events})
        await wiki.act(ActionKind.HIDE, answer)
        await wiki.act(ActionKind.UNHIDE, answer)
    return sent


async def test_every_parameter_is_one_that_the_wiki_itself_describes(talk: Talk, wiki: MediaWiki) -> None:
    for sent in await a_day(wiki, talk):
        check_described(talk.wiki, sent)


async def test_what_the_wiki_filters_is_read_and_asked_for_as_it_describes(
    mediawiki: Wiki, wiki: MediaWiki
) -> None:
    with mediawiki.extended(), noted(wiki) as sent:
        found = await wiki.filters()
        for each in sent:
            check_described(mediawiki, each)
    assert {"siteinfo", "abusefilters"} <= {each.get("meta", each.get("list", "")) for each in sent}
    assert [(each.name, each.on) for each in found] == [
        ("Abuse filter 1, Blanking", True),
        ("MediaWiki:Spam-blacklist", False),
        ("MediaWiki:Titleblacklist", False),
    ]
    assert found[0].does == "acts on edits that meet its rule: disallow"


def check_described(wiki: Wiki, sent: Sent) -> None:
    modules = ["main", "json", sent["action"]]
    modules += [f"query+{name}" for key in ("list", "prop", "meta") for name in _split(sent.get(key))]
    answer = wiki.ask(action="paraminfo", modules="|".join(modules))
    described: dict[str, Any] = {}
    for module in answer["paraminfo"]["modules"]:
        described |= {f"{module['prefix']}{each['name']}": each for each in module["parameters"]}
    unknown = set(sent) - set(described) - {"continue", METHOD}
    assert not unknown, (sent, unknown)
    for name, value in sent.items():
        allowed = described.get(name, {}).get("type")
        if isinstance(allowed, list):
            assert set(_split(value)) <= {str(each) for each in allowed}, name
    missing = [name for name, each in described.items() if each.get("required") and name not in sent]
    assert not missing


def _split(value: str | None) -> list[str]:
    return value.split("|") if value else []


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """What mwclient sends from now on."""
    sent: list[Sent] = []
    original = requests.Session.request

    def keep(self: Any, method: str, url: str, **options: Any) -> Any:
        given = options.get("data") or options.get("params") or {}
        sent.append({name: str(value) for name, value in given.items() if value is not None})
        sent[-1][METHOD] = method.upper()
        return original(self, method, url, **options)

    monkeypatch.setattr(requests.Session, "request", keep)
    return sent


ALWAYS_OURS = {"formatversion", "maxlag"}
"""The newer form of answers, and patience with a busy wiki."""
WHO_AM_I = {"meta": ("userinfo",), "uiprop": ("blockinfo", "hasmsg")}
"""What mwclient asks along with every question."""
FRESH = {"token", "lgtoken"}
SAME: list[tuple[Sent, set[str], set[str]]] = [
    ({"meta": "tokens", "type": "login"}, set(), set()),
    ({"action": "login"}, set(), set()),
    ({"meta": "userinfo", "uiprop": "rights"}, set(), set()),
    ({"list": "recentchanges"}, {"rcexcludeuser"}, set()),
    # mwclient asks for the main slot of a page's revisions, and not of those named by their numbers.
    ({"prop": "revisions", "revids": "IDS"}, {"rvslots"}, set()),
    ({"prop": "revisions", "rvdir": "newer"}, {"pageids"}, {"titles"}),
    ({"meta": "tokens", "type": "csrf"}, set(), set()),
    # A page keeps its number when somebody renames it.
    ({"action": "edit"}, {"pageid"}, {"title", "notminor"}),
    ({"action": "revisiondelete", "hide": "content"}, set(), set()),
    ({"action": "revisiondelete", "show": "content"}, set(), set()),
    ({"meta": "siteinfo", "siprop": "extensions"}, set(), set()),
]
"""By what a request is known, and the parameters that are in ours alone and in theirs alone."""


async def test_mwclient_sends_the_same_for_the_same(
    mediawiki: Wiki, talk: Talk, wiki: MediaWiki, theirs: list[Sent]
) -> None:
    first, second, third = map(int, talk.save("A comment.", "Another.", "A third."))
    with noted(wiki) as ours:
        await wiki.rest.identify()
        await wiki.rest.changes([1, 3], START, {})
        native = (await wiki.rest.revisions([first, third]))[third]
        await wiki.rest.history(native["page"]["pageid"], since=first)
        await wiki.rest.edit(native["page"]["pageid"], FOOT, based_on=native, summary="s")
        await wiki.rest.set_hidden(talk.title, [first, second], hidden=True, reason="r")
        await wiki.rest.set_hidden(talk.title, [first, second], hidden=False, reason="r")
        await wiki.rest.ask({"action": "query", "meta": "siteinfo", "siprop": "extensions"})
    by_mwclient(mediawiki, talk.title, first, second, third)
    for known, ours_alone, theirs_alone in SAME:
        known = known | ({"revids": f"{first}|{third}"} if "revids" in known else {})
        mine, its = (
            [each for each in map(plain, sent) if known.items() <= each.items()] for sent in (ours, theirs)
        )
        own, other = mine[-1], its[-1]
        assert own.keys() - other.keys() == ours_alone, known
        assert other.keys() - own.keys() == theirs_alone, known
        compared = own.keys() & other.keys() - FRESH
        assert {key: own[key] for key in compared} == {key: other[key] for key in compared}


START = "2026-01-01T00:00:00Z"


def by_mwclient(wiki: Wiki, title: str, first: int, second: int, third: int) -> None:
    """What we ask for and change, by the official client."""
    site = mwclient.Site(wiki.url.removeprefix("http://"), scheme="http", path="/")
    site.login(wiki.user, wiki.password)
    site.get("query", meta="userinfo", uiprop="rights")
    kinds = "user|userid|comment|timestamp|title|ids|flags|tags|sizes|sha1"
    changes = {"namespace": "1|3", "type": "new|edit", "prop": kinds, "api_chunk_size": 25}
    next(iter(site.recentchanges(start=START, dir="newer", **changes)))
    content = "ids|timestamp|user|userid|comment|content|flags"
    site.revisions([first, third], prop=content)
    page = site.pages[title]
    list(page.revisions(startid=first, dir="newer", prop=content, slots="main"))
    token = site.get_token("csrf", force=True)
    page.edit(FOOT, summary="s", baserevid=third, nocreate="1")
    target = {"type": "revision", "target": title, "ids": f"{first}|{second}", "reason": "r", "token": token}
    site.post("revisiondelete", hide="content", **target)
    site.post("revisiondelete", show="content", **target)
    site.get("query", meta="siteinfo", siprop="extensions")


def plain(sent: Sent) -> Sent:
    """Without what either puts into everything it sends, and without saying that it is signed in."""
    shown = {key: value for key, value in sent.items() if key not in ALWAYS_OURS | {"assert", "continue"}}
    if "continue" not in sent:
        return shown
    for key, added in WHO_AM_I.items():
        words = _split(shown.pop(key, None))
        kept = words[: len(words) - len(added)] if tuple(words[-len(added) :]) == added else words
        shown |= {key: "|".join(kept)} if kept else {}
    return shown
