"""Weights of 8 bits: nearly the same answers, and each channel with a scale of its own."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from audio_models.config import NetworkConfig
from audio_models.networks.onnx_int8 import rounded, with_int8_weights
from tests.support.untrained import untrained_run

STREAMS = NetworkConfig("gru", 9, convolutions=2, filters=4, causal=True)
WINDOW = NetworkConfig("lstm", 8, bidirectional=True, readout="attention", convolutions=2, filters=4)


@pytest.mark.parametrize(
    "network",
    [STREAMS, WINDOW, NetworkConfig("simple_rnn", 8, 2), NetworkConfig("feed_forward", 8)],
    ids=["gru", "lstm", "simple_rnn", "feed_forward"],
)
def test_weights_of_8_bits_answer_nearly_alike(network: NetworkConfig) -> None:
    """On random clips."""
    run = untrained_run(network)
    graph = onnx.load_model(run.model_path)
    small = with_int8_weights(graph)
    random = np.random.default_rng(0)
    inputs = {
        "frames": random.normal(size=(200, 49, 40)).astype(np.float32),
        "lengths": random.integers(5, 50, 200).astype(np.int32),
    }
    both = [
        onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, inputs)[0]
        for one in (graph, small)
    ]
    difference = np.abs(both[0] - both[1])
    assert 0 < difference.max() < 0.1
    assert difference.mean() < 0.01
    assert (both[0].argmax(axis=1) == both[1].argmax(axis=1)).mean() > 0.9
    assert all(one.data_type == onnx.TensorProto.INT8 for one in small.graph.initializer if "/int8" in one.name)
    assert not [one for one in small.graph.initializer if one.name.endswith("kernel")]
    assert small.metadata_props == graph.metadata_props


def test_each_channel_has_its_own_scale() -> None:
    value = np.array([[1.0, 0.001, 0.0], [-0.5, -0.002, 0.0]], np.float32)
    whole, scale = rounded(value, 1)
    np.testing.assert_array_equal(whole, [[127, 64, 0], [-64, -127, 0]])
    np.testing.assert_allclose(whole * scale, value, atol=0.005)
    assert np.abs(whole[:, 1] * scale[1] - value[:, 1]).max() < 1e-5, "a quiet channel is not lost beside a loud one"
