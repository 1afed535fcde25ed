"""The network in numpy equals keras, states and gradients included; its gradients equal finite differences."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from audio_models.config import CELLS, NetworkConfig
from audio_models.errors import ConfigError
from audio_models.networks import keras_model, onnx_graph
from audio_models.networks.cells import CellWeights, first_state, read, step
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.numpy_network import NumpyNetwork
from tests.support.networks_in_all_shapes import CLASSES, WIDTH, all_shapes, randomised, shape_name


def _weights(config: NetworkConfig, model):
    """By way of the graph, as a finished run has them."""
    return onnx_graph.weights(onnx_graph.build(config, WIDTH, keras_model.weights(model)), config)


@pytest.mark.parametrize("config", all_shapes(), ids=shape_name)
def test_answers_and_gradients_equal_keras(config: NetworkConfig) -> None:
    model = randomised(config)
    frames = np.random.default_rng(3).normal(0, 1.5, (5, WIDTH)).astype(np.float32)
    network = NumpyNetwork(config, _weights(config, model))

    trace = network.read(frames)
    found = network.gradients(trace, 1)

    seen = tf.constant(frames[None])
    with tf.GradientTape() as tape:
        tape.watch(seen)
        probabilities = model(seen, training=False)
        loss = -tf.math.log(probabilities[0, 1])
    expected = tape.gradient(loss, seen)[0].numpy()
    np.testing.assert_allclose(trace.probabilities, probabilities[0], atol=1e-5)
    assert found.loss == pytest.approx(float(loss), rel=1e-3)
    np.testing.assert_allclose(found.frames, expected, atol=2e-4 * max(1.0, float(np.abs(expected).max())))


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
def test_states_equal_keras_after_every_frame(cell: str) -> None:
    config = NetworkConfig(cell, 6)  # type: ignore[arg-type]
    model = randomised(config)
    frames = np.random.default_rng(4).normal(0, 1.5, (9, WIDTH)).astype(np.float32)
    layer = model.get_layer("layer_1")
    states = NumpyNetwork(config, _weights(config, model)).read(frames).layers[0]
    state = layer.cell.get_initial_state(1)
    for t in range(len(frames)):
        _, state = layer.cell(frames[None, t], state)
        np.testing.assert_allclose(states.hidden[t], state[0][0], atol=1e-5)
        if cell == "lstm":
            assert states.cell_states is not None
            np.testing.assert_allclose(states.cell_states[t], state[1][0], atol=1e-5)


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
@pytest.mark.parametrize("readout", ["last", "mean", "attention"])
def test_gradients_of_states_equal_finite_differences(cell: str, readout: str) -> None:
    """h_t is nudged, and all that follows is computed anew."""
    config = NetworkConfig(cell, 4, readout=readout)  # type: ignore[arg-type]
    network = NumpyNetwork(config, fresh_weights(config, 3, 3, seed=5))
    frames = np.random.default_rng(6).normal(size=(7, 3))
    trace = network.read(frames)
    exact = network.gradients(trace, 2).layers["layer_1/forward"].states
    weights = network.cell_weights(1)

    def loss(t: int, unit: int, nudge: float) -> float:
        hidden = trace.hidden.copy()
        state = trace.layers[0].states[t]
        h = state.h.copy()
        h[unit] += nudge
        hidden[t] = h
        state = type(state)(h, state.c)
        for later in range(t + 1, len(frames)):
            state = step(config.cell, frames[later], state, weights)
            hidden[later] = state.h
        attention = network._attention(hidden) if readout == "attention" else None
        logits = network._dense(network._summary(hidden, attention), "output")
        return float(np.log(np.exp(logits).sum()) - logits[2])

    for t in (0, 3, 6):
        for unit in range(4):
            difference = (loss(t, unit, 1e-5) - loss(t, unit, -1e-5)) / 2e-5
            assert exact[t, unit] == pytest.approx(difference, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("config", all_shapes(), ids=shape_name)
def test_gradients_of_frames_equal_finite_differences(config: NetworkConfig) -> None:
    network = NumpyNetwork(config, fresh_weights(config, WIDTH, CLASSES, seed=7))
    frames = np.random.default_rng(8).normal(size=(6, WIDTH))
    exact = network.gradients(network.read(frames), 0).frames
    for t in range(6):
        nudged = frames.copy()
        nudged[t, 2] += 1e-5
        above = -np.log(network.read(nudged).probabilities[0])
        nudged[t, 2] -= 2e-5
        below = -np.log(network.read(nudged).probabilities[0])
        assert exact[t, 2] == pytest.approx((above - below) / 2e-5, rel=1e-3, abs=1e-7)


def _one_unit(kernel: list[float], recurrent: list[float], bias: list) -> CellWeights:
    return CellWeights(np.array([kernel]), np.array([recurrent]), np.array(bias))


def test_simple_rnn_of_one_unit() -> None:
    """h' = tanh(x + h / 2), written out."""
    states = read("simple_rnn", np.array([[1.0], [0.0]]), _one_unit([1.0], [0.5], [0.0]))
    assert states[0].h == pytest.approx([0.761594], abs=1e-6)  # tanh 1
    assert states[1].h == pytest.approx([0.363399], abs=1e-6)  # tanh 0.380797


