"""The practice's invented district after a morning's work, with something on every screen: for pictures."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from modbot import (
    accounts,
    appeals,
    bringing_in,
    cases,
    checkpoints,
    deletions,
    demo,
    notes,
    passwords,
    review,
    users,
)
from modbot.actions import carry_out
from modbot.config import PageSettings, Settings
from modbot.policy import Mode, Policy
from modbot.rulings import Choice, Ruling
from modbot.sealing import seal
from modbot.service import Service
from modbot.store import Store, utcnow
from modbot.web.app import create_app
from modbot.web.desk import Desk
from modbot.web.practice_page import Practice
from modbot.wiring import Bot
from platforms.manual import Row
from platforms.memory import memory_page
from tests.modbot.learning import in_shadow
from tests.modbot.scene import District, Keywords
from tests.web.member import PASSWORD
from tests.web.office import serving
from tests.web.reached import COLLEAGUE, NEWCOMER

CHIEF = "ana"
PEOPLE = {
    CHIEF: ("Ana Diaz", "administrator"),
    COLLEAGUE: ("Ben Okafor", "moderator"),
    "lee": ("Lee Park", "lead"),
    "ruth": ("Ruth Ortega", "records_officer"),
    "alma": ("Alma Reyes", "appeals_officer"),
    NEWCOMER: ("Nell Brandt", "moderator"),
}
FORUM = PageSettings(key="forum", platform="manual", title="Parents’ forum")
OFFER = "Handmade prom jewelry from $15, order today at brightbeads.example or text 555-0163"
CHANGES = {
    'version = "practice"': 'version = "practice 2"',
    "Offers of goods or services for": "Offers of goods, services or jobs for",
    'note = "The same rule for praise and for blame. Mild words stay up."': 'note = "Mild words stay up."',
}
"""From the shipped policy to the next version."""


@contextmanager
def larch_hollow() -> Iterator[tuple[str, Settings, Store]]:
    """Served at a web address."""
    with tempfile.TemporaryDirectory() as folder:
        settings = demo.prepare(Path(folder) / "practice", 0)
        settings = settings.model_copy(update={"page": (*settings.page, FORUM)})
        _change_policy(Path(folder) / "practice" / "policy.toml")
        bot, feed = demo.build(settings)
        page = memory_page(demo.PAGE)
        for sample in demo.material().samples:
            page.post(sample.text, author=sample.author, post=sample.post)
        for name, (full_name, role) in PEOPLE.items():
            users.add(bot.store, name, full_name, role)
        offer = Row(text=OFFER, author="Bright Beads", link="https://forum.example/prom")
        bringing_in.one(bot.store, settings, FORUM.key, offer, COLLEAGUE)
        asyncio.run(Service(bot).run_once())
        _work(bot)
        app = create_app(Desk(settings, bot.store), Practice(demo.material(), page, feed))
        with serving(app) as address:
            yield address, settings, bot.store
        bot.store.close()


def _change_policy(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        assert old in text, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def _work(bot: Bot) -> None:
    """What a morning's work leaves behind."""
    store, rules = bot.store, bot.scorer.policy
    _decide_some(store, rules)
    for key, platform in bot.pages.items():
        asyncio.run(carry_out(store, key, platform))
    taken_down = hidden(store)
    deletions.propose(store, taken_down[0], COLLEAGUE, "The district's counsel asks for it.")
    words = "I asked a question. Why is it gone?"
    appeals.file(store, taken_down[-1], CHIEF, words, "By telephone", None)
    today = utcnow().date()
    accounts.set_training(store, COLLEAGUE, today - timedelta(days=340), today + timedelta(days=25), by=CHIEF)
    _give_passwords(store)
    accounts.begin_totp(store, seal(bot.settings.path(bot.settings.web.key_file)), CHIEF)
    audit = bot.settings.audit
    key = checkpoints.read_key(bot.settings.path(audit.key_file))
    checkpoints.sign(store, key, bot.settings.path(audit.checkpoint_folder))
    in_shadow(District(store, rules, Keywords(), bot.scorer))


def _give_passwords(store: Store) -> None:
    """To everybody but the newcomer."""
    hashed = passwords.hashed(PASSWORD)
    with store.write() as tx:
        for name in PEOPLE:
            if name != NEWCOMER:
                accounts.set_password(tx, name, hashed)


def _decide_some(store: Store, rules: Policy) -> None:
    (brought_in,) = (line for line in review.waiting(store) if line.page == FORUM.key)
    cases.decide(store, rules, brought_in.id, _sensible(store, rules, brought_in))
    for line in review.waiting(store)[6:14]:
        cases.decide(store, rules, line.id, _sensible(store, rules, line))
    waiting = review.waiting(store)
    escalated = Ruling(
        choice=Choice.ESCALATE, by=COLLEAGUE, reason="A candidate?", version=waiting[-1].version
    )
    cases.decide(store, rules, waiting[-1].id, escalated)
    cases.claim(store, waiting[5].id, COLLEAGUE)
    told = "The same shop wrote last week. It was told about the clause."
    notes.write(store, waiting[4].id, COLLEAGUE, told)


def _sensible(store: Store, rules: Policy, line: review.Line) -> Ruling:
    """What a careful person would decide: the samples say themselves what they are there to show."""
    item = review.case(store, line.id).items[0]
    shows = {sample.text: sample.shows for sample in demo.material().samples} | {OFFER: "commercial"}
    for finding in item.judged.findings if item.judged else ():
        clause = rules.find(finding.clause)
        meant = finding.category == shows[item.text or ""]
        if clause and clause.mode is Mode.ENFORCE and meant and finding.spans:
            span = finding.spans[0]
            quote = (item.text or "")[span.start : span.end]
            about = {"clause": clause.id, "quote": quote, "version": line.version}
            return Ruling(choice=Choice.HIDE, by=COLLEAGUE, **about)
    return Ruling(choice=Choice.LEAVE_UP, by=CHIEF, reason_code="context", version=line.version)


def hidden(store: Store) -> list[int]:
    """The cases that are hidden on the practice page, the newest decision first."""
    found = review.decided(store).lines
    return [each.line.id for each in found if each.choice == "hide" and each.line.page == demo.PAGE]
