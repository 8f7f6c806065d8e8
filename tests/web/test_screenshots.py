"""`make screenshots` leaves no screen out. Nothing is taken here."""

from __future__ import annotations

import re

from tests.web.reached import REACHED, routes, screens
from tests.web.screenshots import SHOTS


def test_every_screen_has_a_picture_with_the_name_of_its_template() -> None:
    names = {template.removesuffix(".html").replace("_", "-") for template in screens()}
    assert len(names) > 30
    assert names - {*SHOTS, *REACHED} == set()


def test_every_address_that_a_browser_can_ask_for_has_a_picture() -> None:
    paths = [shot.path.split("?")[0] for shot in SHOTS.values()]
    asked = {route: re.compile(re.sub("{[^}]+}", "[^/]+", route)) for route in routes()}
    assert len(asked) > 20
    assert [route for route, like in asked.items() if not any(map(like.fullmatch, paths))] == []


def test_no_two_pictures_have_the_same_name() -> None:
    assert set(SHOTS) & set(REACHED) == set()
