"""Looking inside: gradients that fade as they must, answers on the way, and numbers that say what they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_models.config import FeatureConfig, NetworkConfig
from audio_models.errors import ConfigError, RunError
from audio_models.features.mfcc import mfcc
from audio_models.features.waveform import AudioSource
from audio_models.jobs import runs
from audio_models.jobs.runs import Run
from audio_models.lab import inspection
from audio_models.lab.inspection import gradient_decay, inspect, memory_length, put_in_order
from audio_models.networks import kept_epochs
from audio_models.networks.cells import ForcedGate
from audio_models.networks.initial_weights import fresh_weights
from audio_models.networks.numpy_network import NumpyNetwork
from audio_models.recognition.recognizer import Recognizer
from tests.conftest import Done, Trained
from tests.support.sounds import RATE, chirp, write

BUNDLED = [run.id for run in runs.bundled()]


@pytest.mark.parametrize("decay", [0.3, 0.5, 0.9])
def test_memory_length_of_an_exponential_decay_is_exact(decay: float) -> None:
    norms = decay ** np.arange(100)[::-1]
    assert memory_length(norms, 0.02) == pytest.approx(0.02 * np.log(0.1) / np.log(decay))


def test_a_gradient_that_does_not_fade_has_no_end() -> None:
    assert memory_length(np.ones(50), 0.02) == np.inf
    assert memory_length(np.linspace(0.2, 1, 50), 0.02) == np.inf
    assert memory_length(np.array([1.0]), 0.02) is None
    assert memory_length(np.array([1.0, np.nan]), 0.02) is None
    assert memory_length(np.zeros(5), 0.02) is None


@given(st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=30), st.floats(0.001, 1000))
def test_memory_length_does_not_depend_on_the_scale_of_the_loss(norms: list[float], scale: float) -> None:
    one, other = memory_length(np.array(norms), 0.02), memory_length(np.array(norms) * scale, 0.02)
    assert one == pytest.approx(other, rel=1e-6, abs=1e-9)


def test_a_simple_rnn_with_a_weight_of_one_half_forgets_as_calculated() -> None:
    """u = 1/2 without input: a tenth is left after log 10 / log 2 = 3.32 steps."""
    config = NetworkConfig("simple_rnn", 1)
    weights = fresh_weights(config, 1, 2, seed=0)
    weights["layer_1/forward/recurrent_kernel"] = np.array([[0.5]])
    network = NumpyNetwork(config, weights)
    found = gradient_decay(network, network.read(np.zeros((30, 1))), 0, FeatureConfig())
    assert found.memory_length == pytest.approx(0.02 * np.log(10) / np.log(2))


def test_an_open_forget_gate_cures_it() -> None:
    config = NetworkConfig("lstm", 4)
    frames = np.random.default_rng(0).normal(0, 0.1, (60, 3))

    def length(bias: float) -> float | None:
        weights = fresh_weights(config, 3, 2, seed=1)
        weights["layer_1/forward/bias"][4:8] = bias
        network = NumpyNetwork(config, weights)
        return gradient_decay(network, network.read(frames), 0, FeatureConfig()).memory_length

    shut, half, wide = length(-2), length(1), length(8)
    assert shut is not None
    assert half is not None
    assert shut < half
    assert wide == np.inf, "longer than the clip"


@pytest.mark.parametrize("name", BUNDLED)
def test_a_run_is_read_as_it_answers(name: str) -> None:
    run = runs.find(name)
    recognizer = Recognizer.of_run(run)
    samples = chirp(300, 2500, 1.0, seed=3)
    found = inspect(run, samples, recognizer=recognizer)
    answer = recognizer.classify(samples)
    np.testing.assert_allclose(found.trace.probabilities, list(answer.probabilities.values()), atol=1e-5)
    np.testing.assert_allclose(found.prefix_probabilities[-1], list(answer.probabilities.values()), atol=1e-5)
    assert found.answer == answer.label
    frames = mfcc(samples, recognizer.features)
    assert len(found.prefix_probabilities) == len(frames)
    np.testing.assert_allclose(found.prefix_probabilities[9], recognizer.probabilities([frames[:10]])[0], atol=1e-6)
    assert len(found.trace.hidden) == -(-len(frames) // found.network.frames_a_step)
    assert np.isfinite(found.gradient_decay.states).all()
    assert found.gradient_decay.frames.shape == (len(frames),)


def test_a_plain_network_answers_so_far_from_its_states(trained: Trained) -> None:
    """Where the answer comes from the last state, the state after frame t gives the answer of a clip that ends there."""
    run = Run(trained.folder)
    found = inspect(run, chirp(300, 2500, seed=1))
    network = inspection.network_of(run)
    for t, state in enumerate(found.trace.layers[0].states):
        logits = network._dense(state.h, "output")
        shares = np.exp(logits - logits.max())
        np.testing.assert_allclose(found.prefix_probabilities[t], shares / shares.sum(), atol=1e-5)


def test_the_last_epochs_of_a_training_are_the_network_that_it_made(trained: Trained) -> None:
    """Kept epochs lead from random weights to the stored network, which is that of the best epoch."""
    run = Run(trained.folder)
    assert inspection.epochs_of(run) == kept_epochs.wanted(len(run.history))
    samples = chirp(300, 2500, seed=1)
    final = inspect(run, samples)
    best = run.best_epoch
    assert best is not None
    kept = [inspect(run, samples, epoch=epoch) for epoch in inspection.epochs_of(run)]
    apart = [float(np.abs(one.trace.hidden - final.trace.hidden).max()) for one in kept]
    nearest = kept[int(np.argmin(apart))].epoch
    assert nearest is not None
    assert abs(nearest - best.epoch) <= 1
    assert apart[0] > 5 * min(apart)
    if best.epoch in inspection.epochs_of(run):
        same = kept[inspection.epochs_of(run).index(best.epoch)]
        np.testing.assert_allclose(same.prefix_probabilities, final.prefix_probabilities, atol=0.03)
    assert kept[0].gradient_decay.memory_length != final.gradient_decay.memory_length
    with pytest.raises(RunError, match="epoch 99 were not kept"):
        inspect(run, samples, epoch=99)


def test_a_held_gate_changes_the_answers_on_the_way(trained: Trained) -> None:
    """With the update gate open from a step on, a GRU's state stands still, and so does its answer."""
    samples = chirp(300, 2500, seed=1)
    found = inspect(Run(trained.folder), samples, forced=(ForcedGate("update", True, first=6),))
    usual = inspect(Run(trained.folder), samples)
    np.testing.assert_allclose(found.prefix_probabilities[:6], usual.prefix_probabilities[:6], atol=1e-5)
    assert np.ptp(found.prefix_probabilities[5:], axis=0).max() == 0
    assert found.settled <= usual.settled
    assert found.gradient_decay.memory_length == np.inf  # nothing that was kept fades


