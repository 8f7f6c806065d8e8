"""Real servers that the tests talk to, started on loopback from this machine's packages."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

WITHOUT = "MODBOT_TESTS_WITHOUT"
"""Names the peers, between semicolons, that .ci/run could not get."""


def missing(peer: str, how: str) -> NoReturn:
    """Skip the test with the one line that says how to get `peer`.

    In CI its absence is a failure, unless .ci/run could not get it and has said so.
    """
    line = f"{peer} is not installed here; to run this test: {how}"
    if os.environ.get("CI") and peer not in os.environ.get(WITHOUT, "").split(";"):
        pytest.fail(line, pytrace=False)
    pytest.skip(line)
