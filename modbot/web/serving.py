"""The bot and its web page in one process, until a signal or a failure ends both."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator

import uvicorn
from starlette.types import ASGIApp

from modbot.errors import ConfigError
from modbot.service import Service

LEAVE = 5
"""Seconds that open connections get when modbot stops."""
TURN = 0.001
"""Seconds after which a busy thread lets another one on. By default five times as much, which an answer pays
anew after each question to the database: pages and platforms wait beside archiving and judging."""


class Server(uvicorn.Server):
    """Leaves signals to us: the bot has to end as well."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free. Raises ConfigError."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise ConfigError(
            f"The web page cannot listen on {host}:{port}: {error.strerror}.",
            remedy="Is modbot running already? Else set another [web] port in modbot.toml.",
        ) from None


async def serve(
    service: Service, app: ASGIApp, listening: socket.socket, *others: Coroutine[None, None, None]
) -> None:
    """Until SIGTERM or SIGINT. A part that fails ends the rest, and its error is raised.

    `others` run beside the two and are cancelled at the end.
    """
    sys.setswitchinterval(TURN)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=LEAVE,
    )
    server = Server(config)

    beside: list[asyncio.Task[None]] = []

    def stop() -> None:
        service.stop()
        server.should_exit = True
        for task in beside:
            task.cancel()

    try:
        with _on_signal(stop):
            async with asyncio.TaskGroup() as group:
                beside += [group.create_task(other) for other in others]
                for part in (service.run(), server.serve(sockets=[listening])):
                    group.create_task(part).add_done_callback(lambda _: stop())
    except BaseExceptionGroup as failures:
        raise _first(failures) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


@contextlib.contextmanager
def _on_signal(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"
