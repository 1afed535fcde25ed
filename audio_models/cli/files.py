"""Files that a command writes besides what it prints."""

from __future__ import annotations

import sys
from pathlib import Path

from audio_models.errors import ConfigError
from data import workspace


def place(name: str | None) -> Path | None:
    """Where to write a file; None if none is asked for. Called before the work that it depends on.

    Raises:
        ConfigError: it is a folder, or lies in none.
    """
    if name is None:
        return None
    path = Path(name).expanduser()
    if path.is_dir() or not path.name:
        raise ConfigError(f"'{name}' is a folder. Name the file to write in it, such as {path / 'results.csv'}.")
    if not path.parent.is_dir():
        raise ConfigError(f"There is no folder {path.parent} to write {path.name} into. Create it, or name another.")
    return path


def write(path: Path, content: bytes) -> None:
    """Write a file, atomically, and say so on stderr.

    Raises:
        WorkspaceError: it cannot be written.
    """
    workspace.write_atomically(path, content)
    print(f"Written: {path}", file=sys.stderr)
