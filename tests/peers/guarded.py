"""Servers that never outlive the tests, however those end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# The shell waits on a pipe whose other end only this process holds: when that closes, on purpose or by our
# death, it takes the whole process group down, workers included, and waits for the server itself.
GUARD = '"$@" </dev/null & trap : TERM; cat >/dev/null; kill -TERM 0; wait'


class Guarded:
    """One server process with its workers, in a process group of its own."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as output:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", GUARD, "guard", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )

    def stop(self, timeout: float = 20) -> None:
        assert self._shell.stdin
        self._shell.stdin.close()
        try:
            self._shell.wait(timeout)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._shell.pid, signal.SIGKILL)
            self._shell.wait()


def wait_until(ready: Callable[[], bool], server: Guarded, timeout: float = 60) -> None:
    """Poll `ready`; after `timeout` seconds raise with the end of the server's log."""
    deadline = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"not ready after {timeout} s: {server.log.read_text(errors='replace')[-2000:]}"
            )
        time.sleep(0.05)
