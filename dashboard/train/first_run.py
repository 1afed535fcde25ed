"""The short first training, one click away."""

from __future__ import annotations

from audio_models.config import FeatureConfig, NetworkConfig, RunConfig, TrainingConfig
from audio_models.jobs import runs
from data.corpus import CorpusReference
from data.task import Task

_WORDS = ("left", "right", "up", "down", "go", "stop")


def quick_config() -> RunConfig:
    """Configure it: synthetic voices, six words, a small GRU."""
    return RunConfig(
        corpus=CorpusReference("synthetic_voices"),
        task=Task(_WORDS, unknown=False, silence=False),
        name=runs.next_name("First words"),
        features=FeatureConfig(),
        network=NetworkConfig("gru", units=48),
        training=TrainingConfig(epochs=12, patience=4),
    )
