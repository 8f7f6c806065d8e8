"""Where platforms bring what is new. Nobody signs in here: the signature of the platform is the key.

Whoever cannot sign learns nothing: an unknown page, a page that takes no deliveries and a wrong signature get
the same answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

import platforms
from modbot import deliveries, observe, wiring
from modbot.config import Settings
from modbot.deliveries import LONGEST_NAME, Arrived
from modbot.errors import StoreUnavailable
from modbot.store import Store
from modbot.web.desk import desk_of
from modbot.web.signed_in import address_of
from platforms.push import Answer, BadSignature, Pushed

router = APIRouter()
log = structlog.get_logger()

LARGEST = 2 * 2**20
"""Bytes of one delivery; platforms bundle up to a thousand changes."""
SECONDS = 10
"""For sending one delivery."""
AT_ONCE = 128
REFUSALS = 60
"""From one address within a minute; then it has to wait."""
AGAIN = {"Retry-After": "60"}


@dataclass(slots=True)
class Doors:
    """The pages that platforms push to. Their adapters are not open: here they can only check signatures."""

    pages: Mapping[str, Pushed]
    busy: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _waiting: list[tuple[Arrived, asyncio.Future[bool]]] = field(default_factory=list)
    _storing: asyncio.Task[None] | None = None
    _thread: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, "push"))
    """Its own: the few threads that everything else shares may all be waiting for the scores."""
    _minute: int = 0
    _refusals: dict[str, int] = field(default_factory=dict)

    async def store(self, store: Store, arrived: Arrived) -> bool:
        """Returns when it is on the disk; what comes while another commit runs shares the next one."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrived, done))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_all(store))
        return await done

    async def _store_all(self, store: Store) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            try:
                work = partial(deliveries.receive_all, store, [each for each, _ in waiting])
                fresh = await asyncio.get_running_loop().run_in_executor(self._thread, work)
            except Exception as error:  # each sender is told that it was not taken
                for _, done in waiting:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (_, done), new in zip(waiting, fresh, strict=True):
                if not done.done():
                    done.set_result(new)

    def is_tired_of(self, address: str) -> bool:
        return self._of_this_minute().get(address, 0) >= REFUSALS

    def refused(self, address: str) -> None:
        counts = self._of_this_minute()
        counts[address] = counts.get(address, 0) + 1

    def _of_this_minute(self) -> dict[str, int]:
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._refusals = minute, {}
        return self._refusals


def doors(settings: Settings) -> Doors:
    found = {}
    for page in settings.page:
        if issubclass(platforms.load(page.platform), Pushed):
            platform = wiring.open_page(page)
            if isinstance(platform, Pushed) and platform.pushes:
                found[page.key] = platform
    return Doors(found)


@router.get("/push/{page}")
async def answer(request: Request, page: str) -> Response:
    """A platform's check that this address is ours."""
    here: Doors = request.app.state.doors
    address = address_of(request)
    if here.is_tired_of(address):
        return PlainTextResponse("Too many.\n", status_code=429, headers=AGAIN)
    platform = here.pages.get(page)
    try:
        told = None if platform is None else platform.challenge(dict(request.query_params))
    except BadSignature:
        told = None
    if told is None:
        return _refused(here, address)
    return _said(told)


@router.post("/push/{page}")
async def deliver(request: Request, page: str) -> Response:
    """Take a delivery in: it is stored when this is answered, and read afterwards."""
    here: Doors = request.app.state.doors
    address = address_of(request)
    if here.is_tired_of(address):
        return PlainTextResponse("Too many.\n", status_code=429, headers=AGAIN)
    if here.busy.locked():
        return PlainTextResponse("Later.\n", status_code=503, headers={"Retry-After": "5"})
    async with here.busy:
        return await _take_in(request, here, address, page)


async def _take_in(request: Request, here: Doors, address: str, page: str) -> Response:
    body = await _body(request)
    if body is None:
        here.refused(address)
        return PlainTextResponse("Too much.\n", status_code=413)
    platform = here.pages.get(page)
    if platform is None:
        return _refused(here, address)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        platform.check(headers, body)
    except BadSignature:
        log.warning("push.refused", page=page, address=address)
        return _refused(here, address)
    name = platform.delivery_id(headers, body)[:LONGEST_NAME]
    keys = (page, *_others(here, platform, headers, body))
    try:
        stored = [here.store(_store(request), Arrived(key, name, body)) for key in keys]
        fresh = await asyncio.gather(*stored)
    except StoreUnavailable as error:
        observe.FAILURES.labels(type(error).__name__).inc()
        return PlainTextResponse("Later.\n", status_code=503, headers={"Retry-After": "5"})
    for key, new in zip(keys, fresh, strict=True):
        observe.PUSHED.labels(key, "new" if new else "again").inc()
    return Response(status_code=200)


def _others(here: Doors, platform: Pushed, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Further pages that a delivery tells of: some platforms know one address for all pages of an app."""
    found = []
    for key, other in here.pages.items():
        if other is platform or type(other) is not type(platform):
            continue
        with contextlib.suppress(BadSignature):
            other.check(headers, body)
            if other.concerns(body):
                found.append(key)
    return found


async def _body(request: Request) -> bytes | None:
    """The delivery as it was sent; None for one that is too large or too slow."""
    told = request.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > LARGEST:
        return None
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST:
                    return None
    except TimeoutError:
        return None
    return bytes(body)


def _refused(here: Doors, address: str) -> Response:
    here.refused(address)
    return PlainTextResponse("There is nothing here.\n", status_code=404)


def _said(told: Answer) -> Response:
    content, kind = told if isinstance(told, tuple) else (told, "text/plain")
    return Response(content, media_type=kind)


def _store(request: Request) -> Store:
    return desk_of(request).store
