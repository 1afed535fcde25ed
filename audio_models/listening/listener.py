"""Listening: sound in chunks of any size, events out. The same for a file, a pipe and a live microphone.

chunk -> network's rate -> frames -> probabilities after each step -> events
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from audio_models.config import FeatureConfig
from audio_models.errors import AudioError
from audio_models.features import waveform
from audio_models.features.waveform import Waveform
from audio_models.jobs.runs import Run
from audio_models.listening import detection
from audio_models.listening.detection import DetectionConfig, Event, smoothing_steps
from audio_models.listening.network_stream import NetworkStream


@dataclass(frozen=True)
class StreamOutput:
    """What a chunk brought.

    Attributes:
        times: until when the network had heard at each step [s], (steps,).
        probabilities: after each step, (steps, labels), as the network gives them.
        events: words that were heard.
    """

    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    events: tuple[Event, ...]


class Listener:
    """A run's network that listens.

    Args:
        run: whose network.
        config: when a word counts as heard; as it was chosen for the run by default.
        sample_rate: of the sound that comes [Hz]; the network's own by default.

    Attributes:
        labels: in the order of the probabilities.
        features: that it reads.
        manner: how the network goes on, by its "state" or a "window", see `network_stream`.
        config: see above.
        step_seconds: from one answer to the next [s].
        clip_seconds: of a clip of the training [s]: so far back an event reaches.
        seconds: heard so far.

    Raises:
        RunError: the run has no network yet, or its file is damaged.
        AudioError: the sample rate cannot be read.
    """

    def __init__(self, run: Run, config: DetectionConfig | None = None, sample_rate: int | None = None) -> None:
        self._stream = NetworkStream(run)
        self.labels = self._stream.labels
        self.features = self._stream.recognizer.features
        self.manner = self._stream.manner
        self.step_seconds = self._stream.step_seconds
        self.clip_seconds = self._stream.recognizer.clip_seconds
        self.config = config or detection.settings(run)
        self._rate = self._stream.sample_rate if sample_rate is None else sample_rate
        if not waveform.MIN_RATE <= self._rate <= waveform.MAX_RATE:
            raise AudioError(
                f"The sound has {self._rate} samples a second; between {waveform.MIN_RATE} and {waveform.MAX_RATE} can be read."
            )
        self.reset()

    def reset(self) -> None:
        """Back to the beginning, as if nothing had been heard."""
        self._stream.reset()
        self._detector = self._stream.detector(self.config)
        rates = self._rate, self._stream.sample_rate
        self._resampler = soxr.ResampleStream(*rates, 1, "float32", "HQ") if rates[0] != rates[1] else None
        self.seconds = 0.0

    def feed(self, samples: Waveform, *, last: bool = False) -> StreamOutput:
        """Hear a chunk (n,) float32, channels averaged.

        Args:
            last: nothing follows. What the change of rate still holds back is heard too, and then silence for as long as
                a word needs to be heard after its end; no time is behind the end of the sound.
        """
        self.seconds += len(samples) / self._rate
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples, last=last)
        if last:
            silence = (smoothing_steps(self.config, self.step_seconds) + 2) * self.step_seconds
            samples = np.concatenate([samples, np.zeros(round(silence * self._stream.sample_rate), np.float32)])
        times: list[float] = []
        rows: list[NDArray[np.float32]] = []
        events: list[Event] = []
        for until, probabilities in self._stream.feed(samples):
            time = min(until, self.seconds)
            times.append(time)
            rows.append(probabilities)
            if event := self._detector.feed(time, probabilities):
                events.append(event)
        shape = (-1, len(self.labels))
        return StreamOutput(np.array(times), np.array(rows, np.float32).reshape(shape), tuple(events))


def too_low(sample_rate: int, features: FeatureConfig) -> str:
    """What to say of a recording whose rate [Hz] leaves some of a network's bands empty; "" where it does not."""
    if sample_rate / 2 >= features.fmax:
        return ""
    return (
        f"The recording has {sample_rate:,} samples a second, so that it holds nothing above {sample_rate // 2:,} Hz; the network "
        f"learned from sound of up to {features.fmax:,.0f} Hz. Expect more mistakes."
    )
