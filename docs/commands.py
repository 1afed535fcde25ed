"""The reference of the shell's commands, as `--help` has it, for the site: a page of Markdown made from the parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from audio_models.cli import main
from audio_models.cli.parser import parser

_HEAD = """# Commands

Every command and option of `echoic`, from its own `--help`. What they are for, with examples: [The shell](shell.md).
"""


def page() -> str:
    """All commands with their arguments and options, as Markdown."""
    (commands,) = (one for one in parser(main.COMMANDS)._actions if isinstance(one, argparse._SubParsersAction))
    return "\n".join([_HEAD, *(_command(name, commands.choices[name]) for name in main.COMMANDS)])


def _command(name: str, made: argparse.ArgumentParser) -> str:
    words = [str(one.metavar) + (" ..." if one.nargs in ("+", "*") else "") for one in made._positionals._group_actions]
    rows = "\n".join(f"| `{named}` | {text} |" for named, text in _rows(made))
    return (
        f"## echoic {name}\n\n{made.description}\n\n"
        f"```\n{' '.join(['echoic', name, *words, '[options]'])}\n```\n\n| argument | what it does |\n|---|---|\n{rows}\n"
    )


def _rows(made: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Each argument as it is typed, and its help."""
    for action in made._actions:
        if action.help in (argparse.SUPPRESS, None) or "--help" in action.option_strings:
            continue
        named = ", ".join(one for one in action.option_strings if one.startswith("--")) or str(action.metavar)
        takes_value = (
            action.nargs != 0 and action.option_strings and not isinstance(action, argparse.BooleanOptionalAction)
        )
        value = f" {action.metavar or '{' + ','.join(map(str, action.choices or ())) + '}'}" if takes_value else ""
        yield (named + value).replace("|", "\\|"), str(action.help).replace("%%", "%").replace("|", "\\|")
