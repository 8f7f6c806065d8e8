"""Memory of a process that runs all day: the garbage collector, and what threads keep to themselves."""

from __future__ import annotations

import contextlib
import ctypes
import gc

M_ARENA_MAX = -8
"""The option's number in glibc's malloc.h."""
ARENAS = 1


def settle() -> None:
    """For a process that has started up: spare the garbage collector its walks.

    A scored batch makes some hundred thousand short-lived objects. By default each has the collector walk
    through every loaded module and model as well, a twelfth of all processor time. And by default glibc gives
    every thread a heap of its own, which keeps what it once held: tens of megabytes in all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    with contextlib.suppress(AttributeError, OSError):  # another system's library lacks it
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)
