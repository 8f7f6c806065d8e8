"""The main job end to end beside the real MediaWiki: modbot run, decisions by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.modbot.test_wordpress_day import KIND, OFFER, Installation, until
from tests.peers.mediawiki import MediaWiki
from tests.platforms.talk import Talk

pytestmark = pytest.mark.timeout(300)


def test_a_day_beside_a_real_wiki(tmp_path: Path, mediawiki: MediaWiki) -> None:
    talk = Talk(mediawiki)
    talk.put(KIND)
    here = Installation(
        tmp_path / "district",
        "mediawiki",
        f'url = "{mediawiki.url}"\nuser = "{mediawiki.user}"\nbot_password = {{ env = "WIKI_PASSWORD" }}\n',
        WIKI_PASSWORD=mediawiki.password,
        MODBOT_DATABASE__URL=f"sqlite:///{tmp_path / 'district' / 'modbot.db'}",
        MODBOT_INTAKE__RECHECK_SECONDS="1",
    )
    with here.running():
        offer = talk.put(f"{KIND}\n\n{OFFER}")
        until(lambda: here.happened("case.opened"), 120)
        (waiting,) = here.data("case", "list")
        number = str(waiting["id"])
        here.hide(number)
        until(lambda: talk.open_to_readers(offer) == [False])
        assert talk.text == KIND
        here.modbot("case", "undo", number, "--as", "ana")
        until(lambda: OFFER in talk.text and talk.open_to_readers(offer) == [True])
        talk.put(OFFER)
        until(lambda: here.happened("comment.deleted"))
    here.modbot("audit", "verify")
    kinds = here.kinds()
    assert [kinds.count(each) for each in ("comment.seen", "comment.deleted", "action.done")] == [2, 1, 2]
