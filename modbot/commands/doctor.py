"""modbot doctor: what is wrong here?"""

from __future__ import annotations

from dataclasses import asdict

import typer

from modbot.checkups.finding import Finding, State
from modbot.commands.options import Config, Json
from modbot.commands.output import as_json, say
from modbot.doctor import examine

app = typer.Typer()

SIGNS = {State.FINE: "✓ fine", State.LOOK: "! look", State.WRONG: "✗ wrong"}


@app.command()
def doctor(config: Config = None, as_data: Json = False) -> None:
    """Find out what is wrong with this installation and what to do. Status 1 if anything is wrong."""
    findings = []
    for each in examine(config):
        findings.append(each)
        if not as_data:
            _tell(each)
    wrong = sum(each.state is State.WRONG for each in findings)
    if as_data:
        as_json([asdict(each) for each in findings])
    else:
        say(f"{wrong} wrong." if wrong else "Nothing is wrong.")
    raise typer.Exit(1 if wrong else 0)


def _tell(finding: Finding) -> None:
    say(f"{SIGNS[finding.state]}  {finding.what}: {finding.says}")
    if finding.remedy:
        say(f"         {finding.remedy}")
