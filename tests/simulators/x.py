"""X's API v2 with one app: posts, mentions, search, hiding, tokens, limits and the bill, by its description.

Any post can be edited here; the real one lets nobody edit an answer. What nobody outside X can observe is not
here: how much later than its id a post appears in a list.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, Response

from tests.simulators.x_messages import Messages
from tests.simulators.x_objects import Post, Refused, User, shown_time, written_ms

PROBLEMS = "https://api.twitter.com/2/problems/"
SEARCHED_SECONDS = 7 * 24 * 3600
WINDOW_SECONDS = 900
TOKEN_SECONDS = 7200
LIMITS = {
    **{"search": 300, "mentions": 300, "posts": 900, "lookup": 900, "me": 75, "hidden": 50},
    **{"messages": 15, "talk": 15, "sent": 200},
}
RIGHTS = {"messages": "dm.read", "talk": "dm.read", "sent": "dm.write"}
"""Without which a call is refused."""
ALL_RIGHTS = "tweet.read users.read tweet.moderate.write dm.read dm.write offline.access"


class Service(Messages):
    """Used by tests directly as the public uses X, and served to adapters by `app`."""

    def __init__(self, url: str = "") -> None:
        super().__init__()
        self.url = url
        self.consumer_secret = "consumer-secret-of-the-app"
        self.client = ("client-id", "client-secret-of-the-app")
        self.posts: dict[str, Post] = {}
        self.hidden: set[str] = set()
        self.protected: set[str] = set()
        """Posts that we may not see: their author closed the account."""
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        """Method, path, query and body of every call."""
        self.read_today: set[str] = set()
        """Posts on today's bill."""
        self.writes = 0
        self.answers: list[Response | None] = []
        """Given in place of the next answers; None: as usual."""
        self.left = dict(LIMITS)
        self.reset_at = int(time.time()) + WINDOW_SECONDS
        self._tokens: dict[str, tuple[User, float, str]] = {}
        self._refresh: dict[str, tuple[User, str]] = {}

    def clear(self) -> None:
        """Forget who was there and what was asked, for the next test."""
        self.__init__(self.url)  # type: ignore[misc]

    def join(self, username: str, name: str = "") -> User:
        user = User(str(1_000_000 + next(self.numbers)), username, name or username)
        self.users[user.id] = user
        return user

    def tokens(self, user: User, rights: str = ALL_RIGHTS) -> dict[str, Any]:
        """What the consent of this user gives: an access and a refresh token, as `token_url` answers."""
        access, refresh = f"access-{next(self.numbers)}-x", f"refresh-{next(self.numbers)}-x"
        self._tokens[access] = (user, time.time() + TOKEN_SECONDS, rights)
        self._refresh[refresh] = (user, rights)
        return {
            "token_type": "bearer",
            "expires_in": TOKEN_SECONDS,
            "access_token": access,
            "refresh_token": refresh,
            "scope": rights,
        }

    def expire(self) -> None:
        """Every access token ends now."""
        self._tokens = {token: (user, 0.0, rights) for token, (user, _, rights) in self._tokens.items()}

    def post(
        self,
        author: User,
        text: str,
        *,
        answers: str | None = None,
        naming: Sequence[User] = (),
        days: float = 0,
    ) -> str:
        """Write a post, `days` ago; its id. An answer mentions everybody whom the app would put in front."""
        with self.lock:
            number = self.new_id(days)
            above = self.posts[answers] if answers else None
            names = {user.id for user in naming}
            if above:
                names |= {above.author.id} | above.names
            conversation = above.conversation if above else number
            post = Post(number, author, text, conversation, answers, names - {author.id}, [number])
            self.posts[number] = post
            return number

    def leave_out(self, post_id: str, user: User) -> None:
        """The writer took this account's name out of the answer."""
        self.posts[post_id].names.discard(user.id)

    def edit(self, post_id: str, text: str) -> str:
        """The new version's id; the old one leaves the lists."""
        with self.lock:
            old = self.posts[post_id]
            number = self.new_id(0)
            history = [*old.history, number]
            new = Post(number, old.author, text, old.conversation, old.answers, old.names, history)
            self.posts[number] = new
            for version in history[:-1]:
                self.posts[version].history = history
            return number

    def delete(self, post_id: str) -> None:
        for version in self.posts[post_id].history:
            self.posts[version].gone = True

    def delivery(self, event: str, post_id: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        """Headers and body of what the webhook gets about a post."""
        data = {
            "event_uuid": str(next(self.numbers)),
            "event_type": event,
            "tag": "t",
            "payload": self._shown(self.posts[post_id]),
            "includes": {},
        }
        body = json.dumps({"data": {**data, **changes}}).encode()
        return {"x-twitter-webhooks-signature": self.signed(body)}, body

    def signed(self, body: bytes) -> str:
        digest = hmac.new(self.consumer_secret.encode(), body, hashlib.sha256).digest()
        return "sha256=" + base64.b64encode(digest).decode()

    # What the server answers

    def me(self, user: User, query: Mapping[str, str], **_: Any) -> Any:
        return {"data": {"id": user.id, "name": user.name, "username": user.username}}

    def mentions(self, user: User, query: Mapping[str, str], **_: Any) -> Any:
        listed = [post for post in self._listed() if user.id in post.names]
        return self._page(listed[:800], query, 5, "pagination_token")

    def own(self, user: User, query: Mapping[str, str], **_: Any) -> Any:
        left_out = query.get("exclude", "").split(",")
        listed = [post for post in self._listed() if post.author.id == user.id]
        if "replies" in left_out:
            listed = [post for post in listed if post.answers is None]
        return self._page(listed, query, 5, "pagination_token")

    def search(self, user: User, query: Mapping[str, str], **_: Any) -> Any:
        words = query.get("query", "")
        if not words or len(words) > 512:
            raise Refused(400, "invalid-request", "Invalid Request")
        oldest = time.time() * 1000 - SEARCHED_SECONDS * 1000
        if "since_id" in query and written_ms(query["since_id"]) < oldest:
            raise Refused(400, "invalid-request", "'since_id' must be a tweet id created after 7 days ago")
        conversations = set(re.findall(r"conversation_id:(\d+)", words))
        left_out = set(re.findall(r"-from:(\w+)", words))
        listed = [
            post
            for post in self._listed()
            if post.conversation in conversations
            and post.author.username not in left_out
            and written_ms(post.id) >= oldest
        ]
        return self._page(listed, query, 10, "next_token")

    def lookup(self, user: User, query: Mapping[str, str], **_: Any) -> Any:
        ids = query["ids"].split(",")
        if not ids or len(ids) > 100:
            raise Refused(400, "invalid-request", "Invalid Request")
        found = [self.posts[each] for each in ids if each in self.posts and self._visible(self.posts[each])]
        problems = []
        for each in ids:
            if each in {post.id for post in found}:
                continue
            closed = each in self.protected
            kind = "not-authorized-for-resource" if closed else "resource-not-found"
            title = "Authorization Error" if closed else "Not Found Error"
            problems.append(
                {
                    "value": each,
                    "resource_id": each,
                    "resource_type": "tweet",
                    "parameter": "ids",
                    "title": title,
                    "type": PROBLEMS + kind,
                }
            )
        answer = self._answer(found, query)
        return answer | ({"errors": problems} if problems else {})

    def hide(self, user: User, body: Any, post_id: str, **_: Any) -> Any:
        post = self.posts.get(post_id)
        if post is None or post.gone:
            raise Refused(404, "resource-not-found", "Not Found Error")
        if not isinstance(body.get("hidden"), bool):
            raise Refused(400, "invalid-request", "Invalid Request")
        root = self.posts.get(post.conversation)
        if root is None or root.author.id != user.id or post.answers is None:
            raise Refused(403, "not-authorized-for-resource", "Forbidden")
        (self.hidden.add if body["hidden"] else self.hidden.discard)(post.id)
        self.writes += 1
        return {"data": {"hidden": body["hidden"]}}

    def renew(self, headers: Mapping[str, str], form: Mapping[str, str]) -> Response:
        expected = "Basic " + base64.b64encode(":".join(self.client).encode()).decode()
        user, rights = self._refresh.pop(form.get("refresh_token", ""), (None, ""))
        if headers.get("authorization") != expected:
            return JSONResponse({"error": "unauthorized_client"}, 401)
        if user is None or form.get("grant_type") != "refresh_token":
            return JSONResponse({"error": "invalid_request"}, 400)
        return JSONResponse(self.tokens(user, rights))

    def signed_in(self, header: str, call: str) -> User:
        user, ends, rights = self._tokens.get(header.removeprefix("Bearer "), (None, 0.0, ""))
        if user is None or ends < time.time():
            raise Refused(401, "about:blank", "Unauthorized")
        if RIGHTS.get(call, "users.read") not in rights.split():
            raise Refused(403, "about:blank", "Forbidden")
        return user

    def count(self, call: str) -> dict[str, str]:
        """The headers of one more call. Raises Refused where the window has no more."""
        if time.time() >= self.reset_at:
            self.left, self.reset_at = dict(LIMITS), int(time.time()) + WINDOW_SECONDS
        headers = {"x-rate-limit-limit": str(LIMITS[call]), "x-rate-limit-reset": str(self.reset_at)}
        self.left[call] -= 1
        return headers | {"x-rate-limit-remaining": str(max(0, self.left[call]))}

    def _listed(self) -> list[Post]:
        with self.lock:
            newest = [
                post for post in self.posts.values() if post.id == post.history[-1] and self._visible(post)
            ]
        return sorted(newest, key=lambda post: int(post.id), reverse=True)

    def _visible(self, post: Post) -> bool:
        return not post.gone and post.id not in self.protected

    def _page(self, posts: list[Post], query: Mapping[str, str], least: int, token_key: str) -> Any:
        size = int(query.get("max_results", least))
        if not least <= size <= 100:
            raise Refused(400, "invalid-request", "Invalid Request")
        since, before = int(query.get("since_id", 0)), query.get(token_key)
        posts = [post for post in posts if int(post.id) > since]
        if before:
            posts = [post for post in posts if int(post.id) < int(before[1:])]
        page = posts[:size]
        answer = self._answer(page, query)
        meta: dict[str, Any] = {"result_count": len(page)}
        if len(posts) > size:
            meta["next_token"] = f"b{page[-1].id}"
        if not page:
            answer.pop("data", None)
        return answer | {"meta": meta}

    def _answer(self, posts: Sequence[Post], query: Mapping[str, str]) -> dict[str, Any]:
        self.read_today |= {post.id for post in posts}
        answer: dict[str, Any] = {
            "data": [self._shown(post, query.get("tweet.fields", "")) for post in posts]
        }
        if "author_id" in query.get("expansions", "") and posts:
            authors = {post.author.id: post.author for post in posts}
            users = [{"id": u.id, "name": u.name, "username": u.username} for u in authors.values()]
            answer["includes"] = {"users": users}
        return answer

    def _shown(self, post: Post, fields: str | None = None) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": post.id,
            "text": post.text,
            "edit_history_tweet_ids": post.history,
            "author_id": post.author.id,
            "conversation_id": post.conversation,
            "created_at": shown_time(post.id),
            "lang": "en",
        }
        if post.answers:
            shown["referenced_tweets"] = [{"type": "replied_to", "id": post.answers}]
            shown["in_reply_to_user_id"] = self.posts[post.answers].author.id
        if len(post.text) > 280:
            shown |= {"text": post.text[:279] + "…", "note_tweet": {"text": post.text}}
        always = {"id", "text", "edit_history_tweet_ids"}
        if fields is None:
            return shown
        return {key: value for key, value in shown.items() if key in always or key in fields.split(",")}
