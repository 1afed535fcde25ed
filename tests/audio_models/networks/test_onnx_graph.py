"""The ONNX graph equals the keras network: every cell, layer count, direction, readout and mask length."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from audio_models.config import NetworkConfig
from audio_models.features.sequences import pad
from audio_models.networks import keras_model, onnx_graph
from audio_models.networks.numpy_network import NumpyNetwork
from tests.support.networks_in_all_shapes import CLASSES, WIDTH, all_shapes, randomised, shape_name


def _session(graph) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("config", all_shapes(), ids=shape_name)
def test_graph_and_numpy_equal_keras_for_all_lengths(config: NetworkConfig) -> None:
    model = randomised(config)
    random = np.random.default_rng(3)
    sequences = [random.normal(0, 1.5, (length, WIDTH)).astype(np.float32) for length in (1, 2, 7, 12, 12)]
    batch, lengths = pad(sequences)

    expected = np.asarray(model(batch, training=False))
    graph = onnx_graph.build(config, WIDTH, keras_model.weights(model))
    session = _session(graph)
    (got,) = session.run(None, {"frames": batch, "lengths": lengths})

    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.01, "all answers alike would prove nothing"
    # a clip's answer does not depend on its neighbours or on the padding
    (alone,) = session.run(None, {"frames": sequences[1][None], "lengths": np.array([2], np.int32)})
    np.testing.assert_allclose(alone[0], got[1], atol=1e-6)

    in_numpy = NumpyNetwork(config, onnx_graph.weights(graph, config))
    for frames, row in zip(sequences, expected, strict=True):
        np.testing.assert_allclose(in_numpy.read(frames).probabilities, row, atol=1e-5)


def test_feed_forward_cannot_depend_on_the_order_of_frames() -> None:
    config = NetworkConfig("feed_forward", 6, 2)
    model = keras_model.build(config, WIDTH, CLASSES)
    frames = np.random.default_rng(0).normal(size=(1, 9, WIDTH)).astype(np.float32)
    np.testing.assert_allclose(model(frames), model(frames[:, ::-1]), atol=1e-6)


def test_recurrent_networks_do_depend_on_the_order_of_frames() -> None:
    frames = np.random.default_rng(0).normal(size=(1, 9, WIDTH)).astype(np.float32)
    for cell in ("simple_rnn", "lstm", "gru"):
        model = keras_model.build(NetworkConfig(cell, 6), WIDTH, CLASSES)
        assert np.abs(np.asarray(model(frames)) - np.asarray(model(frames[:, ::-1].copy()))).max() > 1e-3
