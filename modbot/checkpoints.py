"""Signed checkpoints: statements that leave the machine, against which the whole log can be proven later.

Ed25519 over the canonical JSON of seq, hash and at. A log that was cut short, or rewritten from some entry
on, no longer matches a checkpoint that somebody else kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from modbot import audit
from modbot.errors import AuditBroken, ConfigError
from modbot.store import Store, table
from modbot.tables import AuditEvent, AuditHead, Checkpoint, Content

events, head = table(AuditEvent), table(AuditHead)
contents, checkpoints = table(Content), table(Checkpoint)
FILE_NAME = "checkpoints.jsonl"
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Signed:
    """One line of checkpoints.jsonl. `at` is ISO 8601 in UTC; key and signature are hex."""

    seq: int
    hash: str
    at: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a whole verification found to be true."""

    entries: int
    head: str
    checkpoints: int


def make_key(path: Path) -> Ed25519PrivateKey:
    """A new signing key, readable by this user alone. Refuses to replace one."""
    key = Ed25519PrivateKey.generate()
    raw = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(raw)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The key that signs checkpoints, {path}, cannot be read: {error}",
            remedy="Restore it from your copy, or make a new one with: modbot init FOLDER",
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} holds another kind of key.", remedy="It must be an Ed25519 key.")
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    """What others need to check this key's signatures, as 64 hex digits."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return raw.hex()


def sign(store: Store, key: Ed25519PrivateKey, folder: Path) -> Signed | None:
    """Sign the log's head, keep it and append it to the folder's file; None when nothing is new."""
    with store.write() as tx:
        newest = tx.execute(sa.select(sa.func.max(checkpoints.c.seq))).scalar()
        seq, digest = tx.lock()
        signed = None if seq in (0, newest) else _signed(key, seq, digest, tx.now)
        if signed is not None:
            tx.add(Checkpoint, **(asdict(signed) | {"at": tx.now}))
    # After the commit: a line without its row would look like a row that somebody removed.
    _write_down(store, folder / FILE_NAME)
    return signed


def _write_down(store: Store, path: Path) -> None:
    """Append all that was signed since the file's last line: more than one where it could not be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    newer = sa.select(checkpoints).order_by(checkpoints.c.seq)
    if path.exists() and (lines := read_file(path)):
        newer = newer.where(checkpoints.c.at > datetime.fromisoformat(lines[-1].at))
    with store.read() as connection:
        fresh = [_of_row(row) for row in connection.execute(newer)]
    if fresh:
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(each)) + "\n" for each in fresh)
            file.flush()
            os.fsync(file.fileno())


def _signed(key: Ed25519PrivateKey, seq: int, digest: str, at: datetime) -> Signed:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    signature = key.sign(_message(seq, digest, moment))
    return Signed(seq, digest, moment, public_hex(key), signature.hex())


def _message(seq: int, digest: str, at: str) -> bytes:
    return audit.canonical({"seq": seq, "hash": digest, "at": at}).encode("ascii")


