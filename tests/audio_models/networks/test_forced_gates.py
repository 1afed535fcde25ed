"""Gates that are held open or shut: what the cell then keeps, writes and shows, and what the network answers."""

from __future__ import annotations

import numpy as np
import pytest

from audio_models.config import NetworkConfig
from audio_models.errors import ConfigError
from audio_models.networks.cells import ForcedGate, forced_by_step
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.numpy_network import NumpyNetwork
from tests.support.networks_in_all_shapes import CLASSES, WIDTH, all_shapes, shape_name

FRAMES = np.random.default_rng(1).normal(size=(12, WIDTH))


def _network(config: NetworkConfig) -> NumpyNetwork:
    return NumpyNetwork(config, fresh_weights(config, WIDTH, CLASSES, seed=3))


def _memory(forced: list[ForcedGate]) -> np.ndarray:
    found = _network(NetworkConfig("lstm", 6)).read(FRAMES, forced).layers[0].cell_states
    assert found is not None
    return found


def test_an_lstm_that_keeps_all_and_writes_nothing_holds_its_memory() -> None:
    held = [ForcedGate("forget", True, first=4, end=9), ForcedGate("input", False, first=4, end=9)]
    memory, usual = _memory(held), _memory([])
    np.testing.assert_array_equal(memory[:4], usual[:4])
    np.testing.assert_array_equal(memory[4:9], np.tile(usual[3], (5, 1)))
    assert np.abs(np.diff(memory[8:], axis=0)).min() > 0  # released, it moves again


def test_an_lstm_whose_forget_gate_is_shut_once_does_not_know_what_came_before() -> None:
    """c = i g at that step; apart from h, which the gates still see, nothing earlier is left."""
    trace = _network(NetworkConfig("lstm", 6)).read(FRAMES, [ForcedGate("forget", False, first=5, end=6)])
    layer = trace.layers[0]
    assert layer.cell_states is not None
    np.testing.assert_allclose(layer.cell_states[5], layer.gate("input")[5] * layer.gate("candidate")[5])
    assert not layer.gate("forget")[5].any()
    assert layer.gate("forget")[[4, 6]].all()


def test_an_lstm_with_a_shut_output_gate_shows_nothing_and_answers_by_its_bias() -> None:
    network = _network(NetworkConfig("lstm", 6))
    trace = network.read(FRAMES, [ForcedGate("output", False)])
    assert not trace.hidden.any()
    np.testing.assert_allclose(trace.probabilities, np.full(CLASSES, 1 / CLASSES))


def test_a_gru_with_an_open_update_gate_keeps_its_state_and_with_a_shut_one_has_none() -> None:
    network = _network(NetworkConfig("gru", 6))
    hidden = network.read(FRAMES, [ForcedGate("update", True, first=3)]).hidden
    np.testing.assert_array_equal(hidden[3:], np.tile(hidden[2], (9, 1)))
    layer = network.read(FRAMES, [ForcedGate("update", False), ForcedGate("reset", False)]).layers[0]
    alone = [network.read(frame[None], [ForcedGate("update", False), ForcedGate("reset", False)]) for frame in FRAMES]
    np.testing.assert_allclose(layer.hidden, np.stack([one.hidden[0] for one in alone]))  # each frame on its own


def test_a_layer_that_reads_backward_is_held_at_the_same_frames() -> None:
    network = _network(NetworkConfig("lstm", 6, bidirectional=True))
    layer = network.read(FRAMES, [ForcedGate("input", False, first=2, end=5)]).layers[1]
    shut = [bool((gate == 0).all()) for gate in layer.gate("input")]
    assert [step for step, is_shut in enumerate(shut) if is_shut] == [2, 3, 4]


@pytest.mark.parametrize("gate", ["input", "forget", "output", "update", "reset"])
@pytest.mark.parametrize("is_open", [True, False])
def test_gradients_with_a_held_gate_equal_finite_differences(gate: str, is_open: bool) -> None:
    network = _network(NetworkConfig("gru" if gate in ("update", "reset") else "lstm", 4))
    forced = [ForcedGate(gate, is_open, first=2, end=7)]
    exact = network.gradients(network.read(FRAMES, forced), 1).frames
    for t in (0, 4, 11):
        nudged = np.repeat(FRAMES[None], 2, axis=0)
        nudged[0, t, 2] += 1e-5
        nudged[1, t, 2] -= 1e-5
        above, below = (-np.log(network.read(frames, forced).probabilities[1]) for frames in nudged)
        assert exact[t, 2] == pytest.approx((above - below) / 2e-5, rel=1e-3, abs=1e-8)


@pytest.mark.parametrize("config", all_shapes(), ids=shape_name)
def test_prefix_answers_equal_those_of_shorter_clips(config: NetworkConfig) -> None:
    network = _network(config)
    found = network.prefix_probabilities(network.read(FRAMES))
    alone = [network.read(FRAMES[:end]).probabilities for end in range(1, len(FRAMES) + 1)]
    np.testing.assert_allclose(found, np.stack(alone), atol=1e-12)


@pytest.mark.parametrize(
    ("cell", "gate", "expected"),
    [
        ("gru", "forget", "its gates are update, reset"),
        ("lstm", "candidate", "its gates are input, forget, output"),
        ("simple_rnn", "forget", "it has none"),
    ],
)
def test_a_gate_that_the_cell_does_not_have_is_named(cell: str, gate: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        forced_by_step(cell, [ForcedGate(gate, True)], 3)  # type: ignore[arg-type]
