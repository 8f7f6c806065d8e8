"""Files that go with a message."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO


class File:
    """Read at once, from a path or an open binary file, so that a repeated request sends it whole."""

    def __init__(
        self,
        fp: str | PathLike[str] | BinaryIO,
        filename: str | None = None,
        *,
        spoiler: bool = False,
        description: str | None = None,
    ) -> None:
        if isinstance(fp, str | PathLike):
            self.data = Path(fp).read_bytes()
            filename = filename or Path(fp).name
        else:
            self.data = fp.read()
            filename = filename or Path(str(getattr(fp, "name", "") or "untitled")).name
        self.filename = f"SPOILER_{filename}" if spoiler and not filename.startswith("SPOILER_") else filename
        self.description = description

    def to_dict(self, index: int) -> dict[str, Any]:
        described = {} if self.description is None else {"description": self.description}
        return {"id": index, "filename": self.filename, **described}
