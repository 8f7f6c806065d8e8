"""A district whose decided cases can be learned from: all is flagged, and two people decide it alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from modbot import cases, config, members, policy, resources, second_looks, wiring
from modbot.config import Settings
from modbot.learning import register
from modbot.pipeline import Scorer
from modbot.rulings import Choice, Ruling
from modbot.sampling import Sampling
from modbot.store import Store, body_of
from modbot.tables import Case, CaseComment, Score, ShadowScore
from tests.modbot.installation import settings_file
from tests.modbot.scene import POLICY, District, district, said

MEMBERS = ("patterns", "linear")
"""The quick ones."""
STRICT = """
[[clause]]
id = "C2"
title = "Harassment"
text = "Harassing"
mode = "enforce"
categories = ["harassment"]
signed_off_by = "Counsel"
signed_off_on = 2026-09-01
thresholds = { harassment = 0.000001 }
[[clause]]
id = "C7"
title = "Commercial promotion"
text = "Promotes commercial services or products"
mode = "enforce"
categories = ["commercial"]
signed_off_by = "Counsel"
signed_off_on = 2026-09-01
thresholds = { commercial = 0.000001 }
"""
"""So low that the machine puts every comment before people."""
THINGS = ("bike", "couch", "car wash", "phone", "puppy", "dress", "lawn mower", "camera", "guitar", "sofa")
PLACES = ("spring play", "book fair", "band concert")
OFFERS = ("Selling our old {}, make an offer", "Used {} $25 obo", "{} wanted, will pay cash")
SOLD = [offer.format(thing) for offer in OFFERS for thing in THINGS]
"""Offers of which the shipped models are in doubt."""
SCHOOL = [f"The {thing} at the {place} was lovely, thank you all" for place in PLACES for thing in THINGS]


@dataclass(frozen=True)
class Learning:
    settings: Settings
    here: District

    @property
    def store(self) -> Store:
        return self.here.store


def learning(folder: Path, migrated: Path) -> Learning:
    """An installation on SQLite whose real scorer is the shipped quick members."""
    url = f"sqlite:///{folder / 'modbot.db'}"
    (folder / "modbot.db").write_bytes(migrated.read_bytes())
    settings = config.load(settings_file(folder, url, f"[classifiers]\nmembers = {list(MEMBERS)}"))
    store = Store(url)
    here = district(store)
    head = POLICY.split("[[clause]]")[0].replace('"1"', '"strict"')
    rules = wiring.put_in_force(store, policy.parse((head + STRICT).encode(), "policy.toml"))
    ensemble, limits = members.ensemble_of(MEMBERS, resources.models())
    scorer = Scorer(store, ensemble, rules, limits, worker="here")
    return Learning(settings, replace(here, rules=rules, scorer=scorer))


def decide(those: Learning, clause: str, hidden: Sequence[str], left_up: Sequence[str]) -> None:
    """All of them come in and are decided, ben's second opinion being ana's first."""
    here = those.here
    known = {row.id for row in here.rows(Case)}
    for place, texts in (("h", hidden), ("l", left_up)):
        here.arrive(*(said(f"{clause}-{place}-{n}", text) for n, text in enumerate(texts)))
        here.score()
        fresh = [row.id for row in here.rows(Case) if row.id not in known]
        known |= {*fresh}
        for number in fresh:
            _decide(here, number, clause if place == "h" else "")


def _decide(here: District, number: int, clause: str) -> None:
    """To hide: with the comment's first word, which its near-identical ones have as well."""
    row = next(each for each in here.rows(Case) if each.id == number)
    for by in ("ana", "ben"):
        quote = _first_word(here, number) if clause else ""
        choice = Choice.HIDE if clause else Choice.LEAVE_UP
        ruling = Ruling(choice=choice, by=by, clause=clause, quote=quote)
        if by == "ana":
            seen = replace(ruling, version=row.version)
            cases.decide(here.store, here.rules, number, seen, sampling=Sampling(share=1.0))
        else:
            second_looks.decide(here.store, here.rules, number, ruling)


def _first_word(here: District, number: int) -> str:
    with here.store.read() as connection:
        comment = min(row.comment_id for row in here.rows(CaseComment) if row.case_id == number)
        return str(body_of(connection, comment)["text"]).split()[0]


def in_shadow(here: District, gained: str = "threats", lost: str = "commercial") -> int:
    """A model on record that judges every scored comment differently; it has no files."""
    categories = {lost: {"hidden": 40, "left_up": 31, "stretch": 1.0, "shift": -1.0}}
    neutrality = {"pairs": 630, "difference": 0.0, "low": -0.01, "high": 0.01, "failures": []}
    figures = {"cases": 71, "persons": 3, "categories": categories, "neutrality": neutrality}
    with here.store.write() as tx:
        number = register.add(tx, "planted", "0" * 64, "lee", figures)
        for row in here.rows(Score):
            tx.add(
                ShadowScore,
                model_id=number,
                score_id=row.id,
                comment_id=row.comment_id,
                scores=json.dumps({gained: 0.81, lost: 0.07}),
                gained=gained,
                lost=lost,
                differs=True,
            )
    return number
