"""The whole proof that an installation can give of itself: its log, its checkpoints, its tables."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from modbot import checkpoints, reconcile
from modbot.checkpoints import Proof, Signed
from modbot.config import Settings
from modbot.store import Store


def prove(
    store: Store,
    settings: Settings,
    kept: Path | None = None,
    public_keys: Collection[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Proof:
    """Raises AuditBroken at the first entry, checkpoint or row that does not hold.

    `kept` is a file of checkpoints from elsewhere, else this installation's own; `public_keys` (hex) are
    those whose signatures count, else this installation's and the earlier ones of its settings. `progress` is
    told of entries proven.
    """
    outside = _outside(settings, kept)
    signers = [key.lower() for key in public_keys] or _own_keys(settings)
    proof = checkpoints.verify(store, outside, public_keys=signers, progress=progress)
    if kept is None:
        checkpoints.refuse_shortened(store, outside)
    reconcile.check(store)
    return proof


def _outside(settings: Settings, kept: Path | None) -> list[Signed]:
    own = settings.path(settings.audit.checkpoint_folder) / checkpoints.FILE_NAME
    if kept is None and not own.exists():
        return []
    return checkpoints.read_file(kept or own)


def _own_keys(settings: Settings) -> list[str]:
    """This installation's key and those before it; none where the key is kept elsewhere."""
    path = settings.path(settings.audit.key_file)
    if not path.exists():
        return []
    return [checkpoints.public_hex(checkpoints.read_key(path)), *settings.audit.earlier_public_keys]
