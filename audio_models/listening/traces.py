"""Record a network's answers to a long sound once; every setting of the detector is then tried on the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio_models.features.waveform import Waveform
from audio_models.listening.detection import DetectionConfig, Event
from audio_models.listening.network_stream import NetworkStream
from audio_models.listening.soundscapes import SpokenWord


@dataclass(frozen=True)
class Trace:
    """A network's answers to one sound.

    Attributes:
        times: end of each step [s], (steps,).
        probabilities: (steps, labels).
        spoken: the network's words in it.
        seconds: its length [s].
    """

    times: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    spoken: tuple[SpokenWord, ...]
    seconds: float

    def events(self, config: DetectionConfig, stream: NetworkStream) -> list[Event]:
        """Detect words in it."""
        return stream.detector(config).events(self.times, self.probabilities)


def listen(
    stream: NetworkStream,
    pieces: Iterable[tuple[Waveform, list[SpokenWord]]],
    report: Callable[[float], None],
) -> Trace:
    """Run a network on the pieces of one sound; `report` is called with the seconds read so far."""
    stream.reset()
    times, rows, spoken, samples = [], [], [], 0
    for piece, words in pieces:
        spoken += words
        samples += len(piece)
        for time, probabilities in stream.feed(piece):
            times.append(time)
            rows.append(probabilities)
        report(samples / stream.sample_rate)
    return Trace(
        np.array(times),
        np.array(rows, np.float32).reshape(-1, len(stream.labels)),
        tuple(spoken),
        samples / stream.sample_rate,
    )
