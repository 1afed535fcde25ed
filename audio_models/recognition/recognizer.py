"""Classify clips with a trained network: decoding, features and normalisation as in training, then onnxruntime."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from audio_models.errors import AudioError, RunError
from audio_models.features import bandwidth, waveform
from audio_models.features.mfcc import Frames, mfcc
from audio_models.features.sequences import pad
from audio_models.features.waveform import AudioSource, Waveform
from audio_models.jobs.runs import Run
from audio_models.networks.model_metadata import ModelMetadata
from audio_models.networks.weight_check import weights_are_finite
from audio_models.recognition import threshold
from audio_models.recognition.answer import Answer
from data.corpus import SILENCE
from data.errors import EchoicError

_BATCH = 64
_RECORDING = 1.5
"""So many training clips are a recording with a word somewhere in it. Of test clips of Speech Commands with 0.5 s of their
background added on both sides, 72 % are right as a whole and 87 % by their loudest second; without it, 88 %."""
_MEND = "Resume or repeat the training, or copy the file again."


class Recognizer:
    """A trained network that classifies clips on one core, without tensorflow.

    Args:
        path: the model file, as a training or an export writes it.

    Attributes:
        metadata: the metadata of the file.
        labels: in the order of the probabilities.
        features: settings of the features.
        filters: window and mel filters; None in older files.
        parameters: number of trained weights.
        clip_seconds: length that nine of ten training clips do not exceed [s].
        temperature: the logits were divided by it to calibrate the confidence.
        normalisation: of the frames.
        threshold: confidence that a word needs, chosen on validation clips; below it, it is rejected.

    Raises:
        RunError: there is no such file, it is damaged, its labels do not fit its outputs, or not all weights are finite.
    """

    def __init__(self, path: Path) -> None:
        try:
            content = path.read_bytes()
            self._session = session(self._graph(content))
            self.metadata = ModelMetadata.from_props(self._session.get_modelmeta().custom_metadata_map)
            self.labels = self.metadata.labels
            self.features = self.metadata.features
            self.filters = self.metadata.filters
            self.parameters = self.metadata.parameters
            self.clip_seconds = self.metadata.clip_seconds
            self.threshold = self.metadata.threshold
            self.temperature = self.metadata.temperature
            self.normalisation = self.metadata.normalisation
            self._check(content)
        except EchoicError as error:
            raise RunError(f"{path} is damaged. {error} {_MEND}") from error
        except Exception as error:  # onnxruntime has no common error of its own
            raise RunError(f"{path} is damaged, or not a model of Echoic ({type(error).__name__}). {_MEND}") from error

    @classmethod
    def of_run(cls, run: Run) -> Self:
        """The recognizer of a run's best network so far, with the threshold chosen for it.

        Raises:
            RunError: the run has no network yet, or its file is damaged.
        """
        if not run.has_model:
            raise RunError(
                f"The run {run.id} has no network yet (model.onnx is missing). Wait for its first epoch, or resume it."
            )
        recognizer = cls(run.model_path)
        chosen = threshold.load(run)
        if chosen is not None:
            recognizer.threshold = chosen
        return recognizer

    def _check(self, content: bytes) -> None:
        """Refuse a network whose answers would be silently wrong: read one frame, and check all weights."""
        answer = self.answer(np.ones((1, self.features.width), np.float32))
        if answer.shape != (len(self.labels),):
            raise RunError(f"It has {len(self.labels)} labels for {answer.size} outputs.")
        if not (np.isfinite(answer).all() and weights_are_finite(content)):
            raise RunError("Some of its weights are not finite numbers.")

    def frames(self, samples: Waveform) -> Frames:
        """Compute the MFCC sequence (frames, width) of a waveform (samples,) float32 at `features.sample_rate`."""
        return mfcc(samples, self.features, self.filters)

    def classify(self, samples: Waveform) -> Answer:
        """Classify a waveform (samples,) float32 at `features.sample_rate`."""
        frames = self.frames(samples)
        probabilities = self.probabilities([frames])[0]
        best = int(probabilities.argmax())
        return Answer(
            self.labels[best],
            float(probabilities[best]),
            {label: float(share) for label, share in zip(self.labels, probabilities, strict=True)},
            frames,
            self.threshold,
        )

    def load(self, source: AudioSource, tell: Callable[[str], None] = waveform.ignore_note) -> Waveform:
        """Decode a clip for `classify`.

        Args:
            tell: called with sentences for the user on how it was read, if there is anything to tell.

        Raises:
            AudioError: it cannot be read, is too short for a word, or it is silent and the network has no class for silence.
        """
        samples = waveform.load(source, self.features.sample_rate, is_word=True, tell=tell)
        if tell is not waveform.ignore_note:
            narrow = bandwidth.narrow_note(samples, self.features.sample_rate, self.features.fmax)
            if narrow:
                tell(narrow)
        if waveform.is_silent(samples) and SILENCE not in self.labels:
            raise AudioError(
                f"{source.name} is silent: every sample is zero, and this network was not trained on silence. Check the microphone and record it again."
            )
        return samples

    def word_in(self, samples: Waveform) -> tuple[int, int]:
        """The stretch of a clip to classify: its first sample and the one after its last.

        All of it, or if it is much longer than a training clip, its loudest stretch of that length: a recording begins
        before its word and ends after it.
        """
        rate = self.features.sample_rate
        if len(samples) <= _RECORDING * self.clip_seconds * rate:
            return 0, len(samples)
        return waveform.loudest(samples, rate, self.clip_seconds)

    def normalise(self, frames: Frames) -> Frames:
        """Normalise MFCC frames (frames, width) for the network."""
        return self.normalisation.apply(frames)

    def probabilities(self, sequences: Sequence[Frames]) -> NDArray[np.float32]:
        """The probabilities (clips, labels) of MFCC sequences, each (frames, width) from `mfcc`, not normalised."""
        return self._answers("probabilities", len(self.labels), sequences)

    def answer(self, frames: Frames) -> NDArray[np.float32]:
        """The probabilities (labels,) of one normalised MFCC sequence (frames, width)."""
        inputs = {"frames": frames[None], "lengths": np.array([len(frames)], np.int32)}
        found: NDArray[np.float32] = self._session.run(["probabilities"], inputs)[0][0]
        return found

    def _graph(self, content: bytes) -> bytes:
        """The graph to run, from the content of the file."""
        return content

    def _answers(self, output: str, width: int, sequences: Sequence[Frames]) -> NDArray[np.float32]:
        """Run the graph on MFCC sequences; return one of its outputs, (clips, width)."""
        found = np.empty((len(sequences), width), np.float32)
        by_length = sorted(range(len(sequences)), key=lambda position: len(sequences[position]))
        for first in range(0, len(by_length), _BATCH):
            part = by_length[first : first + _BATCH]
            frames, lengths = pad([self.normalise(sequences[position]) for position in part])
            (found[part],) = self._session.run([output], {"frames": frames, "lengths": lengths})
        return found


def session(graph: bytes) -> onnxruntime.InferenceSession:
    """Load a graph to run on one core: for short clips, threads cost more than they save."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
