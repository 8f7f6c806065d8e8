from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from modbot import checkpoints, migrations
from modbot.errors import ConfigError, StoreUnavailable
from modbot.store import Readable, Store, body_of, storable, table
from modbot.tables import AuditEvent, User


def count(store: Readable) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table(AuditEvent))).scalar_one()


def test_a_failed_transaction_leaves_neither_rows_nor_log_entries(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        seq = tx.record("user.added", "user:ana")
        tx.add(User, name="ana", added=seq, full_name="Ana", role="lead", active=True)
        tx.flush()
        _ = 1 / 0
    assert count(store) == 0


def test_an_entry_is_numbered_when_it_is_recorded_and_can_name_itself(store: Store) -> None:
    with store.write() as tx:
        assert [tx.record("case.opened", "case:{seq}", {}) for _ in range(2)] == [1, 2]
    with store.read() as connection:
        assert connection.execute(sa.select(table(AuditEvent).c.subject)).scalars().all() == [
            "case:1",
            "case:2",
        ]


def test_an_unknown_kind_of_entry_cannot_be_recorded(store: Store) -> None:
    with pytest.raises(ValueError, match="unknown kind"), store.write() as tx:
        tx.record("comment.vanished", "comment:1")


@pytest.mark.parametrize("text", ["\x00", "\ud800", "a\x00b\udfffc", "👩‍👩‍👧 ok", "\u202e"])
def test_any_text_survives_in_content_exactly_and_any_column_takes_it_made_storable(
    store: Store, text: str
) -> None:
    with store.write() as tx:
        seq = tx.record("user.added", f"user:{text}", {"text": text})
        tx.add(User, name="x", added=seq, full_name=storable(text), role="lead", active=True)
    with store.read() as connection:
        assert body_of(connection, seq) == {"text": text}


def test_writers_in_many_threads_keep_one_unbroken_chain(database_url: str) -> None:
    def write() -> None:
        store = Store(database_url)
        for _ in range(10):
            with store.write() as tx:
                tx.record("user.changed", "user:x", {"n": 1})
        store.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = Store(database_url)
    assert checkpoints.verify(store).entries == 40
    store.close()


def test_a_reader_does_not_wait_for_a_writer(store: Store) -> None:
    with store.write() as tx:
        tx.record("user.changed", "user:x")
        tx.flush()
        assert count(store) == 0


def test_a_view_stays_as_it_was_while_others_write(store: Store) -> None:
    with store.view() as view:
        assert count(view) == 0
        with store.write() as tx:
            tx.record("user.added", "user:ana")
        assert count(view) == 0
    assert count(store) == 1


def test_the_schema_can_be_brought_up_twice_and_then_equals_the_tables(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    for _ in range(2):
        migrations.upgrade(store.engine)
    assert migrations.current(store.engine) == migrations.newest()
    store.close()


def test_a_database_of_a_newer_modbot_is_left_alone(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="newer modbot") as caught:
        migrations.upgrade(store.engine)
    assert "backup" in caught.value.remedy


@pytest.mark.parametrize("url", ["", "modbot.db", "mysql://x/y", "sqlite"])
def test_another_kind_of_database_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Store(url)
    assert "sqlite:///" in caught.value.remedy


def test_a_database_in_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        migrations.upgrade(Store(f"sqlite:///{tmp_path}/nowhere/modbot.db").engine)
    assert "folder exists" in caught.value.remedy


def test_a_database_that_another_program_holds_says_so(tmp_path: Path) -> None:
    path = tmp_path / "modbot.db"
    store = Store(f"sqlite:///{path}")
    migrations.upgrade(store.engine)
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    sa.event.listen(store.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout = 50").close())
    store.engine.dispose()
    with pytest.raises(StoreUnavailable) as caught, store.write():
        pass
    assert "Another program" in caught.value.remedy
    other.close()
    store.close()


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "modbot.db"
    path.write_bytes(b"This is not a database at all, only text." * 100)
    with pytest.raises(StoreUnavailable) as caught:
        migrations.upgrade(Store(f"sqlite:///{path}").engine)
    assert caught.value.remedy


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_does_not_compile_statements_that_run_for_milliseconds(store: Store) -> None:
    with store.read() as connection:
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == "off"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_plans_what_is_read_for_its_values_however_often_that_was_asked(store: Store) -> None:
    """From its sixth run on psycopg prepares a statement, and from its eleventh PostgreSQL may plan it once
    for any value: rare kinds of entries were then looked for in the whole log."""
    statement = "SELECT count(*) FROM audit_event WHERE kind = %(kind)s"
    with store.read() as connection:
        for _ in range(20):
            connection.exec_driver_sql(statement, {"kind": "record.disposed"})
        plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %(like)s"
        ((generic, custom),) = connection.exec_driver_sql(plans, {"like": "%kind = $1"}).all()
    assert generic == 0
    assert custom > 10
