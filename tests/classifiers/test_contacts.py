from __future__ import annotations

import pytest

from classifiers.contacts import find


@pytest.mark.parametrize(
    ("text", "detail", "kind"),
    [
        ("Call 206-555-0142 today", "206-555-0142", "a phone number"),
        ("text (206) 555-0142", "(206) 555-0142", "a phone number"),
        ("or 555-0142 after five", "555-0142", "a phone number"),
        ("my cell is +1 206 555 0142.", "+1 206 555 0142", "a phone number"),
        ("write jo.doe+tutor@mail.example.com!", "jo.doe+tutor@mail.example.com", "an e-mail address"),
        ("jo [at] example (dot) com", "jo [at] example (dot) com", "an e-mail address"),
        ("see https://shop.example.com/sale?x=1 now", "https://shop.example.com/sale?x=1", "a link"),
        ("hxxps://bad.example/win", "hxxps://bad.example/win", "a link"),
        ("lawncare.shop has deals", "lawncare.shop", "a link"),
        ("www.lawn-care.biz", "www.lawn-care.biz", "a link"),
    ],
)
def test_contact_details_are_found_where_they_stand(text: str, detail: str, kind: str) -> None:
    [span] = find(text)
    assert (text[span.start : span.end], span.reason) == (detail, kind)


@pytest.mark.parametrize(
    "text",
    [
        "Room 204, 2024-2025, from 8:00 to 15:30",
        "we won 14-7, 21-20 and 35-0 this year",
        "it costs $1,250,000 over 3 years",
        "that was great.so happy for them",
        "No.Really.Stop",
        "e.g. the U.S. team at 7 p.m.",
        "@lopez see page 12.3.4",
        "https://www.highschool.k12.wa.us/calendar and info@district.edu",
        "ids 1234567890123456789012345",
        "what a game https://t.co/Ab3dE5fG7h",
    ],
)
def test_numbers_dots_and_school_addresses_are_no_contact_details(text: str) -> None:
    assert find(text) == []


@pytest.mark.timeout(60)  # what backtracks would take hours
@pytest.mark.parametrize(
    "unit", ["1", "1 ", "a.", "a@", "a.b", "http://", "(", "a-", "1-1.", "@", "a@b.", "[at]"]
)
def test_hostile_text_is_read_to_the_end(unit: str) -> None:
    text = unit * (10_000 // len(unit))
    assert all(0 <= hit.start < hit.end <= len(text) for hit in find(text))
