"""The settings of each recipe, and of fine-tuning a trained network on the user's own words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audio_models.config import (
    CELLS,
    RECIPES,
    AugmentationConfig,
    Cell,
    FeatureConfig,
    NegativesConfig,
    NetworkConfig,
    Readout,
    Recipe,
    RunConfig,
    TrainingConfig,
)
from audio_models.settings import Setting
from data.corpus import CorpusReference
from data.task import Task

_SEVERAL_VOICES = 3

# Chosen on validation clips (docs/recipe.md). A SimpleRNN diverges at a GRU's learning rate, and its short memory cannot
# carry a whole word to the last frame.
_LEARNING_RATES: dict[Cell, float] = {"simple_rnn": 1e-3, "lstm": 2e-3, "gru": 2e-3, "feed_forward": 2e-3}
_STRONG_LEARNING_RATES: dict[Cell, float] = {"simple_rnn": 2e-3, "lstm": 3e-3, "gru": 3e-3, "feed_forward": 2e-3}
# As many as keep a model file under 2 MB.
_STRONG_UNITS: dict[Cell, int] = {"simple_rnn": 128, "lstm": 96, "gru": 112, "feed_forward": 96}
_READOUTS: dict[Cell, Readout] = {"simple_rnn": "mean", "lstm": "last", "gru": "last", "feed_forward": "mean"}


def default_features(recipe: Recipe) -> FeatureConfig:
    """The features of a recipe."""
    return FeatureConfig() if recipe == "plain" else FeatureConfig(deltas=False, kind="log_mel")


def default_network(cell: Cell, recipe: Recipe = "plain") -> NetworkConfig:
    """The network of a cell and a recipe."""
    if recipe == "plain" or cell == "feed_forward":
        return NetworkConfig(cell, readout=_READOUTS[cell])
    if recipe == "streaming":
        return NetworkConfig(cell, units=192, dropout=0.3, convolutions=2, filters=40, causal=True)
    return NetworkConfig(
        cell,
        units=_STRONG_UNITS[cell],
        bidirectional=True,
        dropout=0.3,
        readout="attention",
        convolutions=2,
        filters=40,
    )


def default_training(cell: Cell, recipe: Recipe = "plain") -> TrainingConfig:
    """The training that suits a cell in a recipe."""
    if recipe == "plain":
        return TrainingConfig(learning_rate=_LEARNING_RATES[cell])
    return TrainingConfig(
        epochs=60 if recipe == "streaming" else 40,
        learning_rate=_STRONG_LEARNING_RATES[cell],
        patience=0,
        schedule="cosine",
        label_smoothing=0.1,
        ema_decay=0.99,
        clips_per_sequence=3 if recipe == "streaming" and cell != "feed_forward" else 1,
    )


def default_augmentation(recipe: Recipe) -> AugmentationConfig:
    """How a recipe changes its training clips."""
    if recipe == "plain":
        return AugmentationConfig()
    return AugmentationConfig(augment=True, room_probability=0.4, equaliser_db=8.0, synthetic_voices=0.15)


def default_negatives(recipe: Recipe) -> NegativesConfig:
    """What a recipe learns `_unknown_` from."""
    if recipe == "plain":
        return NegativesConfig()
    made = NegativesConfig(
        unknown_ratio=4.0, partial_words=0.2, synthetic_words=0.25, other_share=0.3, hardest_share=0.5
    )
    return _of_a_stream(made) if recipe == "streaming" else made


def _of_a_stream(negatives: NegativesConfig) -> NegativesConfig:
    """The same for sequences of clips, in which another word has more steps with a target than a word.

    All of them count: of steps, the hardest are those where a word begins like one of the task's (docs/recipe.md).
    """
    return replace(negatives, unknown_ratio=negatives.unknown_ratio / 2, hardest_share=1.0)


_DEFAULTS: dict[type[Any], Callable[[Cell, Recipe], Any]] = {
    NetworkConfig: default_network,
    TrainingConfig: default_training,
    AugmentationConfig: lambda _, recipe: default_augmentation(recipe),
    FeatureConfig: lambda _, recipe: default_features(recipe),
    NegativesConfig: lambda _, recipe: default_negatives(recipe),
}


def recipe_defaults(kind: type[Any], row: Setting) -> dict[Recipe, str]:
    """The default of a setting in each recipe: "last, mean for simple_rnn"; empty if no recipe changes it."""
    if kind not in _DEFAULTS or row.name == "cell":
        return {}
    found: dict[Recipe, str] = {}
    for recipe in RECIPES:
        by_cell = {cell: row.text_of(getattr(_DEFAULTS[kind](cell, recipe), row.name)) for cell in CELLS}
        usual = by_cell["gru"]
        others: dict[str, list[str]] = {}
        for cell, value in by_cell.items():
            if value != usual:
                others.setdefault(value, []).append(cell)
        found[recipe] = ", ".join([usual, *(f"{value} for {' and '.join(cells)}" for value, cells in others.items())])
    return found


def default_text(kind: type[Any], row: Setting) -> str:
    """The default of a setting, "default: 0", by recipe where they differ: "plain: 0; strong: 2"; empty for none."""
    by_recipe = recipe_defaults(kind, row)
    if len(set(by_recipe.values())) > 1:
        return "; ".join(f"{recipe}: {value}" for recipe, value in by_recipe.items())
    value = next(iter(by_recipe.values()), row.text_of(row.default))
    return f"default: {value}" if value else ""


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
    """The run of a cell and a recipe; `epochs` is the recipe's by default."""
    training = replace(default_training(cell, recipe), seed=seed)
    return RunConfig(
        corpus,
        task,
        name,
        default_features(recipe),
        default_network(cell, recipe),
        training if epochs is None else replace(training, epochs=epochs),
        default_augmentation(recipe),
        negatives=default_negatives(recipe),
    )


