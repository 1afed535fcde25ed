"""A network that goes on from step to step gives what the whole would give, however the sound comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.errors import RunError
from audio_models.export import model_folder
from audio_models.features.mfcc import mfcc
from audio_models.jobs.runs import Run
from audio_models.listening.network_stream import NetworkStream
from audio_models.networks import onnx_graph
from audio_models.networks.numpy_network import NumpyNetwork, softmax
from audio_models.networks.onnx_streaming import build_streaming, why_not
from audio_models.recognition.recognizer import Recognizer
from audio_models.settings import to_dict
from data import workspace
from tests.support.untrained import untrained_run

FORWARDS = {
    f"{cell}-{layers}-{convolutions}": NetworkConfig(
        cell, 7, layers, convolutions=convolutions, filters=3, causal=convolutions > 0
    )
    for cell in ("simple_rnn", "lstm", "gru")
    for layers, convolutions in ((1, 0), (2, 1), (1, 2), (2, 3))
}
BOTH_WAYS = NetworkConfig("gru", 7, bidirectional=True, readout="attention", convolutions=2, filters=3)


def _sound(seconds: float = 1.5, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    swell = np.sin(np.arange(round(16_000 * seconds)) / 3000)
    return (0.1 * swell * random.normal(size=len(swell))).astype(np.float32)


@pytest.mark.parametrize("network", FORWARDS.values(), ids=FORWARDS)
@pytest.mark.parametrize("deltas", [False, True])
def test_every_answer_is_that_of_the_whole(network: NetworkConfig, deltas: bool) -> None:
    """The states after each step, as the numpy network reads the whole in one go, from a state of zeros."""
    run = untrained_run(network, FeatureConfig(deltas=deltas, kind="mfcc" if deltas else "log_mel"))
    stream, sound = NetworkStream(run), _sound()
    assert stream.mode == "stateful"
    heard = [answer for first in range(0, len(sound), 1000) for answer in stream.feed(sound[first : first + 1000])]

    recognizer = Recognizer.of_run(run)
    weights = onnx_graph.weights_of(run.model_path, network)
    frames = recognizer.normalise(mfcc(sound, recognizer.features))
    hidden = NumpyNetwork(network, weights).read(frames).hidden
    every = round(stream.step_seconds / 0.02) // network.frames_a_step  # short steps are taken several at once
    expected = softmax(hidden @ weights["output/kernel"] + weights["output/bias"])[::every]
    got = np.array([probabilities for _, probabilities in heard])

    assert len(got) >= len(expected) - 3
    np.testing.assert_allclose(got, expected[: len(got)], atol=1e-4)
    assert np.ptp(got, axis=0).max() > 0.05, "answers that never change would prove nothing"
    steps = np.diff([time for time, _ in heard])
    np.testing.assert_allclose(steps, stream.step_seconds)


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 24_000), max_size=10), both_ways=st.booleans())
def test_any_chunking_gives_the_same_answers(cuts: list[int], both_ways: bool) -> None:
    stream, sound = NetworkStream(untrained_run(BOTH_WAYS if both_ways else FORWARDS["gru-1-2"])), _sound()
    at_once = list(stream.feed(sound))
    stream.reset()
    in_chunks = [answer for chunk in np.split(sound, sorted(cuts)) for answer in stream.feed(chunk)]
    assert [time for time, _ in in_chunks] == [time for time, _ in at_once]
    np.testing.assert_array_equal([row for _, row in in_chunks], [row for _, row in at_once])


def test_what_cannot_go_on_is_read_through_a_window() -> None:
    run = untrained_run(BOTH_WAYS)
    stream, sound = NetworkStream(run), _sound(2.0)
    assert stream.mode == "sliding_window"
    heard = list(stream.feed(sound))
    time, last = heard[-1]
    end = round(time * 16_000)
    frames = mfcc(sound[:end], stream.recognizer.features)[-50:]  # a clip of one second
    np.testing.assert_allclose(last, stream.recognizer.probabilities([frames])[0], atol=1e-4)
    assert heard[0][0] == pytest.approx(0.3, abs=0.15), "the first window need not be a whole clip"


def test_what_learned_from_single_clips_is_read_through_a_window_too() -> None:
    """It could go on by its state, but that runs on into what it has never met."""
    run = untrained_run(FORWARDS["gru-1-2"])
    config = replace(run.config, training=replace(run.config.training, clips_per_sequence=1))
    workspace.write_json(run.folder / "config.json", to_dict(config))
    assert NetworkStream(Run(run.folder)).mode == "sliding_window"
    assert "trained on single clips" in why_not(config.network)
    assert "trained on single clips" in model_folder.contents(Run(run.folder)).files["README.md"].decode()


def test_a_reset_goes_back_to_a_state_of_zeros() -> None:
    stream = NetworkStream(untrained_run(FORWARDS["lstm-1-0"], FeatureConfig(deltas=False)))
    first = [row for _, row in stream.feed(_sound(seed=1))]
    stream.reset()
    np.testing.assert_array_equal([row for _, row in stream.feed(_sound(seed=1))], first)


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (NetworkConfig("gru", 4, bidirectional=True), "reads from the end"),
        (NetworkConfig("gru", 4, readout="attention"), "a weighted mean of all frames of a clip"),
        (NetworkConfig("gru", 4, readout="mean"), "all frames of a clip"),
        (NetworkConfig("feed_forward", 4), "all frames of a clip"),
        (NetworkConfig("gru", 4, convolutions=1), "look ahead"),
    ],
)
def test_what_cannot_go_on_says_why(network: NetworkConfig, reason: str) -> None:
    with pytest.raises(RunError, match=reason):
        build_streaming(network, 5, {})
