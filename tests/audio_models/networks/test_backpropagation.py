"""Gradients of a cell's weights equal finite differences; a batch equals its sequences one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audio_models.config import Cell
from audio_models.networks.backpropagation import through_time, weight_gradients
from audio_models.networks.cells import ACTIVATIONS, GATES, Activation, CellWeights, activate, read, slope

UNITS, WIDTH, FRAMES, BATCH = 3, 2, 5, 4


def _weights(cell: Cell, activation: Activation = "tanh") -> CellWeights:
    random = np.random.default_rng(1)
    sums = max(1, len(GATES[cell])) * UNITS
    bias = random.normal(size=(2, sums) if cell == "gru" else sums)
    return CellWeights(random.normal(size=(WIDTH, sums)), random.normal(size=(UNITS, sums)), bias, activation)


def _frames() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(FRAMES, BATCH, WIDTH))


def _direct() -> np.ndarray:
    """The loss is the sum of all states times these: each state counts directly, and through the later ones."""
    return np.random.default_rng(3).normal(size=(FRAMES, BATCH, UNITS))


@pytest.mark.parametrize(
    ("cell", "activation"), [*(("simple_rnn", one) for one in ACTIVATIONS), ("lstm", "tanh"), ("gru", "tanh")]
)
def test_gradients_of_weights_equal_finite_differences(cell: Cell, activation: Activation) -> None:
    weights, frames, direct = _weights(cell, activation), _frames(), _direct()
    states = read(cell, frames, weights)
    exact = weight_gradients(cell, frames, states, through_time(cell, states, weights, direct))

    def loss(changed: CellWeights) -> float:
        return float(
            sum((state.h * part).sum() for state, part in zip(read(cell, frames, changed), direct, strict=True))
        )

    for name in ("kernel", "recurrent_kernel", "bias"):
        values = getattr(weights, name)
        for place in np.ndindex(values.shape):
            nudge = np.zeros_like(values)
            nudge[place] = 1e-6
            above, below = (loss(replace(weights, **{name: values + sign * nudge})) for sign in (1, -1))
            assert getattr(exact, name)[place] == pytest.approx((above - below) / 2e-6, rel=1e-5, abs=1e-7), (
                name,
                place,
            )


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_a_batch_equals_its_sequences_one_by_one(cell: Cell) -> None:
    weights, frames, direct = _weights(cell), _frames(), _direct()
    states = read(cell, frames, weights)
    batch = through_time(cell, states, weights, direct)
    for one in range(BATCH):
        alone = read(cell, frames[:, one], weights)
        back = through_time(cell, alone, weights, direct[:, one])
        np.testing.assert_allclose([state.h[one] for state in states], [state.h for state in alone], atol=1e-12)
        np.testing.assert_allclose(batch.states[:, one], back.states, atol=1e-12)
        np.testing.assert_allclose(batch.inputs[:, one], back.inputs, atol=1e-12)
        if cell == "lstm":
            assert batch.cell_states is not None
            assert back.cell_states is not None
            np.testing.assert_allclose(batch.cell_states[:, one], back.cell_states, atol=1e-12)


@pytest.mark.parametrize(("activation", "most"), [("tanh", 1), ("relu", 1), ("linear", 1), ("sigmoid", 0.25)])
def test_slopes_are_at_most_one(activation: Activation, most: float) -> None:
    x = np.array([-3.0, -0.5, -1e-9, 1e-9, 0.5, 3.0])
    found = slope(activate(x, activation), activation)
    difference = (activate(x + 1e-6, activation) - activate(x - 1e-6, activation)) / 2e-6
    away = np.abs(x) > 1e-6  # a relu has a corner at 0
    np.testing.assert_allclose(found[away], difference[away], atol=1e-6)
    assert found.max() == pytest.approx(most)
