"""A recurrent network is a deep feed-forward network whose layers share their weights: proved, and drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import keras
import numpy as np
import pytest
import tensorflow as tf

from audio_models.jobs import runs
from audio_models.lab.inspection import inspect
from dashboard.lessons import unrolled
from tests.support.sounds import chirp

STEPS, WIDTH, UNITS, CLASSES = 7, 4, 5, 3


def _gradients(model, frames, target):
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(target * tf.math.log(model(frames)))
    return model(frames), tape.gradient(loss, model.trainable_variables)


@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU"])
def test_unrolled_with_shared_layers_it_is_the_same_function_with_the_same_gradients(cell: str) -> None:
    keras.utils.set_random_seed(0)
    frames = np.random.default_rng(1).normal(size=(2, STEPS, WIDTH)).astype(np.float32)
    target = np.eye(CLASSES, dtype=np.float32)[[0, 2]]
    step = getattr(keras.layers, f"{cell}Cell")(UNITS)
    answer = keras.layers.Dense(CLASSES, activation="softmax")

    # the loop
    inputs = keras.Input((STEPS, WIDTH))
    loop = keras.Model(inputs, answer(keras.layers.RNN(step)(inputs)))
    # laid out: one layer a frame, each the same object
    inputs = keras.Input((STEPS, WIDTH))
    zeros = keras.ops.matmul(inputs[:, 0], keras.ops.zeros((WIDTH, UNITS)))
    state = [zeros, zeros] if cell == "LSTM" else [zeros]
    for t in range(STEPS):
        output, state = step(inputs[:, t], state)
    deep = keras.Model(inputs, answer(output))

    looped, of_loop = _gradients(loop, frames, target)
    laid_out, of_deep = _gradients(deep, frames, target)
    np.testing.assert_allclose(laid_out, looped, atol=1e-6)
    assert len(of_loop) == len(of_deep) == len(loop.trainable_variables)
    by_path = {id(v): g for v, g in zip(deep.trainable_variables, of_deep, strict=True)}
    for variable, gradient in zip(loop.trainable_variables, of_loop, strict=True):
        np.testing.assert_allclose(by_path[id(variable)], gradient, atol=1e-5)


def test_unrolled_simple_rnn_is_made_of_shared_dense_layers() -> None:
    """h_t = tanh(Dense_W(x_t) + Dense_U(h_{t-1})), two Dense layers used seven times."""
    keras.utils.set_random_seed(0)
    frames = np.random.default_rng(1).normal(size=(2, STEPS, WIDTH)).astype(np.float32)
    rnn = keras.layers.SimpleRNN(UNITS)
    expected = rnn(frames)
    w, u = keras.layers.Dense(UNITS), keras.layers.Dense(UNITS, use_bias=False)
    state = np.zeros((2, UNITS), np.float32)
    w(frames[:, 0])
    u(state)
    kernel, recurrent, bias = rnn.get_weights()
    w.set_weights([kernel, bias])
    u.set_weights([recurrent])
    for t in range(STEPS):
        state = np.tanh(w(frames[:, t]) + u(state))
    np.testing.assert_allclose(state, expected, atol=1e-6)


@pytest.mark.parametrize("name", [run.id for run in runs.bundled()])
def test_the_picture_is_of_the_run_that_it_shows(name: str) -> None:
    found = inspect(runs.find(name), chirp(300, 2500, 1.0))
    svg = unrolled.picture(found)
    ElementTree.fromstring(svg)
    if found.cell == "feed_forward":
        assert "no loop" in svg
        assert f"W: {found.trace.frames.shape[1]} × {found.network.units}" in svg
        return
    units = found.network.units
    gates = {"simple_rnn": f"{units}", "gru": f"(3 · {units})", "lstm": f"(4 · {units})"}[found.cell]
    layer = found.trace.layers[0]
    assert f"W: {layer.inputs.shape[1]} × {gates}" in svg
    assert f"U: {units} × {gates}" in svg
    assert "ₜ" in svg
    assert "₁" in svg
    # the shared weights are marked as shared: the same letter, colour and dash at each step
    assert len(re.findall(r">W</text>", svg)) == 6
    assert len(set(re.findall(r'<text[^>]*fill="(#\w+)">W</text>', svg))) == 1


def test_a_label_of_the_user_cannot_leave_its_text() -> None:
    from dataclasses import replace

    found = inspect(runs.find("plain-lstm"), chirp(300, 2500, 1.0))
    labels = tuple(f"<script>{label}" for label in found.labels)
    ElementTree.fromstring(unrolled.picture(replace(found, labels=labels)))


@pytest.mark.parametrize("name", ["plain-lstm", "plain-feed-forward", "commands"])
@pytest.mark.parametrize("seconds", [0.03, 0.06, 0.12])
def test_a_short_clip_has_no_steps_that_are_not_there(name: str, seconds: float) -> None:
    found = inspect(runs.find(name), chirp(300, 2500, seconds))
    svg = unrolled.picture(found)
    steps = len(found.trace.hidden)
    assert len(re.findall(r">W</text>", svg)) == min(steps, 5) + (name != "plain-feed-forward")
    assert ("…" in svg) == (steps > 4)


def test_a_mean_is_drawn_over_all_states() -> None:
    samples = chirp(300, 2500, 1.0)
    assert ">the mean of all states<" in unrolled.picture(inspect(runs.find("plain-simple-rnn"), samples))
    assert ">attention over all states<" in unrolled.picture(inspect(runs.find("commands"), samples))
    assert ">the last state<" not in unrolled.picture(inspect(runs.find("plain-lstm"), samples))


@pytest.mark.parametrize("name", ["plain-lstm", "commands", "plain-feed-forward"])
def test_a_phone_shows_several_steps_at_once(name: str) -> None:
    """The picture was wider than 900 pixels: a phone showed one cell of it."""
    svg = ElementTree.fromstring(unrolled.picture(inspect(runs.find(name), chirp(300, 2500, 1.0)), narrow=True))
    assert float(svg.attrib["width"]) <= 388
    assert len([one for one in svg.iter() if one.text == "W"]) == 3 + (name != "plain-feed-forward")
