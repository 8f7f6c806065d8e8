from __future__ import annotations

import pytest

from modbot.visible import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("Größe, 中文, مرحبا, 🏫", "Größe, 中文, مرحبا, 🏫"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\x00b\rc\x7f\x9b", "a\\x00b\\rc\\x7f\\x9b"),
        ("\u202egnol\u2066", "\\u202egnol\\u2066"),
        ("v\u200bote\u00ad", "v\\u200bote\\xad"),
        ("half \ud83d", "half \\ud83d"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_nothing_in_a_shown_text_is_invisible(text: str, seen: str) -> None:
    assert visible(text) == seen
