"""The networks, in keras: frames in, probabilities out.

Imports tensorflow; only the training process does.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from audio_models.config import NetworkConfig
from audio_models.sequences import PADDING

Weights = dict[str, NDArray[np.float32]]
"""The trained numbers by name, in keras' layout: "layer_1/forward/kernel", ..., "output/bias"."""

_RECURRENT: dict[str, Any] = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}


def build(config: NetworkConfig, width: int, classes: int) -> keras.Model:
    """The network with its first weights, which follow keras' random seed.

    Args:
        width: numbers in a frame.
        classes: labels to tell apart.

    Returns:
        a model from (batch, frames, width) to probabilities (batch, classes). Frames that hold only `PADDING` are
        masked: a state passes over them unchanged, a mean leaves them out.
    """
    frames = keras.Input((None, width), name="frames")
    hidden = keras.layers.Masking(PADDING, name="mask")(frames)  # (batch, frames, width)
    for number in range(1, config.layers + 1):
        if config.cell == "feed_forward":
            hidden = keras.layers.Dense(config.units, activation="relu", name=f"layer_{number}")(hidden)
        else:
            every_frame = number < config.layers or config.readout == "mean"
            layer = _RECURRENT[config.cell](config.units, return_sequences=every_frame, name=f"layer_{number}")
            if config.bidirectional:
                layer = keras.layers.Bidirectional(layer, name=f"layer_{number}")
            hidden = layer(hidden)  # (batch, frames, units), or (batch, units) after the last frame
        hidden = keras.layers.Dropout(config.dropout, name=f"dropout_{number}")(hidden)
    if config.readout == "mean":
        hidden = keras.layers.GlobalAveragePooling1D(name="mean_over_frames")(hidden)  # (batch, units)
    # For "feed_forward" this is the mean of f(x_i) over the frames: a Dense layer without activation and a mean commute.
    probabilities = keras.layers.Dense(classes, activation="softmax", name="output")(hidden)
    return keras.Model(frames, probabilities, name=config.cell)


def weights(model: keras.Model) -> Weights:
    """The trained numbers of a model made by `build`."""
    found: Weights = {}
    for layer in model.layers:
        if isinstance(layer, keras.layers.Bidirectional):
            parts = {
                f"{layer.name}/forward": layer.forward_layer.cell,
                f"{layer.name}/backward": layer.backward_layer.cell,
            }
        elif isinstance(layer, keras.layers.RNN):
            parts = {f"{layer.name}/forward": layer.cell}
        elif isinstance(layer, keras.layers.Dense):
            parts = {layer.name: layer}
        else:
            continue
        for name, part in parts.items():
            for variable in part.trainable_variables:
                found[f"{name}/{variable.name}"] = np.asarray(variable, np.float32)
    return found
