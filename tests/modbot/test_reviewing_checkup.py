"""Where one person alone works, what needs a second one would wait for ever, and the doctor says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import platforms
from modbot import config, users
from modbot.checkups import reviewing
from modbot.checkups.finding import State
from modbot.store import Store
from tests.modbot import guestbook
from tests.modbot.scene import district


def found(store: Store, folder: Path, **own: Any) -> dict[str, tuple[State, str]]:
    settings = config.build(own, folder / "modbot.toml")
    return {each.what: (each.state, each.says) for each in reviewing.enough(store, settings)}


def test_second_looks_need_two_people_who_may_decide(store: Store, tmp_path: Path) -> None:
    district(store)
    assert found(store, tmp_path)["second looks"] == (State.FINE, "0 wait")
    for name in ("ben", "lee"):
        users.deactivate(store, name)
    state, says = found(store, tmp_path)["second looks"]
    assert (state, "nobody can give the second look" in says) == (State.LOOK, True)
    off = found(store, tmp_path, review={"second_share": 0})["second looks"]
    assert off == (State.FINE, "turned off")


def test_pages_that_can_only_delete_need_a_records_officer(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(platforms.BUILTIN, guestbook.NAME, guestbook.PATH)
    district(store)
    page = {"page": [{"key": "book", "platform": guestbook.NAME, "title": "Guest book"}]}
    assert "deletions" not in found(store, tmp_path)
    state, says = found(store, tmp_path, **page)["deletions"]
    assert (state, says.startswith("Guest book can only delete for good")) == (State.LOOK, True)
    users.add(store, "ruth", "Ruth Ortega", "records_officer")
    assert found(store, tmp_path, **page)["deletions"][0] is State.FINE
