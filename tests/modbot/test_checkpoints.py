"""The log proves itself: whatever is done to its rows behind modbot's back is found, on each engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import SQLModel

from modbot import audit, cases, checkpoints, deletions
from modbot.errors import AuditBroken, ConfigError, NotAllowed
from modbot.records.disposition import dispose
from modbot.rulings import Choice, Ruling
from modbot.store import Store, table
from modbot.tables import (
    AuditEvent,
    AuditHead,
    Case,
    Checkpoint,
    Comment,
    Content,
    Decision,
    PolicyVersion,
    Presence,
    Release,
    Score,
    User,
    Verdict,
)
from tests.modbot.scene import District, deleted, district

events, contents, head, kept = table(AuditEvent), table(Content), table(AuditHead), table(Checkpoint)
KEY = Ed25519PrivateKey.generate()
pytestmark = pytest.mark.faults


@pytest.fixture
def here(store: Store) -> District:
    """A log that holds comments, scores, cases, decisions and actions."""
    found = district(store)
    found.comes_in("Hello", "Buy now, half price", "I will hurt you")
    ruling = Ruling(choice=Choice.HIDE, by="ana", clause="C7", quote="Buy now")
    cases.decide(store, found.rules, found.rows(Case)[0].id, ruling)
    return found


def tamper(here: District, *statements: sa.Executable) -> None:
    """Change rows as the database's owner could: without modbot's triggers and foreign keys."""
    engine = sa.create_engine(here.store.engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        unguard = _unguard_sqlite if engine.dialect.name == "sqlite" else _unguard_postgresql
        unguard(connection)
        for statement in statements:
            connection.execute(statement)


def _unguard_sqlite(connection: sa.Connection) -> None:
    for name in (
        connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    ):
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def _unguard_postgresql(connection: sa.Connection) -> None:
    keys = "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f'"
    for where, name in connection.exec_driver_sql(keys).all():
        connection.exec_driver_sql(f"ALTER TABLE {where} DROP CONSTRAINT {name}")
    for name in connection.exec_driver_sql("SELECT tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal"):
        connection.exec_driver_sql(f"ALTER TABLE {name[0]} DISABLE TRIGGER USER")


def broken_at(here: District, signed: tuple[checkpoints.Signed, ...] = ()) -> int:
    with pytest.raises(AuditBroken) as caught:
        checkpoints.verify(here.store, signed)
    return caught.value.seq


def entries(here: District) -> int:
    return len(here.rows(AuditEvent))


def every_kind(here: District) -> dict[str, int]:
    """The first entry of each kind in the log."""
    found: dict[str, int] = {}
    for row in here.rows(AuditEvent):
        found.setdefault(row.kind, row.seq)
    return found


def test_an_untouched_log_is_proven_to_its_last_entry(here: District) -> None:
    proof = checkpoints.verify(here.store)
    assert (proof.entries, proof.head) == (entries(here), here.rows(AuditHead)[0].hash)


def test_an_empty_log_is_proven(store: Store) -> None:
    assert checkpoints.verify(store).entries == 0


@pytest.mark.parametrize("column", ["at", "actor", "kind", "subject", "payload_hash", "prev_hash", "hash"])
def test_an_edited_field_is_found_in_an_entry_of_every_kind(here: District, column: str) -> None:
    original = {row.seq: getattr(row, column) for row in here.rows(AuditEvent)}
    for seq in every_kind(here).values():
        old = original[seq]
        new = old + timedelta(seconds=1) if column == "at" else "0" * 63 + "1"
        tamper(here, sa.update(events).where(events.c.seq == seq).values({column: new}))
        assert broken_at(here) == seq
        tamper(here, sa.update(events).where(events.c.seq == seq).values({column: old}))
    checkpoints.verify(here.store)


def test_the_content_of_an_entry_of_every_kind_cannot_be_changed_emptied_or_removed(here: District) -> None:
    bodies = {row.seq: row.body for row in here.rows(Content)}
    for seq in {kind: seq for kind, seq in every_kind(here).items() if seq in bodies}.values():
        this = contents.c.seq == seq
        for change in (
            sa.update(contents).where(this).values(body='{"forged":1}'),
            sa.update(contents).where(this).values(body=None),
            sa.delete(contents).where(this),
        ):
            tamper(here, change)
            assert broken_at(here) == seq
            tamper(
                here, sa.delete(contents).where(this), sa.insert(contents).values(seq=seq, body=bodies[seq])
            )
    checkpoints.verify(here.store)


def test_a_deleted_entry_of_every_kind_is_found(here: District) -> None:
    rows = {row.seq: dict(row._mapping) for row in here.rows(AuditEvent)}
    for seq in every_kind(here).values():
        tamper(here, sa.delete(events).where(events.c.seq == seq))
        assert broken_at(here) == seq
        tamper(here, sa.insert(events).values(rows[seq]))


def test_two_swapped_entries_are_found(here: District) -> None:
    one, other = here.rows(AuditEvent)[3:5]
    fields = ("at", "actor", "kind", "subject", "payload_hash", "prev_hash", "hash")
    for mine, theirs in ((one, other), (other, one)):
        values = {field: getattr(theirs, field) for field in fields}
        tamper(here, sa.update(events).where(events.c.seq == mine.seq).values(values))
    assert broken_at(here) == one.seq


def cut_off(here: District, keep: int) -> None:
    """Remove the end of the log and make the head fit, as a careful forger would."""
    last = here.rows(AuditEvent)[keep - 1]
    tamper(
        here,
        sa.delete(contents).where(contents.c.seq > keep),
        sa.delete(events).where(events.c.seq > keep),
        sa.update(head).values(seq=keep, hash=last.hash),
    )


def test_a_cut_off_end_is_found_by_the_head(here: District) -> None:
    last = entries(here)
    tamper(
        here, sa.delete(contents).where(contents.c.seq == last), sa.delete(events).where(events.c.seq == last)
    )
    assert broken_at(here) == last


def test_a_cut_off_end_with_a_fitting_head_is_found_by_a_checkpoint_in_the_database(
    here: District, tmp_path: Path
) -> None:
    checkpoints.sign(here.store, KEY, tmp_path)
    cut_off(here, 5)
    assert broken_at(here) == 6


def test_a_cut_off_end_is_found_by_the_file_even_when_the_databases_own_checkpoints_are_gone(
    here: District, tmp_path: Path
) -> None:
    checkpoints.sign(here.store, KEY, tmp_path)
    tamper(here, sa.delete(kept))
    cut_off(here, 5)
    checkpoints.verify(here.store)
    assert broken_at(here, tuple(checkpoints.read_file(tmp_path / checkpoints.FILE_NAME))) == 6


def test_a_log_rewritten_from_some_entry_on_is_found_by_a_checkpoint(here: District, tmp_path: Path) -> None:
    checkpoints.sign(here.store, KEY, tmp_path)
    rewrite(here, 4)
    with pytest.raises(AuditBroken, match="is not the one that the checkpoint"):
        checkpoints.verify(here.store)


def rewrite(here: District, start: int) -> None:
    """Change entry `start` and give every later entry hashes that fit."""
    rows = here.rows(AuditEvent)
    prev = (start - 1, rows[start - 2].hash)
    for row in rows[start - 1 :]:
        actor = "somebody else" if row.seq == start else row.actor
        entry = audit.link(prev, row.at, actor, row.kind, row.subject, row.payload_hash)
        values = {"actor": actor, "prev_hash": entry.prev_hash, "hash": entry.hash}
        tamper(here, sa.update(events).where(events.c.seq == row.seq).values(values))
        prev = (entry.seq, entry.hash)
    tamper(here, sa.update(head).values(hash=prev[1]))


def test_a_forged_checkpoint_is_found(here: District, tmp_path: Path) -> None:
    signed = checkpoints.sign(here.store, KEY, tmp_path)
    assert signed is not None
    assert broken_at(here, (replace(signed, seq=2, hash=here.rows(AuditEvent)[1].hash),)) == 2


def test_a_checkpoint_of_another_key_is_found_when_the_right_key_is_known(
    here: District, tmp_path: Path
) -> None:
    checkpoints.sign(here.store, Ed25519PrivateKey.generate(), tmp_path)
    with pytest.raises(AuditBroken, match="another key"):
        checkpoints.verify(here.store, public_keys=[KEY.public_key().public_bytes_raw().hex()])


def test_a_log_that_has_not_grown_is_not_signed_again(here: District, tmp_path: Path) -> None:
    assert checkpoints.sign(here.store, KEY, tmp_path) is not None
    assert checkpoints.sign(here.store, KEY, tmp_path) is None
    here.comes_in("One more")
    assert checkpoints.sign(here.store, KEY, tmp_path) is not None
    assert len(checkpoints.read_file(tmp_path / checkpoints.FILE_NAME)) == 2
    assert checkpoints.verify(here.store).checkpoints == 2


def test_a_key_is_readable_by_its_owner_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    made = checkpoints.make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert checkpoints.read_key(path).public_key() == made.public_key()
    with pytest.raises(FileExistsError):
        checkpoints.make_key(path)


@pytest.mark.parametrize("content", [None, b"", b"not a key"])
def test_a_missing_or_broken_key_says_what_to_do(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "checkpoint.key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        checkpoints.read_key(path)
    assert "modbot init" in caught.value.remedy


@pytest.mark.parametrize("content", [None, "not json", '{"seq": 1}', "[1]"])
def test_a_file_that_holds_no_checkpoints_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "checkpoints.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError):
        checkpoints.read_file(path)


def add_officer(here: District) -> None:
    with here.store.write() as tx:
        seq = tx.record("user.added", "user:pro")
        tx.add(User, name="pro", added=seq, full_name="Records", role="records_officer", active=True)


def test_words_that_the_records_officer_released_are_gone_and_the_log_is_still_whole(here: District) -> None:
    add_officer(here)
    seq = here.rows(Comment)[0].id
    dispose(here.store, [seq], by="pro", authority="GS2010-001")
    assert {row.seq: row.body for row in here.rows(Content)}[seq] is None
    assert checkpoints.verify(here.store).entries == entries(here)


@pytest.mark.parametrize(("by", "authority"), [("ana", "GS2010-001"), ("pro", " "), ("nobody", "GS2010-001")])
def test_nobody_else_can_release_records_and_not_without_an_authority(
    here: District, by: str, authority: str
) -> None:
    add_officer(here)
    with pytest.raises(NotAllowed):
        dispose(here.store, [here.rows(Comment)[0].id], by=by, authority=authority)


@pytest.mark.parametrize(
    "change",
    [
        lambda: sa.update(events).values(actor="x"),
        lambda: sa.delete(events),
        lambda: sa.update(kept).values(hash="x"),
        lambda: sa.delete(kept),
    ],
)
def test_the_database_refuses_to_change_the_log(
    here: District, tmp_path: Path, change: Callable[[], sa.Executable]
) -> None:
    checkpoints.sign(here.store, KEY, tmp_path)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), here.store.write() as tx:
        tx.execute(change())


def swapped(of: sa.Table, key: sa.Column[int], one: Any, other: Any) -> list[sa.Executable]:
    """Two rows keep their numbers and change places otherwise."""
    fields = [column.name for column in of.columns if column.name != key.name]
    return [
        sa.update(of).where(key == mine).values({field: getattr(theirs, field) for field in fields})
        for mine, theirs in ((getattr(one, key.name), other), (getattr(other, key.name), one))
    ]


ROWS: dict[str, type[SQLModel]] = {"audit_event": AuditEvent, "content": Content, "checkpoint": Checkpoint}
TAMPERING = [(name, how) for name in (*ROWS, "audit_head") for how in ("edit", "delete", "swap", "truncate")]


def tampering(here: District, name: str, how: str) -> list[sa.Executable]:
    """What somebody could do to one table: `truncate` takes its newest rows away."""
    if name == "audit_head":
        early, late = here.rows(AuditEvent)[4:6]
        change = sa.update(head)
        heads: dict[str, sa.Executable] = {
            "edit": change.values(hash="0" * 64),
            "delete": sa.delete(head),
            "swap": change.values(seq=early.seq, hash=late.hash),
            "truncate": change.values(seq=early.seq, hash=early.hash),
        }
        return [heads[how]]
    of, rows = table(ROWS[name]), here.rows(ROWS[name])
    said = {"audit_event": "actor", "content": "body", "checkpoint": "hash"}[name]
    statements: dict[str, list[sa.Executable]] = {
        "edit": [sa.update(of).where(of.c.seq == rows[1].seq).values({said: "0" * 64})],
        "delete": [sa.delete(of).where(of.c.seq == rows[1].seq)],
        "swap": swapped(of, of.c.seq, rows[0], rows[1]),
        "truncate": [sa.delete(of).where(of.c.seq >= rows[-2].seq)],
    }
    return statements[how]


def test_whatever_is_done_to_a_table_of_the_log_is_found(here: District, tmp_path: Path) -> None:
    for number in range(4):
        checkpoints.sign(here.store, KEY, tmp_path)
        here.comes_in(f"Comment {number}")
    lines = checkpoints.read_file(tmp_path / checkpoints.FILE_NAME)
    models: list[type[SQLModel]] = [*ROWS.values(), AuditHead]
    before = {model: [dict(row._mapping) for row in here.rows(model)] for model in models}
    found = []
    for name, how in TAMPERING:
        checkpoints.verify(here.store, lines)
        tamper(here, *tampering(here, name, how))
        with pytest.raises(AuditBroken):
            checkpoints.verify(here.store, lines)
        found.append((name, how))
        model = ROWS.get(name, AuditHead)
        tamper(here, sa.delete(table(model)), sa.insert(table(model)).values(before[model]))
    assert found == TAMPERING


def test_a_line_taken_out_of_the_checkpoint_file_is_found(here: District, tmp_path: Path) -> None:
    for number in range(4):
        checkpoints.sign(here.store, KEY, tmp_path)
        here.comes_in(f"Comment {number}")
    lines = checkpoints.read_file(tmp_path / checkpoints.FILE_NAME)
    checkpoints.refuse_shortened(here.store, lines)
    checkpoints.refuse_shortened(here.store, lines[2:])
    with pytest.raises(AuditBroken, match="was taken out of") as caught:
        checkpoints.refuse_shortened(here.store, [lines[0], *lines[2:]])
    assert caught.value.seq == lines[1].seq


def test_checkpoints_that_could_not_be_written_down_are_with_the_next_one(
    here: District, tmp_path: Path
) -> None:
    checkpoints.sign(here.store, KEY, tmp_path)
    here.comes_in("One more")
    file = tmp_path / checkpoints.FILE_NAME
    away = file.rename(tmp_path / "away")
    file.mkdir()
    with pytest.raises(ConfigError):
        checkpoints.sign(here.store, KEY, tmp_path)
    file.rmdir()
    away.rename(file)
    here.comes_in("And another")
    checkpoints.sign(here.store, KEY, tmp_path)
    lines = checkpoints.read_file(file)
    assert [each.seq for each in lines] == [row.seq for row in here.rows(Checkpoint)]
    assert checkpoints.verify(here.store, lines).checkpoints == 3


APPEND_ONLY: tuple[type[SQLModel], ...] = (
    *(AuditEvent, Content, Checkpoint, Comment, Presence),
    *(PolicyVersion, Score, Verdict, Decision, Release),
)


def test_no_statement_replaces_or_empties_what_can_only_be_added_to(here: District, tmp_path: Path) -> None:
    checkpoints.sign(here.store, KEY, tmp_path)
    add_officer(here)
    here.confirmed("blog")
    deletions.release(here.store, here.rows(Comment)[1].id, "pro", "A court ordered it")
    here.arrive(deleted("1"))
    by = {
        "sqlite": "INSERT OR REPLACE INTO {name} SELECT * FROM {name} LIMIT 1",
        "postgresql": "TRUNCATE {name} CASCADE",
    }[here.store.dialect]
    for model in APPEND_ONLY:
        before = here.rows(model)
        assert before, model
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), here.store.write() as tx:
            tx.connection.exec_driver_sql(by.format(name=table(model).name))
        assert here.rows(model) == before
