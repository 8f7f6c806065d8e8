"""What people write into the search forms: an empty or unreadable field does not narrow the search."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import Field

T = TypeVar("T")
RowNumber = Annotated[int, Field(ge=0, lt=2**63)]
"""A number that a database can look up."""


def sent(form: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """A dependency that makes one of its fields; the class itself FastAPI would run in a thread."""

    async def made(**values: Any) -> T:
        return form(**values)

    vars(made)["__signature__"] = inspect.signature(form, eval_str=True)
    return made


def day(text: str) -> date | None:
    """A date as browsers send it, 2026-11-22."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def start_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    """The day's first moment in the district."""
    return None if day is None else datetime.combine(day, time(), zone)


def end_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    """The first moment after the day; None for none, and for the calendar's last."""
    return None if day is None or day == date.max else start_of(day + timedelta(days=1), zone)


def number(text: str) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def address(path: str, **values: object) -> str:
    """The path with those values that are not empty."""
    given = {name: str(value) for name, value in values.items() if value not in ("", None)}
    return f"{path}?{urlencode(given)}" if given else path
