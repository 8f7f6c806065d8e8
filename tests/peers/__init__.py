"""Real servers that the tests talk to, started on loopback from this machine's packages."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(peer: str, how: str) -> NoReturn:
    """Skip the test with the one line that says how to get `peer`; in CI its absence is a failure."""
    line = f"{peer} is not installed here; to run this test: {how}"
    if os.environ.get("CI"):
        pytest.fail(line, pytrace=False)
    pytest.skip(line)
