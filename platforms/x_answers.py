"""The fixed answer to who wrote to the account in private: whether it may be sent, and whether it was."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta

from platforms.base import NotAuthorised
from platforms.tokens import Token
from platforms.x_posts import ms_of, written_ms
from platforms.x_rest import XRest

RIGHT = "dm.write"
CLOCKS = timedelta(minutes=5)
"""By how much X's clock and ours may differ."""
SHORTENED = re.compile(r"https://t\.co/\w+")


def refuse_without_right(token: Token | None, page: str) -> None:
    """Raises NotAuthorised for a page that was connected before the answer was turned on.

    X would refuse such a call in the very words in which it refuses others, and a token made by hand says
    nothing of its rights.
    """
    if token is not None and token.scopes and RIGHT not in token.scopes:
        raise NotAuthorised(
            f"this page was connected without the right to answer messages ({RIGHT}): "
            f"run `modbot connect {page}` again"
        )


async def was_sent(rest: XRest, person: str, text: str, since: datetime) -> bool:
    """Whether the account has written this text to them since then."""
    oldest = ms_of(since - CLOCKS)
    async for found in rest.messages(person):
        news = [each for each in found.posts if written_ms(each["id"]) >= oldest]
        ours = [str(each.get("text") or "") for each in news if str(each.get("sender_id")) == rest.account]
        if any(_is(told, text) for told in ours):
            return True
        if len(news) < len(found.posts):
            return False
    return False


def _is(told: str, text: str) -> bool:
    """X tells a text with a short address of its own for each in it, and with &, < and > as HTML has them."""
    around = SHORTENED.split(_plain(told))
    return re.fullmatch(r"\S+".join(map(re.escape, around)), _plain(text)) is not None


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).split())
