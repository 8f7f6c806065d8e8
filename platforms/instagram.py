"""Instagram professional accounts: comments on posts, reels and live videos, answers, mentions, messages.

Instagram lists comments newest first and answers only under their comment, with no way to ask for what is
new. So a post whose number of comments changed is read again as far as needed to explain the change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar

from platforms.base import (
    ActionKind,
    Capabilities,
    Comment,
    Effect,
    Event,
    Kind,
    NotAuthorised,
    Unavailable,
    text_revision,
)
from platforms.facebook_items import MESSAGE, said
from platforms.graph import BadParameter, Graph, Listing, Native, NoSuchObject, listing_of
from platforms.graph_page import GraphPage
from platforms.graph_reading import Mark, Post, Posts, created
from platforms.instagram_login import READABLE, TALKS, InstagramLogin, InstagramSettings

COMMENT = "id,text,timestamp,username,from,hidden,parent_id,media,like_count"
MEDIA = "id,caption,timestamp,username,permalink,media_type,media_product_type"
MENTIONED = "id,text,timestamp,username,like_count,media"
EMBEDDED = 10
POSTS = 25
MENTION = "mention:"
"""Before the id of what stands under somebody else's account."""
MESSAGES = ("aWdf", "m_")
"""How the ids of messages begin: the first is "ig_" in Base64."""


