"""What a screen asks of the database: little, and all of it at one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from modbot import config
from modbot.store import Store
from modbot.web.app import create_app
from modbot.web.desk import Desk
from tests.modbot.installation import settings_file
from tests.modbot.scene import district
from tests.web.member import member

SCREENS = {
    "/queue": 14,
    "/queue/counts": 2,
    "/case/{number}": 16,
    "/decided": 9,
    "/search?text=buy": 10,
}
"""How many statements each takes with one case that waits."""


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """Everything that is sent meanwhile; each transaction begins with a BEGIN."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    yield sent
    sa.event.remove(store.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_reads_in_one_transaction_besides_the_sessions(
    tmp_path: Path, migrated_file: Path, screen: str
) -> None:
    (tmp_path / "modbot.db").write_bytes(migrated_file.read_bytes())
    store = Store(f"sqlite:///{tmp_path / 'modbot.db'}")
    here = district(store)
    here.comes_in("Buy now, half price")
    desk = Desk(config.load(settings_file(tmp_path, "sqlite:///modbot.db", "")), store)
    ana = member(create_app(desk), store, "ana")
    with store.read() as connection:
        number = connection.execute(sa.text('SELECT id FROM "case"')).scalar_one()
    with counted(store) as sent:
        assert ana.get(screen.format(number=number)).status_code == 200
    begun = [each for each in sent if each.startswith("BEGIN")]
    assert len(begun) == 2
    assert len(sent) - len(begun) <= SCREENS[screen]
    store.close()
