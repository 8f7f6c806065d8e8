"""Work that outlasts a request: done in a thread of its own, and asked after by the page that began it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import structlog

from modbot.store import utcnow

log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing(Generic[T]):
    """How a piece of work stands. At most one of `result` and `error` is there."""

    began: datetime
    done: int = 0
    result: T | None = None
    error: Exception | None = None
    ended: datetime | None = None


class Background(Generic[T]):
    """One piece of work at a time. What was found last stays until the next one begins."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.standing: Standing[T] | None = None

    def start(self, work: Callable[[Callable[[int], None]], T]) -> None:
        """Begin, unless it is running already. `work` is handed a function to say how far it has come."""
        with self._lock:
            if self.standing is None or self.standing.ended is not None:
                began = self.standing = Standing(utcnow())
                threading.Thread(target=self._run, args=(work, began), daemon=True).start()

    def _run(self, work: Callable[[Callable[[int], None]], T], began: Standing[T]) -> None:
        def progress(done: int) -> None:
            self.standing = Standing(began.began, done)

        try:
            result = work(progress)
        except Exception as error:  # whatever it is, the person who waits must be told
            log.warning("background.failed", error=type(error).__name__)
            self.standing = Standing(began.began, error=error, ended=utcnow())
        else:
            self.standing = Standing(began.began, result=result, ended=utcnow())
