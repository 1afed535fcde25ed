"""Read stored JSON with type checks: a damaged or edited file raises a `WorkspaceError`, never another exception.

A dataclass declares the content of a file. Unknown keys are ignored, since a later version may add some; a missing key
takes its default. Nothing is converted: a number in a string, or a fraction for a whole number, counts as damage.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from data.errors import WorkspaceError

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A whole number that divides and plots without overflow."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A probability or an accuracy."""

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
"""A duration, or a time since 1970, that fits into a date [s]."""

_LARGEST = 1 << 28  # bytes; an evaluation of 200,000 clips has 60 MB
_INTEGERS = range(-(2**63), 2**63)

Kind = TypeVar("Kind")


def read(path: Path, kind: type[Kind], aliases: Mapping[str, str] | None = None) -> Kind:
    """Read a value of the type `kind`, a dataclass or a container of them, from a JSON file.

    Args:
        aliases: present names by former names, for keys of the outermost object.

    Raises:
        FileNotFoundError: there is no such file.
        WorkspaceError: it cannot be read, is not JSON, or does not hold a `kind`.
    """
    value = read_json(path)
    if aliases and isinstance(value, dict):
        value = {aliases.get(name, name): entry for name, entry in value.items()}
    try:
        return convert(value, kind)
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from error


def convert(value: Any, kind: type[Kind]) -> Kind:
    """Convert JSON values to the type `kind`.

    Raises:
        ValueError: they do not fit.
    """
    return msgspec.convert(value, kind, dec_hook=_path)


def to_builtins(value: Any) -> Any:
    """Convert a dataclass, or a container of them, to JSON values; paths become text."""
    return msgspec.to_builtins(value, enc_hook=str)


def read_json(path: Path) -> Any:
    """Read the JSON value in `path`; its numbers are finite and fit into 64 bits.

    Raises:
        FileNotFoundError: there is no such file.
        WorkspaceError: it cannot be read, or is not JSON.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        if status.st_size > _LARGEST:
            raise ValueError(f"it has {status.st_size / 1e6:,.0f} MB")
        value = msgspec.json.decode(path.read_bytes())
        _check_integers(value)
        return value
    except FileNotFoundError:
        raise
    except OSError as error:
        raise WorkspaceError(f"{path} cannot be read ({error.strerror or error}). Check its permissions.") from error
    except RecursionError as error:
        raise damaged(path, ValueError("it is nested too deeply")) from error
    except ValueError as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: BaseException) -> WorkspaceError:
    """Make the error for a damaged file, with the reason."""
    return WorkspaceError(f"{path} is damaged ({error}). Something other than Echoic changed it.")


def _check_integers(value: Any) -> None:
    if isinstance(value, int) and value not in _INTEGERS:
        raise ValueError("it holds a number that is too large")
    if isinstance(value, list):
        for entry in value:
            _check_integers(entry)
    elif isinstance(value, dict):
        for entry in value.values():
            _check_integers(entry)


def _path(kind: type[Any], value: Any) -> Any:
    if kind is not Path:
        # what msgspec expects of its hook: anything else would blame the file
        raise NotImplementedError(f"{kind} cannot be read from JSON")
    if not isinstance(value, str):
        raise ValueError(f"Expected `str`, got `{type(value).__name__}`")
    return Path(value)
