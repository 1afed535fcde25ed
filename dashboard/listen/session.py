"""What a network heard in a long recording, kept for the page between two clicks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
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

_EVERY = 0.2  # seconds from one drawing of the progress to the next


@dataclass
class Hearing:
    """A recording that was listened to.

    Attributes:
        run: whose network listened.
        recording: to what.
        found: what it heard.
        took: how long that took [s].
        number: counts what was listened to since the page was opened.
        events_by_config: what the detector found with each of the settings that were tried.
    """

    run: Run
    recording: ChosenRecording
    found: RecordingResult
    took: float
    number: int
    events_by_config: dict[DetectionConfig, tuple[Event, ...]] = field(default_factory=dict)

    def events(self, config: DetectionConfig) -> tuple[Event, ...]:
        """The words that were heard, by these settings."""
        if config not in self.events_by_config:
            with st.spinner("Looking for words …"):
                self.events_by_config[config] = self.found.events_with(config)
        return self.events_by_config[config]


LISTEN_TRIED: Value[tuple[DetectionConfig, DetectionConfig] | None] = Value("listen_tried", None)
"""A run's settings, and what was tried in their place; kept beside the sliders, whose values another page clears."""
_LAST: Value[Hearing | None] = Value("listened", None)
"""What was listened to last in this tab."""


def kept() -> Hearing | None:
    """What was listened to last."""
    return _LAST.get()


def listen(run: Run, recording: ChosenRecording) -> Hearing:
    """Listen now, with progress; a click anywhere on the page stops it.

    Raises:
        EchoicError: the recording or the network cannot be read.
    """
    from audio_models.listening import recordings

    before = kept()
    bar, drawn, began = ProgressBar(), 0.0, time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal drawn
        if time.monotonic() - drawn > _EVERY:
            drawn = time.monotonic()
            bar.report(progress)

    config = detection.load_settings(run)
    try:
        found = recordings.listen(run, recording.source, config, report)
    finally:
        bar.clear()
    took = time.monotonic() - began
    hearing = Hearing(run, recording, found, took, before.number + 1 if before else 1, {config: found.events})
    _LAST.set(hearing)
    return hearing


def stretch(recording: ChosenRecording, start: float, seconds: float) -> tuple[NDArray[np.float32], int]:
    """A stretch of a recording at its own rate [Hz]; nothing else of it is read.

    Raises:
        AudioError: it cannot be read.
    """
    from audio_models.features import waveform
    from audio_models.listening import recordings

    rate = recordings.sample_rate(recording.source)
    return waveform.load(recording.source, rate, start=start, seconds=seconds), rate
