"""What the tests of one platform in several modules share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from platforms.mediawiki import MediaWiki
from tests.peers.mediawiki import MediaWiki as Wiki
from tests.platforms.talk import Talk, adapter


@pytest.fixture
def talk(mediawiki: Wiki) -> Talk:
    return Talk(mediawiki)


@pytest.fixture
async def wiki(mediawiki: Wiki) -> AsyncIterator[MediaWiki]:
    platform = adapter(mediawiki)
    await platform.open()
    yield platform
    await platform.close()
