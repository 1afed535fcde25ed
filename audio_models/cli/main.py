"""The shell command, `echoic COMMAND` or `python -m audio_models COMMAND`: parse the options, run the command, exit.

Results go to stdout, as text or as one JSON document; progress and errors go to stderr. The exit status is 0 on success, else 1.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from audio_models.cli.parser import Command, parser
from audio_models.cli.terminal import complain
from audio_models.jobs.job import exit_process
from data.errors import Cancelled, EchoicError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; without one, list the commands."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        whole = parser(COMMANDS)
        if not given:
            whole.print_help()
            return 0
        options = whole.parse_args(given)
        status: int = options.command(options)
        return status
    except (Cancelled, KeyboardInterrupt):
        complain("Cancelled.")
    except EchoicError as error:
        complain(str(error))
    except BrokenPipeError:  # a reader such as head has enough; keep Python from complaining when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def run() -> None:
    """Run the command that this process was started with, then exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # Windows would write to a pipe in a code page, which lacks most scripts
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    exit_process(main())


def _command(module: str, function: str) -> Command:
    """Make a command from a function of this package; its module is imported only when the command runs."""

    def run(options: argparse.Namespace) -> int:
        status: int = getattr(import_module(f"{__package__}.{module}"), function)(options)
        return status

    return run


COMMANDS: dict[str, Command] = {
    "dashboard": _command("dashboard", "dashboard"),
    "password": _command("password", "password"),
    "corpora": _command("corpora", "corpora"),
    "fetch": _command("corpora", "fetch"),
    "corpus": _command("own_corpus", "corpus"),
    "train": _command("jobs", "train"),
    "runs": _command("jobs", "list_runs"),
    "cancel": _command("jobs", "cancel"),
    "resume": _command("jobs", "resume"),
    "predict": _command("recognition", "predict"),
    "evaluate": _command("recognition", "evaluate"),
    "inspect": _command("recognition", "inspect"),
    "listen": _command("listening", "listen"),
    "evaluate-streaming": _command("listening", "evaluate_streaming"),
    "memory": _command("jobs", "memory"),
    "compare": _command("jobs", "compare"),
    "export": _command("export", "export"),
    "script": _command("export", "script"),
    "import": _command("keras_file", "import_network"),
    "doctor": _command("doctor", "examine"),
}
