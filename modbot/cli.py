"""The command line. Each group of commands is a file of `modbot/commands/`, imported when it is asked for."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from classifiers.base import ClassifierError
from modbot.errors import AuditBroken, ModbotError

COMMANDS = {
    "demo": "Try modbot out: a practice page in the browser, nothing leaves this computer.",
    "init": "Make the folder of a new installation: settings, policy, key, database.",
    "run": "Watch the configured pages, until stopped.",
    "case": "The review queue: list, show, next, claim, decide, undo, and what else belongs to a case.",
    "comment": "Comments from places that modbot cannot read: add one, import a file.",
    "task": "What was decided and only a person can do on the platform: list, done, gone.",
    "appeal": "Authors who ask that a hidden comment be looked at again: list, file, decide.",
    "audit": "The log: verify, export, tail, checkpoint; and neutrality of the classifiers.",
    "retention": "How long the comments of each page are kept, and what is past its time.",
    "request": "Public-records requests that touch moderation: list, add, answer.",
    "report": "The weekly moderation report: make it, check it.",
    "policy": "The district's policy: check, show.",
    "user": "The people who decide: add, list, deactivate.",
    "alert": "What people were told: list, answer, test.",
    "drill": "Find out whether a threat would reach a person.",
    "score": "Score texts from standard input, as JSON lines.",
    "platforms": "What modbot can do on each platform.",
    "connect": "Give modbot the right to act on a page; list which pages are connected.",
    "disconnect": "Take that right back.",
    "doctor": "Find out what is wrong with this installation and what to do.",
    "models": "The classifiers' models: list, add Detoxify's; those learned from decisions: compare, adopt.",
    "names": "The students whose families opted out: import their list.",
    "train": "Train the shipped models from labelled texts, or learn from your own decisions.",
    "evaluate": "Measure the models on labelled texts.",
    "threshold": "From which score a category counts, and what another threshold would do.",
}
"""Each is the module of that name in modbot/commands, whose `app` is the command."""

BROKEN_LOG = 3
"""Exit status of a log that does not prove itself, so that a script can tell it from any other failure."""


class Root(TyperGroup):
    """Loads a command when it is used, and turns every failure into one message that says what to do."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        names: Any = dict.fromkeys(COMMANDS)
        self.commands = names  # for lists and suggestions; get_command imports

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        group = import_module(f"modbot.commands.{cmd_name}").app
        group.rich_markup_mode = None
        command = get_command(group)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: Any) -> Any:
        try:
            return self._run(ctx)
        except (ModbotError, ClassifierError, OSError) as error:
            if ctx.params["debug"]:
                traceback.print_exc()
            raise typer.Exit(_explain(error)) from None
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except Exception as error:
            _unexpected(error, debug=ctx.params["debug"])
            raise typer.Exit(1) from None

    def _run(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        finally:
            # Here rather than at the interpreter's end, where a full disk or a closed pipe is an ugly trace.
            sys.stdout.flush()


app = typer.Typer(
    name="modbot",
    cls=Root,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"modbot {version('modbot')}")
        raise typer.Exit


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where in the program a failure came from.")
    ] = False,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Comment moderation beside a school district's pages.

    Archive first, a person decides, every step on record.
    """


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A comment may hold half a surrogate pair; printing it must not fail.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app()


def _explain(error: ModbotError | ClassifierError | OSError) -> int:
    """Say what failed and what to do; returns the exit status."""
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has gone, and what is still buffered with it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, AuditBroken):
        _tell(f"The log does not prove itself: {error}.", error.remedy or CALL)
        return BROKEN_LOG
    if isinstance(error, OSError):
        _tell(*_of_system(error))
    else:
        _tell(str(error), getattr(error, "remedy", ""))
    return 1


CALL = "Stop, keep the database as it is, and call the records officer. A backup from before the entry helps."


def _of_system(error: OSError) -> tuple[str, str]:
    place = f" {error.filename}" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"The disk is full{':' if place else ''}{place}.", "Free some space, then run this again."
    if isinstance(error, PermissionError):
        return (
            f"This user may not use{place or ' it'}.",
            "Give modbot's user the right to it, or run as that user.",
        )
    reason = error.strerror or type(error).__name__
    return f"{reason}{':' if place else ''}{place}.", "Check the name and try again."


def _unexpected(error: Exception, *, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    _tell(f"Something failed that should not: {type(error).__name__}: {error}", "Details: modbot --debug …")


def _tell(message: str, remedy: str) -> None:
    """To standard error, without the secrets that a library's message may quote."""
    from modbot.commands.output import note
    from modbot.observe import redact_text

    note(redact_text(f"modbot: {message}"))
    if remedy:
        note(redact_text(f"  What to do: {remedy}"))
