"""The main job end to end beside the real Bluesky network, under `make faults` like its other tests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.modbot.test_wordpress_day import KIND, OFFER, SIGNED, Installation, until
from tests.peers.bluesky import Account, Network

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.environ.get("MODBOT_FAULTS") != "long", reason="the real Bluesky network runs under make faults"
    ),
]


class Beside(Installation):
    """A district's folder with its one Bluesky page."""

    def __init__(self, folder: Path, network: Network, district: Account) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "APP_PASSWORD": district.app_password,
            "MODBOT_WEB__PORT": "0",
            "MODBOT_INTAKE__POLL_SECONDS": "1",
            "MODBOT_INTAKE__RECHECK_SECONDS": "1",
        }
        folder.mkdir()
        self.modbot("init", ".")
        with (folder / "modbot.toml").open("a") as file:
            file.write(
                "\n[[page]]\n"
                'key = "sky"\nplatform = "bluesky"\ntitle = "District on Bluesky"\n'
                "[page.settings]\n"
                f'service = "{network.url}"\nhandle = "{district.handle}"\nallow_loopback = true\n'
                'app_password = { env = "APP_PASSWORD" }\n'
            )
        policy = folder / "policy.toml"
        policy.write_text(policy.read_text().replace('mode = "advise"', SIGNED))
        self.modbot("user", "add", "ana", "--full-name", "Ana Reyes", "--role", "moderator")


def test_a_day_beside_the_real_bluesky(tmp_path: Path, bluesky: Network) -> None:
    district, parent = bluesky.join("day-district.test"), bluesky.join("day-parent.test")
    root = bluesky.post(district, "The board meets tonight.")
    kind = bluesky.post(parent, KIND, parent=root)
    until(lambda: kind in bluesky.notified(district))
    here = Beside(tmp_path / "district", bluesky, district)
    with here.running():
        offer = bluesky.post(parent, OFFER, parent=root)
        until(lambda: here.data("case", "list"), 180)
        (waiting,) = here.data("case", "list")
        number, quote = str(waiting["id"]), "first cut free"
        hide = ("--choice", "hide", "--clause", "C7", "--quote", quote, "--as", "ana", "--now")
        here.modbot("case", "decide", number, *hide)
        until(lambda: bluesky.shown_hidden(parent, offer, root))
        assert not bluesky.shown_hidden(parent, kind, root)
        here.modbot("case", "undo", number, "--as", "ana")
        until(lambda: not bluesky.shown_hidden(parent, offer, root))
        bluesky.delete(parent, kind)
        until(lambda: "comment.deleted" in here.modbot("audit", "export"))
    kinds = [json.loads(line)["kind"] for line in here.modbot("audit", "export").splitlines()]
    assert kinds.count("comment.seen") == 2
    assert kinds.count("comment.deleted") == 1
    assert kinds.count("action.done") == 2
