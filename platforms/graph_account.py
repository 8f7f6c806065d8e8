"""The right to use a Facebook Page or an Instagram account: settings, token, connecting, who it is."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
from pydantic import Field, SecretStr, field_validator

from platforms.base import Identity, NotAuthorised, Platform, PlatformSettings, Unsupported
from platforms.facebook_items import time_of
from platforms.graph import BadParameter, Graph, Native, NoSuchObject, Refused, listing_of
from platforms.oauth import Consent, token_of
from platforms.tokens import Token

LAST = 25
"""Messages of a talk that are looked through for our own."""
CLOCKS = timedelta(minutes=5)
"""By how much Meta's clock and ours may differ."""


class GraphSettings(PlatformSettings):
    app_id: str = ""
    """The Meta app's id: needed for `modbot connect`."""
    app_secret: SecretStr | None = None
    """Proves every call and every push; without it pushes are refused."""
    access_token: SecretStr | None = None
    """For a token made by hand; `modbot connect` keeps its own, which counts over this one."""
    verify_token: SecretStr | None = None
    """The word that the webhook form in Meta's dashboard asks for; any long random one."""
    api: str = "https://graph.facebook.com"
    dialog: str = "https://www.facebook.com"
    """Where a person is asked for consent."""
    version: str = Field("v26.0", pattern=r"^v\d+\.\d+$")
    """Meta retires a version after about two years."""
    permissions: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    allow_loopback: bool = False
    """For a stand-in on this machine, which may then also be plain http."""
    timeout: float = Field(30.0, gt=0)
    """Seconds for each step of a call: connecting, sending, each read."""
    page_size: int = Field(50, ge=1, le=100)
    """Comments asked for, and handed out, at once."""

    @field_validator("api", "dialog")
    @classmethod
    def _only_an_address(cls, value: str) -> str:
        try:
            url = httpx.URL(value.strip())
        except httpx.InvalidURL:
            raise ValueError("is not a web address") from None
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
            raise ValueError("must be an address alone, such as https://graph.facebook.com")
        return str(url).rstrip("/")


