"""Small networks in numpy: exact gradients, learning in a moment, live changes, an end instead of numbers without bounds."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.errors import ConfigError
from audio_models.lab import memory_tasks
from audio_models.lab.memory import LAB_CELLS, LabCell
from audio_models.lab.small_network import SmallConfig, draw
from audio_models.lab.small_training import SmallTraining, accuracies_so_far, accuracy_at


@pytest.mark.parametrize("cell", LAB_CELLS)
@pytest.mark.parametrize(("task", "every_step"), [("recall", False), ("adding", False), ("parity", True)])
def test_gradients_of_the_loss_equal_finite_differences(cell: LabCell, task: str, every_step: bool) -> None:
    training = SmallTraining(SmallConfig(task, cell, units=3, every_step=every_step))

    def loss_of_one_batch() -> float:
        training._random = np.random.default_rng(4)
        return training._gradients(6)[0]

    training._random = np.random.default_rng(4)
    exact = training._gradients(6)[2]
    network = training.network
    for place, values in enumerate(network.parameters):
        for index in list(np.ndindex(values.shape))[::3]:
            losses = []
            for nudge in (1e-5, -1e-5):
                changed = [one.copy() for one in network.parameters]
                changed[place][index] += nudge
                training.network = network.with_parameters(changed)
                losses.append(loss_of_one_batch())
            assert exact[place][index] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("cell", LAB_CELLS)
def test_each_cell_learns_to_recall_five_steps(cell: LabCell) -> None:
    training = SmallTraining(SmallConfig(cell=cell, units=8))
    for _ in range(4):
        training.train(5, 1e-2, seconds=60, most=40)
    assert training.steps == 160
    assert training.progress[-1].accuracy > 0.95
    assert training.progress[-1].loss < training.progress[0].loss
    fresh = accuracy_at(training.network, memory_tasks.TASKS["recall"], 5, seed=77)
    assert fresh > 0.9, "sequences that it has not learned"


def test_length_and_learning_rate_change_while_it_trains() -> None:
    training = SmallTraining(SmallConfig(units=4))
    training.train(5, 1e-2, seconds=60, most=2)
    before = training.network
    training.train(9, 0.0, seconds=60, most=3)
    assert [(one.steps, one.length) for one in training.progress] == [(2, 5), (5, 9)]
    for old, new in zip(before.parameters, training.network.parameters, strict=True):
        np.testing.assert_array_equal(old, new)  # a learning rate of 0 learns nothing


def test_time_ends_a_piece() -> None:
    training = SmallTraining(SmallConfig(units=4))
    training.train(5, 1e-2, seconds=0.0)
    assert training.steps == 1


def test_the_same_seed_trains_the_same_network() -> None:
    one, same, other = (SmallTraining(SmallConfig(units=4, seed=seed)) for seed in (3, 3, 4))
    for training in (one, same, other):
        training.train(5, 1e-2, seconds=60, most=5)
    assert one.progress == same.progress != other.progress


def test_numbers_without_bounds_end_a_training() -> None:
    config = SmallConfig("adding", activation="linear", initialisation="identity", scale=3.0)
    training = SmallTraining(config)
    training.train(700, 1e-2, seconds=60, most=3)  # 3 to the power of 700 is no number
    assert training.diverged
    training.train(5, 1e-2, seconds=60, most=3)
    assert training.progress == [], "it does not go on"


@pytest.mark.parametrize("cell", LAB_CELLS)
def test_networks_start_as_they_are_told(cell: LabCell) -> None:
    network = draw(SmallConfig(cell=cell, units=4, initialisation="identity", scale=0.5, gate_bias=3.0))
    gates = network.weights.recurrent_kernel.shape[1] // 4
    np.testing.assert_array_equal(network.weights.recurrent_kernel, 0.5 * np.concatenate([np.eye(4)] * gates, axis=1))
    assert int((network.weights.bias == 3.0).sum()) == (0 if cell == "simple_rnn" else 4)


def test_only_parity_has_an_answer_after_every_step() -> None:
    with pytest.raises(ConfigError, match="after its last step only"):
        SmallConfig("recall", every_step=True)
    with pytest.raises(ConfigError, match="after its last step only"):
        accuracies_so_far(draw(SmallConfig()), memory_tasks.TASKS["recall"], 5, seed=0)
    with pytest.raises(ConfigError, match="no memory task 'chess'"):
        SmallConfig("chess")
