"""One site's REST API wp/v2 as WordPress's own objects, with every failure as a PlatformError.

Observed on 6.1.9; no answer says so:
- `status=all` leaves out spam and trash; `any` means every one.
- Public reads with a wrong password are answered as to an anonymous reader; `users/me` is not public.
- `POST status=trash` erases for good where the site has no trash; the verb DELETE then answers 501.
- An unknown status is ignored with 200, so the answered one is compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from platforms.addresses import CheckedTransport
from platforms.answers import clock_skew, json_of, send
from platforms.base import CommentGone, Denied, Identity, NotAuthorised, Unavailable, Unsupported

ROOTS = ("/wp-json", "/?rest_route=")
"""Where the API lives, with pretty and with plain permalinks."""
IN_FULL = {"context": "edit", "_embed": "up"}
"""Raw text, author's mail and address, and the post that the comment stands under."""

Native = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows `start` to `end` of `total`, by growing id; `items` lacks those that our role may not read."""

    start: int
    end: int
    total: int
    items: Sequence[Native]


class WordPressRest:
    """The constructor connects to nothing; `identify` makes the first call and finds the API's root."""

    def __init__(self, url: str, auth: httpx.BasicAuth, timeout: float, *, allow_loopback: bool) -> None:
        self._url = url
        self._root = ROOTS[0]
        self._client = httpx.AsyncClient(
            auth=auth,
            headers={"Accept": "application/json", "Cache-Control": "no-cache"},
            timeout=timeout,
            transport=CheckedTransport(allow_loopback=allow_loopback),
            follow_redirects=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def identify(self) -> Identity:
        response = await self._find_root()
        skew = clock_skew(response)
        if response.status_code in (401, 403):
            raise NotAuthorised(
                f"{self._url} does not accept this user and application password ({_code(response)}). Make a "
                "new one there under Users, Profile, Application Passwords; if it is right, the web server "
                "drops the Authorization header"
            )
        me = _ok(response)
        able = me.get("capabilities") or {}
        # Without the second one WordPress leaves held comments out of the list and says nothing.
        if not (able.get("moderate_comments") and able.get("edit_others_posts")):
            raise NotAuthorised(
                f"{me.get('username')} may not moderate comments there: give that user the role Editor"
            )
        return Identity(account=str(me["username"]), can_moderate=True, clock_skew=skew)

    async def page(self, start: int, size: int) -> Page:
        """`size` (1 to 100) comments of every status from row `start` on, oldest id first."""
        query = IN_FULL | {
            "status": "any",
            "orderby": "id",
            "order": "asc",
            "offset": start,
            "per_page": size,
        }
        response = await self._send("GET", "comments", query)
        items = _comments(_ok(response))
        try:
            total = int(response.headers["x-wp-total"])
        except (KeyError, ValueError):
            raise Unavailable("the list of comments came without its length (X-WP-Total)") from None
        return Page(start, min(start + size, total), total, items)

    async def listed(self, ids: Sequence[str]) -> dict[str, Native]:
        """Those of at most 100 ids that are there, in any status."""
        query = IN_FULL | {"status": "any", "include": ",".join(ids), "per_page": len(ids)}
        response = await self._send("GET", "comments", query)
        return {str(item["id"]): item for item in _comments(_ok(response))}

    async def one(self, comment_id: str) -> Native:
        """Raises CommentGone."""
        return _comments([_ok(await self._send("GET", _path(comment_id), IN_FULL))])[0]

    async def set_status(self, comment_id: str, status: str) -> str:
        """Hold or approve. Raises Unavailable when WordPress answers another status than the wanted one."""
        answered = _ok(await self._send("POST", _path(comment_id), body={"status": status}))["status"]
        if answered != status:
            raise Unavailable(
                f"asked to make comment {comment_id} {status!r}, WordPress answered {answered!r}"
            )
        return status

    async def trash(self, comment_id: str) -> str:
        """Raises Unsupported where the site has no trash, since erasing is final."""
        response = await self._send("DELETE", _path(comment_id))
        if _code(response) == "rest_already_trashed":
            return "rest_already_trashed"
        if _code(response) == "rest_trash_not_supported":
            raise Unsupported("the site's trash is switched off, so deleting there is final: not done")
        return str(_ok(response)["status"])

    async def refused_to_anonymous(self, comment_id: str) -> str:
        """The code that refuses an anonymous reader. Raises Unavailable when the text still comes."""
        response = await self._send("GET", _path(comment_id), anonymous=True)
        if response.is_success:
            raise Unavailable(
                f"comment {comment_id} is still given to anonymous readers: does a cache answer for the site?"
            )
        return f"{response.status_code} {_code(response)}"

    async def _find_root(self) -> httpx.Response:
        """The answer about ourselves from the first root that knows the route; that root is kept."""
        for self._root in ROOTS:
            response = await self._send("GET", "users/me", {"context": "edit"})
            if _is_json(response) and _code(response) != "rest_no_route":
                return response
        if response.is_redirect:
            _ok(response)
        raise NotAuthorised(f"{self._url} answers, but not as a WordPress with its REST API: check `url`")

    async def _send(
        self,
        verb: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        body: Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> httpx.Response:
        url = httpx.URL(f"{self._url}{self._root}/wp/v2/{path}").copy_merge_params(query or {})
        return await send(self._client, self._client.build_request(verb, url, json=body), anonymous=anonymous)


def _path(comment_id: str) -> str:
    """An id that WordPress cannot have given must not become another path."""
    if not (comment_id.isascii() and comment_id.isdigit()):
        raise CommentGone(f"{comment_id!r} is no comment of a WordPress site")
    return f"comments/{comment_id}"


def _ok(response: httpx.Response) -> Any:
    """The JSON of a successful answer; any other becomes the error that says what to do next."""
    if response.is_redirect:
        where = httpx.URL(response.headers.get("location", ""))
        raise NotAuthorised(
            f"the site redirects to {where.scheme}://{where.host}: write its final address as `url`"
        )
    if response.status_code in (401, 403):
        # A firewall before WordPress answers 403 in its own words, and to everything.
        by_itself = response.status_code == httpx.codes.FORBIDDEN and _is_json(response)
        error = Denied if by_itself else NotAuthorised
        raise error(f"WordPress refused ({response.status_code} {_code(response)}): check the user and role")
    answer = json_of(response)
    if response.is_success:
        return answer
    if _code(response) == "rest_comment_invalid_id":
        raise CommentGone("the comment is no longer there (404 rest_comment_invalid_id)")
    raise Unavailable(f"WordPress answered {response.status_code} {_code(response)}".rstrip())


def _code(response: httpx.Response) -> str:
    """WordPress's own word for a failure, such as rest_cannot_read."""
    answer = json_of(response) if _is_json(response) else None
    return str(answer.get("code", "")) if isinstance(answer, dict) else "not by WordPress"


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _comments(answer: Any) -> list[Native]:
    """The list, each with the keys without which nothing can be archived or decided."""
    try:
        readable = [
            isinstance(item["id"], int)
            and isinstance(item["content"]["raw"], str)
            and isinstance(item["status"], str)
            for item in answer
        ]
    except (KeyError, TypeError):
        readable = [False]
    if not all(readable):
        raise Unavailable("WordPress answered something else than comments")
    return list(answer)
