"""modbot policy: is the district's policy sound, and what does it say?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from modbot import config, policy, proofread
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, facts, say, table
from modbot.errors import ConfigError
from modbot.policy import Clause, Policy

app = typer.Typer(no_args_is_help=True)


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The policy; else the one that modbot.toml names.")
    ] = None,
    config_file: Config = None,
    as_data: Json = False,
) -> None:
    """Every mistake of a policy with its line, and what a sound one leaves open."""
    path = file or _configured(config_file)
    source = _read(path)
    wrong = proofread.problems(source)
    open_ends = [] if wrong else list(proofread.remarks(policy.parse(source, str(path)), _today()))
    if as_data:
        as_json({"file": str(path), "problems": [asdict(each) for each in wrong], "remarks": open_ends})
    else:
        _report(path, wrong, open_ends)
    raise typer.Exit(1 if wrong else 0)


def _report(path: Path, wrong: list[proofread.Problem], open_ends: list[str]) -> None:
    for problem in wrong:
        say(f"{path}:{problem.line or '-'}: {problem.says}")
    if wrong:
        say(f"{len(wrong)} to mend; modbot does not use this policy. What is in force stays in force.")
        return
    say(f"{path} may be used.")
    for remark in open_ends:
        say(f"  {remark}")


@app.command()
def show(
    clause: Annotated[str, typer.Option("--clause", help="One clause in full, such as C1.")] = "",
    config_file: Config = None,
    as_data: Json = False,
) -> None:
    """The clauses of the policy file, with mode and sign-off."""
    rules = policy.load(_configured(config_file))
    if clause:
        _show_one(rules, clause, as_data)
    elif as_data:
        as_json(rules.model_dump(mode="json", exclude={"source"}))
    else:
        say(f"{rules.policy.name}, version {rules.policy.version}")
        say(f"SHA-256 {rules.sha256}")
        for said in filter(None, (rules.policy.notice, rules.policy.viewpoint, rules.policy.forum)):
            say(said)
        table(
            ("clause", "mode", "signed off", "the machine looks for", "text"), [_row(c) for c in rules.clause]
        )
        for watch in rules.watches:
            say(f"Watched without a clause: {watch.category} ({watch.id}, {watch.title})")


def _row(clause: Clause) -> tuple[str, ...]:
    signed = f"{clause.signed_off_by}, {clause.signed_off_on}" if clause.signed_off_on else "–"
    return clause.id, clause.mode, signed, ", ".join(clause.categories) or "–", clause.text


def _show_one(rules: Policy, wanted: str, as_data: bool) -> None:
    clause = rules.find(wanted)
    if clause is None:
        known = ", ".join(each.id for each in rules.clause)
        raise ConfigError(f"The policy has no clause {wanted}.", remedy=f"It has: {known}.")
    if as_data:
        as_json(clause.model_dump(mode="json"))
        return
    say(f"{clause.id}: {clause.title}")
    say(clause.text)
    facts(dict(zip(("mode", "signed off", "looks for"), _row(clause)[1:4], strict=True)))
    if clause.note:
        say(f"Keep in mind: {clause.note}")


def _configured(given: Path | None) -> Path:
    settings = config.load(config.find(given))
    return settings.path(settings.policy.file)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The policy file {path} cannot be read: {error.strerror}.",
            remedy="Name another file, or set [policy] file in modbot.toml.",
        ) from None


def _today() -> date:
    return datetime.now(UTC).date()
