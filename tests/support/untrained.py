"""Runs whose networks hold random numbers: they answer nonsense, but at once and always the same."""

from __future__ import annotations

import numpy as np

from audio_models.config import AugmentationConfig, FeatureConfig, NetworkConfig, RunConfig, TrainingConfig
from audio_models.features.sequences import Normalisation
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.networks import onnx_graph
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.model_metadata import ModelMetadata
from data.corpus import CorpusReference
from data.task import Task

LABELS = ("left", "right", "_unknown_", "_silence_")


def untrained_run(
    network: NetworkConfig,
    features: FeatureConfig | None = None,
    *,
    corpus: CorpusReference | None = None,
    words: tuple[str, ...] = LABELS[:2],
    scale: float = 3.0,
    seed: int = 0,
) -> Run:
    """A run in the workspace that takes what it hears for `words`, unknown or silence; `scale` makes its answers differ more."""
    features = features or FeatureConfig(deltas=False, kind="log_mel")
    task = Task(words, unknown=True, silence=True)
    corpus = corpus or CorpusReference("synthetic_voices")
    training = TrainingConfig(clips_per_sequence=2 if network.streams else 1)
    augmentation = AugmentationConfig(augment=True)
    run = runs.create(RunConfig(corpus, task, "untrained", features, network, training, augmentation))
    weights = fresh_weights(network, features.width, len(task.classes), seed)
    random = np.random.default_rng(seed)
    for name, value in weights.items():
        weights[name] = (value + 0.1 * random.normal(size=value.shape) * (value == 0)).astype(np.float32)
    weights["output/kernel"] *= scale
    graph = onnx_graph.build(
        network,
        features.width,
        weights,
        ModelMetadata(
            task.classes, features, Normalisation((-40.0,) * features.width, (20.0,) * features.width), 1, 1.0
        ),
    )
    run.model_path.write_bytes(graph.SerializeToString())
    return run
