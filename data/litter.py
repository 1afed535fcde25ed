"""Remove the temporary folders that killed processes left behind, see `workspace.replacing`."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from data.workspace import UNFINISHED

EVERYWHERE = 3
"""Levels below the workspace at which something is replaced."""

_OLD = 24 * 3600.0  # seconds after which a process with the number of a writer is another one
_FULL = ("clips", "features")  # folders of many files, none of which is ever replaced


def clear(folder: Path, levels: int = 0) -> int:
    """Remove the temporary folders whose writer is gone.

    Args:
        levels: of folders below `folder` to look into as well.

    Returns:
        their number.
    """
    left = list(_left_in(folder, levels))
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return sum(not path.exists() for path in left)


def _left_in(folder: Path, levels: int) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(UNFINISHED):
                if not _is_being_written(entry):
                    yield Path(entry.path)
            elif levels and entry.name not in _FULL and entry.is_dir(follow_symlinks=False):
                yield from _left_in(Path(entry.path), levels - 1)


def _is_being_written(entry: os.DirEntry[str]) -> bool:
    writer = entry.name.removeprefix(UNFINISHED).partition("-")[0]
    if writer.isdecimal() and not psutil.pid_exists(int(writer)):
        return False
    return time.time() - entry.stat(follow_symlinks=False).st_mtime < _OLD  # an earlier version did not name the writer
