"""A Bluesky network of one server: accounts, posts, notifications, threads and gates, by its lexicons.

Texts may be longer than the 300 characters that the real one allows. What was observed of the real one and
is so here: an expired token is a 400; hidden replies leave the notifications, not the thread; what stands
below a deleted one leaves the thread, not the notifications; lists are ordered by the earlier of the writer's
clock and the network's; a list of replies is written only against its `cid`.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from tests.simulators.bluesky_names import content_id, shown_time, split, strong, tid, token_part

POST = "app.bsky.feed.post"
GATE = "app.bsky.feed.threadgate"
NOTIFIED_LEVELS = 5


class Refused(Exception):
    def __init__(self, status: int, error: str, message: str = "") -> None:
        super().__init__(error)
        self.status, self.error, self.message = status, error, message


@dataclass(slots=True)
class Account:
    did: str
    handle: str
    name: str
    password: str
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """(collection, rkey) → {uri, cid, value}"""


class Network:
    """Used by tests directly as the public uses the app, and served to adapters by `app`."""

    def __init__(self, url: str = "") -> None:
        self.url = url
        self.accounts: dict[str, Account] = {}
        self.indexed: dict[str, str] = {}
        """uri → when the network saw it."""
        self.deleted: dict[str, dict[str, Any]] = {}
        """uri → the record that stood there."""
        self.blocks: set[tuple[str, str]] = set()
        self.requests: list[tuple[str, str, dict[str, list[str]], Any]] = []
        """Method, name, query and body of every call."""
        self.before_put: list[Callable[[], object]] = []
        """Run one before each write of a record: somebody else who is quicker."""
        self.answers: list[Response | None] = []
        """Given in place of the next answers; None: as usual."""
        self.allowed: int | None = None
        """Calls until `reset_at`, as hosted servers count them; None: nobody counts, as on a small server."""
        self.reset_at = 0
        self.window_seconds = 300
        self._sessions: dict[str, tuple[str, str]] = {}
        self._numbers = iter(range(1, 10**9))
        self._lock = threading.RLock()
        self._last = 0

    def counted(self) -> dict[str, str]:
        """The headers of the call that was noted last."""
        if self.allowed is None:
            return {}
        left = self.allowed - len(self.requests)
        return {
            "ratelimit-limit": str(self.allowed),
            "ratelimit-remaining": str(max(0, left)),
            "ratelimit-reset": str(self.reset_at),
            "ratelimit-policy": f"{self.allowed};w={self.window_seconds}",
        }

    def clear(self) -> None:
        """Forget who was there and what was asked, for the next test."""
        self.__init__(self.url)  # type: ignore[misc]

    def join(self, handle: str, name: str = "") -> Account:
        did = "did:plc:" + base64.b32encode(hashlib.sha256(handle.encode()).digest()).decode().lower()[:24]
        account = Account(did, handle, name or handle.partition(".")[0], f"app-{handle}-password")
        self.accounts[did] = account
        return account

    def post(
        self,
        author: Account,
        text: str,
        *,
        parent: str | None = None,
        quoting: str | None = None,
        mentioning: str | None = None,
        written: datetime | None = None,
    ) -> str:
        """Write a post; its address. `written` is what the author's clock says."""
        now = self._moment()
        record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": shown_time(written or now)}
        if parent:
            above = self._record(parent)
            root = above["value"].get("reply", {}).get("root", strong(above))
            record["reply"] = {"root": root, "parent": strong(above)}
        if quoting:
            record["embed"] = {"$type": "app.bsky.embed.record", "record": strong(self._record(quoting))}
        if mentioning:
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": mentioning}
            record["facets"] = [{"index": {"byteStart": 0, "byteEnd": 1}, "features": [feature]}]
        with self._lock:
            uri: str = self._write(author, POST, tid(now), record)["uri"]
            self.indexed[uri] = shown_time(min(now, written or now))
        return uri

    def delete(self, uri: str) -> None:
        did, collection, rkey = split(uri)
        self.deleted[uri] = self.accounts[did].records.pop((collection, rkey))

    def block(self, by: Account, whom: Account) -> None:
        self.blocks.add((by.did, whom.did))

    def hidden(self, uri: str) -> bool:
        """Whether a reader of the thread must click to see it."""
        root = self._root(uri)
        did, _, rkey = split(root)
        gate = self.accounts[did].records.get((GATE, rkey))
        return gate is not None and uri in gate["value"].get("hiddenReplies", [])

    def expire_tokens(self, kinds: str = "access") -> None:
        """Every token given so far of these kinds ("access", "refresh", "access refresh") ends now."""
        for token, (kind, did) in list(self._sessions.items()):
            if kind in kinds.split():
                self._sessions[token] = ("expired", did)

    def put_gate(self, owner: Account, root: str, **fields: Any) -> None:
        """Rewrite a thread's gate as the owner's own app would."""
        _, _, rkey = split(root)
        old = owner.records.get((GATE, rkey))
        new = {"$type": GATE, "post": root, "createdAt": shown_time(self._moment())}
        self._write(owner, GATE, rkey, {**(old["value"] if old else new), **fields})

    # What the server answers

    def create_session(self, body: Any, **_: Any) -> Any:
        for account in self.accounts.values():
            if body["identifier"] in (account.handle, account.did) and body["password"] == account.password:
                return self._session(account)
        raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")

    def refresh_session(self, bearer: str, **_: Any) -> Any:
        account = self.signed_in(bearer, "refresh")
        del self._sessions[bearer]
        return self._session(account)

    def get_session(self, bearer: str, **_: Any) -> Any:
        account = self.signed_in(bearer)
        return {"did": account.did, "handle": account.handle, "active": True}

    def get_profile(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        self.signed_in(bearer)
        for account in self.accounts.values():
            if query["actor"][0] in (account.handle, account.did):
                return {"did": account.did, "handle": account.handle, "displayName": account.name}
        raise Refused(400, "InvalidRequest", "Profile not found")

    def get_record(self, query: Mapping[str, list[str]], **_: Any) -> Any:
        did, collection, rkey = query["repo"][0], query["collection"][0], query["rkey"][0]
        if did not in self.accounts:
            raise Refused(400, "InvalidRequest", f"Could not find repo: {did}")
        found = self.accounts[did].records.get((collection, rkey))
        if found is None:
            raise Refused(400, "RecordNotFound", f"Could not locate record: at://{did}/{collection}/{rkey}")
        return found

    def put_record(self, bearer: str, body: Any, **_: Any) -> Any:
        account = self.signed_in(bearer)
        if body["repo"] not in (account.did, account.handle):
            raise Refused(403, "Forbidden", "not your repository")
        if self.before_put:
            self.before_put.pop(0)()
        if body["collection"] == GATE and len(body["record"].get("hiddenReplies", [])) > 300:
            raise Refused(400, "InvalidRequest", "Record/hiddenReplies must not have more than 300 elements")
        with self._lock:
            old = account.records.get((body["collection"], body["rkey"]))
            cid = old["cid"] if old else None
            if "swapRecord" in body and body["swapRecord"] != cid:
                raise Refused(400, "InvalidSwap", f"Record was at {cid}")
            written = self._write(account, body["collection"], body["rkey"], body["record"])
        return {"uri": written["uri"], "cid": written["cid"], "validationStatus": "valid"}

    def list_notifications(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        account = self.signed_in(bearer)
        wanted = query.get("reasons", ["reply", "mention", "quote"])
        rows = [row for row in self._notified(account) if row["reason"] in wanted]
        rows.sort(key=lambda row: (row["indexedAt"], row["cid"]), reverse=True)
        return page_of(rows, query, "notifications", lambda row: f"{row['indexedAt']}::{row['cid']}")

    def author_feed(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        self.signed_in(bearer)
        posts = self.accounts[query["actor"][0]].records.values()
        rows = [
            {"post": self._view(record)}
            for record in posts
            if record["value"]["$type"] == POST and "reply" not in record["value"]
        ]
        rows.sort(key=lambda row: (row["post"]["indexedAt"], row["post"]["cid"]), reverse=True)
        return page_of(rows, query, "feed", lambda row: f"{row['post']['indexedAt']}::{row['post']['cid']}")

    def post_thread(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        viewer, uri = self.signed_in(bearer), query["uri"][0]
        if not self._there(uri):
            raise Refused(400, "NotFound", f"Post not found: {uri}")
        return {"thread": self._node(viewer, uri, int(query.get("depth", ["6"])[0]))}

    def get_posts(self, bearer: str, query: Mapping[str, list[str]], **_: Any) -> Any:
        viewer, uris = self.signed_in(bearer), query["uris"]
        if len(uris) > 25:
            raise Refused(400, "InvalidRequest", "uris must not have more than 25 elements")
        seen = [uri for uri in uris if self._there(uri) and not self._blocked(viewer, uri)]
        return {"posts": [self._view(self._record(uri)) for uri in seen]}

    def _notified(self, account: Account) -> list[dict[str, Any]]:
        rows = []
        for record in self._posts():
            author = split(record["uri"])[0]
            reason = None if author == account.did else self._reason(account, record)
            if reason and not self.hidden(record["uri"]) and not self._blocked(account, record["uri"]):
                view = self._view(record)
                shown = {key: view[key] for key in ("uri", "cid", "author", "record", "indexedAt")}
                rows.append({**shown, "reason": reason, "isRead": False})
        return rows

    def _reason(self, account: Account, record: Mapping[str, Any]) -> str | None:
        value = record["value"]
        features = [f for facet in value.get("facets", []) for f in facet["features"]]
        if any(feature.get("did") == account.did for feature in features):
            return "mention"
        quoted = value.get("embed", {}).get("record", {}).get("uri", "")
        if quoted and split(quoted)[0] == account.did:
            return "quote"
        above = value.get("reply", {}).get("parent", {}).get("uri")
        for _ in range(NOTIFIED_LEVELS):
            if not above:
                return None
            if split(above)[0] == account.did:
                return "reply"
            if self.hidden(above):
                return None
            above = self._ever(above)["value"].get("reply", {}).get("parent", {}).get("uri")
        return None

    def _node(self, viewer: Account, uri: str, depth: int) -> dict[str, Any]:
        if self._blocked(viewer, uri):
            return {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri, "blocked": True}
        replies = [] if depth <= 0 else [record["uri"] for record in self._answers(uri)]
        return {
            "$type": "app.bsky.feed.defs#threadViewPost",
            "post": self._view(self._record(uri)),
            "replies": [self._node(viewer, reply, depth - 1) for reply in replies],
        }

    def _view(self, record: Mapping[str, Any]) -> dict[str, Any]:
        author = self.accounts[split(record["uri"])[0]]
        return {
            "$type": "app.bsky.feed.defs#postView",
            "uri": record["uri"],
            "cid": record["cid"],
            "author": {"did": author.did, "handle": author.handle, "displayName": author.name},
            "record": record["value"],
            "replyCount": len(self._answers(record["uri"])),
            "indexedAt": self.indexed[record["uri"]],
        }

    def _posts(self) -> list[dict[str, Any]]:
        with self._lock:
            records = [record for account in self.accounts.values() for record in account.records.values()]
        return [record for record in records if record["value"]["$type"] == POST]

    def _answers(self, uri: str) -> list[dict[str, Any]]:
        posts = self._posts()
        return [p for p in posts if p["value"].get("reply", {}).get("parent", {}).get("uri") == uri]

    def _root(self, uri: str) -> str:
        root: str = self._ever(uri)["value"].get("reply", {}).get("root", {}).get("uri", uri)
        return root

    def _there(self, uri: str) -> bool:
        did, collection, rkey = split(uri)
        return did in self.accounts and (collection, rkey) in self.accounts[did].records

    def _record(self, uri: str) -> dict[str, Any]:
        did, collection, rkey = split(uri)
        return self.accounts[did].records[collection, rkey]

    def _ever(self, uri: str) -> dict[str, Any]:
        return self._record(uri) if self._there(uri) else self.deleted[uri]

    def _blocked(self, viewer: Account, uri: str) -> bool:
        author = split(uri)[0]
        return bool({(viewer.did, author), (author, viewer.did)} & self.blocks)

    def _write(self, account: Account, collection: str, rkey: str, value: Any) -> dict[str, Any]:
        uri = f"at://{account.did}/{collection}/{rkey}"
        record = {"uri": uri, "cid": content_id([rkey, value]), "value": value}
        account.records[collection, rkey] = record
        return record

    def _session(self, account: Account) -> dict[str, str]:
        tokens = {}
        for kind in ("access", "refresh"):
            until, number = int(time.time()) + 7200, str(next(self._numbers))
            claims = {"sub": account.did, "scope": kind, "exp": until, "jti": number}
            token = f"{token_part({'alg': 'none'})}.{token_part(claims)}.c2ln"
            self._sessions[token] = (kind, account.did)
            tokens[f"{kind}Jwt"] = token
        return {**tokens, "handle": account.handle, "did": account.did}

    def signed_in(self, bearer: str, kind: str = "access") -> Account:
        if not bearer:
            raise Refused(401, "AuthMissing", "Authentication Required")
        found, did = self._sessions.get(bearer, ("unknown", ""))
        if found == "expired":
            raise Refused(400, "ExpiredToken", "Token has expired")
        if found != kind:
            raise Refused(400, "InvalidToken", "Invalid token type")
        return self.accounts[did]

    def _moment(self) -> datetime:
        """Now, later than every moment before."""
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() // 1_000_000)
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=self._last)


def page_of(
    rows: list[dict[str, Any]],
    query: Mapping[str, list[str]],
    key: str,
    place: Callable[[dict[str, Any]], str],
) -> dict[str, Any]:
    """Rows newest first, after the cursor; the cursor is a place, so that new rows do not move the pages."""
    if after := query.get("cursor"):
        rows = [row for row in rows if place(row) < after[0]]
    size = int(query.get("limit", ["50"])[0])
    if not 1 <= size <= 100:
        raise Refused(400, "InvalidRequest", "limit can not be greater than 100")
    page = rows[:size]
    return {key: page} | ({"cursor": place(page[-1])} if len(rows) > size else {})
