"""The main job end to end beside the real Bluesky network, under `make faults` like its other tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.modbot.test_wordpress_day import KIND, OFFER, Installation, until
from tests.peers.bluesky import Network

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("MODBOT_FAULTS") != "long", reason="the real Bluesky network runs under make faults"
    ),
]


def test_a_day_beside_the_real_bluesky(tmp_path: Path, bluesky: Network) -> None:
    district, parent = bluesky.join("day-district.test"), bluesky.join("day-parent.test")
    root = bluesky.post(district, "The board meets tonight.")
    kind = bluesky.post(parent, KIND, parent=root)
    until(lambda: kind in bluesky.notified(district))
    here = Installation(
        tmp_path / "district",
        "bluesky",
        f'service = "{bluesky.url}"\nhandle = "{district.handle}"\n'
        'app_password = { env = "APP_PASSWORD" }\n',
        APP_PASSWORD=district.app_password,
        MODBOT_DATABASE__URL=f"sqlite:///{tmp_path / 'district' / 'modbot.db'}",
        MODBOT_INTAKE__RECHECK_SECONDS="1",
    )
    with here.running():
        offer = bluesky.post(parent, OFFER, parent=root)
        until(lambda: here.happened("case.opened"), 180)
        (waiting,) = here.data("case", "list")
        number = str(waiting["id"])
        here.hide(number)
        until(lambda: bluesky.shown_hidden(parent, offer, root))
        assert not bluesky.shown_hidden(parent, kind, root)
        here.modbot("case", "undo", number, "--as", "ana")
        until(lambda: not bluesky.shown_hidden(parent, offer, root))
        bluesky.delete(parent, kind)
        until(lambda: here.happened("comment.deleted"))
    kinds = here.kinds()
    assert kinds.count("comment.seen") == 2
    assert kinds.count("comment.deleted") == 1
    assert kinds.count("action.done") == 2