def test_order_matters_to_a_network_with_memory_alone() -> None:
    samples = chirp(300, 2500, 1.0, seed=3)
    alone, gru = runs.find("plain-feed-forward"), runs.find("plain-gru")
    for order in ("reversed", "shuffled"):
        same = (
            inspect(alone, samples).prefix_probabilities[-1]
            - inspect(alone, samples, order=order).prefix_probabilities[-1]
        )  # type: ignore[arg-type]
        moved = (
            inspect(gru, samples).prefix_probabilities[-1] - inspect(gru, samples, order=order).prefix_probabilities[-1]
        )  # type: ignore[arg-type]
        assert np.abs(same).max() < 1e-5
        assert np.abs(moved).max() > 0.01


def test_orders() -> None:
    frames = np.arange(12.0, dtype=np.float32).reshape(6, 2)
    assert put_in_order(frames, "spoken") is frames
    np.testing.assert_array_equal(put_in_order(frames, "reversed"), frames[::-1])
    shuffled = put_in_order(frames, "shuffled", 3)
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), frames)
    np.testing.assert_array_equal(shuffled, put_in_order(frames, "shuffled", 3))
    with pytest.raises(ConfigError, match="no order 'sideways'"):
        put_in_order(frames, "sideways")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="seed is -1"):
        put_in_order(frames, "shuffled", -1)


