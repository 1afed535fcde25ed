"""Run a network on a stream: its probabilities after every step.

A network that reads forward only and was trained on sequences of clips is *stateful*: its state carries on from step to
step, and no frame is read twice. Any other network reads a *sliding window* as long as a clip at every step, which costs
(window / step) times as much: the state of a network trained on single clips would drift (docs/recipe.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import RunError
from audio_models.features.mfcc import Frames
from audio_models.features.mfcc_stream import FrameStream
from audio_models.features.waveform import Waveform
from audio_models.jobs.runs import Run
from audio_models.listening.detection import DetectionConfig, Detector
from audio_models.recognition.recognizer import Recognizer, session

Mode = Literal["stateful", "sliding_window"]
"""How a network reads a stream."""

_ANSWER_EVERY = 0.08  # seconds; a stateful network runs several shorter steps at once, in a third of the time
_WINDOW_HOP = 0.1  # seconds from one window to the next
_SHORTEST_WINDOW = 0.3  # seconds of sound before the first answer of a sliding window


class NetworkStream:
    """Probabilities as the sound arrives.

    Attributes:
        labels: in the order of the probabilities.
        sample_rate: rate of the sound [Hz].
        mode: how the network reads the stream.
        step_seconds: time from one answer to the next [s].

    Raises:
        RunError: the run has no network yet, or its file is damaged.
    """

    def __init__(self, run: Run) -> None:
        self.recognizer = recognizer = Recognizer.of_run(run)
        if recognizer.features.needs_whole_clip:
            raise RunError(
                f"{run.name} cannot listen to a stream, nor be exported: its frames depend on the whole clip (centred, or with "
                "a floor below the loudest band)."
            )
        self.labels = recognizer.labels
        self.sample_rate = recognizer.features.sample_rate
        self.mode: Mode = "stateful" if run.config.streams else "sliding_window"
        hop_seconds = recognizer.features.hop_length / self.sample_rate
        self._reader = (
            _StatefulReader(run, recognizer.features.width, hop_seconds)
            if self.mode == "stateful"
            else _SlidingWindowReader(recognizer)
        )
        self.step_seconds = self._reader.block * hop_seconds
        self.reset()

    def reset(self) -> None:
        """Forget the sound so far and start over."""
        self._frames = FrameStream(self.recognizer.features, self._reader.block, self.recognizer.filters)
        self._reader.reset()

    def detector(self, config: DetectionConfig) -> Detector:
        """Make a detector for this stream's answers."""
        return Detector(config, self.labels, self.step_seconds, self.recognizer.clip_seconds)

    def feed(self, samples: Waveform) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """Read a chunk (n,) float32; yield each step that it completes: its end [s] and the probabilities (labels,)."""
        for block in self._frames.feed(samples):
            probabilities = self._reader.read(self.recognizer.normalise(block))
            if probabilities is not None:
                yield self._frames.end, probabilities


class _StatefulReader:
    """Reads each block of frames once; the state holds what came before."""

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
        if len(frames) < self.block:  # the first block is shorter
            frames = np.concatenate([self._before, frames])
        inputs = dict(zip(self._inputs, [frames[None], *self._states], strict=True))
        probabilities, *self._states = self._session.run(None, inputs)
        answer: NDArray[np.float32] = probabilities[-1]
        return answer


class _SlidingWindowReader:
    """Reads a window as long as a clip again with each block of frames."""

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
