"""The same calls on discord.py and on our client send the same requests.

Left out of the comparison is what only says a default: `wait=0`, `with_components=0`, `tts: false`,
`flags: 0` of an embed. discord.py writes true as 1 in a query and ids of mentions as numbers. A file's name
is compared where it counts, in the list of attachments: in the form's own header quotes are escaped in
different ways.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx
import pytest

from modbot.alerts import discord_webhook as ours
from tests.alerts.recorder import Recorder, Request

with warnings.catch_warnings():  # discord.py's voice part uses a module that Python 3.13 dropped
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord
    from discord.webhook.async_ import Route

pytestmark = pytest.mark.anyio
TOKEN = "a-token-that-is-long-enough"
AT = datetime(2026, 11, 22, 1, 2, 3, 456, tzinfo=UTC)


def embed(library: Any) -> Any:
    made = library.Embed(
        title="News", description="*All* of it", url="https://example.org", color=0xAA0000, timestamp=AT
    )
    made.add_field(name="one", value="1").add_field(name="two", value="2", inline=False)
    made.set_footer(text="foot", icon_url="https://example.org/f.png")
    made.set_author(name="who", url="https://example.org/w", icon_url="https://example.org/w.png")
    made.set_image(url="https://example.org/i.png").set_thumbnail(url="https://example.org/t.png")
    return made


def file(library: Any, name: str = "a.txt", **options: Any) -> Any:
    return library.File(io.BytesIO(b"abc\r\n\xff"), name, **options)


def thread(library: Any, number: int) -> Any:
    return discord.Object(number) if library is discord else number


def nobody(library: Any) -> Any:
    return library.AllowedMentions.none()


def some(library: Any) -> Any:
    users = [discord.Object(7)] if library is discord else [7]
    return library.AllowedMentions(everyone=True, users=users, roles=True, replied_user=False)


def replaced(library: Any, *files: Any) -> dict[str, Any]:
    return {"attachments" if library is discord else "files": list(files)}


Call = Callable[[Any, Any], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "text": lambda it, hook: hook.send("Hello", allowed_mentions=nobody(it)),
    "everything": lambda it, hook: hook.send(
        "Hello",
        wait=True,
        username="Alerts",
        avatar_url="https://example.org/a.png",
        embeds=[embed(it), embed(it)],
        allowed_mentions=some(it),
        thread=thread(it, 9),
    ),
    "files": lambda it, hook: hook.send(
        "Hello",
        wait=True,
        files=[file(it, description="what it is"), file(it, 'é"b.png', spoiler=True)],
        allowed_mentions=nobody(it),
    ),
    "edit": lambda it, hook: hook.edit_message(
        5, content="new", embeds=[embed(it)], allowed_mentions=some(it)
    ),
    "empty": lambda it, hook: hook.edit_message(
        5, content=None, embeds=[], allowed_mentions=nobody(it), thread=thread(it, 9), **replaced(it)
    ),
    "other files": lambda it, hook: hook.edit_message(
        5, allowed_mentions=nobody(it), **replaced(it, file(it))
    ),
    "message": lambda it, hook: hook.fetch_message(5, thread=thread(it, 9)),
    "delete": lambda _, hook: hook.delete_message(5),
    "fetch": lambda _, hook: hook.fetch(),
}


@pytest.mark.parametrize("call", CALLS)
async def test_the_same_call_sends_the_same_request(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Recorder() as server:
        monkeypatch.setattr(Route, "BASE", f"{server.url}/api/v10")
        async with aiohttp.ClientSession() as session:
            await CALLS[call](discord, discord.Webhook.partial(1, TOKEN, session=session))
        async with httpx.AsyncClient() as client:
            address = f"{server.url}/api/webhooks/1/{TOKEN}"
            await CALLS[call](ours, ours.Webhook.from_url(address, client=client))
        theirs, own = map(plain, server.requests)
    assert own == theirs


def plain(request: Request) -> dict[str, Any]:
    query = {name: {"1": "true"}.get(value, value) for name, value in request.query.items()}
    for name in ("wait", "with_components"):
        if query.get(name) == "0":
            del query[name]
    return {
        "method": request.method,
        "path": request.path,
        "query": query,
        "payload": without_defaults(request.payload),
        "files": request.files,
    }


def without_defaults(payload: Any) -> Any:
    if payload is None:
        return None
    kept = {name: value for name, value in payload.items() if (name, value) != ("tts", False)}
    for each in kept.get("embeds") or ():
        each.pop("flags", None)
    users = kept["allowed_mentions"].get("users")
    if users is not None:
        kept["allowed_mentions"]["users"] = [str(user) for user in users]
    return kept
