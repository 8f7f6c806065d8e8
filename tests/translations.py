"""make strings: collect the strings of the interface and bring modbot/locale/*.po up to them.

What is new comes in untranslated, what is gone goes; then translate what `make test` names.
"""

from __future__ import annotations

import ast
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
    "accounts.py",
    "appeals.py",
    "case_rows.py",
    "cases.py",
    "deletions.py",
    "notes.py",
    "rulings.py",
    "second_looks.py",
    "splits.py",
    "users.py",
    "withdrawals.py",
)
"""Whatever these refuse is read at the desk."""
REFUSALS = ("AlreadyDecided", "ConfigError", "DecisionRefused", "NotAllowed", "StaleCase")
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
        yield ast.literal_eval(call.args[0])
    for call in calls(module, *REFUSALS):
        advice = [each.value for each in call.keywords if each.arg == "remedy"]
        for given in [*call.args, *advice]:
            text = constants.get(given.id, given) if isinstance(given, ast.Name) else given
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
