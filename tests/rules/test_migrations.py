"""The migrations build exactly the tables that the code declares, in the order of their names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from modbot import migrations
from modbot.store import Store


def test_the_migrations_equal_the_tables(empty_database_url: str) -> None:
    store = Store(empty_database_url)
    migrations.upgrade(store.engine)
    assert differences(store) == []
    store.close()


def test_the_files_are_named_after_their_revisions_in_order() -> None:
    scripts = ScriptDirectory(str(migrations.VERSIONS.parent))
    walked = [script.revision for script in scripts.walk_revisions()]
    assert migrations.revisions() == walked[::-1]


def test_a_table_that_no_migration_makes_is_found(store: Store) -> None:
    planted = sa.Table("planted", SQLModel.metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        assert [difference[0] for difference in differences(store)] == ["add_table"]
    finally:
        SQLModel.metadata.remove(planted)


def test_a_column_that_differs_is_found(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql('ALTER TABLE "user" ADD COLUMN planted INTEGER')
    assert [difference[0] for difference in differences(store)] == ["remove_column"]


def is_declared(name: str | None, kind: str, _parents: object) -> bool:
    """The search index is made by hand on each engine; no table in the code stands for it."""
    return not (kind == "table" and name and name.startswith("comment_words"))


def differences(store: Store) -> list[tuple[object, ...]]:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": is_declared}
        )
        found: list[tuple[object, ...]] = compare_metadata(context, SQLModel.metadata)
        return found
