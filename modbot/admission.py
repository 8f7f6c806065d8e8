"""New models take the place of the old only if they treat opposite opinions alike."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from classifiers import joining, neutrality
from classifiers.base import Classifier
from classifiers.encoder import Encoder
from classifiers.ensemble import Ensemble
from classifiers.neutrality.pairs import Pair
from classifiers.training import unseen
from modbot.errors import ConfigError
from modbot.members import operating_points

WORK = "work"
"""The folder in which a stopped training goes on; it stays where it is."""


@contextmanager
def admitted(
    out: Path, progress: Callable[[str], None], pairs: Sequence[Pair] | None = None
) -> Iterator[Path]:
    """A folder beside `out` with what is in `out`, to train in; copied to `out` if what was made passes.

    `pairs`: as of `require_neutral`. Raises ConfigError if it does not pass; then `out` is as it was and the
    new models lie where they were made. Raises it at once while another training is at work there.
    """
    made = out.with_name(f"{out.name}.new")
    with _alone(out):
        shutil.rmtree(made, ignore_errors=True)
        if out.is_dir():
            shutil.copytree(out, made, ignore=shutil.ignore_patterns(WORK))
        yield made
        progress("measuring neutrality")
        require_neutral(made, pairs)
        shutil.copytree(made, out, dirs_exist_ok=True)
        shutil.rmtree(made)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Two trainings at once would each undo what the other made."""
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Also gone when the process is killed: the file that stays holds nothing.
        with FileLock(out.with_name(f"{out.name}.lock"), timeout=0):
            yield
    except Timeout:
        raise ConfigError(
            f"Another training is at work on the models in {out}.",
            remedy="Wait until it has ended, or train into another folder: --out.",
        ) from None


def require_neutral(models: Path, pairs: Sequence[Pair] | None = None) -> None:
    """Raises ConfigError for models that fail the neutrality audit. `pairs`: others than the project's.

    The audit is passed twice, with the encoder and without: it may fail to load, and then the other members
    decide alone, by the same thresholds.
    """
    members = unseen.members(models)
    failures = [*_failures(members, models, pairs)]
    left = [member for member in members if member.name != Encoder.name]
    if len(left) < len(members):
        failures += [f"without the {Encoder.name}, {one}" for one in _failures(left, models, pairs)]
    if failures:
        raise ConfigError(
            f"The new models fail the neutrality audit and are not used: {'; '.join(failures)}.",
            remedy=f"They lie in {models}. See which pairs differ: modbot audit neutrality --models {models} "
            "--page report.html. Write such comments for the other side into the corpus, and train again.",
        )


def _failures(members: Sequence[Classifier], models: Path, pairs: Sequence[Pair] | None) -> Sequence[str]:
    ensemble = Ensemble(members, joining.load(models))
    ensemble.load()
    return neutrality.check(ensemble, operating_points(models), pairs).failures
