"""Durations and progress as text."""

from __future__ import annotations

import re

from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Epoch
from data.corpus import Progress
from data.phrases import percent, plural


def format_duration(seconds: float) -> str:
    """Format a duration: "40 seconds", "3 minutes", "1 hour 20 minutes"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return plural(whole, "second")
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} minutes"
    hours, rest = divmod(minutes, 60)
    return plural(hours, "hour") + (f" {plural(rest, 'minute')}" if rest else "")


def format_amount(done: int, total: int | None, unit: str) -> str:
    """Format an amount done: "120 of 300 clips", "1 of 1 clip", "1.2 of 2.4 GB"; `unit` is a plural."""
    if unit == "bytes":
        scale, unit = (1e9, "GB") if (total or done) >= 1e9 else (1e6, "MB")
        return f"{done / scale:.1f} of {total / scale:.1f} {unit}" if total else f"{done / scale:.1f} {unit}"
    if unit == "%":
        return f"{done} %"
    noun = re.sub(r"(?<=\w)s\b", "", unit, count=1) if (total or done) == 1 else unit
    return f"{done} of {total} {noun}" if total else f"{done} {noun}"


def format_stage(progress: Progress) -> str:
    """Format a stage and, if known, its progress: "Reading clips: 120 of 300 clips"."""
    far = f": {format_amount(progress.done, progress.total, progress.unit)}" if progress.done or progress.total else ""
    return f"{progress.stage}{far}"


def format_progress(state: State, about: str = "about") -> str:
    """Format the stage of a job, its progress and the time left: "Training: 3 of 15 points, about 2 minutes left"."""
    left = f", {about} {format_duration(state.seconds_left)} left" if state.seconds_left is not None else ""
    far = f": {format_amount(state.done, state.total, state.unit)}" if state.total else ""
    return f"{state.stage}{far}{left}"


def format_epoch(row: Epoch, epochs: int) -> str:
    """Format a finished epoch of a training in one line."""
    return (
        f"epoch {row.epoch} of {epochs}: loss {row.loss:.3f}, accuracy {percent(row.accuracy)}; "
        f"validation loss {row.validation_loss:.3f}, accuracy {percent(row.validation_accuracy)} ({row.seconds:.1f} s)"
    )