def read_file(path: Path) -> list[Signed]:
    """The checkpoints of a file that somebody kept. Raises ConfigError for a file that is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Signed(**json.loads(line)) for line in lines if line.strip()]
    except OSError as error:
        problem = error.strerror or "it cannot be read"
    except (ValueError, TypeError):
        problem = "it does not hold checkpoints"
    raise ConfigError(
        f"The checkpoint file {path}: {problem}.", remedy="Give a checkpoints.jsonl that modbot wrote."
    )


def verify(
    store: Store,
    kept: Sequence[Signed] = (),
    *,
    public_keys: Collection[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> Proof:
    """Prove every entry, its content, the head and every checkpoint, in the database and in `kept`.

    Raises AuditBroken at the first entry that fails, or where the database lacks a checkpoint of `kept`.
    `public_keys` (hex) refuses other signers.
    """
    with store.read() as connection:
        stored = [_of_row(row) for row in connection.execute(sa.select(checkpoints))]
        end = connection.execute(sa.select(head.c.seq, head.c.hash)).one_or_none()
        wanted = _by_seq([*stored, *kept], public_keys)
        last = audit.Entry(0, datetime.min.replace(tzinfo=UTC), "", "", "", "", "", audit.GENESIS)
        with closing(_rows(connection, _disposed(connection))) as rows:
            for last in audit.verify(rows):
                for signed in wanted.pop(last.seq, ()):
                    _same_hash(signed, last)
                if last.seq % _CHUNK == 0:
                    progress(last.seq)
    _no_more(wanted, last)
    if end is None or (end.seq, end.hash) != (last.seq, last.hash):
        raise AuditBroken(f"the log ends at entry {last.seq}, but its head says otherwise", seq=last.seq + 1)
    _refuse_lacking({*kept} - {*stored}, "was removed from the database")
    return Proof(last.seq, last.hash, len({*stored, *kept}))


def refuse_shortened(store: Store, lines: Sequence[Signed]) -> None:
    """Raises AuditBroken where a checkpoint of the database was taken out of this installation's own file.

    The file may begin later, where an earlier one was put away; its end is written again by the next signing.
    """
    first, last = (pick((each.at for each in lines), default="") for pick in (min, max))
    with store.read() as connection:
        stored = {_of_row(row) for row in connection.execute(sa.select(checkpoints))}
    due = {each for each in stored if first <= each.at <= last}
    _refuse_lacking(due - {*lines}, f"was taken out of {FILE_NAME}")


def _refuse_lacking(lacking: Collection[Signed], what: str) -> None:
    if lacking:
        seq = min(each.seq for each in lacking)
        raise AuditBroken(f"the checkpoint at entry {seq} {what}", seq=seq)


def _by_seq(all_signed: Sequence[Signed], public_keys: Collection[str]) -> dict[int, list[Signed]]:
    found: dict[int, list[Signed]] = {}
    for signed in all_signed:
        _check_signature(signed, public_keys)
        found.setdefault(signed.seq, []).append(signed)
    return found


def _check_signature(signed: Signed, public_keys: Collection[str]) -> None:
    if public_keys and signed.public_key not in public_keys:
        raise AuditBroken(
            f"the checkpoint at entry {signed.seq} was signed with another key ({signed.public_key})",
            seq=signed.seq,
        )
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signed.public_key))
        key.verify(bytes.fromhex(signed.signature), _message(signed.seq, signed.hash, signed.at))
    except (InvalidSignature, ValueError):
        raise AuditBroken(
            f"the checkpoint at entry {signed.seq} has a false signature", seq=signed.seq
        ) from None


def _same_hash(signed: Signed, entry: audit.Entry) -> None:
    if signed.hash != entry.hash:
        raise AuditBroken(
            f"entry {entry.seq} is not the one that the checkpoint of {signed.at} signed", seq=entry.seq
        )


def _no_more(wanted: dict[int, list[Signed]], last: audit.Entry) -> None:
    if wanted:
        raise AuditBroken(
            f"the log ends at entry {last.seq}, but a checkpoint was signed at entry {max(wanted)}: "
            "its end was cut off",
            seq=last.seq + 1,
        )


def _disposed(connection: sa.Connection) -> set[str]:
    """Subjects of the entries whose words a records officer released."""
    released = sa.select(events.c.subject).where(events.c.kind == "record.disposed")
    return set(connection.execute(released).scalars())


def _rows(connection: sa.Connection, disposed: set[str]) -> Generator[tuple[audit.Entry, str | None, bool]]:
    columns = [events.c[field] for field in audit.Entry.__dataclass_fields__]
    statement = (
        sa.select(*columns, contents.c.body)
        .select_from(events.outerjoin(contents, contents.c.seq == events.c.seq))
        .order_by(events.c.seq)
        .execution_options(yield_per=_CHUNK)
    )
    with closing(connection.execute(statement)) as found:
        for row in found:
            yield audit.Entry(*row[: len(columns)]), row.body, f"entry:{row.seq}" in disposed


def _of_row(row: sa.Row[Any]) -> Signed:
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    return Signed(row.seq, row.hash, at, row.public_key, row.signature)
