"""The settings file, the disk, the time zone and the web page's port."""

from __future__ import annotations

import errno
import shutil
import socket
import stat
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.observe import is_secret, redact_text

ROOM_WANTED, ROOM_NEEDED = 2_000_000_000, 200_000_000
"""Free bytes below which the disk is worth a look, and below which modbot may stop any day."""


def secrets(path: Path) -> Finding:
    clear = list(_in_clear(tomllib.loads(path.read_text(encoding="utf-8")), ""))
    if not clear:
        return fine("secrets", "none is written in the settings file")
    readable = path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    others = ", where other users of this machine can read it" if readable else ""
    says = f"{', '.join(clear)} stands in clear in {path}{others}"
    remedy = 'Write { env = "NAME" } or { secret_file = "path" } instead, and change the secret.'
    return wrong("secrets", says, remedy) if readable else look("secrets", says, remedy)


def _in_clear(value: Any, place: str) -> Iterator[str]:
    """The places of values that are secrets by their name, or by a password inside them."""
    if isinstance(value, list):
        for number, each in enumerate(value, start=1):
            yield from _in_clear(each, f"{place}{number} ")
    elif isinstance(value, dict) and set(value) not in ({"env"}, {"secret_file"}):
        for key, each in value.items():
            if not isinstance(each, str):
                yield from _in_clear(each, f"{place}{key} ")
            elif each and (is_secret(key) or redact_text(each) != each):
                yield place + key


def disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.folder.absolute()).free
    says, remedy = f"{free / 1e9:.1f} GB free", "Free some space: on a full disk no comment can be archived."
    if free < ROOM_NEEDED:
        return wrong("disk", says, remedy)
    return look("disk", says, remedy) if free < ROOM_WANTED else fine("disk", says)


def time_zone(settings: Settings) -> Finding:
    name = settings.district.timezone
    return fine("time zone", f"{name}: it is {datetime.now(ZoneInfo(name)):%H:%M} there now")


def web(settings: Settings) -> Finding:
    host, port = settings.web.host, settings.web.port
    try:
        with socket.create_server((host, port)):
            return fine("web page", f"port {port} on {host} is free")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            says = f"port {port} on {host} is in use: by modbot itself, if it is running"
            return look("web page", says, "Else set another [web] port in modbot.toml.")
        return wrong(
            "web page", f"cannot listen on {host}:{port}: {error.strerror}", "Mend [web] host and port."
        )
