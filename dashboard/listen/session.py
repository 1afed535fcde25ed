"""Listen to a recording, and remember the result between two clicks."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from audio_models.jobs.runs import Run
from audio_models.listening import detection
from dashboard.listen.recording_source import ChosenRecording
from dashboard.shared.feedback import ProgressBar
from dashboard.shared.state import Value
from data.corpus import Progress

if TYPE_CHECKING:
    from audio_models.listening.detection import DetectionConfig, Event
    from audio_models.listening.recordings import RecordingResult

_MOST_RECENT = 4
_EVERY = 0.2  # seconds between two updates of the progress bar


@dataclass
class ListeningSession:
    """A recording, the network that listened to it, and the result.

    Attributes:
        run: the network's run.
        recording: the recording.
        result: what was detected.
        took: how long that took [s].
        number: counts the sessions of this tab.
        events_by_config: the events of each setting that was tried.
    """

    run: Run
    recording: ChosenRecording
    result: RecordingResult
    took: float
    number: int
    events_by_config: dict[DetectionConfig, tuple[Event, ...]] = field(default_factory=dict)

    def events(self, config: DetectionConfig) -> tuple[Event, ...]:
        """The words detected with these settings."""
        if config not in self.events_by_config:
            with st.spinner("Looking for words …"):
                self.events_by_config[config] = self.result.events_with(config)
        return self.events_by_config[config]


_LAST: Value[ListeningSession | None] = Value("listened", None)
"""The last session of this tab."""


def last() -> ListeningSession | None:
    """The last session of this tab."""
    return _LAST.get()


def listen(run: Run, recording: ChosenRecording) -> ListeningSession:
    """Listen now and show progress; a click anywhere on the page stops it.

    Raises:
        EchoicError: the recording or the network cannot be read.
    """
    from audio_models.listening import recordings

    before = last()
    bar, drawn, began = ProgressBar(), 0.0, time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal drawn
        if time.monotonic() - drawn > _EVERY:
            drawn = time.monotonic()
            bar.report(progress)

    config = detection.load_settings(run)
    try:
        result = recordings.listen(run, recording.source, config, report)
    finally:
        bar.clear()
    took = time.monotonic() - began
    made = ListeningSession(run, recording, result, took, before.number + 1 if before else 1, {config: result.events})
    _LAST.set(made)
    if isinstance(recording.source.data, Path) or recording.spoken:  # an upload is gone when the page is reloaded
        found = _recent()
        found[_identity(run, recording)] = made
        if len(found) > _MOST_RECENT:
            found.pop(next(iter(found)), None)
    return made


def resume(run: Run, recording: ChosenRecording) -> bool:
    """Go on with what this network heard in this recording before the page was reloaded; False if that is not known."""
    earlier = _recent().get(_identity(run, recording))
    if earlier is None:
        return False
    _LAST.set(replace(earlier, number=1, events_by_config=dict(earlier.events_by_config)))
    return True


@st.cache_resource(show_spinner=False)  # type: ignore[untyped-decorator]
def _recent() -> dict[object, ListeningSession]:
    """The last sessions of all tabs: two hours take a few megabytes."""
    return {}


def _identity(run: Run, recording: ChosenRecording) -> object:
    """What a result follows from, the settings aside."""
    data = recording.source.data
    sound = (data, data.stat().st_mtime_ns) if isinstance(data, Path) else hashlib.blake2b(data).digest()
    return str(run.folder), run.model_path.stat().st_mtime_ns, sound


def load_stretch(recording: ChosenRecording, start: float, seconds: float) -> tuple[NDArray[np.float32], int]:
    """Decode a stretch of a recording at its own rate [Hz]; nothing else of it is read.

    Raises:
        AudioError: it cannot be read.
    """
    from audio_models.features import waveform
    from audio_models.listening import recordings

    rate = recordings.sample_rate(recording.source)
    return waveform.load(recording.source, rate, start=start, seconds=seconds), rate
