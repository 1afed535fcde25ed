"""The estimate of a training's length: the count of operations against layers whose count is known."""

from __future__ import annotations

import statistics
from dataclasses import replace

import pytest

from audio_models.config import NegativesConfig, NetworkConfig, RunConfig
from audio_models.jobs import runs
from audio_models.jobs.job_folder import State
from audio_models.jobs.runs import Epoch, Run
from audio_models.recipes import default_augmentation, default_training
from audio_models.training import estimate
from data.corpus import CorpusReference
from data.task import Task


def _config(**changes) -> RunConfig:
    config = RunConfig(
        CorpusReference("synthetic_voices"), Task(("a", "b")), network=NetworkConfig("gru", 8), training=default_training("gru")
    )  # fmt: skip
    return replace(config, **changes)


def test_operations_are_those_of_the_layers() -> None:
    # a GRU of 3 units on 2 numbers: 3 gates of 3 x (2 + 3), each frame; a Dense layer of 3 x 4
    assert estimate.operations(NetworkConfig("gru", 3), 2, 10, 4) == 10 * 3 * 3 * (2 + 3) + 3 * 4
    assert estimate.operations(NetworkConfig("simple_rnn", 3, bidirectional=True), 2, 10, 4) == 10 * 2 * 3 * 5 + 6 * 4
    assert estimate.operations(NetworkConfig("feed_forward", 3, layers=2), 2, 10, 4) == 10 * (6 + 9) + 12
    # one convolution: 5 x 4 places of 5 x 5 x 1 x 2, then the cell on 5 frames of 4 x 2 numbers
    with_one = NetworkConfig("lstm", 3, convolutions=1, filters=2)
    assert estimate.operations(with_one, 8, 10, 4) == 5 * 4 * 25 * 2 + 5 * 4 * 3 * (8 + 3) + 3 * 4


def test_more_clips_epochs_and_units_take_longer() -> None:
    plain = estimate.training_seconds(_config(), 500)
    assert estimate.training_seconds(_config(), 1000) > plain
    assert estimate.training_seconds(_config(network=NetworkConfig("gru", 64)), 500) > plain
    assert estimate.training_seconds(_config(training=replace(default_training("gru"), epochs=60)), 500) > plain


def test_augmentation_makes_many_clips_of_a_few() -> None:
    few = _config(augmentation=default_augmentation("strong"))
    assert few.clips_of_a_class(10) == 500
    assert few.clips_of_a_class(700) == 700
    assert _config().clips_of_a_class(10) == 10


def test_other_words_take_as_long_as_their_number_says() -> None:
    rejects = _config(task=Task(("a", "b"), unknown=True))
    four = replace(rejects, negatives=NegativesConfig(unknown_ratio=4.0))
    assert estimate.epoch_seconds(four, 500) == pytest.approx(2 * estimate.epoch_seconds(rejects, 500))
    assert estimate.epoch_seconds(_config(negatives=four.negatives), 500) == estimate.epoch_seconds(_config(), 500)


@pytest.mark.parametrize("run", runs.bundled(), ids=lambda run: run.id)
def test_the_networks_that_come_with_echoic_took_about_as_long_as_estimated(run: Run) -> None:
    """One number for all networks was wrong by up to seven. Within three: some were made beside other work."""
    measured = statistics.median(row.seconds for row in run.history)
    assert 1 / 3 < estimate.epoch_seconds(run.config, run.state.clips_per_word) / measured < 3


def _trained(config: RunConfig, clips: int, factor: float) -> None:
    run = runs.create(config)
    slow = factor * estimate.epoch_seconds(config, clips)
    run.write_history([Epoch(number, 1, 0.5, 1, 0.5, slow) for number in range(1, 5)])
    run.write_state(State("finished", clips_per_word=clips))


def test_trainings_on_this_machine_correct_it() -> None:
    config = _config(network=NetworkConfig("gru", 512))
    before = estimate.training_seconds(config, 2000) - 20
    _trained(config, 2000, 3)
    assert estimate.training_seconds(config, 2000) - 20 == pytest.approx(3 * before, rel=0.1)


def test_a_training_of_a_few_clips_says_little_about_a_long_one() -> None:
    long = _config(network=NetworkConfig("lstm", 256))
    before = estimate.training_seconds(long, 2000)
    _trained(_config(), 20, 8)
    assert estimate.training_seconds(long, 2000) < 1.3 * before
