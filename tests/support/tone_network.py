"""A network whose answers are known: it hears a low and a high tone, and silence in all else."""

from __future__ import annotations

import numpy as np

from audio_models.config import AugmentationConfig, FeatureConfig, NetworkConfig, RunConfig, TrainingConfig
from audio_models.features.mfcc import mel_bands
from audio_models.features.sequences import Normalisation
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.networks import onnx_graph
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.model_metadata import ModelMetadata
from data.corpus import SILENCE, CorpusReference
from data.task import Task
from tests.support.sounds import tone

LOW, HIGH = 400.0, 2000.0
"""The tones that it hears [Hz]."""


def tone_run(labels: tuple[str, str] = ("low", "high"), *, window: bool = False) -> Run:
    """A run in the workspace whose network says `labels` to the two tones while they sound, from one frame to the next.

    Its state has one number for each tone, which is positive while the tone's mel band is loud; nothing is remembered.
    With `window` it reads from the end too, so that it must hear through a window.
    """
    network = NetworkConfig("simple_rnn", units=2, bidirectional=window)
    features = FeatureConfig(deltas=False, kind="log_mel")
    task = Task(labels, unknown=False, silence=True)
    training = TrainingConfig(clips_per_sequence=1 if window else 2)
    augmentation = AugmentationConfig(augment=True)
    corpus = CorpusReference("synthetic_voices")
    run = runs.create(RunConfig(corpus, task, "tones", features, network, training, augmentation))
    weights = {
        name: np.zeros(value.shape, np.float32) for name, value in fresh_weights(network, features.width, 3, 0).items()
    }
    loudest = [mel_bands([tone(hertz)], features)[0].mean(axis=0).argmax() for hertz in (LOW, HIGH)]
    for name, value in weights.items():
        if value.shape == (features.width, 2):
            value[loudest, [0, 1]] = 1
        elif name == "output/kernel":
            value[[0, 1], [0, 1]] = 9  # backwards, the state is that of the first frame of the clip: it has no say
    graph = onnx_graph.build(
        network,
        features.width,
        weights,
        ModelMetadata(
            (*labels, SILENCE), features, Normalisation((0.0,) * features.width, (10.0,) * features.width), 1, 0.5
        ),
    )
    run.model_path.write_bytes(graph.SerializeToString())
    return run


def tones(*placed: tuple[float, float], seconds: float = 6.0, rate: int = 16_000) -> np.ndarray:
    """A recording (samples,) in which tones of 0.4 s begin where they are placed: (seconds, Hz)."""
    samples = np.zeros(round(seconds * rate), np.float32)
    for start, hertz in placed:
        sound = tone(hertz, 0.4, rate)
        first = round(start * rate)
        samples[first : first + len(sound)] += sound
    return samples
