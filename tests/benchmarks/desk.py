"""How fast the screens answer moderators who work at once, on a full queue and a long archive.

Every moderator reads the queue, opens a case, decides it, searches, and looks for about a second at each,
which is several times faster than people read. Times are the server's own, from inside its process.
"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import sqlalchemy as sa

from modbot import resources, sessions, users
from modbot.queue import WAITING
from modbot.store import Store, table
from modbot.tables import Action, AuditEvent, Case
from modbot.web.signed_in import form_token
from tests.benchmarks import desk_server, engines, installation
from tests.benchmarks.desk_server import PHRASE
from tests.benchmarks.engines import Engine
from tests.benchmarks.filling import Filler
from tests.benchmarks.plan import SEED, NotMeasured, Plan, Report, Table, percentile

cases, actions, events = table(Case), table(Action), table(AuditEvent)

SOURCES = 20_000
UNDO = 2.0
HIDDEN_EACH = 4
"""Comments that every moderator hides."""
SETTINGS = f"""
review.undo_seconds = {UNDO}
review.opinion_after_share = 0
"""
WORDS = f'[[word_list]]\nclause = "C7"\nreason = "So that these become cases"\nterms = ["{PHRASE}"]\n'
STEPS = {
    "queue": ("GET", re.compile(r"/queue")),
    "case": ("GET", re.compile(r"/case/\d+")),
    "decide": ("POST", re.compile(r"/case/\d+/decide")),
    "search": ("GET", re.compile(r"/search")),
}


@dataclass(frozen=True, slots=True)
class Moderator:
    token: str
    cases: Sequence[int]
    """To leave up; nobody else decides these."""
    hides: Sequence[int]
    words: Sequence[str]


class Browser:
    """Somebody who looks for a moment at what every request brought."""

    def __init__(self, client: httpx.Client, pause: float, chance: random.Random) -> None:
        self.client = client
        self.pause = pause
        self.chance = chance
        self.requests = 0

    def get(self, path: str, **values: str) -> str:
        return self._look(self.client.get(path, params=values).raise_for_status()).text

    def post(self, path: str, form: dict[str, str]) -> None:
        answer = self._look(self.client.post(path, data=form))
        if answer.status_code != 303:
            raise NotMeasured(f"{path} was answered by {answer.status_code}.")

    def _look(self, answer: httpx.Response) -> httpx.Response:
        self.requests += 1
        time.sleep(self.pause * self.chance.uniform(0.5, 1.5))
        return answer


def measure(plan: Plan) -> Report:
    report = Report()
    rows = []
    texts = plan.texts(min(SOURCES, max(plan.archived)))
    for name in engines.available(plan.engines):
        with engines.started(name) as engine:
            found = _measured(plan, engine, texts)
        report.figures.update({f"{name}.{key}": value for key, value in found.items()})
        for step in STEPS:
            figures = (found[f"{step}_{key}"] for key in ("requests", "p50_ms", "p95_ms"))
            rows.append((name, step, *(f"{figure:,}" for figure in figures)))
        rows.append(
            (name, "hide, to the platform", f"{found['hides']:,}", "", f"{found['to_platform_p95_ms']:,}")
        )
    title = f"{plan.moderators} moderators at once; to reach: p95 100 ms, and 2,000 ms to the platform"
    report.tables.append(Table(title, ("engine", "step", "times", "p50 ms", "p95 ms"), rows))
    return report


def _measured(plan: Plan, engine: Engine, texts: Sequence[str]) -> dict[str, float]:
    _install(engine)
    archived = _fill(plan, engine, texts)
    store = Store(engine.url)
    before, waiting = _newest(store), _waiting(store)
    hides = plan.moderators * HIDDEN_EACH
    with _server(engine.folder, hides) as address:
        _until(lambda: len(_waiting(store, before)) >= hides, "What is to be hidden did not reach the queue.")
        team = _team(plan, store, waiting, _waiting(store, before), texts)
        _warm_up(team[0], address)
        began = time.perf_counter()
        requests = _work(plan, team, address)
        seconds = time.perf_counter() - began
        _until(lambda: len(_delays(store)) >= hides, "Not everything reached the platform.")
    delays = _delays(store)
    store.close()
    times = json.loads((engine.folder / desk_server.TIMES).read_text(encoding="utf-8"))
    return _figures(times) | {
        "archived": archived,
        "open_cases": len(waiting) + hides,
        "requests_per_s": round(requests / seconds, 1),
        "hides": len(delays),
        "to_platform_p95_ms": round(percentile(delays, 0.95) * 1000, 1),
    }


def _install(engine: Engine) -> None:
    installation.write(engine.folder, engine.url)
    settings = engine.folder / "modbot.toml"
    # The recording gives way to a page that can hide.
    own = settings.read_text(encoding="utf-8").split("[[page]]")[0]
    settings.write_text(f"{SETTINGS}{own}[[page]]\nkey = '{installation.PAGE}'\nplatform = 'memory'\n")
    practice = (resources.folder("web") / "practice" / "policy.toml").read_text(encoding="utf-8")
    (engine.folder / "policy.toml").write_text(f"{practice}\n{WORDS}", encoding="utf-8")


def _fill(plan: Plan, engine: Engine, texts: Sequence[str]) -> int:
    """Archive comments, and keep as many of their cases open as are wanted."""
    bot = installation.opened(engine.folder)
    filler = Filler(bot, texts)
    filler.fill_to(max(plan.archived))
    sys.stderr.write(f"desk: {filler.archived:,} archived on {engine.name}\n")
    with bot.store.write(logged=False) as tx:
        waits = cases.c.state.in_(WAITING)
        kept = sa.select(cases.c.id).where(waits).order_by(cases.c.id).limit(plan.waiting)
        last = max(tx.execute(kept).scalars(), default=0)
        closed = {"state": "closed", "decided_at": tx.now, "closed_at": tx.now}
        tx.execute(sa.update(cases).where(waits, cases.c.id > last).values(**closed))
    engines.swept(bot.store)
    bot.close()
    return filler.archived


@contextmanager
def _server(folder: Path, comments: int) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.benchmarks.desk_server", str(folder), str(comments)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        address = server.stdout.readline().strip()
        if not address:
            raise NotMeasured("The server did not start, as told above.")
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
        server.stdout.close()


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + 300
    while not reached():
        if time.monotonic() > deadline:
            raise NotMeasured(otherwise)
        time.sleep(0.5)


def _newest(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0


def _waiting(store: Store, after: int = 0) -> list[int]:
    found = sa.select(cases.c.id).where(cases.c.state.in_(WAITING), cases.c.id > after).order_by(cases.c.id)
    with store.read() as connection:
        return list(connection.execute(found).scalars())


def _delays(store: Store) -> list[float]:
    """Seconds from the end of the undo window until the platform had carried it out."""
    asked, done = events.alias(), events.alias()
    found = (
        sa.select(asked.c.at, done.c.at.label("done_at"))
        .select_from(actions)
        .join(asked, asked.c.seq == actions.c.id)
        .join(done, done.c.seq == actions.c.receipt)
        .where(actions.c.state == "done")
    )
    with store.read() as connection:
        return [(row.done_at - row.at).total_seconds() - UNDO for row in connection.execute(found)]


def _team(
    plan: Plan, store: Store, leave_up: Sequence[int], hide: Sequence[int], texts: Sequence[str]
) -> list[Moderator]:
    """Everybody with cases of their own, spread over the whole queue, and words to search for."""
    chance = random.Random(SEED)
    spread = chance.sample(leave_up, len(leave_up))
    words = [word for text in chance.sample(texts, min(len(texts), 2_000)) for word in text.split()]
    team = []
    for number in range(plan.moderators):
        name = f"moderator{number}"
        users.add(store, name, f"Moderator {number}", "moderator")
        with store.write() as tx:
            token = sessions.start(tx, name, address="127.0.0.1", agent="bench", how="password")
        every = slice(number, None, plan.moderators)
        team.append(Moderator(token, spread[every], hide[every], chance.sample(words, min(len(words), 500))))
    return team


def _warm_up(moderator: Moderator, address: str) -> None:
    """What is made once in the life of a process: templates and statements."""
    with httpx.Client(
        base_url=address, headers={"Cookie": f"modbot={moderator.token}"}, timeout=60
    ) as client:
        for path in ("/queue", f"/case/{moderator.cases[0]}", "/search?text=school", "/queue/counts"):
            client.get(path).raise_for_status()


def _work(plan: Plan, team: Sequence[Moderator], address: str) -> int:
    """Everybody at once; returns how many requests they made."""
    until = time.monotonic() + plan.worked
    with ThreadPoolExecutor(len(team)) as pool:
        return sum(pool.map(lambda each: _shift(plan, each, address, until), team))


def _shift(plan: Plan, moderator: Moderator, address: str, until: float) -> int:
    headers = {"Origin": address, "Cookie": f"modbot={moderator.token}"}
    hides = iter(moderator.hides)
    with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
        browser = Browser(client, plan.pause, random.Random(moderator.token))
        # Nobody comes in at the same instant as all the others.
        time.sleep(plan.pause * browser.chance.uniform(0, 5))
        for number in moderator.cases:
            if time.monotonic() > until:
                break
            hidden = next(hides, None)
            _decide(browser, moderator, number)
            browser.get("/search", text=browser.chance.choice(moderator.words))
            if hidden is not None:
                _decide(browser, moderator, hidden, hide=True)
        # What is left, so that every hide is measured however short the shift.
        for hidden in hides:
            _decide(browser, moderator, hidden, hide=True)
    return browser.requests


def _decide(browser: Browser, moderator: Moderator, case: int, *, hide: bool = False) -> None:
    browser.get("/queue")
    shown = browser.get(f"/case/{case}")
    browser.get("/queue/counts")
    version = re.search(r'name="version" value="(\d+)"', shown)
    if version is None:
        raise NotMeasured(f"Case {case} offers no decision.")
    form = {"_token": form_token(moderator.token), "version": version[1], "choice": "leave_up"}
    if hide:
        form |= {"choice": "hide", "clause": "C7", "quote": PHRASE}
    browser.post(f"/case/{case}/decide", form)


def _figures(times: Sequence[tuple[str, str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for step, (method, path) in STEPS.items():
        spent = [seconds for way, where, seconds in times if way == method and path.fullmatch(where)]
        found[f"{step}_requests"] = len(spent)
        found[f"{step}_p50_ms"] = round(percentile(spent, 0.5) * 1000, 1)
        found[f"{step}_p95_ms"] = round(percentile(spent, 0.95) * 1000, 1)
    return found
