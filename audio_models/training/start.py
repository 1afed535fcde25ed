"""The trained network that a training starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audio_models.config import RunConfig
from audio_models.errors import TrainingError
from audio_models.features.mfcc import mfcc_batch
from audio_models.features.sequences import Normalisation
from audio_models.features.waveform import Waveform
from audio_models.jobs import runs
from audio_models.recognition.embedding import Embedder

if TYPE_CHECKING:
    from audio_models.networks.keras_model import Weights


@dataclass(frozen=True)
class Start:
    """The trained network that a run fine-tunes."""

    normalisation: Normalisation
    weights: Weights
    embedder: Embedder

    def embed(self, clips: Sequence[Waveform]) -> NDArray[np.float32]:
        """Embed clips, each (samples,) float32; return (clips, width)."""
        return self.embedder.embed(mfcc_batch(clips, self.embedder.features))


def start_of(config: RunConfig, start: str) -> Start | None:
    """Load the network that a run starts from; None for random weights.

    Raises:
        RunError: there is no such run, or it has no network yet.
        TrainingError: its network or features differ from the configuration.
    """
    if not start:
        return None
    from audio_models.networks import onnx_graph

    run = runs.find(start)
    embedder = Embedder.of_run(run)
    if run.config.network != config.network or embedder.features != config.features:
        raise TrainingError(
            f"The network of {run.name} has other network or feature settings than this run; use the same."
        )
    return Start(embedder.normalisation, onnx_graph.weights_of(run.model_path, config.network), embedder)
