"""The log of what happened: one JSON object a line, in `log/echoic.jsonl` of the workspace, and what does not fit in `echoic.1.jsonl`.

It holds starts, ends and faults, no recording and no password.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import traceback
from pathlib import Path

from data import command, workspace
from data.errors import EchoicError

MOST_BYTES = 1_000_000
"""Size at which a file becomes the older one."""

_LONGEST = 8_000  # characters of a traceback, from its end


def path() -> Path:
    """The newer of the two files."""
    return workspace.shared_root() / "log" / "echoic.jsonl"


def write(event: str, **said: str | float | None) -> None:
    """Append what happened. A log that cannot be written stops nothing.

    Args:
        event: such as "training failed".
        said: what else is known of it.
    """
    row = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event, "version": command.VERSION,
        "process": os.getpid(), **said,
    }  # fmt: skip
    with contextlib.suppress(OSError, EchoicError):
        file = path()
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > MOST_BYTES:
            os.replace(file, file.with_name("echoic.1.jsonl"))
        with file.open("ab", buffering=0) as target:  # one write, which no other process divides
            target.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")


def write_fault(event: str, error: BaseException, **said: str | float | None) -> None:
    """Append a fault of Echoic's own, with its traceback."""
    write(event, error=repr(error)[:500], traceback="".join(traceback.format_exception(error))[-_LONGEST:], **said)
