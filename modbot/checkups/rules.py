"""What modbot judges by: the district's policy, and the models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from classifiers import manifest
from classifiers.base import ClassifierError
from modbot import proofread, wiring
from modbot.checkups.finding import Finding, fine, look, wrong
from modbot.config import Settings
from modbot.errors import ConfigError, ModbotError
from modbot.learning import in_use
from modbot.members import ensemble_of
from modbot.policy import Mode


def policy(settings: Settings) -> Iterator[Finding]:
    try:
        rules = wiring.load_policy(settings)
    except ConfigError as error:
        yield wrong("policy", str(error), "See each mistake with its line: modbot policy check")
        return
    signed = [clause.id for clause in rules.clause if clause.mode is Mode.ENFORCE]
    says = f"{rules.policy.name}, version {rules.policy.version}"
    if signed:
        yield fine("policy", f"{says}; hiding is possible under {', '.join(signed)}")
    else:
        remedy = "Counsel signs a clause, then set its mode to enforce with signed_off_by and signed_off_on."
        yield look("policy", f"{says}: nothing can be hidden, no clause is signed off", remedy)
    for gap in proofread.gaps(rules, datetime.now(UTC).date()):
        yield look("policy", gap, "Mend the policy file if that is not meant.")


def models(settings: Settings) -> Iterator[Finding]:
    try:
        used = in_use.of(settings)
        if used.trouble:
            remedy = "Restore the folder from a backup, or go back: modbot models back"
            yield wrong("models", f"learned model {used.number} is not used: {used.trouble}", remedy)
        folder = used.models
        entries = manifest.read(folder)
        for name, entry in entries.items():
            for file in entry["files"]:
                manifest.verified(folder, name, file)
        yield fine("models", f"{', '.join(entries)}: every file is the one that the manifest names")
        ensemble, _ = ensemble_of(settings.classifiers.members, folder, in_use.district_of(settings))
    except ModbotError as error:
        yield wrong("classifiers", str(error), error.remedy)
    except ClassifierError as error:
        yield wrong("models", str(error), "Reinstall modbot, or restore the folder of models.")
    else:
        for name, reason in ensemble.absent.items():
            yield wrong("classifiers", f"{name} cannot be loaded: {reason}", "modbot scores without it.")
