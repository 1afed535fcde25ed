"""The terminal: results on stdout, errors and progress on stderr, Ctrl-C, and tensorflow's own output."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Self

from audio_models.jobs.job_folder import JobFolder, State
from audio_models.jobs.progress import format_epoch, format_progress, format_stage
from audio_models.jobs.runs import Run
from data.corpus import Progress, Skipped, reasons
from data.phrases import isolated, plural

_MOST_REASONS = 5


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print one line on stderr, whatever is in the names that it tells."""
    print(f"echoic: {isolated(' '.join(text.splitlines()))}", file=sys.stderr)


def complain_left_out(skipped: Sequence[Skipped], what: str = "clip") -> None:
    """Print on stderr what was left out: the five most frequent reasons, and how many more there are.

    Args:
        what: noun for one thing left out.
    """
    found = reasons(skipped)
    for reason, count in found[:_MOST_REASONS]:
        complain(f"{plural(count, what)} left out: {reason}")
    if more := found[_MOST_REASONS:]:
        others = plural(sum(count for _, count in more), f"more {what}")
        complain(f"and {others} left out, for {plural(len(more), 'other reason')}; --json lists them all.")


@contextlib.contextmanager
def interrupt_cancels(job: JobFolder[Any]) -> Iterator[None]:
    """Let Ctrl-C cancel the job: a KeyboardInterrupt would be lost in a callback of tensorflow.

    A second Ctrl-C interrupts as usual.
    """

    def ask(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        job.cancel_path.touch()

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
    """Redirect what tensorflow's C++ code writes to file descriptor 2 into the job's log; Python's stderr stays."""
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


_EVERY = {True: 0.1, False: 5.0}  # seconds between two lines, by whether stderr is a terminal


class TerminalProgress:
    """Writes progress to stderr."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._said = 0.0
        self._width = 0
        self._epoch = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            print(file=sys.stderr)

    def report(self, progress: Progress) -> None:
        """Print the progress of a long task; a `Report`."""
        finished = progress.total is not None and progress.done >= progress.total
        if finished or time.monotonic() - self._said > _EVERY[self._terminal]:
            self._line(format_stage(progress))

    def training(self, run: Run) -> Callable[[State], None]:
        """Make the callback of a training: one line per epoch, and the time left in between."""

        def on_state(state: State) -> None:
            if state.epoch > self._epoch:
                self._epoch = state.epoch
                self._line(format_epoch(run.history[-1], run.config.training.epochs), keep=True)
            else:
                self.job(state, "at most")

        return on_state

    def job(self, state: State, about: str = "about") -> None:
        """Callback of any other job: print stage, progress and time left."""
        if time.monotonic() - self._said > _EVERY[self._terminal]:
            self._line(format_progress(state, about))

    def _line(self, text: str, *, keep: bool = False) -> None:
        self._said = time.monotonic()
        if not self._terminal:
            print(text, file=sys.stderr, flush=True)
            return
        print("\r" + text.ljust(self._width), end="\n" if keep else "", file=sys.stderr, flush=True)
        self._width = 0 if keep else len(text)
