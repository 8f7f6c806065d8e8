"""What is wrong with a file that the district wrote, in words for whoever mends it."""

from __future__ import annotations

from pydantic import ValidationError


def told(error: ValidationError) -> str:
    """Every mistake with its place, on one line."""
    return "; ".join(
        ": ".join(filter(None, [".".join(map(str, each["loc"])), each["msg"].removeprefix("Value error, ")]))
        for each in error.errors()
    )