class Instagram(InstagramLogin, GraphPage):
    name = "instagram"
    Settings = InstagramSettings
    settings: InstagramSettings
    push_object = "instagram"
    messenger = "INSTAGRAM"
    item_id = re.compile(r"\d{1,40}")
    foreign = (MENTION, *MESSAGES)
    capabilities: ClassVar[Capabilities] = Capabilities(
        actions={
            ActionKind.HIDE: Effect(
                reversible=True,
                note="Hidden on Instagram: seen only by its author and by whoever manages the account. Its "
                "author is not told.",
            ),
            ActionKind.UNHIDE: Effect(reversible=True, note="Everybody sees it again."),
            ActionKind.DELETE: Effect(
                reversible=False,
                note="Deleted on Instagram together with the answers to it; Instagram cannot bring it back.",
            ),
        },
        sees_edits="no",
        sees_deletions="lookup",
        mentions=True,
        direct_messages=True,
        answers=True,
        note="Comments cannot be edited on Instagram. Mentions in other people's comments come by push "
        "alone; deletions are found by looking recent comments up again. Direct messages are archived where "
        "they are pushed, and read besides where `edges` names `conversations`.",
    )

    @property
    def account(self) -> str:
        return self.settings.account_id

    async def identify(self) -> str:
        account = await self.graph.get(self.account, fields="id,username")
        for edge in self.edges:
            if edge not in READABLE:
                raise NotAuthorised(f"`edges` names {edge!r}; Instagram has {', '.join(READABLE)}")
            try:
                await self._stretch(edge, 1, {"limit": "1"})
            except (NotAuthorised, NoSuchObject, BadParameter) as error:
                raise NotAuthorised(
                    f"`{edge}` of the account cannot be read: {error}. If it is not wanted, take it out of "
                    "`edges` in this page's settings"
                ) from None
        return str(account.get("username") or account["id"])

    # Reading

    async def posts(self, edge: str, after: str | None) -> Posts:
        query = {"limit": str(POSTS)} | ({"after": after} if after else {})
        listing = await self._stretch(edge, EMBEDDED, query)
        posts = [Post(str(each["id"]), _count(each), each) for each in listing.items]
        return Posts(posts, listing.after)

    async def _stretch(self, edge: str, embedded: int, query: Mapping[str, str]) -> Listing:
        if edge == TALKS:
            # To Meta `me` is whom the token is of: the linked Page or the account, and both have the talks.
            fields = f"id,updated_time,messages.limit({embedded}){{{MESSAGE}}}"
            return await self.graph.listing(f"me/{edge}", platform=self.messenger, fields=fields, **query)
        return await self.graph.listing(f"{self.account}/{edge}", fields=_fields(edge, embedded), **query)

    async def fresh(self, edge: str, post: Post, mark: Mark) -> Sequence[Comment]:
        if edge == TALKS:
            return await self._said(post, mark)
        media = {key: value for key, value in post.payload.items() if key != "comments"}
        if edge == "tags":
            mention = _mention(media)
            return [mention] if mark.is_news(mention) else []
        first = listing_of(post.payload.get("comments"))
        embedded = [(native, [listing_of(native.get("replies"))]) for native in first.items]
        news = self._news(embedded, media, mark)
        if 0 <= mark.count == post.count - len(news):
            return news
        query = {"limit": str(self.settings.page_size)}
        all_of_it = []
        whole = query | {"fields": f"{COMMENT},{_replies(EMBEDDED)}"}
        async for listing in self.graph.pages(f"{post.id}/comments", first=first, **whole):
            for native in listing.items:
                begun = listing_of(native.get("replies"))
                pages = self.graph.pages(f"{native['id']}/replies", first=begun, **query, fields=COMMENT)
                all_of_it.append((native, [answers async for answers in pages]))
        return self._news(all_of_it, media, mark)

    async def _said(self, talk: Post, mark: Mark) -> list[Comment]:
        """The messages of a talk that are news, oldest first."""
        first, found = listing_of(talk.payload.get("messages")), list[Comment]()
        query = {"limit": str(self.settings.page_size), "fields": MESSAGE}
        try:
            async for listing in self.graph.pages(f"{talk.id}/messages", first=first, **query):
                read = [said(each, talk.id) for each in listing.items]
                found += [each for each in read if mark.is_news(each)]
                if mark.is_behind(read):
                    break
        except (NoSuchObject, BadParameter):
            # Of each talk Instagram shows a program the newest twenty; what is older it calls deleted.
            pass
        found.reverse()
        return sorted(found, key=lambda each: each.created_at)

    def _news(
        self, listed: Sequence[tuple[Native, Sequence[Listing]]], media: Native, mark: Mark
    ) -> list[Comment]:
        """What is news of comments with their answers, the oldest first; `listed` has the newest first."""
        found = []
        for native, listings in reversed(listed):
            found.append(self._comment(native, media))
            answers = [each for listing in listings for each in listing.items]
            found += [self._comment(each, media, str(native["id"])) for each in answers]
        return sorted((each for each in found if mark.is_news(each)), key=lambda each: each.created_at)

    # Single items

    def fields_of(self, id: str) -> str:  # noqa: A002, ARG002
        return COMMENT

    @property
    def together(self) -> int:
        # There are no batches with its own login.
        return 1 if self.has_own_login else super().together

    async def each(self, ids: Sequence[str]) -> Sequence[Native | Exception]:
        if not self.has_own_login:
            return await super().each(ids)
        return [await self._one(each) for each in ids]

    async def _one(self, comment_id: str) -> Native | Exception:
        try:
            return await self.graph.get(comment_id, fields=COMMENT)
        except (NoSuchObject, NotAuthorised, BadParameter) as error:
            return error

    def comment_of(self, native: Native) -> Comment:
        return self._comment(native, {})

    def is_hidden(self, native: Native) -> bool:
        return native.get("hidden") is True

    def refusal(self, action: ActionKind, native: Native) -> str | None:  # noqa: ARG002
        return None

    def change(self, action: ActionKind) -> Mapping[str, str]:
        return {"hide": "true" if action is ActionKind.HIDE else "false"}

    def _comment(self, native: Native, media: Native, parent: str | None = None) -> Comment:
        """`media` is the post that it was listed under; without it the comment tells."""
        post = media.get("id") or (native.get("media") or {}).get("id", "")
        parent = parent or native.get("parent_id")
        return _item(
            {key: value for key, value in native.items() if key != "replies"},
            post=str(post),
            title=str(media.get("caption", "")).partition("\n")[0][:200],
            parent=None if parent is None else str(parent),
            kind=Kind.COMMENT if parent is None else Kind.REPLY,
            permalink=str(media.get("permalink", "")),
        )

    # Pushes

    async def told(self, field: str, value: Native, at: datetime) -> Sequence[Event]:
        if field == "mentions":
            return await self._mentioned(value)
        comment_id = str(value.get("id", ""))
        if field not in ("comments", "live_comments") or not self.item_id.fullmatch(comment_id):
            return ()
        # Gone already, perhaps: then the delivery is the only copy.
        native = await self.read_or_none(comment_id, COMMENT) or {**value, "timestamp": at.isoformat()}
        return [created(self._comment(native, {}))]

    async def _mentioned(self, value: Native) -> Sequence[Event]:
        """A delivery has only ids; what they stand for is shown to the account that was mentioned."""
        kind = "comment" if value.get("comment_id") else "media"
        asked = str(value.get(f"{kind}_id", ""))
        if not self.item_id.fullmatch(asked):
            return ()
        name, fields = f"mentioned_{kind}", MENTIONED if kind == "comment" else MEDIA
        answer = await self.read_or_none(self.account, f"{name}.{kind}_id({asked}){{{fields}}}")
        native = (answer or {}).get(name)
        return [created(_mention(native))] if isinstance(native, dict) and "timestamp" in native else ()

    # Connecting

    async def own(self, graph: Graph) -> Native:
        """The Facebook Page that the account is linked to holds its token."""
        fields = "id,name,access_token,instagram_business_account"
        async for listing in graph.pages("me/accounts", fields=fields):
            for page in listing.items:
                if str((page.get("instagram_business_account") or {}).get("id")) == self.account:
                    return page
        raise NotAuthorised(
            f"no Facebook Page of whoever signed in is linked to the Instagram account {self.account}: link "
            "it in Meta Business Suite, or sign in with an account that has that page"
        )

    async def subscribe(self, graph: Graph, own: Native) -> None:
        # Instagram's events are switched on for the app; the page only has to let the app in.
        await graph.post(f"{own['id']}/subscribed_apps", subscribed_fields="feed")


