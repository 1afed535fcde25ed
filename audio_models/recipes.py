"""What a user gets who chooses little: the settings of each recipe, and of teaching a trained network new words."""

from __future__ import annotations

from dataclasses import replace

from audio_models.config import (
    AugmentationConfig,
    Cell,
    FeatureConfig,
    NetworkConfig,
    Readout,
    Recipe,
    RunConfig,
    TrainingConfig,
)
from data.corpus import CorpusReference
from data.task import Task

_EPOCHS_FOR_ONE_VOICE, _EPOCHS_FOR_SEVERAL, _SEVERAL_VOICES = 4, 7, 3  # of tuning; the first fits the last layer alone

# What suits each cell, found on validation clips (docs/recipe.md). A SimpleRNN falls apart at the rate that suits a
# GRU, and its short memory cannot carry a whole word to the last frame.
_LEARNING_RATES: dict[Cell, float] = {"simple_rnn": 1e-3, "lstm": 2e-3, "gru": 2e-3, "feed_forward": 2e-3}
_STRONG_LEARNING_RATES: dict[Cell, float] = {"simple_rnn": 2e-3, "lstm": 3e-3, "gru": 3e-3, "feed_forward": 2e-3}
_READOUTS: dict[Cell, Readout] = {"simple_rnn": "mean", "lstm": "last", "gru": "last", "feed_forward": "mean"}


def default_features(recipe: Recipe) -> FeatureConfig:
    """The features that a recipe reads."""
    return FeatureConfig() if recipe == "plain" else FeatureConfig(deltas=False, cepstrum=False)


def default_network(cell: Cell, recipe: Recipe = "plain") -> NetworkConfig:
    """The network that a user gets who chooses nothing but the cell and the recipe."""
    if recipe == "plain" or cell == "feed_forward":
        return NetworkConfig(cell, readout=_READOUTS[cell])
    if recipe == "streaming":
        return NetworkConfig(cell, units=128, dropout=0.3, convolutions=2, causal=True)
    return NetworkConfig(cell, bidirectional=True, dropout=0.3, readout="attention", convolutions=2)


def default_training(cell: Cell, recipe: Recipe = "plain") -> TrainingConfig:
    """The training that suits a cell."""
    if recipe == "plain":
        return TrainingConfig(learning_rate=_LEARNING_RATES[cell])
    return TrainingConfig(
        epochs=60 if recipe == "streaming" else 40,
        learning_rate=_STRONG_LEARNING_RATES[cell],
        patience=0,
        schedule="cosine",
        label_smoothing=0.1,
        averaging=0.99,
        clips_in_a_row=3 if recipe == "streaming" and cell != "feed_forward" else 1,
    )


def default_augmentation(recipe: Recipe) -> AugmentationConfig:
    """How a recipe changes its training clips."""
    return AugmentationConfig(augment=recipe != "plain")


def default_run(
    corpus: CorpusReference,
    task: Task,
    cell: Cell,
    recipe: Recipe,
    *,
    name: str = "",
    seed: int = 0,
    epochs: int | None = None,
) -> RunConfig:
    """What a user gets who chooses nothing but corpus, task, cell and recipe; `epochs` is the recipe's where None."""
    training = replace(default_training(cell, recipe), seed=seed)
    return RunConfig(
        corpus,
        task,
        name,
        default_features(recipe),
        default_network(cell, recipe),
        training if epochs is None else replace(training, epochs=epochs),
        default_augmentation(recipe),
    )


FOLDS = 5
"""Of a corpus of the user's own, which is too small for sides."""


def tuned_run(
    corpus: CorpusReference, task: Task, start: str, of: RunConfig, *, speakers: int = 1, name: str = ""
) -> RunConfig:
    """What a user gets who teaches a trained network their own words.

    Args:
        start: the run that has the network.
        of: its configuration; features and network are the same.
        speakers: in the corpus; what several have in common is worth more tuning than one voice.
    """
    training = TrainingConfig(
        epochs=_EPOCHS_FOR_ONE_VOICE if speakers < _SEVERAL_VOICES else _EPOCHS_FOR_SEVERAL,
        learning_rate=2e-3,
        patience=0,
        schedule="cosine",
        folds=FOLDS,
        seed=of.training.seed,
        clips_in_a_row=of.training.clips_in_a_row,  # what listens goes on listening
    )
    return RunConfig(
        corpus, task, name, of.features, of.network, training, default_augmentation("strong"), start
    )  # fmt: skip
