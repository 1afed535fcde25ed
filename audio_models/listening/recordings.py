"""Run a network on a long recording, block by block.

    file -> blocks -> listener -> events, probabilities after each step, waveform envelope

Only one block of the sound is in memory at a time. The result for two hours takes a few megabytes: the envelope, and the
probabilities, which suffice to detect events with other settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio_models.config import FeatureConfig
from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.bandwidth import Bandwidth, found_narrow
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.jobs.runs import Run
from audio_models.listening.detection import DetectionConfig, Detector, Event
from audio_models.listening.listener import Listener, low_rate_warning
from audio_models.listening.network_stream import Mode
from data import workspace
from data.corpus import Progress, Report, no_progress

MAX_SECONDS = 7200.0
_COLUMNS = 2000  # of the envelope
_BEGINNING = 4.0  # seconds of audible sound that show how far up it reaches


def find(text: str) -> Path:
    """Find the recording that a user names by its path.

    Raises:
        AudioError: there is no file.
        WorkspaceError: the user may not read this computer's files.
    """
    workspace.check_is_local()
    try:
        path = Path(text.strip()).expanduser()
        if path.is_file():
            return path
        reason = "it is a folder, name a file in it" if path.is_dir() else "there is no such file"
    except (OSError, RuntimeError) as error:  # a name too long, a folder without permission, an unknown ~user
        reason = getattr(error, "strerror", None) or str(error)
    raise AudioError(f"{text.strip()} cannot be opened: {reason}.")


def sample_rate(source: AudioSource) -> int:
    """Read the sample rate of a recording [Hz].

    Raises:
        AudioError: its header cannot be read, or gives a length above `MAX_SECONDS`.
    """
    return measure(source)[0]


def measure(source: AudioSource) -> tuple[int, int, tuple[str, ...]]:
    """Read the header of a recording: its rate [Hz], its length in samples, and sentences on how it is read.

    Raises:
        AudioError: its header cannot be read, or gives a length above `MAX_SECONDS`.
    """
    with waveform.opened(source, MAX_SECONDS, "recording") as file:
        return file.samplerate, file.frames, tuple(file.notes)


def blocks(source: AudioSource, seconds: float = 1.0) -> Iterator[Waveform]:
    """Decode a recording of up to `MAX_SECONDS` block by block.

    Args:
        seconds: length of a block [s]; the last may be shorter.

    Returns:
        blocks (samples,) float32 at the file's own rate, channels averaged.

    Raises:
        AudioError: it is not audio, damaged, cut off, empty, too long, has too many channels, an unusable rate, or
            values that are not finite. Errors in the header are raised before the first block.
    """
    with waveform.opened(source, MAX_SECONDS, "recording") as file:
        yield from waveform.mono_blocks(file, source.name, file.frames, max(1, round(seconds * file.samplerate)))


@dataclass(frozen=True)
class RecordingResult:
    """What a network detected in a recording.

    Attributes:
        labels: in the order of the probabilities.
        mode: how the network read the recording.
        sample_rate: rate of the recording [Hz].
        seconds: length of the recording [s].
        step_seconds: time from one answer to the next [s].
        clip_seconds: length of a training clip [s]; an event starts that long before its end.
        events: detected words.
        times: end of each step [s], (steps,).
        probabilities: after each step, (steps, labels).
        low, high: envelope: lowest and highest sample of at most 2,000 equal stretches, (stretches,).
        notes: sentences for the user on how the recording was read.
    """

    labels: tuple[str, ...]
    mode: Mode
    sample_rate: int
    seconds: float
    step_seconds: float
    clip_seconds: float
    events: tuple[Event, ...]
    times: NDArray[np.float64] = field(repr=False)
    probabilities: NDArray[np.float32] = field(repr=False)
    low: NDArray[np.float32] = field(repr=False)
    high: NDArray[np.float32] = field(repr=False)
    notes: tuple[str, ...] = ()

    def events_with(self, config: DetectionConfig) -> tuple[Event, ...]:
        """Detect words with other settings, without listening again."""
        return tuple(self._detector(config).events(self.times, self.probabilities))

    def refused_with(self, config: DetectionConfig) -> NDArray[np.float64]:
        """Find the stretches of speech that is none of the words, with other settings: start and end [s], (stretches, 2).

        What lies within the span of an event does not count: a word is unknown until enough of it has been heard.
        """
        refused = self._detector(config).refused(self.probabilities)
        for event in self.events_with(config):
            refused[(self.times > event.start) & (self.times <= event.end)] = False
        changes = np.flatnonzero(np.diff(refused, prepend=False, append=False))
        first, last = changes[::2], changes[1::2] - 1
        begins = np.append(max(0.0, self.times[0] - self.step_seconds), self.times[:-1]) if len(refused) else self.times
        return np.stack([begins[first], self.times[last]], axis=1)

    def _detector(self, config: DetectionConfig) -> Detector:
        return Detector(config, self.labels, self.step_seconds, self.clip_seconds)

    def peaks(self, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Reduce the probabilities to at most `columns` steps; each keeps the highest of its stretch, so no word is lost.

        Returns:
            start and end of each step [s], (columns, 2), and its probabilities, (columns, labels).
        """
        steps = len(self.times)
        if not steps:
            return np.empty((0, 2)), self.probabilities
        first = np.linspace(0, steps, min(columns, steps), endpoint=False).astype(int)
        last = np.append(first[1:], steps) - 1
        begins = np.append(max(0.0, self.times[0] - self.step_seconds), self.times[:-1])
        spans = np.stack([begins[first], self.times[last]], axis=1)
        return spans, np.maximum.reduceat(self.probabilities, first, axis=0)


