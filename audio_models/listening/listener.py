"""Listen to a stream: chunks of any size go in, events come out. The same for a file, a pipe and a live microphone.

chunk -> resampled -> frames -> probabilities after each step -> events
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
    """The output for one chunk.

    Attributes:
        times: end of each step [s], (steps,).
        probabilities: after each step, (steps, labels), not smoothed.
        events: detected words.
        refused: whether what sounds at each step is speech, but none of the words, (steps,).
    """

    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    events: tuple[Event, ...]
    refused: NDArray[np.bool_]


class Listener:
    """A network that listens to a stream.

    Args:
        run: the network's run.
        config: when a word is reported; the run's own settings by default.
        sample_rate: rate of the incoming sound [Hz]; the network's by default.

    Attributes:
        labels: in the order of the probabilities.
        features: settings of the frames that the network reads.
        mode: how the network reads the stream, see `network_stream`.
        config: settings of the detector.
        step_seconds: time from one answer to the next [s].
        clip_seconds: length of a training clip [s]; an event starts that long before its end.
        seconds: length of the sound so far [s].

    Raises:
        RunError: the run has no network yet, or its file is damaged.
        AudioError: the sample rate is out of range.
    """

    def __init__(self, run: Run, config: DetectionConfig | None = None, sample_rate: int | None = None) -> None:
        self._stream = NetworkStream(run)
        self.labels = self._stream.labels
        self.features = self._stream.recognizer.features
        self.mode = self._stream.mode
        self.step_seconds = self._stream.step_seconds
        self.clip_seconds = self._stream.recognizer.clip_seconds
        self.config = config or detection.load_settings(run)
        self._rate = self._stream.sample_rate if sample_rate is None else sample_rate
        if not waveform.MIN_RATE <= self._rate <= waveform.MAX_RATE:
            raise AudioError(
                f"The sound has {self._rate} samples a second; between {waveform.MIN_RATE} and {waveform.MAX_RATE} can be read."
            )
        self.reset()

    def reset(self) -> None:
        """Forget the sound so far and start over."""
        self._stream.reset()
        self._detector = self._stream.detector(self.config)
        rates = self._rate, self._stream.sample_rate
        self._resampler = soxr.ResampleStream(*rates, 1, "float32", "HQ") if rates[0] != rates[1] else None
        self.seconds = 0.0

    def feed(self, samples: Waveform, *, last: bool = False) -> StreamOutput:
        """Read a chunk (n,) float32, channels averaged.

        Args:
            last: nothing follows. Flushes the resampler, then appends enough silence for a word at the very end to be
                detected; no event ends after the sound.
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
        refused: list[bool] = []
        for until, probabilities in self._stream.feed(samples):
            time = min(until, self.seconds)
            times.append(time)
            rows.append(probabilities)
            if event := self._detector.feed(time, probabilities):
                events.append(event)
            refused.append(self._detector.is_refusing)
        shape = (-1, len(self.labels))
        return StreamOutput(
            np.array(times), np.array(rows, np.float32).reshape(shape), tuple(events), np.array(refused, bool)
        )


def low_rate_warning(sample_rate: int, features: FeatureConfig) -> str:
    """Warn if the rate of a recording [Hz] leaves some of a network's bands empty; "" if it does not."""
    if sample_rate / 2 >= features.fmax:
        return ""
    return (
        f"At {sample_rate:,} samples a second this recording holds nothing above {sample_rate // 2:,} Hz. The network reads "
        f"up to {features.fmax:,.0f} Hz, so expect more mistakes unless it learned from such sound."
    )
