"""Channels from the settings."""

from __future__ import annotations

from collections.abc import Mapping

from modbot.alerts.channels import Channel
from modbot.alerts.discord import DiscordChannel
from modbot.alerts.mail import MailChannel
from modbot.alerts.signed_webhook import SignedWebhook
from modbot.config import Settings


def channels(settings: Settings) -> Mapping[str, Channel]:
    """By name. Raises ConfigError. Each is to be closed."""
    made: dict[str, Channel] = {}
    for each in settings.alerts.channel:
        if each.kind == "discord":
            made[each.name] = DiscordChannel(each)
        elif each.kind == "mail":
            made[each.name] = MailChannel(each, settings.mail)
        else:
            made[each.name] = SignedWebhook(each)
    return made
