"""Estimate the duration of a training from its size and from earlier trainings on this machine."""

from __future__ import annotations

import statistics

from audio_models.config import REACH, NetworkConfig, RunConfig
from audio_models.jobs import runs
from audio_models.training.clip_sequences import PAUSE
from data.errors import EchoicError

# Seconds for each clip of an epoch, fitted to the bundled networks, some of them made beside other work (two cores, 2026).
_SECONDS_A_MILLION = 1.3e-4  # multiply-adds, forward and backward
_SECONDS_A_CLIP = 1.7e-4  # whatever the network
_SECONDS_A_RECURRENT = 2.5e-4  # more where frames are read one after the other
_SECONDS_A_CHANGE = 1.9e-3  # more with augmentation
_SECONDS_TO_START = 20.0  # tensorflow, the first step, features
_SECONDS_TO_START_A_CHANGE = 0.013  # more for each clip with augmentation: noise, other words, the threshold
_USUAL = (
    1.0  # seconds an epoch that count as measured as fitted, so an epoch of a few clips says little about this machine
)
_GATES = {"simple_rnn": 1, "gru": 3, "lstm": 4}
_RECENT = 5

SECONDS_TO_START = 20.0
"""Before the first epoch: tensorflow, features, the graph [s]."""


def operations(network: NetworkConfig, width: int, frames: int, classes: int) -> int:
    """Multiply-adds of a forward pass for one clip of `frames` frames of `width` numbers."""
    total, inputs, channels = 0, width, 1
    for stride in network.strides:
        frames, width = -(-frames // stride), -(-width // stride)
        total += frames * width * REACH**2 * channels * network.filters
        channels, inputs = network.filters, width * network.filters
    for number in range(1, network.layers + 1):
        units = network.units_of(number)
        if network.cell == "feed_forward":
            total += frames * inputs * units
            inputs = units
        else:
            ways = 2 if network.bidirectional else 1
            total += frames * ways * _GATES[network.cell] * units * (inputs + units)
            inputs = ways * units
    if network.readout == "attention":
        total += frames * inputs * network.units
    for size in network.dense:
        total += inputs * size
        inputs = size
    return total + inputs * classes


def epoch_seconds(config: RunConfig, clips_per_word: float) -> float:
    """Estimate the duration of an epoch of one-second clips on the reference machine [s].

    Args:
        clips_per_word: training clips that a word has on average.
    """
    features, classes = config.features, len(config.task.classes)
    frames = 1 + round((1000 - features.frame_ms) / features.hop_ms)
    learning = operations(config.network, features.width, frames, classes) / 1e6 * _SECONDS_A_MILLION
    if config.network.cell != "feed_forward":
        learning += _SECONDS_A_RECURRENT
    if config.training.clips_per_sequence > 1:
        learning *= 1 + PAUSE
    changing = _SECONDS_A_CHANGE if config.augmentation.augment else 0.0
    return _clips(config, clips_per_word) * (_SECONDS_A_CLIP + learning + changing)


def _clips(config: RunConfig, clips_per_word: float) -> float:
    """How many clips an epoch has."""
    shown = float(len(config.task.classes))  # in units of the clips of a word
    if config.task.unknown:
        shown += config.negatives.unknown_ratio - 1
    return shown * config.clips_of_a_class(clips_per_word)


def training_seconds(config: RunConfig, clips_per_word: float) -> float:
    """Estimate the duration of a training on this machine [s], with all folds and without early stopping."""
    return SECONDS_TO_START + learning_seconds(config, clips_per_word)


def learning_seconds(config: RunConfig, clips_per_word: float) -> float:
    """Estimate the same without the start: the duration of the epochs [s]."""
    epochs = config.training.epochs * (config.training.folds + 1)
    return epochs * epoch_seconds(config, clips_per_word) * _slowness()


def _slowness() -> float:
    """How much longer an epoch of the latest trainings in this workspace took than estimated; 1 before the first.

    Long epochs count more than short ones, whose seconds are not those of learning.
    """
    measured = estimated = _USUAL
    counted = 0
    for run in runs.listing():
        try:
            history, clips = run.history, run.state.clips_per_word
            if len(history) > 2 and clips:
                measured += statistics.median(row.seconds for row in history)
                estimated += epoch_seconds(run.config, clips)
                counted += 1
        except EchoicError:
            continue
        if counted == _RECENT:
            break
    return measured / estimated
