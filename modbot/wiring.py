"""The one place that builds parts from settings."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa
import structlog
from pydantic import ValidationError

import platforms
from classifiers.base import Category
from classifiers.ensemble import Ensemble
from modbot import auto_reply, migrations, page_openings, policy, quotas, sealing, words
from modbot.config import PageSettings, Settings
from modbot.credentials import SealedTokens
from modbot.errors import ConfigError
from modbot.learning import in_use
from modbot.members import ensemble_of, operating_points, refuse_unknown
from modbot.pipeline import Scorer
from modbot.policy import Policy
from modbot.quotas import LastingBudget
from modbot.records import archive, page_state
from modbot.scoring_process import ScoringProcess
from modbot.store import Readable, Store, body_of, table
from modbot.tables import AuditEvent, Content, Page, PolicyVersion
from platforms.base import Platform

log = structlog.get_logger()
pages, versions = table(Page), table(PolicyVersion)
events, content = table(AuditEvent), table(Content)
IN_FORCE = "policy:in_force"
_LAST_IN_FORCE = sa.select(content.c.body).where(
    content.c.seq
    == sa.select(sa.func.max(events.c.seq)).where(events.c.subject == IN_FORCE).scalar_subquery()
)
SCORERS = 2


@dataclass(frozen=True, slots=True)
class Bot:
    """Everything that `modbot run` works with."""

    settings: Settings
    store: Store
    scorers: tuple[Scorer, ...]
    """Workers of one scoring process: one's texts are scored while another's verdicts are written."""
    pages: Mapping[str, Platform]

    @property
    def scorer(self) -> Scorer:
        return self.scorers[0]

    def close(self) -> None:
        """End the scoring process and the connections; for whoever does not run the service."""
        self.scorer.ensemble.close()
        self.store.close()


def build(settings: Settings) -> Bot:
    """Open, check and register everything. Raises ConfigError before anything has started."""
    watched = {page.key: open_page(page) for page in settings.page}
    auto_reply.refuse_silent(watched, settings.auto_reply)
    scoring, limits = scoring_apart(settings)
    store = open_store(settings)
    rules = put_in_force(store, load_policy(settings))
    register_pages(store, settings.page)
    retire_pages(store, settings)
    make_all_lasting(tuple(watched.values()), store, settings)
    batch, host = settings.classifiers.batch, socket.gethostname()
    scorers = tuple(
        Scorer(store, scoring, rules, limits, worker=f"{host}/{number}", batch=batch)
        for number in range(1, SCORERS + 1)
    )
    return Bot(settings, store, scorers, watched)


def open_store(settings: Settings) -> Store:
    """The database at its newest schema. Raises StoreUnavailable or ConfigError."""
    store = Store(settings.database_url())
    migrations.upgrade(store.engine)
    return store


def load_policy(settings: Settings) -> Policy:
    """The policy file, its word lists checked as well."""
    path = settings.path(settings.policy.file)
    rules = policy.load(path)
    refused = words.refused(rules.word_list, rules.policy.officials)
    if refused:
        raise ConfigError(
            f"The policy {path} has a word list that may not be used: {'; '.join(refused)}.",
            remedy="Take these terms out: word lists may not name anybody or filter criticism.",
        )
    return rules


def put_in_force(store: Store, rules: Policy) -> Policy:
    """Note in the log from when on this version counts; does nothing if it is the one in force."""
    with store.write() as tx:
        last = tx.execute(sa.select(sa.func.max(events.c.seq)).where(events.c.subject == IN_FORCE)).scalar()
        before = body_of(tx.connection, last) if last is not None else None
        if before is not None and before["sha256"] == rules.sha256:
            return rules
        seq = tx.record("policy.loaded", IN_FORCE, {"sha256": rules.sha256, "text": rules.source})
        known = tx.execute(sa.select(versions.c.sha256).where(versions.c.sha256 == rules.sha256)).scalar()
        if known is None:
            tx.add(
                PolicyVersion,
                sha256=rules.sha256,
                loaded=seq,
                name=rules.policy.name,
                version=rules.policy.version,
                at=tx.now,
            )
    return rules


def policy_in_force(store: Readable) -> Policy:
    """The policy that the bot judges by: the one last put in force, not the file as it may stand now."""
    with store.read() as connection:
        body = connection.execute(_LAST_IN_FORCE).scalar()
    if body is None:
        raise ConfigError("No policy is in force yet.", remedy="Start the bot once: modbot run")
    return _in_force(body)


@lru_cache(maxsize=4)
def _in_force(body: str) -> Policy:
    """Every page asks, and a policy changes a few times a year."""
    return policy.parse(json.loads(body)["text"].encode(), "in force")


def load_ensemble(settings: Settings) -> tuple[Ensemble, Mapping[Category, float]]:
    """The configured members, loaded, and the operating points. Absent members are named, not fatal."""
    models = in_use.of(settings).models
    return ensemble_of(settings.classifiers.members, models, in_use.district_of(settings))


def scoring_apart(settings: Settings) -> tuple[ScoringProcess, Mapping[Category, float]]:
    """The same in a process of its own, which starts here and loads its models meanwhile."""
    return scoring_by(settings, in_use.of(settings).models)


def scoring_by(settings: Settings, models: Path) -> tuple[ScoringProcess, Mapping[Category, float]]:
    """By the models in this folder."""
    members = settings.classifiers.members
    refuse_unknown(members)
    limits = operating_points(models)
    scoring = ScoringProcess(members, models, in_use.district_of(settings))
    scoring.start()
    return scoring, limits


def open_page(page: PageSettings) -> Platform:
    """The page's adapter with its own settings checked; nothing is called yet."""
    adapter = platforms.load(page.platform)
    try:
        return adapter(page.key, adapter.Settings.model_validate(page.settings))
    except ValidationError as error:
        problems = "; ".join(f"{' '.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(
            f"The settings of page '{page.key}' do not hold: {problems}.",
            remedy=f"Mend [page.settings] of this page; it is a {page.platform} page.",
        ) from None


