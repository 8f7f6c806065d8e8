"""What the pages' platforms filter by themselves, for the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.engine import Connection

from modbot.filters import InForce, in_force
from modbot.reports.capture import Registered
from modbot.reports.phrases import counted, listed
from platforms.base import Filter


def read(connection: Connection, pages: Sequence[Registered], last: int) -> dict[str, InForce]:
    """By page, as it stood at entry `last` of the log; without those of which nothing was ever read."""
    found = {page.key: in_force(connection, page.key, last) for page in pages}
    return {key: each for key, each in found.items() if each is not None}


def told(pages: Sequence[Registered], known: Mapping[str, InForce], *, named: bool) -> list[str]:
    """A sentence a page whose filters are known, and one about the others.

    `named`: with each filter, and in the platform's own words why some could not be read.
    """
    if not pages:
        return ["No page was registered."]
    sentences = [_of_page(page.name, known[page.key], named=named) for page in pages if page.key in known]
    unknown = sorted({page.platform for page in pages if page.key not in known})
    if unknown:
        sentences.append(
            f"modbot cannot read what {listed(unknown)} filters by itself. Look at the settings of each "
            "page: a filter there removes comments that nobody here ever sees."
        )
    return sentences


def _of_page(name: str, found: InForce, *, named: bool) -> str:
    if found.unreadable:
        why = f" {found.unreadable}." if named else ""
        return f"{name}: its filters could not be read.{why}"
    active = [each for each in found.filters if each.on]
    if not active:
        return f"{name}: no filter of the platform's own was on."
    many = counted(len(active), "filters")
    if not named:
        return f"{name}: {many} of the platform's own were on."
    return f"{name}: {many} of the platform's own were on: {'; '.join(_each(active))}."


def _each(active: Sequence[Filter]) -> Iterator[str]:
    return (f"“{each.name}” {each.does}" for each in active)
