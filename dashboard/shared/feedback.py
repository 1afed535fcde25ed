"""Tell the user how far a job is, and what went wrong."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import streamlit as st

from audio_models.jobs.progress import format_duration, format_stage
from dashboard.shared.formatting import as_text
from data.corpus import Progress
from data.errors import EchoicError


@contextlib.contextmanager
def show_errors() -> Iterator[None]:
    """Show an error that the user can mend as a sentence instead of a traceback."""
    try:
        yield
    except EchoicError as error:
        st.error(as_text(str(error)), icon=":material/error:")


class ProgressBar:
    """Progress and time left of a job in this page's own run; any click on the page stops it."""

    def __init__(self) -> None:
        self._bar = st.empty()
        self._began: dict[str, tuple[float, int]] = {}

    def report(self, progress: Progress) -> None:
        """Show progress; a `Report`."""
        began, first = self._began.setdefault(progress.stage, (time.monotonic(), progress.done))
        text = format_stage(progress)
        share = 0.0
        if progress.total:
            share = min(1.0, progress.done / progress.total)
            spent, gained = time.monotonic() - began, progress.done - first
            if spent > 1 and gained > 0:
                text += f", about {format_duration(spent * (progress.total - progress.done) / gained)} left"
        self._bar.progress(share, text)

    def clear(self) -> None:
        self._bar.empty()
