"""Where the time goes: each step's own seconds, without those of the steps inside it."""

from __future__ import annotations

import functools
import inspect
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Spent:
    """Seconds on the clock, and of a processor."""

    wall: float = 0
    cpu: float = 0

    def add(self, wall: float, cpu: float) -> None:
        self.wall += wall
        self.cpu += cpu


class Steps:
    """Times functions from outside, on every thread. It stays in place: for a process that only measures."""

    def __init__(self) -> None:
        self._by_thread: dict[int, dict[str, Spent]] = defaultdict(lambda: defaultdict(Spent))
        self._inside = threading.local()

    def time(self, owner: Any, name: str, step: str) -> None:
        """Count every call of `owner.name` as time of `step`."""
        function: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            began = self._began()
            try:
                return function(*arguments, **named)
            finally:
                self._ended(step, began)

        @functools.wraps(function)
        async def awaited(*arguments: Any, **named: Any) -> Any:
            began = self._began()
            try:
                return await function(*arguments, **named)
            finally:
                self._ended(step, began)

        setattr(owner, name, awaited if inspect.iscoroutinefunction(function) else timed)

    # No context manager: it takes longer than the two clocks, thousands of times a second.
    def _began(self) -> tuple[Spent, float, float]:
        stack: list[Spent] = self._inside.__dict__.setdefault("stack", [])
        inner = Spent()
        stack.append(inner)
        return inner, time.perf_counter(), time.thread_time()

    def _ended(self, step: str, began: tuple[Spent, float, float]) -> None:
        inner, wall, cpu = began
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        stack: list[Spent] = self._inside.stack
        stack.pop()
        self._by_thread[threading.get_ident()][step].add(wall - inner.wall, cpu - inner.cpu)
        if stack:
            stack[-1].add(wall, cpu)

    def total(self) -> dict[str, Spent]:
        found: dict[str, Spent] = defaultdict(Spent)
        for steps in self._by_thread.values():
            for step, spent in steps.items():
                found[step].add(spent.wall, spent.cpu)
        return dict(found)
