"""The lines of plain keras that build a network."""

from __future__ import annotations

from audio_models.config import REACH, NetworkConfig
from audio_models.features.sequences import PADDING

_LAYERS = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}


def network(config: NetworkConfig, width: int, classes: int) -> str:
    """The statement that builds a network as `model`.

    Args:
        width: numbers in a frame.
        classes: number of labels.
    """
    if config.convolutions or config.readout == "attention":
        return _functional(config, width, classes)
    layers = [f"keras.Input((None, {width}))", f"keras.layers.Masking({PADDING})"]
    for number in range(1, config.layers + 1):
        layers += [_layer(config, number), *_dropout(config)]
    if config.readout == "mean":
        layers.append("keras.layers.GlobalAveragePooling1D()")
    for size in config.dense:
        layers += [f'keras.layers.Dense({size}, activation="relu")', *_dropout(config)]
    layers.append(f'keras.layers.Dense({classes}, activation="softmax")')
    return "\n".join(["model = keras.Sequential([", *(f"    {layer}," for layer in layers), "])"])


def _layer(config: NetworkConfig, number: int) -> str:
    if config.cell == "feed_forward":
        return f'keras.layers.Dense({config.units_of(number)}, activation="relu")'
    every_frame = number < config.layers or config.readout != "last"
    layer = f"keras.layers.{_LAYERS[config.cell]}({config.units_of(number)}{', return_sequences=True' if every_frame else ''})"
    return f"keras.layers.Bidirectional({layer})" if config.bidirectional else layer


def _dropout(config: NetworkConfig) -> list[str]:
    return [f"keras.layers.Dropout({config.dropout:g})"] if config.dropout else []


def _functional(config: NetworkConfig, width: int, classes: int) -> str:
    """A network with convolutions or attention: the mask is passed on by hand."""
    lines = [
        f"inputs = keras.Input((None, {width}))",
        f"mask = keras.ops.any(keras.ops.not_equal(inputs, {PADDING}), axis=-1)  # (batch, frames)",
        "hidden = inputs",
    ]
    if config.convolutions:
        lines.append(f"hidden = keras.layers.Reshape((-1, {width}, 1))(hidden)  # (batch, frames, bands, 1)")
        for stride in config.strides:
            lines += _convolution(config, stride)
        lines.append(f"hidden = keras.layers.Reshape((-1, hidden.shape[2] * {config.filters}))(hidden)")
    for number in range(1, config.layers + 1):
        lines.append(f"hidden = {_layer(config, number)}(hidden, mask=mask)")
        lines += [f"hidden = {layer}(hidden)" for layer in _dropout(config)]
    if config.readout == "mean":
        lines.append("hidden = keras.layers.GlobalAveragePooling1D()(hidden, mask=mask)")
    elif config.readout == "attention":
        lines += [
            f'score = keras.layers.Dense({config.units}, activation="tanh")(hidden)',
            "score = keras.layers.Dense(1, use_bias=False)(score)  # (batch, frames, 1)",
            'there = keras.ops.cast(mask[:, :, None], "float32")',
            "share = keras.ops.softmax(score - 1e9 * (1 - there), axis=1)  # attention: a weight for each frame",
            "hidden = keras.ops.sum(share * hidden, axis=1)",
        ]
    for size in config.dense:
        lines += [
            f"hidden = {layer}(hidden)"
            for layer in (f'keras.layers.Dense({size}, activation="relu")', *_dropout(config))
        ]
    lines.append(f'model = keras.Model(inputs, keras.layers.Dense({classes}, activation="softmax")(hidden))')
    return "\n".join(lines)


def _convolution(config: NetworkConfig, stride: int) -> list[str]:
    """Zero padding by hand, so that a batch's longest clip decides nothing; normalisation leaves padding out."""
    side = REACH // 2
    strides = f", strides={stride}" if stride > 1 else ""
    return [
        f"hidden = keras.layers.ZeroPadding2D(({config.reach_back}, {(side, side)}))(hidden)",
        f"hidden = keras.layers.Conv2D({config.filters}, {REACH}{strides}, use_bias=False)(hidden)",
        *([f"mask = mask[:, ::{stride}]"] if stride > 1 else []),
        'there = keras.ops.cast(mask[:, :, None, None], "float32")',
        "hidden = keras.layers.BatchNormalization(momentum=0.95)(hidden, mask=keras.ops.ones_like(hidden[..., 0]) * there[..., 0])",
        "hidden = keras.layers.ReLU()(hidden) * there",
    ]
