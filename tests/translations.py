"""make strings: collect the strings of the interface and bring modbot/locale/*.po up to them.

What is new comes in untranslated, what is gone goes; then translate what `make test` names.
"""

from __future__ import annotations

import ast
import os
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from classifiers import ballot, carrying, detox, private_names, second_hand
from classifiers import evidence as contributions
from modbot import audit, codebook, evidence, policy, resources, rulings
from modbot.web.i18n import LANGUAGES, SOURCE

PACKAGE = Path(__file__).parents[1] / "modbot"
LOCALE = PACKAGE / "locale"
METHODS = [("web/templates/**.html", "jinja2"), ("web/**.py", "python")]
OPTIONS = {"web/templates/**.html": {"trimmed": "true", "silent": "false"}}
PATTERNS = tomllib.loads((PACKAGE.parent / "classifiers" / "patterns.toml").read_text(encoding="utf-8"))
RULES = policy.parse(resources.policy("yelm-4007p.toml"), "policy.toml")
ELSEWHERE: dict[str, Iterable[str]] = {
    "audit.py": audit.KINDS.values(),
    "evidence.py": [
        *evidence.IN_WORDS.values(),
        *evidence.NO_CATEGORY.values(),
        evidence.THREAT_OR_REPORT,
        *evidence.MEMBERS.values(),
        "certain",
        "high",
        "medium",
        "low",
    ],
    "../classifiers/patterns.toml": sorted({rule["reason"] for rule in PATTERNS["rule"]}),
    "../classifiers": [
        ballot.CALLED,
        ballot.REFERS,
        ballot.TAGGED,
        carrying.WORDING,
        contributions.WORDING,
        detox.WORDING,
        private_names.NAMED,
        private_names.RESEMBLES,
        second_hand.REASON,
        "a phone number",
        "an e-mail address",
        "a link",
    ],
    "policy.py": [policy.REPORT.title, policy.REPORT.note],
    "policies/codebook.toml": [
        *(
            text
            for each in codebook.chapters().values()
            for text in (each.meaning, each.leave_up, each.borderline)
        ),
        *(each.words for choice in rulings.Choice for each in codebook.reasons(RULES, choice)),
    ],
}
"""Strings that the pages take from parts of modbot that know no languages."""
REFUSING = (
    "../platforms/manual.py",
    "accounts.py",
    "alerts/calls.py",
    "appeals.py",
    "bringing_in.py",
    "by_hand.py",
    "case_rows.py",
    "cases.py",
    "deletions.py",
    "learning/register.py",
    "notes.py",
    "policy.py",
    "policy_versions.py",
    "review/appealed.py",
    "review/view.py",
    "rulings.py",
    "sealing.py",
    "second_looks.py",
    "sign_in.py",
    "splits.py",
    "users.py",
    "web/account.py",
    "web/app.py",
    "web/audit_log.py",
    "web/guard.py",
    "web/help_pages.py",
    "web/signed_in.py",
    "withdrawals.py",
)
"""Whatever these refuse is read at the desk."""
NOT_AT_THE_DESK = {
    "at the start, by whoever runs modbot": (
        "alerts/discord.py",
        "alerts/signed_webhook.py",
        "auto_reply.py",
        "config.py",
        "credentials.py",
        "demo.py",
        "matched_pairs.py",
        "members.py",
        "migrations/__init__.py",
        "starter.py",
        "wiring.py",
    ),
    "where the log is proven, as what exactly is wrong, marked as English": (
        "audit.py",
        "checkpoints.py",
        "reconcile.py",
    ),
    "as the database's own answer, below words that are translated": ("store.py",),
    "by nobody: the sign-in says it in its own words": ("sso.py",),
}
"""Where else it is read what these refuse."""
REFUSALS = (
    "AlreadyDecided",
    "AuditBroken",
    "ConfigError",
    "DecisionRefused",
    "ModbotError",
    "NotAllowed",
    "NotBroughtIn",
    "SignInBlocked",
    "SignInRefused",
    "StaleCase",
    "StoreUnavailable",
    "Unreadable",
)
COMMAND = "modbot "
"""What to do next is left out at the desk where it holds this."""
WIDTH = 110
# Not Babel's own, whose dates change with every run and say nothing.
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plural}\\n"

"""


def collected() -> Catalog:
    """Every string of the interface, with the files that it is in."""
    found = Catalog(charset="utf-8", fuzzy=False)
    for file, _line, message, _comments, context in extract_from_dir(PACKAGE, METHODS, OPTIONS):
        found.add(message, locations=[(file, 0)], context=context)
    for file, texts in ELSEWHERE.items():
        for text in texts:
            found.add(text, locations=[(file, 0)])
    for file in REFUSING:
        for text in refused(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
            found.add(text, locations=[(file, 0)])
    return found


def refused(module: ast.Module) -> Iterator[str]:
    """Every text and piece of advice of a refusal, and the words that are put into it.

    A text that is put together before nobody could translate; this fails for it.
    """
    constants = {
        node.targets[0].id: node.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for call in calls(module, "Words"):
        # What a part that knows no languages refused is read there.
        if not isinstance(call.args[0], ast.Attribute):
            yield ast.literal_eval(call.args[0])
    for call in calls(module, *REFUSALS):
        advice = [each.value for each in call.keywords if each.arg == "remedy"]
        for given in [*call.args, *advice]:
            text = constants.get(given.id, given) if isinstance(given, ast.Name) else given
            if isinstance(text, ast.Call):
                (text,) = text.args  # of N_
            # A name that is no constant of the module: the advice of `already_decided`, a command.
            if isinstance(text, ast.Name):
                continue
            said = ast.literal_eval(text)
            if COMMAND not in said:
                yield said


def calls(module: ast.Module, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def at_the_desk(start: str = "web/app.py") -> set[str]:
    """Every file of ours that the screens are made of, whatever imports it on the way."""
    found: set[str] = set()
    waiting = [PACKAGE / start]
    while waiting:
        file = waiting.pop()
        name = Path(os.path.relpath(file, PACKAGE)).as_posix()
        if name not in found:
            found.add(name)
            waiting += _imported(ast.parse(file.read_text(encoding="utf-8")))
    return found


def _imported(module: ast.Module) -> Iterator[Path]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        else:
            continue
        for name in names:
            path = PACKAGE.parent.joinpath(*name.split("."))
            yield from (each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file())


def kept(language: str) -> Catalog:
    with (LOCALE / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def bring_up(language: str) -> None:
    catalogue = kept(language)
    catalogue.update(collected(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with (LOCALE / f"{language}.po").open("wb") as file:
        file.write(HEADER.format(language=language, plural=catalogue.plural_forms).encode())
        write_po(file, catalogue, width=WIDTH, include_lineno=False, sort_by_file=True, omit_header=True)


if __name__ == "__main__":
    for each in LANGUAGES:
        if each != SOURCE:
            bring_up(each)