def test_lstm_whose_gates_are_shut_keeps_its_memory_for_ever() -> None:
    """Bias 100 opens a gate, -100 shuts it: the first frame is written, and nothing after it."""
    # the input gate follows the frame, the forget gate is open, the output gate shut or open by the frame's second number
    weights = CellWeights(
        np.array([[200.0, 0, 1.0, 0], [0, 0, 0, 200.0]]), np.zeros((1, 4)), np.array([-100.0, 100.0, 0.0, -100.0])
    )
    frames = np.array([[1.0, 0.0]] + [[0.0, 0.0]] * 50 + [[0.0, 1.0]])
    states = read("lstm", frames, weights)
    assert [float(state.c[0]) for state in states] == pytest.approx([np.tanh(1.0)] * 52)  # type: ignore[index]
    assert [float(state.h[0]) for state in states[:-1]] == pytest.approx([0.0] * 51)  # kept, and not shown
    assert float(states[-1].h[0]) == pytest.approx(np.tanh(np.tanh(1.0)))  # read at last


def test_gru_with_an_open_update_gate_keeps_its_state() -> None:
    weights = _one_unit([-200.0, 0.0, 3.0], [0.0, 0.0, 0.0], [[100.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    states = read("gru", np.array([[1.0]] + [[0.0]] * 20), weights)
    assert float(states[0].h[0]) == pytest.approx(np.tanh(3.0))
    assert float(states[-1].h[0]) == pytest.approx(np.tanh(3.0))
    assert float(states[-1].gates["update"][0]) == pytest.approx(1.0)


def test_the_gradient_of_a_one_unit_rnn_falls_by_its_weight_at_each_frame() -> None:
    """Without input the state stays 0 and the slope 1: d h_T / d h_t = u^(T - t)."""
    config = NetworkConfig("simple_rnn", 1)
    weights = fresh_weights(config, 1, 2, seed=0)
    weights["layer_1/forward/recurrent_kernel"] = np.array([[0.5]])
    network = NumpyNetwork(config, weights)
    norms = np.abs(network.gradients(network.read(np.zeros((8, 1))), 0).layers["layer_1/forward"].states[:, 0])
    np.testing.assert_allclose(norms[:-1] / norms[1:], 0.5)


def test_feed_forward_gives_the_same_answer_in_any_order() -> None:
    config = NetworkConfig("feed_forward", 6)
    network = NumpyNetwork(config, fresh_weights(config, WIDTH, CLASSES, seed=1))
    frames = np.random.default_rng(2).normal(size=(12, WIDTH))
    shuffled = np.random.default_rng(3).permutation(frames)
    np.testing.assert_allclose(network.read(frames).probabilities, network.read(shuffled).probabilities)


def test_a_network_without_state_has_no_step() -> None:
    with pytest.raises(ConfigError, match="no recurrent state"):
        step("feed_forward", np.zeros(3), first_state("feed_forward", 2), _one_unit([1.0], [1.0], [0.0]))


@pytest.mark.parametrize("cell", CELLS)
def test_fresh_weights_have_the_shapes_and_spread_of_keras(cell: str) -> None:
    config = NetworkConfig(cell, 48, readout="last")  # type: ignore[arg-type]
    keras.utils.set_random_seed(1)
    expected = keras_model.weights(keras_model.build(config, 20, 5))
    found = fresh_weights(config, 20, 5, seed=1)
    assert {name: value.shape for name, value in found.items()} == {
        name: value.shape for name, value in expected.items()
    }
    for name, value in expected.items():
        assert found[name].std() == pytest.approx(float(value.std()), rel=0.1, abs=1e-9), name
