"""Progress in the terminal: one line that is written over, or a line now and then where stderr is a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Self

from audio_models.runs import Run
from audio_models.work_folder import State
from data.corpus import Progress

_EVERY = {True: 0.1, False: 5.0}  # seconds between two lines, by whether stderr is a terminal


def in_words(seconds: float) -> str:
    """A length of time in words: "40 seconds", "3 minutes", "1 hour 20 minutes"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} second{'' if whole == 1 else 's'}"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} minutes"
    hours, rest = divmod(minutes, 60)
    return f"{hours} hour{'' if hours == 1 else 's'}" + (f" {rest} minutes" if rest else "")


def amount(done: int, total: int | None, unit: str) -> str:
    """How far, in words: "120 of 300 clips", "1.2 of 2.4 GB"."""
    if unit == "bytes":
        scale, unit = (1e9, "GB") if (total or done) >= 1e9 else (1e6, "MB")
        return f"{done / scale:.1f} of {total / scale:.1f} {unit}" if total else f"{done / scale:.1f} {unit}"
    if unit == "%":
        return f"{done} %"
    return f"{done} of {total} {unit}" if total else f"{done} {unit}"


def in_brief(progress: Progress) -> str:
    """What is done now and how far it is, where anything is known of that: "Reading clips: 120 of 300 clips"."""
    far = f": {amount(progress.done, progress.total, progress.unit)}" if progress.done or progress.total else ""
    return f"{progress.stage}{far}"


def how_far(state: State, about: str = "about") -> str:
    """What work does now, how far it is, and the time left: "Training: 3 of 15 points, about 2 minutes left"."""
    left = f", {about} {in_words(state.seconds_left)} left" if state.seconds_left is not None else ""
    far = f": {amount(state.done, state.total, state.unit)}" if state.total else ""
    return f"{state.stage}{far}{left}"


class TerminalProgress:
    """Writes progress to stderr; stdout stays for results."""

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
        """A `Report`."""
        finished = progress.total is not None and progress.done >= progress.total
        if finished or time.monotonic() - self._said > _EVERY[self._terminal]:
            self._line(in_brief(progress))

    def training(self, run: Run) -> Callable[[State], None]:
        """A listener for `training_process.train`: a line an epoch, and the time left in between."""

        def said(state: State) -> None:
            if state.epoch > self._epoch:
                self._epoch = state.epoch
                row = run.history[-1]
                self._line(
                    f"epoch {row.epoch} of {run.config.training.epochs}: loss {row.loss:.3f}, accuracy {row.accuracy:.1%}; "
                    f"validation loss {row.validation_loss:.3f}, accuracy {row.validation_accuracy:.1%} ({row.seconds:.1f} s)",
                    keep=True,
                )
            else:
                self.work(state, "at most")

        return said

    def work(self, state: State, about: str = "about") -> None:
        """A listener for any work: what it does, how far it is, the time left."""
        if time.monotonic() - self._said > _EVERY[self._terminal]:
            self._line(how_far(state, about))

    def _line(self, text: str, *, keep: bool = False) -> None:
        self._said = time.monotonic()
        if not self._terminal:
            print(text, file=sys.stderr, flush=True)
            return
        print("\r" + text.ljust(self._width), end="\n" if keep else "", file=sys.stderr, flush=True)
        self._width = 0 if keep else len(text)