def listen(
    run: Run,
    source: AudioSource,
    config: DetectionConfig | None = None,
    report: Report = no_progress,
) -> RecordingResult:
    """Detect words in a recording of up to `MAX_SECONDS`.

    Args:
        config: when a word is reported; the run's own settings by default.
        report: called with the seconds read so far.

    Raises:
        AudioError: it cannot be read, see `blocks`.
        RunError: the run has no network yet, or its file is damaged.
        Cancelled: `report` raised it.
    """
    rate, frames, notes = measure(source)
    listener = Listener(run, config, rate)
    envelope = _Envelope(frames)
    reach = reach_of(rate, frames)
    events: list[Event] = []
    times: list[NDArray[np.float64]] = []
    rows: list[NDArray[np.float32]] = []
    for block in blocks(source):
        envelope.add(block)
        reach.feed(block)
        output = listener.feed(block, last=envelope.done == frames)
        events += output.events
        times.append(output.times)
        rows.append(output.probabilities)
        report(Progress("Listening", envelope.done // rate, round(frames / rate), "seconds of sound"))
    if narrow := narrow_note(reach, rate, listener.features):
        notes += (narrow,)
    return RecordingResult(
        listener.labels, listener.mode, rate, frames / rate, listener.step_seconds, listener.clip_seconds,
        tuple(events), np.concatenate(times), np.concatenate(rows), envelope.low, envelope.high, notes,
    )  # fmt: skip


def reach_of(rate: int, frames: int) -> Bandwidth:
    """What measures how far up a recording of so many samples at `rate` [Hz] reaches, by its beginning."""
    return Bandwidth(rate, min(_BEGINNING, frames / rate / 2))


def narrow_note(reach: Bandwidth, rate: int, features: FeatureConfig) -> str:
    """Tell that a recording ends far below what a network reads, unless its rate tells so already; "" if it does not."""
    return "" if low_rate_warning(rate, features) else found_narrow(reach, features.fmax)


class _Envelope:
    """Collects the lowest and highest sample of each stretch, block by block."""

    def __init__(self, frames: int) -> None:
        self._frames = frames
        stretches = min(_COLUMNS, frames)
        self.low = np.full(stretches, np.inf, np.float32)
        self.high = np.full(stretches, -np.inf, np.float32)
        self.done = 0  # samples

    def add(self, block: Waveform) -> None:
        places = np.arange(self.done, self.done + len(block)) * len(self.low) // self._frames
        there, first = np.unique(places, return_index=True)
        self.low[there] = np.minimum(self.low[there], np.minimum.reduceat(block, first))
        self.high[there] = np.maximum(self.high[there], np.maximum.reduceat(block, first))
        self.done += len(block)