@pytest.mark.parametrize(("setting", "value"), [("layers", 2), ("units", 17), ("cell", "lstm"), ("cell", "simple_rnn")])
def test_a_network_that_its_configuration_does_not_describe_is_named(
    setting: str, value: object, trained: Trained, tmp_path: Path
) -> None:
    """Guards against numbers that do not fit each other: a configuration of another cell ended in numpy's own error."""
    run = Run(tmp_path / "run")
    shutil.copytree(trained.folder, run.folder)
    config = json.loads((run.folder / "config.json").read_text())
    config["network"][setting] = value
    (run.folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="is not the one that"):
        inspect(run, chirp(300, 2500))


@pytest.mark.parametrize("name", BUNDLED)
def test_a_clip_of_one_frame_can_be_looked_into(name: str) -> None:
    found = inspect(runs.find(name), chirp(300, 2500, 0.03))
    assert len(found.prefix_probabilities) == 1
    assert inspection.format_memory_length(found.gradient_decay.memory_length) in (
        "cannot be measured",
        "longer than the clip",
    )
    json.dumps(inspection.as_numbers(found), allow_nan=False)


def test_the_answers_on_the_way_end_with_the_answer() -> None:
    found = inspect(runs.find("plain-lstm"), chirp(300, 2500, 1.0, seed=3))
    assert len(found.changes) > 1, "a mind that is never changed would prove nothing"
    assert found.changes[-1][1] == found.answer
    assert found.changes[-1][0] == pytest.approx(found.settled)
    assert [at for at, _ in found.changes] == sorted(at for at, _ in found.changes)
    assert all(one[1] != other[1] for one, other in zip(found.changes, found.changes[1:], strict=False))


def test_a_label_that_the_network_lacks_is_named() -> None:
    with pytest.raises(ConfigError, match="does not know 'pear'; it knows left"):
        inspect(runs.find("plain-lstm"), chirp(300, 2500), "pear")


@pytest.mark.parametrize("name", ["commands-lstm", "plain-feed-forward"])
def test_the_shell_gives_the_same_as_numbers(name: str, tmp_path: Path, command: Callable[..., Done]) -> None:
    clip = write(tmp_path / "clip.wav", chirp(300, 2500, 1.0))
    done = command("inspect", name, clip, "--label", "left", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    arrays = [found["frames"], found["probabilities"], found["gradient"]["frames"], found["gradient"]["memory"]]
    for layer in found["layers"].values():
        arrays += [layer["hidden"], *layer["gates"].values()]
    for array in arrays:
        assert np.array(array["values"]).shape == tuple(array["shape"])
        assert len(array["axes"]) == len(array["shape"])
    assert found["gradient"]["label"] == "left"
    if name == "commands-lstm":
        assert set(found["layers"]["layer_1/forward"]["gates"]) == {"input", "forget", "candidate", "output"}
        assert found["layers"]["layer_1/backward"]["cell_state"]["axes"] == ["steps", "units"]
    text = command("inspect", name, clip, "--order", "reversed").stdout
    assert "memory length" in text


def test_real_words_settle_before_their_end(real_commands: Path) -> None:
    run = runs.find("plain-lstm")
    recognizer = Recognizer.of_run(run)
    clips = sorted((real_commands / "stop").glob("*.flac"))[:20]
    found = [inspect(run, recognizer.load(AudioSource(clip)), "stop", recognizer=recognizer) for clip in clips]
    right = [one for one in found if one.answer == "stop"]
    assert len(right) >= 14
    assert np.median([one.settled for one in right]) < 0.9
    assert all(len(one.samples) / RATE >= one.settled for one in right)
