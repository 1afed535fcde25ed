"""Options of the shell, one for each setting of a dataclass, and the settings that were given."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn, TypeVar

from audio_models.errors import ConfigError
from audio_models.recipes import default_text
from audio_models.settings import Setting, settings_of

Settings = TypeVar("Settings")


class Parser(argparse.ArgumentParser):
    """Raises a `ConfigError` with one sentence where argparse would print the usage and exit."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message[:1].upper()}{message[1:]}. See: {self.prog} --help")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does; what the parser of a command does not know is its error, not that of all commands."""
        known, others = super().parse_known_args(args, namespace)
        if others:
            self.error(f"Unrecognized arguments: {' '.join(others)}")
        return known, others


def changed(config: Settings, options: argparse.Namespace | Mapping[str, Any]) -> Settings:
    """Replace the settings whose options were given; the others keep their values.

    Args:
        options: values by the names of settings; what is None, or no setting of this dataclass, is passed over.

    Raises:
        ConfigError: a value is out of range, or does not fit the others.
    """
    rows = {row.name: row for row in settings_of(type(config))}
    given = {
        name: tuple(value) if rows[name].is_list and not isinstance(value, str) else value
        for name, value in (vars(options) if isinstance(options, argparse.Namespace) else options).items()
        if name in rows and value is not None
    }
    return dataclasses.replace(config, **given)  # type: ignore[type-var]  # any dataclass


def add_settings(group: Any, kind: type[Any], *, but: Collection[str] = (), default: str = "") -> None:
    """Add an option for each setting of a dataclass.

    Args:
        but: settings without an option.
        default: text for the default of every option; by default each setting's own.
    """
    for row in settings_of(kind):
        if row.name not in but:
            shown = default or default_text(kind, row)
            text = f"{row.help.removesuffix('.')}{f' ({shown})' if shown else ''}"
            group.add_argument(f"--{row.option}", dest=row.name, help=text.replace("%", "%%"), **_arguments(row))
            _add_older(group, row)


def _arguments(row: Setting) -> dict[str, Any]:
    """The arguments of `add_argument` for a setting."""
    if row.hint is bool:
        return {"action": argparse.BooleanOptionalAction}
    if row.is_folders:
        return {"action": "append", "metavar": "FOLDER"}
    if row.is_list:
        kind = row.item if row.item in (int, float) else str
        return {"type": list_of(kind), "metavar": {int: "N,M", float: "X,Y"}.get(kind, "A,B")}
    if row.choices:
        return {"choices": row.choices}
    kind = row.hint if row.hint in (int, float) else str
    return {"type": kind, "metavar": row.unit.upper() or {int: "N", float: "X", str: "TEXT"}[kind]}


def _add_older(group: Any, row: Setting) -> None:
    """Add the setting's older spelling, which --help does not show."""
    older = row.formerly.replace("_", "-")
    if row.translated:
        for value, means in row.translated.items():
            name = f"--{older}" if value else f"--no-{older}"
            group.add_argument(name, dest=row.name, action="store_const", const=means, help=argparse.SUPPRESS)
    elif older:
        group.add_argument(f"--{older}", dest=row.name, help=argparse.SUPPRESS, **_arguments(row))


def list_of(kind: type[int] | type[float] | type[str]) -> Callable[[str], tuple[int | float | str, ...]]:
    """The type of an option that takes several values with commas between them."""

    def parts(text: str) -> tuple[int | float | str, ...]:
        try:
            return tuple(kind(part.strip()) for part in text.split(",") if part.strip())
        except ValueError as error:
            expected = "whole numbers, such as 5,10,20" if kind is int else "numbers, such as 0.001,0.002"
            raise argparse.ArgumentTypeError(f"'{text}' is not a list of {expected}") from error

    return parts
