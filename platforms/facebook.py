"""Facebook Pages: comments on posts, ads, photos and videos, visitors' posts, mentions, messages.

A comment has no time of its last edit, so an edit is a text that differs. What mentions the page on other
people's pages is archived, and nobody here can change it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from platforms.base import (
    ActionKind,
    Capabilities,
    Comment,
    Effect,
    Event,
    EventKind,
    Kind,
    NotAuthorised,
)
from platforms.facebook_items import (
    COMMENT,
    EVERY,
    FIELDS,
    MESSAGE,
    OF_EDGE,
    POST,
    as_native,
    item,
    nested,
    said,
    sender,
    title,
)
from platforms.graph import BadParameter, Graph, Listing, Native, NoSuchObject, listing_of
from platforms.graph_account import GraphSettings
from platforms.graph_page import GraphPage
from platforms.graph_reading import Mark, Post, Posts, created

EMBEDDED = 10
"""Comments asked for together with their post. More of many posts at once is refused as too much data."""
POSTS = 25
FEW = 5
"""From so many comments of one post on, a page of its list is asked for instead of each by itself."""
MENTION = "mention:"
"""Before the id of what stands on somebody else's page."""
ADDED = {"add", "edited", "edit"}
POSTED = {"post", "status", "photo", "video", "share", "link", "note", "album", "event"}


class FacebookSettings(GraphSettings):
    page_id: str = Field(pattern=r"^\d{1,30}$")
    permissions: tuple[str, ...] = (
        "pages_show_list",
        "pages_read_engagement",
        "pages_read_user_content",
        "pages_manage_engagement",
        "pages_manage_metadata",
    )
    edges: tuple[str, ...] = Field(("feed", "tagged", "video_reels"), min_length=1)


