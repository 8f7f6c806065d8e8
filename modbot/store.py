"""The database: one engine, and one writing transaction that keeps the log.

SQLite (WAL) and PostgreSQL run the same code. A writing transaction buffers rows and sends each table's
rows at once, log first, so that every foreign key holds and a batch costs one round trip a table.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlmodel import SQLModel

from modbot import audit
from modbot.errors import ConfigError, StoreUnavailable
from modbot.tables import AuditEvent, AuditHead, Content

T = TypeVar("T")
SYSTEM = "modbot"
"""The actor of entries that no person made."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def utcnow() -> datetime:
    return datetime.now(UTC)


def storable(text: str) -> str:
    """A column value any database takes; the exact text stays in the content."""
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def table(model: type[SQLModel]) -> sa.Table:
    found: sa.Table = model.__table__  # type: ignore[attr-defined]
    return found


def many(name: str) -> sa.BindParameter[Any]:
    """For `column.in_(many("ids"))`: the values are given when the statement is executed.

    To build a statement takes several times as long as to run it, so those of every page are built once.
    """
    return sa.bindparam(name, expanding=True)


class Transaction:
    """One writing transaction. What is added is sent by `flush`, which the commit calls."""

    now: datetime

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._head: tuple[int, str] | None = None
        self._rows: dict[sa.Table, list[dict[str, Any]]] = defaultdict(list)

    def record(self, kind: str, subject: str, body: Any = None, *, actor: str = SYSTEM) -> int:
        """Append one entry to the log and return its number; `{seq}` in the subject becomes it."""
        if kind not in audit.KINDS:
            raise ValueError(f"unknown kind of log entry: {kind}")
        text = None if body is None else audit.canonical(body)
        payload_hash = audit.NO_PAYLOAD if text is None else audit.digest(text)
        prev = self._head or self.lock()
        subject = storable(subject.replace("{seq}", str(prev[0] + 1)))
        entry = audit.link(prev, self.now, actor, kind, subject, payload_hash)
        self._head = (entry.seq, entry.hash)
        self._rows[table(AuditEvent)].append({field: getattr(entry, field) for field in _ENTRY_FIELDS})
        if text is not None:
            self._rows[table(Content)].append({"seq": entry.seq, "body": text})
        return entry.seq

    def add(self, model: type[SQLModel], **values: Any) -> None:
        """Insert one row at the next flush."""
        self._rows[table(model)].append(values)

    def flush(self) -> None:
        for each in _by_dependence():
            rows = self._rows.pop(each, None)
            if rows:
                self.connection.execute(sa.insert(each), rows)

    def close(self) -> None:
        self.flush()
        if self._head is not None:
            seq, digest = self._head
            self.connection.execute(sa.update(table(AuditHead)).values(seq=seq, hash=digest))

    def execute(
        self, statement: sa.Executable, values: Mapping[str, Any] | None = None
    ) -> sa.CursorResult[Any]:
        """Run a statement after everything that was added."""
        self.flush()
        result: sa.CursorResult[Any] = self.connection.execute(statement, values)
        return result

    def lock(self) -> tuple[int, str]:
        """Take the chain's head for this transaction."""
        row = self.connection.execute(_HEAD).one()
        self._head = (row.seq, row.hash)
        return self._head


@cache
def _by_dependence() -> tuple[sa.Table, ...]:
    """Every table after those that it refers to."""
    return tuple(SQLModel.metadata.sorted_tables)


# What is written is found by its key, whose plan may be kept. A plan kept for reading takes a rare kind of
# entry for a usual one, and reads the log from end to end.
_FOR_THESE_VALUES = sa.text("SET LOCAL plan_cache_mode = force_custom_plan")
_HEAD = sa.select(table(AuditHead).c.seq, table(AuditHead).c.hash).with_for_update()
_ENTRY_FIELDS = tuple(audit.Entry.__dataclass_fields__)


class Readable(Protocol):
    """A store, or a view of one."""

    def read(self) -> AbstractContextManager[Connection]: ...