def make_lasting(platform: Platform, store: Store, settings: Settings) -> None:
    """Keep what a registered page uses of its quotas, and its token, in the database; before `open`."""
    make_all_lasting((platform,), store, settings)


def make_all_lasting(platforms_: Iterable[Platform], store: Store, settings: Settings) -> None:
    """The same for all pages of a process: those that use up one quota get one budget.

    Raises ConfigError where such pages say different things of their quota.
    """
    budgets: dict[str, LastingBudget] = {}
    for platform in platforms_:
        keeper = _keeper(platform, store, settings)
        quotas.take_over(store, keeper, _kept_it_before(platform, keeper, store, settings))
        platform.budget = budgets.setdefault(keeper, LastingBudget(store, keeper))
        _keep_token(platform, store, settings)


def _keeper(platform: Platform, store: Store, settings: Settings) -> str:
    """The page under whose key the quota is counted: the first that is registered of those that share it."""
    if not platform.quota_key:
        return platform.page
    for page in settings.page:
        if page.key == platform.page:
            return page.key
        try:
            other = open_page(page)
        except ConfigError:
            continue  # It is told when that page itself is opened.
        if other.quota_key == platform.quota_key and is_registered(store, page.key):
            if other.quotas() != platform.quotas():
                raise ConfigError(
                    f"Pages '{page.key}' and '{platform.page}' share one quota ({platform.quota_key}), and "
                    "their settings give different limits.",
                    remedy="Write the same limits in [page.settings] of both: they hold for both together.",
                )
            return page.key
    return platform.page


def _kept_it_before(platform: Platform, keeper: str, store: Store, settings: Settings) -> list[str]:
    """Pages that may have stood first among those that share a quota: left since, or put behind."""
    if not platform.quota_key:
        return []
    others = {page.key for page in settings.page} - set(sharing(settings).get(platform.page, ()))
    with store.read() as connection:
        alike = sa.select(pages.c.key).where(pages.c.platform == platform.name, pages.c.key != keeper)
        return [key for key in connection.execute(alike).scalars() if key not in others]


def sharing(settings: Settings) -> Mapping[str, Sequence[str]]:
    """By page: those that use up one quota with it, itself included, in the order of the settings."""
    keys: dict[str, str] = {}
    for page in settings.page:
        with contextlib.suppress(ConfigError):  # It is told where the page is opened.
            keys[page.key] = open_page(page).quota_key or f"of page {page.key} alone"
    return {key: [each for each, same in keys.items() if same == shared] for key, shared in keys.items()}


def _keep_token(platform: Platform, store: Store, settings: Settings) -> None:
    if platform.consent() is not None:
        seal = sealing.seal(settings.path(settings.web.key_file))
        platform.tokens = SealedTokens(store, seal, platform.page)


def is_registered(store: Store, key: str) -> bool:
    with store.read() as connection:
        return connection.execute(sa.select(pages.c.key).where(pages.c.key == key)).first() is not None


def register_pages(store: Store, configured: tuple[PageSettings, ...]) -> None:
    """Enter new and changed pages in the register, and those that are back."""
    with store.write() as tx:
        known = {row.key: row for row in tx.execute(sa.select(pages))}
        retired = page_openings.retired(tx.connection)
        for page in configured:
            values = page.model_dump(include={"platform", "title", "school"}) | {"url": page.link}
            before = known.get(page.key)
            is_same = before is not None and all(before._mapping[key] == values[key] for key in values)
            if is_same and page.key not in retired:
                continue
            if before is not None and before.platform != page.platform:
                raise ConfigError(
                    f"Page '{page.key}' was a {before.platform} page.",
                    remedy="Give the new page a new key, so that the old page's records keep theirs.",
                )
            seq = tx.record("page.registered", f"page:{page.key}", values)
            if before is None:
                tx.add(Page, key=page.key, registered=seq, failure="", checked_to=0, **values)
            else:
                tx.execute(sa.update(pages).where(pages.c.key == page.key).values(registered=seq, **values))
            if page.key in retired:
                page_state.missed_from_now(tx, page.key)


def retire_pages(store: Store, settings: Settings) -> None:
    """Put on record which pages of the register are no longer in the settings. They stay in the register."""
    unread = archive.patience(settings.intake.poll_seconds)
    configured = [page.key for page in settings.page]
    for page in page_openings.retire(store, configured, str(settings.folder.absolute()), unread):
        log.warning("page.retired", page=page, says="it is no longer in the settings, and so not watched")
