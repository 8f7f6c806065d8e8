"""What a decision's record holds beside the ruling itself, so that it can be read alone, years later.

The table in docs/concepts.md tells where every field of the record stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa

from modbot import page_openings
from modbot.case_rows import Item
from modbot.store import Transaction, many, table
from modbot.tables import Account, Page, Score, User, Verdict

verdicts, scores, pages = table(Verdict), table(Score), table(Page)
users, accounts = table(User), table(Account)

_PERSON = (
    sa.select(users.c.role, accounts.c.trained_until)
    .outerjoin(accounts, accounts.c.name == users.c.name)
    .where(users.c.name == sa.bindparam("person"))
)
_VERDICTS = (
    sa.select(
        verdicts.c.id, verdicts.c.comment_id, verdicts.c.score_id, verdicts.c.level, scores.c.classifier
    )
    .outerjoin(scores, scores.c.id == verdicts.c.score_id)
    .where(verdicts.c.comment_id.in_(many("comments")))
    .order_by(verdicts.c.id)
)
_PAGES = sa.select(pages.c.key, pages.c.url).where(pages.c.key.in_(many("keys")))


def of_person(tx: Transaction, name: str) -> dict[str, Any]:
    """Who decides: their role, and until when their training holds; None: no training is noted."""
    row = tx.execute(_PERSON, {"person": name}).one()
    until = row.trained_until
    return {"role": row.role, "trained_until": None if until is None else until.isoformat()}


def of_items(tx: Transaction, items: Sequence[Item]) -> dict[int, dict[str, Any]]:
    """By comment: where it stands, and the verdict that the person had before them.

    `verdict` and `score` are numbers of entries; `score` is None where no classifier could judge.
    """
    ids = [item.comment_id for item in items]
    newest = {row.comment_id: row for row in tx.execute(_VERDICTS, {"comments": ids})}
    where = _places(tx, {item.page for item in items})
    return {
        item.comment_id: {
            "page": item.page,
            "platform": item.platform,
            "adapter_version": _adapter_version(item.platform),
            "modbot": _modbot(),
            **where[item.page],
            **_opinion(newest.get(item.comment_id)),
        }
        for item in items
    }


def _places(tx: Transaction, keys: set[str]) -> dict[str, dict[str, str]]:
    """What is empty was never told: a page that no running modbot has opened yet has no account."""
    found = {}
    for row in tx.execute(_PAGES, {"keys": sorted(keys)}).all():
        opened = page_openings.last(tx.connection, row.key)
        told = {key: str(opened.get(key, "")) for key in ("district", "account")}
        found[row.key] = told | {"page_url": row.url}
    return found


def _opinion(row: Any) -> Mapping[str, Any]:
    if row is None:
        return {"verdict": None, "score": None, "level": "", "classifier": ""}
    return {
        "verdict": row.id,
        "score": row.score_id,
        "level": row.level,
        "classifier": row.classifier or "",
    }


@cache
def _adapter_version(platform: str) -> str:
    return page_openings.adapter_version(platform)


@cache
def _modbot() -> str:
    return version("modbot")
