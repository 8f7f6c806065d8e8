"""The garbage collector of a process that runs all day."""

from __future__ import annotations

import gc


def settle() -> None:
    """For a process that has started up: spare the garbage collector its walks.

    A scored batch makes some hundred thousand short-lived objects. By default each has the collector walk
    through every loaded module and model as well, a twelfth of all processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
