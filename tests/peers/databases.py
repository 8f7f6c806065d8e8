"""PostgreSQL databases at the newest schema, each handed to one test after another.

To copy a database takes a tenth of a second of the processor, to empty one a hundredth. One that a test left
with another schema, or that cannot be emptied, is dropped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg

from tests.peers.postgres import Postgres

USES = 50
"""After so many tests it holds too many dead rows."""
SCHEMA = """
SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
  SELECT concat_ws(',', attrelid::regclass, attname, atttypid, attnotnull) FROM pg_attribute
    JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
  UNION ALL SELECT concat_ws(',', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
  UNION ALL SELECT concat_ws(',', conrelid::regclass, conname) FROM pg_constraint
  UNION ALL SELECT concat_ws(',', proname, md5(prosrc)) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(',', setdatabase, setconfig) FROM pg_db_role_setting
  UNION ALL SELECT version_num FROM alembic_version
) AS described (line)
"""
# The rows that the migrations put in.
KEEP = """
DO $$
DECLARE each record; filled boolean;
BEGIN
  CREATE SCHEMA kept;
  FOR each IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', each.relname) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', each.relname); END IF;
  END LOOP;
END $$
"""
# As a replica: the triggers that forbid deleting from the log, and foreign keys, do not fire.
EMPTY = """
DO $$
DECLARE each record; filled boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR each IN SELECT oid, relname, relkind FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
  LOOP
    IF each.relkind = 'S' THEN
      PERFORM setval(each.oid, 1, false);
    ELSE
      EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', each.relname) INTO filled;
      IF filled THEN EXECUTE format('DELETE FROM public.%I', each.relname); END IF;
    END IF;
  END LOOP;
  FOR each IN SELECT relname FROM pg_class WHERE relnamespace = 'kept'::regnamespace AND relkind = 'r'
  LOOP
    EXECUTE format('INSERT INTO public.%1$I SELECT * FROM kept.%1$I', each.relname);
  END LOOP;
END $$
"""
ALONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class Databases:
    """`template`: the name of an empty one at the newest schema, to which nobody is connected."""

    def __init__(self, server: Postgres, template: str) -> None:
        self._server = server
        self._template = template
        self._free: list[_Database] = []

    @contextlib.contextmanager
    def one(self) -> Iterator[str]:
        """The address of one that is empty."""
        database = self._free.pop() if self._free else self._made()
        yield self._server.url(database.name)
        if database.emptied():
            self._free.append(database)
        else:
            database.close()
            self._server.drop(database.name)

    def close(self) -> None:
        for database in self._free:
            database.close()

    def _made(self) -> _Database:
        name = self._server.create(self._template)
        return _Database(name, self._server.administrator(name))


class _Database:
    def __init__(self, name: str, administrator: psycopg.Connection[tuple[object, ...]]) -> None:
        self.name = name
        self._administrator = administrator
        self._uses = 0
        administrator.execute(KEEP)
        self._schema = self._described()

    def emptied(self) -> bool:
        """Whether it is as it was when it was made."""
        self._uses += 1
        try:
            self._administrator.execute(ALONE)
            if self._uses == USES or self._described() != self._schema:
                return False
            self._administrator.execute(EMPTY)
        except psycopg.Error:
            return False
        return True

    def close(self) -> None:
        self._administrator.close()

    def _described(self) -> object:
        return self._administrator.execute(SCHEMA).fetchone()
