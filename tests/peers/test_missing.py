from __future__ import annotations

import pytest

from tests.peers import WITHOUT, missing


def test_a_missing_peer_is_skipped_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install it"):
        missing("A peer", "apt-get install it")


def test_a_missing_peer_is_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt-get install it"):
        missing("A peer", "apt-get install it")


def test_what_ci_could_not_get_is_skipped_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv(WITHOUT, "Prism;A peer")
    with pytest.raises(pytest.skip.Exception, match="apt-get install it"):
        missing("A peer", "apt-get install it")
    with pytest.raises(pytest.fail.Exception):
        missing("Another", "apt-get install it")