class View:
    """A store as it stood when its first question was asked: all that a page shows agrees with itself."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def read(self) -> AbstractContextManager[Connection]:
        return nullcontext(self._connection)


class Store:
    """Reading and writing transactions on one database."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        # SQLite's own waiting sleeps and looks again, up to 100 ms late; one process can do better.
        is_file = self.dialect == "sqlite"
        self._turn: AbstractContextManager[Any] = threading.Lock() if is_file else nullcontext()
        self._reading: dict[str, Any] = {"reading": True}
        if self.dialect == "postgresql":
            self._reading |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view: what commits meanwhile is not seen."""
        with answering(), self.engine.connect() as connection:
            reading = connection.execution_options(**self._reading)
            if self.dialect == "postgresql":
                reading.execute(_FOR_THESE_VALUES)
            yield reading

    @contextmanager
    def view(self) -> Iterator[View]:
        """One transaction for everything that a page reads; for one thread."""
        with self.read() as connection:
            yield View(connection)

    @contextmanager
    def write(self, now: datetime | None = None, *, logged: bool = True) -> Iterator[Transaction]:
        """All or nothing: rows, log entries and the chain's head commit together.

        The head is locked first, so that writers queue up in one order and cannot deadlock.
        `logged=False` is for leases and health notes, which leave no entry.
        """
        with answering(), self._turn, self.engine.begin() as connection:
            transaction = Transaction(connection)
            if logged:
                transaction.lock()
            # After the lock, so that the entries' times follow their order.
            transaction.now = now or utcnow()
            yield transaction
            transaction.close()

    @property
    def dialect(self) -> str:
        return self.engine.dialect.name

    def close(self) -> None:
        self.engine.dispose()


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite address, whether it is there or not; None for a server."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


# Every page has three loops that may ask at once. Failed statements are shown without their values, which may
# be a comment's text.
_POOL: dict[str, Any] = {"pool_size": 10, "max_overflow": 40, "hide_parameters": True}


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`. Raises ConfigError for anything else."""
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigError(
            "The database address cannot be read.", remedy="Write sqlite:///modbot.db or postgresql://…"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False}, **_POOL)
        sa.event.listen(engine, "connect", _tune_sqlite)
        sa.event.listen(engine, "begin", _begin)
        return engine
    if parsed.get_backend_name() == "postgresql":
        return _postgres(parsed)
    raise ConfigError(
        f"{parsed.get_backend_name()} is not a database modbot runs on.",
        remedy="Use sqlite:///modbot.db or postgresql://…",
    )


def _postgres(url: sa.URL) -> Engine:
    try:
        engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10},
            **_POOL,
        )
    except ModuleNotFoundError:
        raise ConfigError(
            "PostgreSQL needs the extra package psycopg.", remedy='Run: pip install "modbot[postgres]"'
        ) from None
    sa.event.listen(engine, "connect", _tune_postgres)
    return engine


def _tune_postgres(connection: Any, _record: Any) -> None:
    # Compiling a statement pays for hours of analysis; each of ours, compiled anew, would only become slower.
    connection.autocommit = True
    connection.execute("SET jit = off")
    connection.autocommit = False


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions on its own: BEGIN IMMEDIATE below does, so that two writers
    # queue up at the start instead of failing in the middle.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        # Without it, INSERT OR REPLACE would pass the triggers that forbid deleting.
        "recursive_triggers = ON",
        "busy_timeout = 30000",
        "cache_size = -32768",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def answering() -> Iterator[None]:
    """Database failures in words that say what to do; nothing of the transaction was kept."""
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise StoreUnavailable(
            "The database gave no connection in time: all are in use.",
            remedy="Nothing was lost. If it stays so, the database is too slow for so many pages.",
        ) from error
    except sa.exc.DBAPIError as error:
        if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError | sa.exc.ProgrammingError):
            raise
        raise StoreUnavailable(
            f"The database did not take this: {_first_line(error)}", remedy=_remedy(error)
        ) from error


def _first_line(error: sa.exc.DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines() or ["no answer"]
    return lines[0]


def _remedy(error: sa.exc.DBAPIError) -> str:
    text = str(error.orig)
    for sign, remedy in _REMEDIES.items():
        if sign in text:
            return remedy
    return "Nothing was lost. Check that the database is running and reachable, then try again."


_REMEDIES = {
    "disk is full": "Free some space on the disk; modbot goes on by itself. Nothing was lost.",
    "disk I/O error": "Look at the disk: is it full, failing, or limited for this user (ulimit -f)?",
    "No space left": "Free some space on the database's disk; modbot goes on by itself. Nothing was lost.",
    "database is locked": "Another program holds the database. Close it, then try again. Nothing was lost.",
    "no such table": "Set the database up first: modbot init, or modbot run, does that.",
    "unable to open database file": "Check that the folder exists and that this user may write to it.",
    "readonly database": "Check that this user may write to the database file and its folder.",
    "password authentication failed": "The database refused the password; check the address in modbot.toml.",
    "Connection refused": "No database server answers there: start it, or check the address in modbot.toml.",
}


def body_of(connection: Connection, seq: int) -> Any:
    """The content of one log entry, decoded; None if it has none or was disposed of."""
    text = connection.execute(_BODY, {"seq": seq}).scalar()
    return None if text is None else json.loads(text)


def bodies_of(connection: Connection, seqs: Sequence[int]) -> dict[int, Any]:
    """Like `body_of`, for many at once; disposed ones are left out."""
    found: dict[int, Any] = {}
    for start in range(0, len(seqs), _PARAMETERS):
        some = seqs[start : start + _PARAMETERS]
        rows = connection.execute(_BODIES, {"seqs": some})
        found |= {row.seq: json.loads(row.body) for row in rows if row.body is not None}
    return found


def decoded(body: str | None) -> dict[str, Any]:
    """A content's body that was read together with other columns; empty where it was disposed of."""
    found: dict[str, Any] = {} if body is None else json.loads(body)
    return found


content = table(Content)
_BODY = sa.select(content.c.body).where(content.c.seq == sa.bindparam("seq"))
_BODIES = sa.select(content.c.seq, content.c.body).where(content.c.seq.in_(many("seqs")))
_PARAMETERS = 10_000
"""Values in one statement; the engines allow 32,766 and 65,535."""
