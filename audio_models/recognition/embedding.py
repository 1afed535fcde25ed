"""Embeddings: the input of the last layer of a trained network.

Clips that sound alike lie near each other, even clips of words that the network was not trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.features.feature_cache import clip_features
from audio_models.features.mfcc import Frames
from audio_models.jobs.runs import Run
from audio_models.recognition.recognizer import Recognizer
from data.corpus import Clip, Report, Skipped, no_progress


class Embedder(Recognizer):
    """A recognizer that also computes embeddings e: its probabilities are softmax(e W + b).

    Attributes:
        width: numbers in an embedding.

    Raises:
        RunError: see `Recognizer`.
    """

    def __init__(self, path: Path) -> None:
        self._summary = ""
        self.width = 0
        super().__init__(path)

    def embed(self, sequences: Sequence[Frames]) -> NDArray[np.float32]:
        """Embed MFCC sequences, each (frames, coefficients) from `mfcc`, not normalised; return (clips, width)."""
        return self._answers(self._summary, self.width, sequences)

    def _graph(self, content: bytes) -> bytes:
        """The same graph with the input of its last layer as a second output."""
        import onnx

        model = onnx.load_model_from_string(content)
        self._summary, self.width = _last_layer(model)
        seen = onnx.helper.make_tensor_value_info(self._summary, onnx.TensorProto.FLOAT, ["batch", self.width])
        model.graph.output.append(seen)
        extended: bytes = model.SerializeToString()
        return extended


def _last_layer(model: Any) -> tuple[str, int]:
    """The name and width of the last Dense layer's input."""
    kernel = next(constant for constant in model.graph.initializer if constant.name == "output/kernel")
    node = next(node for node in model.graph.node if kernel.name in node.input)
    return str(node.input[0]), int(kernel.dims[0])


def embed_clips(
    run: Run, clips: Sequence[Clip], report: Report = no_progress
) -> tuple[NDArray[np.float32], list[Skipped]]:
    """Embed clips with the network of a run; their features are cached.

    Returns:
        (clips, width) float32 in the order of `clips`, a row of NaN if a clip cannot be read; and the reasons.

    Raises:
        RunError: the run has no network yet, or its file is damaged.
        Cancelled: `report` raised it.
    """
    embedder = Embedder.of_run(run)
    sequences, skipped = clip_features(clips, embedder.features, report)
    found = np.full((len(clips), embedder.width), np.nan, np.float32)
    read = [position for position, frames in enumerate(sequences) if frames is not None]
    found[read] = embedder.embed([frames for frames in sequences if frames is not None])
    return found, skipped
