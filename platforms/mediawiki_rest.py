"""One wiki's Action API (api.php) in its own words, with every failure as a PlatformError.

Observed on 1.39.17; no answer says so:
- Errors come with status 200, as {"error": {"code", "info"}}.
- `revisiondelete` says Success at the top while an item of it failed: `revdelete-hide-current` stands there.
- A hidden text is still given to an account with the right `deletedtext`, marked `texthidden`.
- A bot password's grants narrow the account's rights, and `userinfo` tells the narrowed ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from platforms.addresses import CheckedTransport
from platforms.answers import clock_skew, json_of, retry_after, send
from platforms.base import CommentGone, Denied, Identity, NotAuthorised, RateLimited, Unavailable, Unsupported

AT_ONCE = 50
"""Revisions asked for in one call: what the API allows where texts come along."""
NEEDED = {
    "deleterevision": "to hide a revision",
    "deletedtext": "to read what is hidden",
    "edit": "to take words out of a page",
}
SLOW_DOWN = ("maxlag", "ratelimited", "actionthrottledtext")
LATER = ("readonly", "internal_api_error", "editconflict", "unknownerror", "cirrussearch")
GONE = ("nosuchrevid", "missingtitle", "nosuchpageid", "invalidtitle")
DENIED = ("permissiondenied", "cantedit")
BY_HAND = ("protectedpage", "cascadeprotected", "protectednamespace", "abusefilter", "spamblacklist")

Native = Mapping[str, Any]


class MediaWikiRest:
    """The constructor connects to nothing; `identify` signs in."""

    def __init__(
        self, url: str, user: str, password: SecretStr, timeout: float, *, allow_loopback: bool
    ) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._token = ""
        self._client = _client(timeout, allow_loopback)
        self._public = _client(timeout, allow_loopback)
        """Never signed in: what a reader gets."""
        self.account = ""

    async def close(self) -> None:
        await self._client.aclose()
        await self._public.aclose()

    async def identify(self) -> Identity:
        await self._sign_in()
        request = self._request("GET", {"action": "query", "meta": "userinfo", "uiprop": "rights"})
        response = await send(self._client, request)
        me = _checked(response)["query"]["userinfo"]
        missing = [f"{right} ({why})" for right, why in NEEDED.items() if right not in me["rights"]]
        if missing:
            raise NotAuthorised(
                f"{self._user} lacks rights there: {', '.join(missing)}. Give its group and its bot password "
                "these rights"
            )
        self.account = str(me["name"])
        return Identity(account=self.account, can_moderate=True, clock_skew=clock_skew(response))

    async def changes(self, namespaces: Iterable[int], start: str | None, goes_on: Native) -> Native:
        """Edits by others in these namespaces, the oldest first; with `continue` if there are more."""
        given = {} if start is None else {"rcstart": start}
        return await self.ask(
            {
                "action": "query",
                "list": "recentchanges",
                "rcnamespace": "|".join(map(str, namespaces)),
                "rctype": "new|edit",
                "rcdir": "newer",
                "rcprop": "user|userid|comment|timestamp|title|ids|flags|tags|sizes|sha1",
                "rcexcludeuser": self.account,
                "rclimit": str(AT_ONCE // 2),
                **given,
                **goes_on,
            }
        )

    async def revisions(self, ids: Sequence[int]) -> dict[int, Native]:
        """Those that are there, each with its page under `page`, its text if we may read it."""
        found: dict[int, Native] = {}
        for start in range(0, len(ids), AT_ONCE):
            wanted = "|".join(map(str, ids[start : start + AT_ONCE]))
            answer = await self.ask({"action": "query", **_TEXTS, "revids": wanted})
            for page in answer.get("query", {}).get("pages", ()):
                about = {key: page[key] for key in ("pageid", "title") if key in page}
                found |= {each["revid"]: {**each, "page": about} for each in page.get("revisions", ())}
        return found

    async def one(self, revision_id: str) -> Native:
        """Raises CommentGone."""
        if not (revision_id.isascii() and revision_id.isdigit() and len(revision_id) < 16):
            raise CommentGone(f"{revision_id!r} is no revision of a wiki")
        found = (await self.revisions([int(revision_id)])).get(int(revision_id))
        if found is None:
            raise CommentGone("the revision is not there: its page was deleted")
        return found

    async def current(self, page_ids: Sequence[int]) -> dict[int, Native]:
        """The newest revision of each page that is there."""
        found: dict[int, Native] = {}
        for start in range(0, len(page_ids), AT_ONCE):
            wanted = "|".join(map(str, page_ids[start : start + AT_ONCE]))
            answer = await self.ask({"action": "query", **_TEXTS, "pageids": wanted})
            pages = answer.get("query", {}).get("pages", ())
            found |= {page["pageid"]: page["revisions"][0] for page in pages if page.get("revisions")}
        return found

    async def history(self, page_id: int, *, since: int | None = None, **more: str) -> list[Native]:
        """A page's revisions with their texts: from `since` on, or the newest first."""
        query = {"action": "query", **_TEXTS, "pageids": str(page_id), "rvlimit": str(AT_ONCE), **more}
        if since is not None:
            query |= {"rvdir": "newer", "rvstartid": str(since)}
        found: list[Native] = []
        goes_on: Native = {}
        for _ in range(AT_ONCE):
            answer = await self.ask({**query, **goes_on})
            for page in answer.get("query", {}).get("pages", ()):
                found += page.get("revisions", ())
            goes_on = answer.get("continue", {})
            if not goes_on:
                return found
        raise Unsupported("the page was edited too often since: do it there by hand")

    async def before(self, page_id: int, revision: int) -> list[Native]:
        """Fifty revisions of a page with their texts, from this one back."""
        query = {"action": "query", **_TEXTS, "pageids": str(page_id), "rvlimit": str(AT_ONCE)}
        answer = await self.ask({**query, "rvstartid": str(revision)})
        return [each for page in answer["query"]["pages"] for each in page.get("revisions", ())]

    async def edit(self, page_id: int, text: str, *, based_on: Native, summary: str) -> None:
        """Raises Unavailable when somebody else edited the page meanwhile."""
        await self.change(
            {
                "action": "edit",
                "pageid": str(page_id),
                "text": text,
                "summary": summary,
                "baserevid": str(based_on["revid"]),
                "bot": "1",
                "nocreate": "1",
            }
        )

    async def set_hidden(self, title: str, ids: Sequence[int], *, hidden: bool, reason: str) -> list[str]:
        """The words of these revisions; the wiki's codes of those that it refused to change."""
        refused: list[str] = []
        for start in range(0, len(ids), AT_ONCE):
            answer = await self.change(
                {
                    "action": "revisiondelete",
                    "type": "revision",
                    "target": title,
                    "ids": "|".join(map(str, ids[start : start + AT_ONCE])),
                    "hide" if hidden else "show": "content",
                    "reason": reason,
                }
            )
            items = answer["revisiondelete"]["items"]
            refused += [error["code"] for item in items for error in item.get("errors", ())]
        return refused

    async def seen_by_readers(self, revision_id: int, page_id: int) -> tuple[bool, str]:
        """Whether somebody who is not signed in may read that revision, and the page as they read it."""
        public: Native = {"action": "query", **_TEXTS}
        old = await self.ask({**public, "revids": str(revision_id)}, public=True)
        now = await self.ask({**public, "pageids": str(page_id)}, public=True)
        return bool(_contents(old)), "".join(_contents(now))

    async def ask(self, query: Native, *, public: bool = False) -> Native:
        """A question, answered after signing in anew where that is needed."""
        if public:
            # Built by the other client, which has no cookies.
            request = self._request("GET", query, client=self._public)
            return _answer(await send(self._public, request), public=True)
        asserted = {**query, "assert": "user"}
        try:
            return _answer(await send(self._client, self._request("GET", asserted)))
        except SignedOut:
            await self._sign_in()
            return _answer(await send(self._client, self._request("GET", asserted)))

    async def change(self, form: Native) -> Native:
        """A change, sent once more with a new token if ours had worn out."""
        for attempt in range(2):
            try:
                self._token = self._token or await self._csrf()
                sent = {**form, "assert": "user", "token": self._token}
                return _answer(await send(self._client, self._request("POST", sent)))
            except SignedOut:
                self._token = ""
                if attempt:
                    raise
                await self._sign_in()
        raise AssertionError("two attempts")

    async def _csrf(self) -> str:
        answer = await self.ask({"action": "query", "meta": "tokens", "type": "csrf"})
        return str(answer["query"]["tokens"]["csrftoken"])

    async def _sign_in(self) -> None:
        self._client.cookies.clear()
        self._token = ""
        asked = self._request("GET", {"action": "query", "meta": "tokens", "type": "login"})
        token = _checked(await send(self._client, asked))["query"]["tokens"]["logintoken"]
        password = self._password.get_secret_value()
        form = {"action": "login", "lgname": self._user, "lgpassword": password, "lgtoken": token}
        answer = _checked(await send(self._client, self._request("POST", form)))
        if answer.get("login", {}).get("result") != "Success":
            raise NotAuthorised(
                f"the wiki does not accept {self._user} and its bot password: make a new one there under "
                "Special:BotPasswords"
            )

    def _request(
        self, verb: str, values: Native, *, client: httpx.AsyncClient | None = None
    ) -> httpx.Request:
        build = (client or self._client).build_request
        fields = {**values, "format": "json", "formatversion": "2", "maxlag": "5"}
        url = f"{self._url}/api.php"
        if verb == "GET":
            return build("GET", url, params=fields)
        return build("POST", url, data=fields)


