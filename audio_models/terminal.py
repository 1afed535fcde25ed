"""The terminal that a command runs in: results on stdout, complaints on stderr, Ctrl-C, and tensorflow's chatter."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from audio_models.work_folder import WorkFolder


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """One line on stderr."""
    print(f"hark: {text}", file=sys.stderr)


@contextlib.contextmanager
def interrupt_cancels(work: WorkFolder[Any]) -> Iterator[None]:
    """Ctrl-C asks for the same as `cancel`; a KeyboardInterrupt gets lost where it meets a callback of tensorflow's.

    A second Ctrl-C interrupts as usual.
    """

    def ask(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        work.cancel_path.touch()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def chatter_to(log: Path) -> Iterator[None]:
    """Send what tensorflow's C++ writes to file descriptor 2 into the run's log; ours still goes to the terminal."""
    ours, theirs, python = os.dup(2), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), sys.stderr
    try:
        with os.fdopen(os.dup(ours), "w", buffering=1) as terminal:
            sys.stderr = terminal
            os.dup2(theirs, 2)
            yield
    finally:
        sys.stderr = python
        os.dup2(ours, 2)
        os.close(ours)
        os.close(theirs)
