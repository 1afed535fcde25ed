"""The networks, in keras: frames in, probabilities out.

    frames -> [convolution]* -> cell, layer upon layer -> last state | mean | attention -> [Dense]* -> Dense

Imports tensorflow; only the training process does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from audio_models.config import REACH, NetworkConfig
from audio_models.features.sequences import PADDING

Weights = dict[str, NDArray[np.float32]]
"""Weights by name, in keras' layout: "layer_1/forward/kernel", ..., "output/bias"."""

_RECURRENT: dict[str, Any] = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}
_FAR_BELOW = 1e9  # subtracted from the attention's score of a masked frame, whose weight is then zero


def build(config: NetworkConfig, width: int, classes: int, *, every_step: bool = False) -> keras.Model:
    """Build a network with random weights, which follow keras' seed.

    Args:
        width: numbers in a frame.
        classes: number of labels.
        every_step: the layer "output" answers after every step, (batch, steps, classes), and the model returns the
            last of these; only for a network that `streams`.

    Returns:
        a model from (batch, frames, width) to probabilities (batch, classes). Frames that hold only `PADDING` are
        masked: a state passes them unchanged, a mean leaves them out, a convolution sees zeros.
    """
    frames = keras.Input((None, width), name="frames")
    mask = keras.ops.any(keras.ops.not_equal(frames, PADDING), axis=-1)  # (batch, frames)
    hidden = frames
    if config.convolutions:
        hidden = keras.layers.Reshape((-1, width, 1), name="one_channel")(hidden)
        for number, stride in enumerate(config.strides, 1):
            hidden, mask = _convolution(config, number, stride, hidden, mask)  # (batch, frames, bands, filters)
        hidden = keras.layers.Reshape((-1, hidden.shape[2] * config.filters), name="one_row")(hidden)
    for number in range(1, config.layers + 1):
        if config.cell == "feed_forward":
            hidden = keras.layers.Dense(config.units_of(number), activation="relu", name=f"layer_{number}")(hidden)
        else:
            every_frame = number < config.layers or config.readout != "last" or every_step
            units = config.units_of(number)
            layer = _RECURRENT[config.cell](units, return_sequences=every_frame, name=f"layer_{number}")
            if config.bidirectional:
                layer = keras.layers.Bidirectional(layer, name=f"layer_{number}")
            hidden = layer(hidden, mask=mask)  # (batch, frames, units), or (batch, units) after the last frame
        hidden = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(hidden)
    if config.readout == "mean":
        hidden = keras.layers.GlobalAveragePooling1D(name="mean_over_frames")(hidden, mask=mask)  # (batch, units)
    elif config.readout == "attention":
        hidden = _attention(config, hidden, mask)  # (batch, units)
    for number, size in enumerate(config.dense, 1):
        hidden = keras.layers.Dense(size, activation="relu", name=f"dense_{number}")(hidden)
        hidden = keras.layers.Dropout(config.dropout, name=f"dense_dropout_{number}")(hidden)
    # For "feed_forward" this is the mean of f(x_i) over the frames: a Dense layer without activation and a mean commute.
    probabilities = keras.layers.Dense(classes, activation="softmax", name="output")(hidden)
    if every_step:  # a masked step repeats the answer before it
        probabilities = probabilities[:, -1]
    return keras.Model(frames, probabilities, name=config.cell)


def _convolution(config: NetworkConfig, number: int, stride: int, hidden: Any, mask: Any) -> tuple[Any, Any]:
    """Convolve `REACH` frames and bands around each step, or before it if causal, and reduce both by `stride`.

    Batch normalisation leaves masked frames out.
    """
    padded = keras.layers.ZeroPadding2D((config.reach_back, (REACH // 2, REACH // 2)), name=f"pad_{number}")(hidden)
    hidden = keras.layers.Conv2D(
        config.filters, REACH, strides=stride, use_bias=False, name=f"convolution_{number}"
    )(padded)  # fmt: skip
    mask = mask[:, ::stride]  # (batch, frames)
    there = keras.ops.cast(mask[:, :, None, None], "float32")
    everywhere = keras.ops.ones_like(hidden[..., 0]) * there[..., 0]  # (batch, frames, bands)
    hidden = keras.layers.BatchNormalization(momentum=0.95, name=f"normalisation_{number}")(hidden, mask=everywhere)
    hidden = keras.layers.ReLU(name=f"relu_{number}")(hidden)
    return hidden * there, mask  # zeros after a clip's end, where the bias would be left


def _attention(config: NetworkConfig, hidden: Any, mask: Any) -> Any:
    """sum_t a_t h_t, a = softmax_t(v . tanh(W h_t + b)): additive attention with one query (Bahdanau et al. 2015)."""
    score = keras.layers.Dense(config.units, activation="tanh", name="attention")(hidden)
    score = keras.layers.Dense(1, use_bias=False, name="attention_score")(score)  # (batch, frames, 1)
    there = keras.ops.cast(keras.ops.expand_dims(mask, -1), "float32")
    share = keras.ops.softmax(score - (1.0 - there) * _FAR_BELOW, axis=1)
    return keras.ops.sum(share * hidden, axis=1)


def weights(model: keras.Model) -> Weights:
    """The weights of a model made by `build`, with the moving statistics of its normalisations."""
    return {name: np.asarray(variable, np.float32) for name, variable in _variables(model)}


def load_weights(model: keras.Model, trained: Mapping[str, NDArray[np.floating[Any]]]) -> None:
    """Load the weights of a trained network into a model made by `build`, without those of the last Dense layer.

    There, normalisations are folded into the convolutions (`onnx_graph.weights`); here they only add the bias, and are
    frozen.

    Raises:
        KeyError, ValueError: the network has another shape.
    """
    for name, variable in _variables(model):
        layer, _, part = name.rpartition("/")
        if layer == "output":
            continue
        if layer.startswith("normalisation"):
            bias = trained[f"{layer.replace('normalisation', 'convolution')}/bias"]
            epsilon = model.get_layer(layer).epsilon
            values = {"gamma": 1.0, "beta": bias, "moving_mean": 0.0, "moving_variance": 1.0 - epsilon}
            variable.assign(np.broadcast_to(values[part], variable.shape))
            model.get_layer(layer).trainable = False
        else:
            variable.assign(trained[name])


def _variables(model: keras.Model) -> Iterator[tuple[str, keras.Variable]]:
    """Each variable with its name, without the random state of dropout."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Bidirectional):
            parts = {
                f"{layer.name}/forward": layer.forward_layer.cell,
                f"{layer.name}/backward": layer.backward_layer.cell,
            }
        elif isinstance(layer, keras.layers.RNN):
            parts = {f"{layer.name}/forward": layer.cell}
        elif isinstance(layer, keras.layers.Dense | keras.layers.Conv2D | keras.layers.BatchNormalization):
            parts = {layer.name: layer}
        else:
            continue
        for name, part in parts.items():
            for variable in part.weights:
                if variable.dtype == "float32":
                    yield f"{name}/{variable.name}", variable
