"""The one folder that holds what a user makes, and atomic writes into it.

The folder is `workspace/` in the directory where Echoic's source lies; the environment variable `ECHOIC_HOME` moves it.

    workspace/
      corpora/<name>/     downloaded or synthesised clips
      own/<name>/         clips that the user recorded, uploaded or imported, and what is known of them
      incoming/           what is about to be added, for a moment
      indexes/            what was found in each folder of clips
      features/           MFCC sequences, by content and feature configuration
      runs/<run id>/      one folder a training
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from data.errors import WorkspaceError

PROJECT = Path(__file__).resolve().parent.parent
_FORMER_HOME = "HARK_HOME"  # before the project was renamed


def root() -> Path:
    """The workspace folder; it need not exist yet."""
    home = os.environ.get("ECHOIC_HOME") or os.environ.get(_FORMER_HOME)
    return Path(home).expanduser().resolve() if home else PROJECT / "workspace"


def folder(*parts: str) -> Path:
    """The folder `parts` inside the workspace, made if need be.

    Raises:
        WorkspaceError: the folder cannot be made.
    """
    return made(root().joinpath(*parts))


def made(path: Path) -> Path:
    """A folder, made where it is not there yet.

    Raises:
        WorkspaceError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"The folder {path} cannot be made ({_reason(error)}). Mend that, or set ECHOIC_HOME to a folder that can be written to."
        ) from error
    return path


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader, or a crash, sees the old file or the new one, never half of one.

    Raises:
        WorkspaceError: the disk is full, or the folder cannot be written to; the old file is untouched.
    """
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise WorkspaceError(
            f"{path} could not be written ({_reason(error)}). Nothing was changed; free some disk space or check the permissions, then try again."
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Write `value` as UTF-8 JSON, atomically. NaN is refused: it is not JSON."""
    write_atomically(path, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8"))


def read_json(path: Path) -> Any:
    """The JSON value in `path`.

    Raises:
        FileNotFoundError: there is no such file.
        WorkspaceError: it is not JSON, or cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            f"{path} cannot be read ({_reason(error)}). It was changed or damaged by something other than Echoic."
        ) from error


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