class Facebook(GraphPage):
    name = "facebook"
    Settings = FacebookSettings
    settings: FacebookSettings
    push_object = "page"
    messenger = "MESSENGER"
    item_id = re.compile(r"\d{1,40}(_\d{1,40})?")
    foreign = (MENTION, "m_")
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(
                reversible=True,
                note="Hidden on Facebook: seen only by its author and the author's friends, and by whoever "
                "manages the page. Its author is not told.",
            ),
            ActionKind.UNHIDE: Effect(reversible=True, note="Everybody sees it again."),
            ActionKind.DELETE: Effect(
                reversible=False,
                note="Deleted on Facebook together with the answers to it; Facebook cannot bring it back.",
            ),
        },
        sees_edits="lookup",
        sees_deletions="lookup",
        mentions=True,
        direct_messages=True,
        answers=True,
        note="With a push address new, edited and deleted comments arrive at once; without one, new ones "
        "come with each poll, edits and deletions with the look-up of recent comments. Direct messages are "
        "archived where `edges` names `conversations`.",
    )

    @property
    def account(self) -> str:
        return self.settings.page_id

    async def identify(self) -> str:
        page = await self.graph.get(self.account, fields="id,name")
        for edge in self.edges:
            if edge not in FIELDS:
                raise NotAuthorised(f"`edges` names {edge!r}; Facebook has {', '.join(sorted(FIELDS))}")
            try:
                await self._stretch(edge, 1, {"limit": "1"})
            except (NotAuthorised, NoSuchObject, BadParameter) as error:
                raise NotAuthorised(
                    f"`{edge}` of the page cannot be read: {error}. If it is not wanted, take it out of "
                    "`edges` in this page's settings"
                ) from None
        return str(page.get("name") or page["id"])

    # Reading

    async def posts(self, edge: str, after: str | None) -> Posts:
        more = {"limit": str(POSTS)} | ({"after": after} if after else {})
        listing = await self._stretch(edge, EMBEDDED, more)
        return Posts([Post(str(native["id"]), -1, native) for native in listing.items], listing.after)

    async def _stretch(self, edge: str, embedded: int, more: Mapping[str, str]) -> Listing:
        fields = f"{FIELDS[edge]}{nested(edge, embedded)}"
        query = {"fields": fields, **OF_EDGE.get(edge, {}), **more}
        return await self.graph.listing(f"{self.account}/{edge}", **query)

    async def fresh(self, edge: str, post: Post, mark: Mark) -> Sequence[Comment]:
        native = {key: value for key, value in post.payload.items() if key not in ("comments", "messages")}
        # The feed also lists what others wrote elsewhere when they tagged the page.
        is_mention = edge == "tagged" or (edge == "feed" and not self._is_post(post.id))
        if is_mention:
            return [each for each in [self._item_of(native, Kind.MENTION)] if mark.is_news(each)]
        found = []
        if self._is_by_a_visitor(edge, native):
            found.append(self._item_of(native, Kind.VISITOR_POST))
        found += [each async for each in self._newest_under(edge, post, native, mark)][::-1]
        return sorted((each for each in found if mark.is_news(each)), key=lambda each: each.created_at)

    async def _newest_under(
        self, edge: str, post: Post, native: Native, mark: Mark
    ) -> AsyncIterator[Comment]:
        """The comments on a post, or the messages of a talk, until all that follows was handed out."""
        is_talk = edge == "conversations"
        below = "messages" if is_talk else "comments"
        query = {"limit": str(self.settings.page_size), "fields": MESSAGE if is_talk else COMMENT}
        query |= {} if is_talk else EVERY
        first = listing_of(post.payload.get(below))
        async for listing in self.graph.pages(f"{post.id}/{below}", first=first, **query):
            read = [said(each, post.id) if is_talk else self._comment(each, native) for each in listing.items]
            for comment in read:
                yield comment
            if mark.is_behind(read):
                return

    def _is_by_a_visitor(self, edge: str, native: Native) -> bool:
        """Where Facebook does not name the author, it is not the page: its own posts always say so."""
        return edge == "feed" and str((native.get("from") or {}).get("id", "")) != self.account

    # Single items

    async def each(self, ids: Sequence[str]) -> Sequence[Native | Exception]:
        """Comments of one post by its list, since in a batch each of them counts as a call."""
        posts: dict[str, list[str]] = {}
        for comment_id in ids:
            stem, _, number = comment_id.partition("_")
            if number and stem != self.account:
                posts.setdefault(f"{self.account}_{stem}", []).append(comment_id)
        listed: dict[str, Native] = {}
        for post, wanted in posts.items():
            if len(wanted) >= FEW:
                listed |= await self._listed(post, len(wanted) // FEW)
        rest = [each for each in ids if each not in listed]
        found = dict(zip(rest, await super().each(rest), strict=True)) if rest else {}
        return [listed[each] if each in listed else found[each] for each in ids]

    async def _listed(self, post: str, pages: int) -> dict[str, Native]:
        """Comments by id: what fits into so many calls; nothing where the ids do not name a post."""
        query = {"fields": COMMENT, "limit": "100", **EVERY}
        listed: dict[str, Native] = {}
        try:
            async for listing in self.graph.pages(f"{post}/comments", first=None, **query):
                listed |= {str(each["id"]): each for each in listing.items}
                pages -= 1
                if pages <= 0:
                    break
        except (NoSuchObject, BadParameter, NotAuthorised):
            return {}
        return listed

    def fields_of(self, id: str) -> str:  # noqa: A002
        return POST if self._is_post(id) else COMMENT

    def _is_post(self, id_: str) -> bool:
        return id_.startswith(f"{self.account}_")

    def comment_of(self, native: Native) -> Comment:
        if self._is_post(str(native["id"])):
            return self._item_of(native, Kind.VISITOR_POST)
        return self._comment(native, {})

    def is_hidden(self, native: Native) -> bool:
        return native.get("is_hidden") is True

    def refusal(self, action: ActionKind, native: Native) -> str | None:
        field = "can_remove" if action is ActionKind.DELETE else "can_hide"
        if action is ActionKind.UNHIDE or native.get(field) is not False:
            return None
        return (
            f"Facebook does not let the page {action} this: it is the page's own, or a permission is missing"
        )

    def change(self, action: ActionKind) -> Mapping[str, str]:
        return {"is_hidden": "true" if action is ActionKind.HIDE else "false"}

    def _comment(self, native: Native, post: Native) -> Comment:
        """`post` is the one that it was listed under; without it the ids tell."""
        parent = (native.get("parent") or {}).get("id")
        stem = str(native["id"]).partition("_")[0]
        elsewhere = (native.get("object") or {}).get("id") or f"{self.account}_{stem}"
        return item(
            native,
            post=str(post.get("id") or elsewhere),
            title=title(post),
            parent=None if parent is None else str(parent),
            kind=Kind.COMMENT if parent is None else Kind.REPLY,
        )

    def _item_of(self, native: Native, kind: Kind) -> Comment:
        prefix = MENTION if kind is Kind.MENTION else ""
        return item(native, post=str(native["id"]), kind=kind, prefix=prefix)

    # Pushes

    async def told(self, field: str, value: Native, at: datetime) -> Sequence[Event]:
        what, verb = str(value.get("item")), str(value.get("verb"))
        is_comment = what == "comment" and "comment_id" in value
        id_ = str(value.get("comment_id" if is_comment else "post_id", ""))
        if field not in ("feed", "mention") or not self.item_id.fullmatch(id_):
            return ()
        if not is_comment and what not in POSTED:
            return ()
        if verb == "remove":
            gone = f"{MENTION if field == 'mention' else ''}{id_}"
            return [Event(kind=EventKind.DELETED, id=gone, at=at, detail="Facebook told of it")]
        if verb not in ADDED or (not is_comment and field == "feed" and self._is_ours(value)):
            # Hiding and showing come back to us too: what was decided is on record, and the text is the same.
            return ()
        return await self._arrived(field, value, id_, is_comment, at)

    async def _arrived(
        self, field: str, value: Native, id_: str, is_comment: bool, at: datetime
    ) -> Sequence[Event]:
        """The whole item, or what the delivery has of it: it may be gone already, and this the only copy."""
        native = await self.read_or_none(id_, COMMENT if is_comment else POST)
        told = native or as_native(value, id_, at)
        if field == "mention":
            comment = item(told, post=str(value.get("post_id", id_)), kind=Kind.MENTION, prefix=MENTION)
        elif is_comment:
            comment = self._comment(told, {"id": value.get("post_id")})
        else:
            comment = self._item_of(told, Kind.VISITOR_POST)
        return [created(comment)]

    def _is_ours(self, value: Native) -> bool:
        return sender(value)["id"] == self.account

    # Connecting

    async def own(self, graph: Graph) -> Native:
        return await graph.get(self.account, fields="id,name,access_token")

    async def subscribe(self, graph: Graph, own: Native) -> None:  # noqa: ARG002
        messages = ["messages", "message_edits"] if "conversations" in self.edges else []
        fields = ["feed", "mention", *messages]
        await graph.post(f"{self.account}/subscribed_apps", subscribed_fields=",".join(fields))
