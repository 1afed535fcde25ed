"""The number of parameters of each layer, by its formula: what `model.summary()` of keras counts."""

from __future__ import annotations

from dataclasses import dataclass

from audio_models.config import REACH, NetworkConfig

_CLASSES = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
# Sets of weights (W, U, b): one for each gate and one for the candidate; and the biases in each set. A GRU of keras has
# one bias for W and one for U, since its reset gate acts after the product (`reset_after=True`).
_SETS = {"simple_rnn": (1, 1), "lstm": (4, 1), "gru": (3, 2)}


@dataclass(frozen=True)
class LayerCount:
    """One layer with parameters.

    Attributes:
        layer: its class in keras, such as "LSTM".
        output: numbers that it gives, in each step or once.
        formula: with this layer's numbers, such as "4 × 96 × (26 + 96 + 1)".
        count: what that is.
        weights: the start of its weights' names, see `keras_model.weights`; empty for one that a graph does not keep apart.
    """

    layer: str
    output: int
    formula: str
    count: int
    weights: str = ""


def layer_counts(config: NetworkConfig, width: int, classes: int) -> tuple[LayerCount, ...]:
    """The layers of a network that have parameters, in order.

    Args:
        width: numbers in a frame.
        classes: number of labels.
    """
    found: list[LayerCount] = []
    inputs, channels = width, 1
    for stride in config.strides:
        width = -(-width // stride)
        area = f"{REACH} × {REACH} × {channels} × {config.filters}"
        found.append(LayerCount("Conv2D", width * config.filters, area, REACH**2 * channels * config.filters))
        found.append(
            LayerCount("BatchNormalization", width * config.filters, f"4 × {config.filters}", 4 * config.filters)
        )
        channels, inputs = config.filters, width * config.filters
    for number in range(1, config.layers + 1):
        units = config.units_of(number)
        if config.cell == "feed_forward":
            found.append(_dense(inputs, units, f"layer_{number}/"))
            inputs = units
            continue
        sets, biases = _SETS[config.cell]
        ways = 2 if config.bidirectional else 1
        before = " × ".join([*(["2"] * (ways == 2)), *([f"{sets}"] * (sets > 1)), f"{units}"])
        name = _CLASSES[config.cell]
        found.append(
            LayerCount(
                f"Bidirectional({name})" if ways == 2 else name, ways * units, f"{before} × ({inputs} + {units} + {biases})",
                ways * sets * units * (inputs + units + biases), f"layer_{number}/",
            )
        )  # fmt: skip
        inputs = ways * units
    if config.readout == "attention":
        found.append(_dense(inputs, config.units, "attention/"))
        found.append(LayerCount("Dense", 1, f"{config.units}", config.units, "attention_score/"))
    for number, size in enumerate(config.dense, 1):
        found.append(_dense(inputs, size, f"dense_{number}/"))
        inputs = size
    return (*found, _dense(inputs, classes, "output/"))


def _dense(inputs: int, outputs: int, weights: str) -> LayerCount:
    return LayerCount("Dense", outputs, f"({inputs} + 1) × {outputs}", (inputs + 1) * outputs, weights)