@dataclass(frozen=True)
class _Tuning:
    """How a network is fine-tuned on the user's own words; chosen by experiment (docs/recipe.md).

    Attributes:
        epochs: the first fits the last layer alone.
        folds: of the cross-validation, each a training of its own.
        synthetic_voices: share of the clips of a word that synthetic voices say, if its label, read out, is the word.
        negatives: what `_unknown_` is learned from. Halves of few words are soon all known; synthetic voices say any
            number of others.
    """

    epochs: int
    folds: int
    synthetic_voices: float
    negatives: NegativesConfig


# A few takes of one voice do not tell what makes the word; the takes of several do, in part.
_ONE_VOICE = _Tuning(
    8, 3, 0.5, NegativesConfig(unknown_ratio=3.0, partial_words=0.2, synthetic_words=0.5, other_share=0.15)
)
_SEVERAL = _Tuning(
    9, 5, 0.3, NegativesConfig(unknown_ratio=2.0, partial_words=0.1, synthetic_words=0.4, other_share=0.2)
)

FOLDS = 5
"""Folds for a network that learns the user's words from scratch."""


def tuned_run(
    corpus: CorpusReference,
    task: Task,
    start: str,
    of: RunConfig,
    *,
    speakers: int = 1,
    name: str = "",
    other: Sequence[str] = (),
) -> RunConfig:
    """The run that fine-tunes a trained network on the user's own words.

    Args:
        start: reference of the run with the network.
        of: its configuration; features and network stay the same.
        speakers: number in the corpus; how much a network must be told of other voices depends on it.
        other: folders of recordings without the words.
    """
    tuning = _ONE_VOICE if speakers < _SEVERAL_VOICES else _SEVERAL
    negatives = _of_a_stream(tuning.negatives) if of.training.clips_per_sequence > 1 else tuning.negatives
    training = TrainingConfig(
        epochs=tuning.epochs,
        learning_rate=2e-3,
        patience=0,
        schedule="cosine",
        folds=tuning.folds,
        seed=of.training.seed,
        clips_per_sequence=of.training.clips_per_sequence,  # a streaming network stays one
    )
    return RunConfig(
        corpus, task, name, of.features, of.network, training,
        replace(default_augmentation("strong"), synthetic_voices=tuning.synthetic_voices),
        start,
        replace(negatives, other=tuple(other)),
    )  # fmt: skip
