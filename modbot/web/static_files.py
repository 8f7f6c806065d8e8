"""Scripts, styles and pictures. Their address changes with their content, so browsers may keep them for good.

A page then answers keys as soon as it is shown: nothing has to be fetched again for every case.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from modbot import resources

FOLDER = resources.folder("web") / "static"
FOR_GOOD = "private, max-age=31536000, immutable"


def _digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


WHERE = f"/static/{_digest(FOLDER)}"
"""The scripts import each other by their relative names, and so from the same version."""


def static(name: str) -> str:
    """The address of one file, for templates."""
    return f"{WHERE}/{name}"


class Static(StaticFiles):
    def file_response(self, *args: Any, **options: Any) -> Response:
        answer = super().file_response(*args, **options)
        answer.headers["Cache-Control"] = FOR_GOOD
        return answer