class SignedOut(NotAuthorised):
    """The session or its token has worn out: sign in and try again."""


_TEXTS: Native = {
    "prop": "revisions",
    "rvprop": "ids|timestamp|user|userid|comment|content|flags",
    "rvslots": "main",
}


def _client(timeout: float, allow_loopback: bool) -> httpx.AsyncClient:
    agent = "modbot (comment moderation of a school district)"  # wikis want to be told who asks
    transport = CheckedTransport(allow_loopback=allow_loopback)
    return httpx.AsyncClient(headers={"User-Agent": agent}, timeout=timeout, transport=transport)


def _checked(response: httpx.Response) -> Any:
    if response.is_redirect:
        where = httpx.URL(response.headers.get("location", ""))
        raise NotAuthorised(f"the wiki redirects to {where.scheme}://{where.host}: write that as `url`")
    if response.status_code in (401, 403):
        raise NotAuthorised(f"the web server refused ({response.status_code})")
    if not response.is_success:
        raise NotAuthorised(f"no api.php there ({response.status_code}): check `url`")
    return _answer(response)


def _answer(response: httpx.Response, *, public: bool = False) -> dict[str, Any]:
    if not response.is_success:
        raise Unavailable(f"the wiki answered {response.status_code}")
    answer = json_of(response)
    if not isinstance(answer, dict):
        raise Unavailable("the wiki answered something else than an object")
    error = answer.get("error")
    if error is not None and not (public and error.get("code") == "readapidenied"):
        _fail(str(error.get("code", "")), response)
    return answer


def _fail(code: str, response: httpx.Response) -> None:
    if code in ("assertuserfailed", "badtoken", "notoken"):
        raise SignedOut(f"the wiki signed us out ({code})")
    if code in SLOW_DOWN:
        raise RateLimited(f"the wiki asks us to slow down ({code})", retry_after=retry_after(response))
    if code.startswith(LATER):
        raise Unavailable(f"the wiki cannot do it now ({code})")
    if code.startswith(GONE):
        raise CommentGone(f"the wiki does not have it any more ({code})")
    if code.startswith(BY_HAND):
        raise Unsupported(f"the page is protected against such edits ({code}): do it there by hand")
    if code in DENIED:
        raise Denied(f"the wiki refused ({code}): check the account's rights there")
    if code in ("readapidenied", "writeapidenied", "blocked", "autoblocked"):
        raise NotAuthorised(f"the wiki refused ({code}): check the account's rights there")
    raise Unavailable(f"the wiki refused for a reason that is not known here ({code})")


def _contents(answer: Native) -> list[str]:
    pages = answer.get("query", {}).get("pages", ())
    slots = [each["slots"]["main"] for page in pages for each in page.get("revisions", ())]
    return [slot["content"] for slot in slots if "content" in slot]
