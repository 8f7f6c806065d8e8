"""Alerts in a Discord channel. Nothing in them notifies anybody by name, and nothing is read as markup."""

from __future__ import annotations

import re

from modbot.alerts.channels import Channel, ChannelFailed, ChannelRefused, Message, linked
from modbot.alerts.discord_webhook import (
    ConnectionFailed,
    DiscordServerError,
    Embed,
    HTTPException,
    InvalidMessage,
    RateLimited,
    Webhook,
)
from modbot.alerts.http_line import open_client
from modbot.alerts.settings import Channel as Settings
from modbot.errors import ConfigError
from platforms.base import NotAuthorised, PlatformError

RED, GREY = 0xB3261E, 0x5F6368
LONGEST_DESCRIPTION = 3_500
CUT = "…\n\n**This message was too long for Discord. Open modbot to read the rest.**"
LONGEST_WORDS = 500
"""Escaped, twice as many: Discord takes 1,024."""
# Only what Discord would read as markup or a link: a notification on a phone shows the backslashes.
_MARKUP = re.compile(r"[\\*_~`|\[\]()<@]|:(?=//)|^[#>-]", re.MULTILINE)


class DiscordChannel(Channel):
    def __init__(self, settings: Settings) -> None:
        self.name = settings.name
        self._client = open_client(allow_loopback=settings.allow_loopback)
        try:
            self._webhook = Webhook.from_url(
                settings.url.get_secret_value(), client=self._client, attempts=1, max_ratelimit_timeout=2
            )
        except ValueError as error:
            raise ConfigError(
                f"The url of the channel {settings.name} cannot be used: {error}.",
                remedy="Copy it again from Discord: Server Settings, Integrations, Webhooks.",
            ) from None

    def fits(self, message: Message) -> bool:
        return len(description(message)) <= LONGEST_DESCRIPTION

    async def send(self, message: Message) -> str:
        try:
            sent = await self._webhook.send(embeds=[embed(message)], wait=True)
        except (HTTPException, ConnectionFailed, InvalidMessage, PlatformError) as error:
            raise failure(error) from None
        return f"message {sent.id}"

    async def check(self) -> str:
        try:
            found = await self._webhook.fetch()
        except (HTTPException, ConnectionFailed, PlatformError) as error:
            raise failure(error) from None
        return f"the webhook {found.name or found.id} is there"

    async def close(self) -> None:
        await self._client.aclose()


def failure(error: Exception) -> ChannelFailed:
    """By what helps: waiting, or a person."""
    if isinstance(error, RateLimited):
        return ChannelFailed("Discord asks to wait", retry_after=error.retry_after)
    if isinstance(error, HTTPException) and not isinstance(error, DiscordServerError):
        return ChannelRefused(f"Discord refused it: {error}")
    if isinstance(error, NotAuthorised | InvalidMessage):
        return ChannelRefused(str(error))
    return ChannelFailed(str(error), in_doubt=isinstance(error, ConnectionFailed) and error.connected)


def embed(message: Message) -> Embed:
    """One frame: what is up, what to do, and where."""
    made = Embed(
        title=plain(message.subject)[:256],
        description=_cut(description(message)),
        color=RED if message.urgent and not message.drill else GREY,
        timestamp=message.at,
        url=message.link or None,
    )
    if message.words is not None:
        made.add_field(name="Author", value=plain(message.words.author)[:256] or "unknown", inline=False)
        made.add_field(name="Comment", value=quoted(message.words.text), inline=False)
    if message.answer:
        made.add_field(name="Answer", value=f"[I have seen this]({message.answer})", inline=False)
    return made.set_footer(text=message.key)


def description(message: Message) -> str:
    opened = [plain(line) + (f"\n[Open the case]({link})" if link else "") for line, link in linked(message)]
    return "\n\n".join(opened)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_DESCRIPTION else text[:LONGEST_DESCRIPTION].rstrip("\\") + CUT


def plain(text: str) -> str:
    """Text that Discord shows as it is, whatever it holds."""
    return _MARKUP.sub(r"\\\g<0>", text)


def quoted(text: str) -> str:
    """A stranger's words, cut before they are marked up, so that no escape is cut in half."""
    cut = text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1] + "…"
    return plain(cut) or "(no text)"
