"""The shell command, `python -m audio_models COMMAND`: parse the options, run the command, return its exit status.

Results go to stdout, as text or as one JSON document; progress and errors go to stderr. The exit status is 0 on success, else 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from audio_models.cli.parser import Command, parser
from audio_models.cli.terminal import complain
from data.errors import Cancelled, EchoicError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        options = parser(COMMANDS).parse_args(arguments)
        status: int = options.command(options)
        return status
    except (Cancelled, KeyboardInterrupt):
        complain("Cancelled.")
    except EchoicError as error:
        complain(str(error))
    except BrokenPipeError:  # a reader such as head has enough; keep Python from complaining when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _command(module: str, function: str) -> Command:
    """Make a command from a function of this package; its module is imported only when the command runs."""

    def run(options: argparse.Namespace) -> int:
        status: int = getattr(import_module(f"{__package__}.{module}"), function)(options)
        return status

    return run


COMMANDS: dict[str, Command] = {
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
}
