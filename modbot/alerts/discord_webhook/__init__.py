"""A client for Discord webhooks, on httpx, in the style of discord.py. It needs nothing else of modbot.

    async with httpx.AsyncClient() as client:
        webhook = Webhook.from_url("https://discord.com/api/webhooks/…/…", client=client)
        message = await webhook.send("Hello", embeds=[Embed(title="News")], wait=True)
        await message.edit(content="Hello again")

What differs from discord.py, on purpose: nobody is mentioned unless `allowed_mentions` says so; Discord's
limits are checked before anything is sent (InvalidMessage names the field); the address, which is a secret,
stands in no repr, no error and no line of httpx's log; failures of the network are ConnectionFailed.
"""

from modbot.alerts.discord_webhook.embeds import Embed
from modbot.alerts.discord_webhook.errors import (
    ConnectionFailed,
    DiscordException,
    DiscordServerError,
    Forbidden,
    HTTPException,
    InvalidMessage,
    NotFound,
    RateLimited,
)
from modbot.alerts.discord_webhook.files import File
from modbot.alerts.discord_webhook.mentions import AllowedMentions
from modbot.alerts.discord_webhook.webhook import Webhook, WebhookInfo, WebhookMessage

__all__ = [
    "AllowedMentions",
    "ConnectionFailed",
    "DiscordException",
    "DiscordServerError",
    "Embed",
    "File",
    "Forbidden",
    "HTTPException",
    "InvalidMessage",
    "NotFound",
    "RateLimited",
    "Webhook",
    "WebhookInfo",
    "WebhookMessage",
]
