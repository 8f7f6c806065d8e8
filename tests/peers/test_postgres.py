from __future__ import annotations

import psycopg
import pytest

from tests.peers.postgres import Postgres, running


def test_the_owner_must_give_its_password(postgres: Postgres) -> None:
    wrong = postgres.url("template1").replace(postgres.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_what_was_committed_survives_the_server_being_killed(postgres: Postgres) -> None:
    name = postgres.create()
    with psycopg.connect(postgres.url(name)) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS word")
    postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url(name))
    postgres.start()
    with psycopg.connect(postgres.url(name)) as connection:
        assert connection.execute("SELECT word FROM note").fetchall() == [("kept",)]
    postgres.drop(name)


def test_a_stop_sends_connected_clients_away(postgres: Postgres) -> None:
    with psycopg.connect(postgres.url("template1"), autocommit=True) as connection:
        postgres.stop()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    postgres.start()


@pytest.mark.usefixtures("postgres")
def test_a_durable_server_puts_every_commit_on_the_disk() -> None:
    with running(durable=True) as server:
        assert server.execute("SHOW fsync") == [("on",)]
        assert server.execute("SHOW synchronous_commit") == [("on",)]
