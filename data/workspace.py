"""The workspace: the folder of everything that a user makes, and atomic writes into it.

In a checkout it is `workspace/` next to the source; of an installed Echoic it is the user's data folder, where the system
keeps such: `~/.local/share/echoic`, `~/Library/Application Support/echoic`, `%LOCALAPPDATA%\\echoic`. The environment variable
`ECHOIC_HOME` moves it.

    workspace/
      corpora/<name>/     downloaded or synthesised clips
      own/<name>/         clips that the user recorded, uploaded or imported, with their labels
      incoming/           files being imported
      indexes/            cached results of scanning folders of clips
      features/           MFCC sequences, by content and feature configuration
      runs/<run id>/      one folder per training
      memory/<id>/        measurements of the memory lab
      comparisons/<id>/   comparisons of cells
      bundled/<name>/     evaluations and settings of the networks that come with Echoic
      log/                what happened, see `data.log`
      users/<id>/         the same again for each user of a dashboard with a login; `corpora/` is the only folder that all share
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import filelock
import platformdirs

from data import stored
from data.errors import WorkspaceError

PROJECT = Path(__file__).resolve().parent.parent
"""The folder that holds the packages: a checkout, or where they were installed."""
UNFINISHED = ".new-"
"""Prefix of the temporary folders of unfinished writes, before the process id; one is left only if a process was killed."""

USER_FILE = "user.json"
"""In the workspace of a user: who that is, see `data.users`."""

_FORMER_HOME = "HARK_HOME"  # before the project was renamed
_of_whom: Callable[[], Path] | None = None
_working_in: ContextVar[Path | None] = ContextVar("workspace", default=None)


def root() -> Path:
    """Return the workspace folder, with a login that of the user who asks; it need not exist yet.

    Raises:
        WorkspaceError: there is a login, and nobody is signed in.
    """
    if (mine := _working_in.get()) is not None:
        return mine
    return _of_whom() if _of_whom else _home()


def shared_root() -> Path:
    """Return the workspace that holds the public corpora: the only one, or of a user's the one that all users share."""
    home = _home()
    return home.parent.parent if _is_users(home) else home


def separate(of_whom: Callable[[], Path] | None) -> None:
    """Give each user a workspace: from now on `of_whom` tells in whose this process reads and writes.

    Args:
        of_whom: returns the folder of the user who asks; None for one workspace again.
    """
    global _of_whom
    _of_whom = of_whom


@contextlib.contextmanager
def working_in(home: Path) -> Iterator[None]:
    """Read and write in one user's workspace, whoever asks: for a thread that works on behalf of that user."""
    token = _working_in.set(home)
    try:
        yield
    finally:
        _working_in.reset(token)


def check_is_local() -> None:
    """Refuse a path that a user typed who may not read this computer's files: one who signed in to it.

    Raises:
        WorkspaceError: the workspace is that of such a user.
    """
    if not is_local():
        raise WorkspaceError(
            "Files on Echoic's own computer can be named only by who works at it. Upload yours instead."
        )


def is_local() -> bool:
    """Whether the workspace is that of who works at this computer, who needs no login."""
    return _of_whom is None and not _is_users(_home())


def _is_users(home: Path) -> bool:
    return home.parent.name == "users" and (home / USER_FILE).is_file()


def _home() -> Path:
    home = os.environ.get("ECHOIC_HOME") or os.environ.get(_FORMER_HOME)
    if home:
        return Path(home).expanduser().resolve()
    return PROJECT / "workspace" if is_checkout() else platformdirs.user_data_path("echoic", appauthor=False)


def is_checkout() -> bool:
    """Whether this is Echoic's source folder, where `make run` works, rather than an installed copy."""
    return all((PROJECT / name).is_file() for name in ("Makefile", "pyproject.toml"))


def folder(*parts: str) -> Path:
    """Return the folder `parts` inside the workspace; create it if necessary.

    Raises:
        WorkspaceError: the folder cannot be created.
    """
    return made(root().joinpath(*parts))


def made(path: Path) -> Path:
    """Create the folder `path` unless it exists, and return it.

    Raises:
        WorkspaceError: it cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"The folder {path} cannot be created ({_reason(error)}). Fix that, or set ECHOIC_HOME to a writable folder."
        ) from error
    return path


@contextlib.contextmanager
def replacing(path: Path, *, must_be_new: bool = False) -> Iterator[Path]:
    """Replace a file or folder atomically: yield a path to write to, and rename it to `path` if the block succeeds.

    The block creates a file or a folder at the yielded path, which has the same name and lies on the same disk. A
    reader, or a crash, sees the old content or the new one, never half of it; if the block raises, nothing changes. An
    old folder is moved away just before the rename, and back if that fails.

    Args:
        must_be_new: refuse to replace anything.

    Raises:
        WorkspaceError: the disk is full, `path` cannot be written to, or exists though it must be new.
    """
    beside: Path | None = None
    try:
        beside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{UNFINISHED}{os.getpid()}-"))
        new = beside / path.name
        yield new
        if must_be_new and path.exists():
            raise FileExistsError(None, "it exists already")
        if new.is_dir():
            _swap_folder(new, path, beside / "old")
        else:
            move_file(new, path)
    except OSError as error:
        raise WorkspaceError(
            f"{path} could not be written ({_reason(error)}). Nothing was changed; free some disk space or check the permissions, then try again."
        ) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path, seconds: float = -1) -> Iterator[None]:
    """Hold the lock file `path`, which no two processes or threads do at once. It ends with its process.

    Args:
        seconds: to wait for whoever holds it; negative: without end.

    Raises:
        filelock.Timeout: somebody else still holds it.
        WorkspaceError: the file cannot be created.
    """
    lock = filelock.FileLock(path, timeout=seconds)
    try:
        lock.acquire()
    except filelock.Timeout:  # an OSError as well
        raise
    except OSError as error:
        raise WorkspaceError(
            f"{path.parent} cannot be written to ({_reason(error)}). Check its permissions, or set ECHOIC_HOME to a writable folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def move_file(new: Path, path: Path) -> None:
    """Flush the file `new` to the disk and rename it to `path`, replacing what is there.

    Raises:
        OSError: it cannot be flushed or renamed.
    """
    with new.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(new, path)


def _swap_folder(new: Path, path: Path, old: Path) -> None:
    try:
        if path.exists():
            os.rename(path, old)
        os.rename(new, path)
    except BaseException:  # Ctrl-C too: the old folder goes back before it is removed with the temporary one
        if old.exists() and not path.exists():
            os.rename(old, path)
        raise


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file atomically, see `replacing`.

    Raises:
        WorkspaceError: the disk is full, or the folder cannot be written to; the old file is untouched.
    """
    with replacing(path) as new:
        new.write_bytes(content)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as UTF-8 JSON, atomically.

    Raises:
        ValueError: it holds NaN or infinity, which JSON does not have.
        WorkspaceError: it cannot be written.
    """
    write_atomically(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8"))


def read_json(path: Path) -> Any:
    """Read the JSON value in `path`.

    Raises:
        FileNotFoundError: there is no such file.
        WorkspaceError: it is not JSON, or cannot be read.
    """
    return stored.read_json(path)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