def _fields(edge: str, limit: int) -> str:
    """Of somebody else's post only the post."""
    comments = f"comments.limit({limit}){{{COMMENT},{_replies(limit)}}}"
    return MEDIA if edge == "tags" else f"{MEDIA},comments_count,{comments}"


def _replies(limit: int) -> str:
    return f"replies.limit({limit}){{{COMMENT}}}"


def _count(media: Native) -> int:
    count = media.get("comments_count")
    return count if isinstance(count, int) else -1


def _mention(native: Native) -> Comment:
    """Somebody else's post or comment that names the account."""
    media = (native.get("media") or {}).get("id") or native["id"]
    permalink = str(native.get("permalink", ""))
    return _item(native, post=str(media), kind=Kind.MENTION, prefix=MENTION, permalink=permalink)


def _item(
    native: Native,
    *,
    post: str,
    kind: Kind,
    title: str = "",
    parent: str | None = None,
    prefix: str = "",
    permalink: str = "",
) -> Comment:
    text = str(native.get("text") or native.get("caption") or "")
    author = native.get("from") or {}
    return Comment(
        id=f"{prefix}{native['id']}",
        revision=text_revision(text),
        post=post,
        parent=parent,
        kind=kind,
        author=str(author.get("username") or native.get("username") or ""),
        author_id=str(author.get("id", "")),
        text=text,
        payload=dict(native),
        created_at=_time(native),
        permalink=permalink,
        post_title=title,
        visible=native.get("hidden") is not True,
    )


def _time(native: Native) -> datetime:
    try:
        moment = datetime.fromisoformat(str(native.get("timestamp")))
    except ValueError:
        raise Unavailable("Meta gave an item without its time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
