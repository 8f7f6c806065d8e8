"""What X's answers hold, and its refusals as PlatformErrors; no calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from platforms.answers import json_of
from platforms.base import CommentGone, Denied, NotAuthorised, Unavailable, Unsupported
from platforms.x_posts import MESSAGE, Native

NOT_FOUND = "resource-not-found"
NOT_OURS = "not-authorized-for-resource"
USED_UP = "usage-capped"
NOT_TO_THEM = "recipient-not-messageable"
IN_WORDS = ("permission to dm one or more participants", "operation is not permitted")
"""How X refuses a message for whom it is for, where it gives that no type of its own."""


class NotOurs(Exception):
    """X does not let this account do that to this post."""


@dataclass(frozen=True, slots=True)
class Found:
    """Posts of one answer, newest first, with their authors by id."""

    posts: Sequence[Native]
    users: Mapping[str, Native]
    gone: Sequence[str] = ()
    """Of the ids asked for, those that are on X no longer."""


def ok(response: httpx.Response) -> dict[str, Any]:
    """The JSON of a successful answer; any other becomes the error that says what to do next."""
    if response.is_success:
        answer = json_of(response)
        if not isinstance(answer, dict):
            raise Unavailable("X answered something else than an object")
        return answer
    kind = f"{response.status_code} {type_of(response)}".rstrip()
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise NotAuthorised(f"X no longer accepts the token ({kind}): connect the page again")
    if response.status_code == httpx.codes.FORBIDDEN:
        raise Denied(
            f"X refused ({kind}): connect the page again as the district's account, and check in X's "
            "developer console that the app may read and write"
        )
    if response.status_code == httpx.codes.NOT_FOUND and type_of(response) == NOT_FOUND:
        raise CommentGone(f"the post is no longer there ({kind})")
    raise Unavailable(f"X answered {kind}")


def must_be_sent(response: httpx.Response) -> None:
    """Of a message: raises Unsupported where X refuses it for whom it is for, and what `ok` raises."""
    refused = response.status_code == httpx.codes.FORBIDDEN and _is_about_them(response)
    if refused or response.status_code == httpx.codes.BAD_REQUEST:
        kind = f"{response.status_code} {type_of(response)}".rstrip()
        raise Unsupported(f"X takes no message of this account to this person ({kind})")
    if not (ok(response).get("data") or {}).get("dm_event_id"):
        raise Unavailable("X does not say that the message was sent")


def _is_about_them(response: httpx.Response) -> bool:
    if type_of(response) == NOT_TO_THEM:
        return True
    detail = str(json_of(response).get("detail", "")).lower() if type_of(response) else ""
    return any(words in detail for words in IN_WORDS)


def type_of(response: httpx.Response) -> str:
    """The last part of the problem's address, such as resource-not-found."""
    if response.is_success or "json" not in response.headers.get("content-type", ""):
        return ""
    answer = json_of(response)
    return _problem(answer) if isinstance(answer, dict) else ""


def _problem(problem: Mapping[str, Any]) -> str:
    return str(problem.get("type") or "").rstrip("/").rpartition("/")[2]


def found_in(answer: Mapping[str, Any]) -> Found:
    users = (answer.get("includes") or {}).get("users") or ()
    missing = [each for each in answer.get("errors") or () if _problem(each) == NOT_FOUND]
    return Found(
        posts=posts_in(answer),
        users={str(user["id"]): user for user in users if "id" in user},
        gone=[str(each.get("resource_id") or each.get("value")) for each in missing],
    )


def posts_in(answer: Mapping[str, Any]) -> Sequence[Native]:
    """Each with the keys without which nothing can be archived."""
    posts = answer.get("data") or []
    if not isinstance(posts, list) or not all(
        isinstance(post, dict)
        and isinstance(post.get("id"), str)
        and (isinstance(post.get("text"), str) or post.get("event_type") == MESSAGE)
        for post in posts
    ):
        raise Unavailable("X answered something else than posts")
    return posts
