"""What holds for every adapter that can be pushed to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pytest

from platforms.base import Event
from platforms.push import BadSignature, Pushed, must_match


class Page(Pushed):
    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        must_match(headers.get("x-sum", ""), hashlib.sha256(body).hexdigest())

    async def unpack(self, body: bytes) -> Sequence[Event]:
        return ()


def test_a_signature_must_be_the_expected_one() -> None:
    must_match("sha256=abc", "sha256=abc")
    for wrong in ("", "sha256=abd", "sha256=abcd", "sha256=äbc", "\udcff"):
        with pytest.raises(BadSignature):
            must_match(wrong, "sha256=abc")


def test_without_an_id_of_the_platform_the_body_itself_tells_deliveries_apart() -> None:
    page = Page()
    assert (
        page.delivery_id({}, b"one") == page.delivery_id({"x": "y"}, b"one") != page.delivery_id({}, b"two")
    )
    assert page.challenge({"anything": "1"}) is None
