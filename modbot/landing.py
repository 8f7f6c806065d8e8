"""Where a browser comes back to, on this machine, when somebody has agreed at a platform."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from modbot.connecting import NotOurs
from modbot.errors import ConfigError
from modbot.web.serving import Server
from platforms.base import NotAuthorised

PATH = "/connected"
SECONDS = 600
"""For so long somebody may take to sign in and agree."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def listen(port: int) -> socket.socket:
    """On this machine alone. Raises ConfigError where the port is taken."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise ConfigError(
            f"Nothing can listen at 127.0.0.1:{port} now: {error.strerror}.",
            remedy="Choose another with --port, and enter the new address at the platform, or use --paste.",
        ) from None


async def landed(listening: socket.socket, take: Callable[[Mapping[str, str]], str]) -> str:
    """What `take` made of the address that the browser came back to; one that is NotOurs is passed over.

    Raises NotAuthorised, also when nobody came in time.
    """
    came: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def land(request: Request) -> Response:
        try:
            code = take(dict(request.query_params))
        except NotOurs:
            return _say("This is not the answer that modbot waits for.", 400)
        except NotAuthorised as error:
            if not came.done():
                came.set_exception(error)
            return _say("Not connected. The window that modbot runs in says why; this page can be closed.")
        if not came.done():
            came.set_result(code)
        return _say("Thank you. The window that modbot runs in says more; this page can be closed.")

    app = Starlette(routes=[Route(PATH, land)])
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        async with asyncio.timeout(SECONDS):
            return await came
    except TimeoutError:
        raise NotAuthorised(f"nobody came back from the platform in {SECONDS // 60} minutes") from None
    finally:
        server.should_exit = True
        await serving


def _say(text: str, status: int = 200) -> Response:
    return PlainTextResponse(text + "\n", status_code=status, headers=HEADERS)
