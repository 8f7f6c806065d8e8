"""A new installation's folder: settings, policy, signing key and an empty database."""

from __future__ import annotations

from pathlib import Path

from modbot import checkpoints, config, wiring
from modbot.config import FILE_NAME
from modbot.errors import ConfigError

POLICY, KEY = "policy.toml", "checkpoint.key"


def make(folder: Path, settings: str, policy: bytes) -> Path:
    """Write the files and set the database up; the settings file. Never replaces anything.

    Raises ConfigError or OSError, and then leaves nothing half made behind.
    """
    _refuse_occupied(folder)
    new_folder = not folder.exists()
    written: list[Path] = []
    try:
        # The database holds what people wrote: nobody else on this machine needs to read it.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in ((FILE_NAME, settings.encode()), (POLICY, policy)):
            written.append(folder / name)
            with (folder / name).open("xb") as file:
                file.write(content)
        written.append(folder / KEY)
        checkpoints.make_key(folder / KEY)
        written += [folder / f"modbot.db{end}" for end in ("", "-wal", "-shm")]
        _set_up(folder / FILE_NAME)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        if new_folder and folder.is_dir():
            folder.rmdir()
        raise
    return folder / FILE_NAME


def _refuse_occupied(folder: Path) -> None:
    taken = [name for name in (FILE_NAME, POLICY, KEY, "modbot.db") if (folder / name).exists()]
    if taken:
        raise ConfigError(
            f"{folder} already holds {', '.join(taken)}; nothing was changed.",
            remedy="Name another folder, or use that installation: modbot run --config FILE",
        )


def _set_up(path: Path) -> None:
    settings = config.load(path)
    store = wiring.open_store(settings)
    try:
        wiring.put_in_force(store, wiring.load_policy(settings))
    finally:
        store.close()
