"""The factor of every step back, against products that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.lab.gradient_flow import gradient_flow, largest_factor
from audio_models.lab.memory import LAB_CELLS, LabCell
from audio_models.lab.small_network import SmallConfig, draw
from audio_models.networks.cells import ACTIVATIONS, Activation, CellWeights, State, read, step

STEPS = 8


def _frames(width: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(STEPS, width))


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.25])
def test_a_linear_network_with_orthogonal_weights_has_the_same_factor_everywhere(scale: float) -> None:
    weights = draw(SmallConfig(activation="linear", scale=scale)).weights
    flow = gradient_flow("simple_rnn", read("simple_rnn", _frames(5), weights), weights)
    np.testing.assert_allclose(flow.norms, scale ** np.arange(STEPS), rtol=1e-9)
    np.testing.assert_allclose(flow.factors, scale, rtol=1e-9)
    assert flow.mean_factor == pytest.approx(scale)
    assert largest_factor(weights) == pytest.approx(scale)


def test_a_single_unit_multiplies_by_its_weight_and_its_slope() -> None:
    weights = CellWeights(np.array([[1.0]]), np.array([[0.8]]), np.zeros(1))
    states = read("simple_rnn", _frames(1), weights)
    slopes = np.array([1 - float(state.h[0]) ** 2 for state in states])
    flow = gradient_flow("simple_rnn", states, weights)
    np.testing.assert_allclose(flow.factors, 0.8 * slopes[:0:-1])
    assert flow.direct is None


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("scale", [0.3, 0.95, 1.5])
def test_no_factor_of_a_simple_rnn_is_larger_than_its_bound(activation: Activation, scale: float) -> None:
    weights = draw(SmallConfig(activation=activation, scale=scale, initialisation="glorot_uniform")).weights
    flow = gradient_flow("simple_rnn", read("simple_rnn", _frames(5), weights), weights)
    assert (flow.factors <= largest_factor(weights) + 1e-12).all()
    assert (flow.norms <= largest_factor(weights) ** np.arange(STEPS) + 1e-12).all()


@pytest.mark.parametrize("cell", LAB_CELLS)
def test_the_product_of_jacobians_equals_finite_differences(cell: LabCell) -> None:
    weights = draw(SmallConfig(cell=cell, units=3)).weights
    frames = _frames(5)
    states = read(cell, frames, weights)
    for t in (0, 4, STEPS - 1):
        columns = []
        for place in range(6 if cell == "lstm" else 3):
            ends = []
            for nudge in (1e-6, -1e-6):
                whole = _whole(states[t])
                whole[place] += nudge
                state = State(whole[:3], whole[3:]) if cell == "lstm" else State(whole)
                for x in frames[t + 1 :]:
                    state = step(cell, x, state, weights)
                ends.append(_whole(state))
            columns.append((ends[0] - ends[1]) / 2e-6)
        norm = np.linalg.norm(np.stack(columns, axis=1), 2)
        assert gradient_flow(cell, states, weights).norms[STEPS - 1 - t] == pytest.approx(norm, rel=1e-6)


def _whole(state: State) -> np.ndarray:
    return np.array(state.h) if state.c is None else np.concatenate([state.h, state.c])


def test_gates_alone_decide_where_nothing_else_depends_on_the_state() -> None:
    """Without recurrent weights a GRU keeps exactly z of its state, and an LSTM exactly f of its cell state."""
    forget = 1 / (1 + np.exp(-2))
    lstm = CellWeights(np.zeros((1, 8)), np.zeros((2, 8)), np.repeat([0.0, 2.0, 0.5, 0.0], 2))
    flow = gradient_flow("lstm", read("lstm", _frames(1), lstm), lstm)
    np.testing.assert_allclose(flow.direct, forget ** np.arange(STEPS))
    gru = CellWeights(np.zeros((1, 6)), np.zeros((2, 6)), np.stack([np.repeat([2.0, 0.0, 0.5], 2), np.zeros(6)]))
    flow = gradient_flow("gru", read("gru", _frames(1), gru), gru)
    np.testing.assert_allclose(flow.norms, forget ** np.arange(STEPS))
    np.testing.assert_allclose(flow.direct, flow.norms)


def test_a_gradient_of_which_nothing_is_left_has_a_factor_of_zero() -> None:
    weights = CellWeights(np.array([[1.0]]), np.array([[1.0]]), np.array([-100.0]), "relu")  # never active
    flow = gradient_flow("simple_rnn", read("simple_rnn", _frames(1), weights), weights)
    np.testing.assert_array_equal(flow.factors, 0)
    assert flow.mean_factor == 0