class GraphAccount(Platform):
    settings: GraphSettings
    messenger: ClassVar[str]
    """What Meta calls the place where its messages are."""

    def __init__(self, page: str, settings: PlatformSettings) -> None:
        super().__init__(page, settings)
        self._graph: Graph | None = None

    @property
    @abstractmethod
    def account(self) -> str:
        """The page's own id at Meta."""

    @property
    def pushes(self) -> bool:
        return self.settings.app_secret is not None and self.settings.verify_token is not None

    @abstractmethod
    async def identify(self) -> str:
        """The account's name, as the token sees it. Raises NotAuthorised where something may not be read."""

    async def open(self) -> Identity:
        await self.close()
        self._graph = graph = self.client(self._token)
        try:
            name = await self.identify()
        except NoSuchObject:
            await self.close()
            raise NotAuthorised(
                f"Meta shows no {self.account} to whoever connected this page: check the id in its settings"
            ) from None
        except BadParameter as error:
            await self.close()
            raise NotAuthorised(
                f"{error}: check that `app_secret` is of the app that the token was made for, and `version`"
            ) from None
        except BaseException:
            await self.close()
            raise
        return Identity(account=name, can_moderate=True, clock_skew=graph.clock_skew)

    async def close(self) -> None:
        graph, self._graph = self._graph, None
        if graph:
            await graph.close()

    @property
    def graph(self) -> Graph:
        if self._graph is None:
            raise RuntimeError("open the page before using it")
        return self._graph

    def client(self, token: Callable[[], Awaitable[SecretStr]]) -> Graph:
        settings = self.settings
        return Graph(
            f"{settings.api}/{settings.version}",
            token,
            app_secret=settings.app_secret,
            budget=self.budget,
            page=self.page,
            timeout=settings.timeout,
            allow_loopback=settings.allow_loopback,
        )

    def may_answer(self, author_id: str) -> bool:
        return author_id.isascii() and author_id.isdigit() and author_id != self.account

    async def answer(self, author_id: str, text: str) -> None:
        """Needs the permission for messages. To Meta `me` is whom the token is of: the Page, the account."""
        recipient, message = json.dumps({"id": author_id}), json.dumps({"text": text})
        sent = {"recipient": recipient, "messaging_type": "RESPONSE", "message": message}
        try:
            await self.graph.post("me/messages", **sent)
        except (NoSuchObject, Refused) as error:
            raise Unsupported(f"Meta takes no answer to this person ({error})") from None

    async def has_answered(self, author_id: str, text: str, since: datetime) -> bool:
        asked = {"platform": self.messenger, "user_id": author_id}
        fields = f"id,messages.limit({LAST}){{id,message,from,created_time}}"
        talks = await self.graph.listing("me/conversations", **asked, fields=fields)
        messages = [each for talk in talks.items for each in listing_of(talk.get("messages")).items]
        return any(
            str((each.get("from") or {}).get("id", "")) != author_id
            and str(each.get("message", "")).split() == text.split()
            and time_of(each) >= since - CLOCKS
            for each in messages
        )

    @property
    def quota_key(self) -> str:
        """Meta counts by app, and by page besides."""
        return f"Meta {self.settings.app_id}" if self.settings.app_id else ""

    async def _token(self) -> SecretStr:
        kept = await self.tokens.get()
        token = kept.access if kept else self.settings.access_token
        if token is None:
            raise NotAuthorised(f"nobody has connected this page: run `modbot connect {self.page}`")
        return token

    async def probe(self) -> None:
        """Meta does not tell "deleted" from "not for you": raises NotAuthorised if it is the latter."""
        try:
            await self.identify()
        except NoSuchObject as error:
            raise NotAuthorised(
                f"Meta no longer shows this page ({error}): run `modbot connect {self.page}` again"
            ) from None

    async def page_token(self, answer: Mapping[str, Any]) -> Token:
        """The page's own token for the short one that the consent gave: it lasts until it is taken back."""
        settings = self.settings
        assert settings.app_secret is not None  # noqa: S101 - there is no consent without it
        held = token_of(answer).access

        async def newest() -> SecretStr:
            return held

        graph = self.client(newest)
        try:
            longer = await graph.exchange(
                grant_type="fb_exchange_token",
                client_id=settings.app_id,
                client_secret=settings.app_secret.get_secret_value(),
                fb_exchange_token=held.get_secret_value(),
            )
            held = token_of(longer).access
            own = await self.own(graph)
            held = token_of(own).access
            if self.pushes:
                await self.subscribe(graph, own)
        finally:
            await graph.close()
        return Token(access=held)

    @abstractmethod
    async def own(self, graph: Graph) -> Native:
        """What a person's token shows of this page, its `access_token` included."""

    @abstractmethod
    async def subscribe(self, graph: Graph, own: Native) -> None:
        """Ask Meta to push what happens on this page to the app's address."""

    def consent(self) -> Consent | None:
        settings = self.settings
        if not settings.app_id or settings.app_secret is None:
            return None
        return Consent(
            client_id=settings.app_id,
            client_secret=settings.app_secret,
            authorize_url=f"{settings.dialog}/{settings.version}/dialog/oauth",
            token_url=f"{settings.api}/{settings.version}/oauth/access_token",
            scopes=settings.permissions,
            scope_separator=",",
            pkce=False,
            redirect_host="localhost",
            allow_loopback=settings.allow_loopback,
        )

    async def exchanged(self, answer: Mapping[str, Any]) -> Token:
        try:
            return await self.page_token(answer)
        except NoSuchObject:
            raise NotAuthorised(
                f"whoever signed in may not manage {self.account}: sign in with an account that has the page"
            ) from None
