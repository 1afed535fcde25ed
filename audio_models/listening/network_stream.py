"""A network that hears without end: after every step its probabilities for what was said last.

By its state, where the network reads forwards only and has learned from clips in a row: the state goes on, and no frame
is computed twice. Else through a window as long as a clip, read anew at every step, which costs as much more as the window
is longer than a step. A network that has learned from single clips loses itself when its state runs on (docs/recipe.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audio_models.features.mfcc import Frames
from audio_models.features.mfcc_stream import FrameStream
from audio_models.features.waveform import Waveform
from audio_models.jobs.runs import Run
from audio_models.listening.detection import DetectionConfig, Detector
from audio_models.recognition.recognizer import Recognizer, session

Manner = Literal["state", "window"]
"""How a network goes on: by its "state", or by a "window" that slides."""

_ANSWER_EVERY = 0.08  # seconds; a network whose steps are shorter takes several at once, which costs a third
_WINDOW_HOP = 0.1  # seconds from one window to the next
_SHORTEST_WINDOW = 0.3  # seconds; before that the first window is not read


class NetworkStream:
    """Probabilities as the sound arrives.

    Attributes:
        labels: in the order of the probabilities.
        sample_rate: of the sound [Hz].
        manner: how the network goes on.
        step_seconds: from one answer to the next [s].

    Raises:
        RunError: the run has no network yet, or its file is damaged.
    """

    def __init__(self, run: Run) -> None:
        self.recognizer = recognizer = Recognizer.of_run(run)
        self.labels = recognizer.labels
        self.sample_rate = recognizer.features.sample_rate
        by_state = run.config.streams
        self.manner: Manner = "state" if by_state else "window"
        hop_seconds = recognizer.features.hop_length / self.sample_rate
        self._reader = _Carried(run, recognizer.features.width, hop_seconds) if by_state else _Window(recognizer)
        self.step_seconds = self._reader.block * hop_seconds
        self.reset()

    def reset(self) -> None:
        """Back to the beginning, as if nothing had been heard."""
        self._frames = FrameStream(self.recognizer.features, self._reader.block, self.recognizer.filters)
        self._reader.reset()

    def detector(self, config: DetectionConfig) -> Detector:
        """What finds events in this stream's answers."""
        return Detector(config, self.labels, self.step_seconds, self.recognizer.clip_seconds)

    def feed(self, samples: Waveform) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """The answers that a chunk (n,) float32 completes: until when the network has heard [s], and its probabilities
        (labels,)."""
        for block in self._frames.feed(samples):
            probabilities = self._reader.read(self.recognizer.normalise(block))
            if probabilities is not None:
                yield self._frames.heard, probabilities


class _Carried:
    """The state goes on from step to step."""

    def __init__(self, run: Run, width: int, hop_seconds: float) -> None:
        from audio_models.networks.onnx_graph import weights_of  # onnx takes half a second to import
        from audio_models.networks.onnx_streaming import build_streaming

        network = run.config.network
        self._width = width
        graph = build_streaming(network, width, weights_of(run.model_path, network))
        self._session = session(graph.SerializeToString())
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self._zeros = [np.zeros(entry.shape, np.float32) for entry in self._session.get_inputs()[1:]]
        self._step = network.frames_a_step
        self.block = self._step * max(1, round(_ANSWER_EVERY / (self._step * hop_seconds)))

    def reset(self) -> None:
        self._states = self._zeros
        self._before = np.zeros((self._step - 1, self._width), np.float32)

    def read(self, frames: Frames) -> NDArray[np.float32] | None:
        if len(frames) < self.block:  # the first
            frames = np.concatenate([self._before, frames])
        inputs = dict(zip(self._inputs, [frames[None], *self._states], strict=True))
        probabilities, *self._states = self._session.run(None, inputs)
        answer: NDArray[np.float32] = probabilities[-1]
        return answer


class _Window:
    """The last clip's length is read anew at each step."""

    def __init__(self, recognizer: Recognizer) -> None:
        self._recognizer = recognizer
        features = recognizer.features
        self._hop = features.hop_length / features.sample_rate
        self.block = max(1, round(_WINDOW_HOP / self._hop))
        self._longest = max(self.block, round(recognizer.clip_seconds / self._hop))
        self._fewest = min(self._longest, round(_SHORTEST_WINDOW / self._hop))

    def reset(self) -> None:
        self._seen = np.empty((0, self._recognizer.features.width), np.float32)

    def read(self, frames: Frames) -> NDArray[np.float32] | None:
        self._seen = np.concatenate([self._seen, frames])[-self._longest :]
        if len(self._seen) < self._fewest:
            return None
        return self._recognizer.answer(self._seen)
