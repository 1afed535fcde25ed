"""Translate the layers of a keras file into a network of Echoic: its settings, and its weights by name.

    frames -> [Normalization | Rescaling | Masking]* -> cell, layer upon layer -> last state | mean -> [Dense]* -> Dense

What only matters in training, such as dropout, is left out. An affine layer (normalisation, also of a batch) is computed
into the weights of the layer after it, and a Dense layer without an activation into the next one; the answers stay the
same. Any other layer is named and refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from audio_models.config import Cell, NetworkConfig
from audio_models.errors import ConfigError, KerasFileError
from audio_models.keras_files.affine import Affine, Vector, require, scale_and_shift, weights_of
from audio_models.keras_files.arrays import Array
from audio_models.keras_files.reading import Layer
from data.phrases import plural

_CELLS: dict[str, Cell] = {"SimpleRNN": "simple_rnn", "LSTM": "lstm", "GRU": "gru"}
_GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}
_ONLY_TRAINING = {
    "Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"
}  # fmt: skip
READABLE = "SimpleRNN, LSTM, GRU, Bidirectional, Masking, Dropout, normalisations, GlobalAveragePooling1D and Dense"


@dataclass(frozen=True)
class ReadNetwork:
    """A network that was read from a keras file.

    Attributes:
        config: its shape.
        weights: by name, see `keras_model.weights`.
        width: numbers in a frame.
        classes: number of outputs.
        parameters: number of weights in the file.
        front: what happens to a frame before the first cell; None for nothing.
        frames: in each clip that it was trained on; None for any number.
        masks: whether it masks padding.
    """

    config: NetworkConfig
    weights: dict[str, Array]
    width: int
    classes: int
    parameters: int
    front: Affine | None
    frames: int | None
    masks: bool


@dataclass
class _Dense:
    kernel: Vector
    bias: Vector
    activation: str
    name: str


@dataclass
class _Translation:
    """What the layers so far have made."""

    cell: str = ""
    both_ways: bool = False
    units: list[int] = field(default_factory=list)
    weights: dict[str, Vector] = field(default_factory=dict)
    dense: list[_Dense] = field(default_factory=list)
    front: Affine | None = None
    affine: Affine | None = None  # waits for the weights of the next layer
    has_sequence: bool = True
    readout: str = "last"
    width: int = 0  # numbers in each step of what the next layer reads; 0 if unknown
    inputs: int = 0  # numbers in a frame
    frames: int | None = None
    masks: bool = False


def translate(layers: Sequence[Layer]) -> ReadNetwork:
    """Translate the layers of a file, from its input to its output.

    Raises:
        KerasFileError: one cannot be translated, or lacks weights.
    """
    made = _Translation()
    if layers and "batch_input_shape" in layers[0].config:  # keras 2: the first layer may name it, whatever it is
        _input(made, layers[0])
    for layer in layers:
        _READERS.get(layer.kind, _refuse)(made, layer)
    if not made.cell:
        raise KerasFileError("It has no recurrent layer; a network with SimpleRNN, LSTM or GRU can be opened.")
    if made.has_sequence:
        raise KerasFileError(
            "Its last recurrent layer returns all states (return_sequences=True), and nothing makes one answer of them. "
            "Add GlobalAveragePooling1D, or turn return_sequences off."
        )
    dense = _answering(made)
    for number, one in enumerate(dense, 1):
        name = "output" if number == len(dense) else f"dense_{number}"
        made.weights |= {f"{name}/kernel": one.kernel, f"{name}/bias": one.bias}
    try:
        config = NetworkConfig(
            cast(Cell, made.cell), made.units[-1], len(made.units), made.both_ways, 0.0,
            "mean" if made.readout == "mean" else "last",
            units_below=() if len(set(made.units)) == 1 else tuple(made.units[:-1]),
            dense=tuple(len(one.bias) for one in dense[:-1]),
        )  # fmt: skip
    except ConfigError as error:
        raise KerasFileError(str(error)) from error
    with np.errstate(over="ignore"):  # infinity is refused below
        weights = {name: value.astype(np.float32) for name, value in made.weights.items()}
    if not all(np.isfinite(value).all() for value in weights.values()):
        raise KerasFileError("Some of its weights are not finite numbers: its training diverged.")
    return ReadNetwork(
        config, weights, made.inputs, len(dense[-1].bias), sum(one.size for layer in layers for one in layer.weights),
        made.front, made.frames, made.masks,
    )  # fmt: skip


def _refuse(_made: _Translation, layer: Layer) -> None:
    raise KerasFileError(f"Its layer '{layer.name}' is a {layer.kind[:60]}, which cannot be read; {READABLE} can.")


def _input(made: _Translation, layer: Layer) -> None:
    shape = layer.config.get("batch_shape") or layer.config.get("batch_input_shape") or [None, None, None]
    if len(shape) != 3:
        raise KerasFileError(f"It reads inputs of the shape {shape}; expected (batch, frames, numbers in a frame).")
    made.frames = shape[1] if isinstance(shape[1], int) and shape[1] > 0 else None
    made.width = made.inputs = shape[2] if isinstance(shape[2], int) else 0


def _nothing(made: _Translation, layer: Layer) -> None:
    """A layer that does nothing when a network answers."""


def _masking(made: _Translation, _layer: Layer) -> None:
    made.masks = True


def _affine(made: _Translation, layer: Layer) -> None:
    """Remember scale and shift for the next layer, or compute them into the Dense layer before."""
    scale, shift = scale_and_shift(layer, 2 if made.has_sequence else 1)
    if made.dense and made.dense[-1].activation == "linear":
        last = made.dense[-1]
        last.kernel, last.bias = last.kernel * scale, last.bias * scale + shift
        return
    width = made.width or np.size(scale)
    try:
        scale, shift = np.broadcast_to(scale, width), np.broadcast_to(shift, width)
    except ValueError as error:
        raise KerasFileError(f"Its layer '{layer.name}' does not fit the {width} numbers that it reads.") from error
    made.affine = made.affine.then(scale, shift) if made.affine else Affine(scale, shift)


def _folded(made: _Translation, kernel: Vector, bias: Vector) -> tuple[Vector, Vector]:
    """Weights that do what those of the layer do after the affine layers before it."""
    if made.affine is None:
        return kernel, bias
    affine = made.affine
    return affine.scale[:, None] * kernel, bias + affine.shift @ kernel


def _recurrent(made: _Translation, layer: Layer) -> None:
    _add_cells(made, layer, layer, [layer])


def _bidirectional(made: _Translation, layer: Layer) -> None:
    require(layer, "merge_mode", "concat")
    inner, other = layer.config.get("layer"), layer.config.get("backward_layer") or layer.config.get("layer")
    if not isinstance(inner, dict) or not isinstance(other, dict):
        raise KerasFileError(f"Its layer '{layer.name}' does not say which cell reads both ways.")
    half = len(layer.weights) // 2
    parts = [
        Layer(str(one.get("class_name")), layer.name, one.get("config", {}), weights)
        for one, weights in ((inner, layer.weights[:half]), (other, layer.weights[half:]))
    ]
    if parts[0].kind not in _CELLS or parts[0].kind != parts[1].kind:
        raise KerasFileError(f"Its layer '{layer.name}' wraps {parts[0].kind[:60]}, which cannot be read.")
    backwards = parts[1].config | {"go_backwards": False}  # that is what makes it the backward one
    _add_cells(made, layer, parts[0], [parts[0], Layer(parts[1].kind, layer.name, backwards, parts[1].weights)])


def _add_cells(made: _Translation, layer: Layer, cell: Layer, parts: Sequence[Layer]) -> None:
    """Add a recurrent layer: the cell that reads forward, and for both directions the one that reads backward."""
    kind, both_ways = _CELLS[cell.kind], len(parts) == 2
    if not made.has_sequence or made.dense:
        raise KerasFileError(
            f"Its layer '{layer.name}' reads a single state; the recurrent layer before it needs return_sequences=True."
        )
    if made.cell and (made.cell, made.both_ways) != (kind, both_ways):
        raise KerasFileError("Its recurrent layers differ in cell or direction; they must be of one kind.")
    made.cell, made.both_ways = kind, both_ways
    number = len(made.units) + 1
    if number == 1 and made.affine is not None and (made.affine.scale > 0).all():
        made.front, made.affine = made.affine, None  # so that Inside shows the frames as the cell reads them
    for way, part in zip(("forward", "backward"), parts, strict=False):
        for name, value in zip(("kernel", "recurrent_kernel", "bias"), _cell_weights(made, part, kind), strict=True):
            made.weights[f"layer_{number}/{way}/{name}"] = value
    if number == 1:
        made.inputs = len(made.weights["layer_1/forward/kernel"])
    made.units.append(len(made.weights[f"layer_{number}/forward/recurrent_kernel"]))
    made.width, made.affine = made.units[-1] * len(parts), None
    made.has_sequence = bool(cell.config.get("return_sequences", False))


def _cell_weights(made: _Translation, layer: Layer, kind: Cell) -> tuple[Vector, Vector, Vector]:
    require(layer, "activation", "tanh")
    require(layer, "go_backwards", False)
    require(layer, "return_state", False)
    if kind != "simple_rnn":
        require(layer, "recurrent_activation", "sigmoid")
    if kind == "gru":
        require(
            replace(layer, config={"reset_after": False, **layer.config}), "reset_after", True
        )  # old files name none
    units = layer.config.get("units")
    if not isinstance(units, int) or isinstance(units, bool) or units < 1:
        raise KerasFileError(f"Its layer '{layer.name}' has {str(units)[:40]} units.")
    columns = units * _GATES[kind]
    bias_shape = (2, columns) if kind == "gru" else (columns,)
    has_bias = layer.config.get("use_bias", True)
    kernel, recurrent, *biases = weights_of(
        layer, (made.width, columns), (units, columns), *[bias_shape] * bool(has_bias)
    )
    bias = biases[0] if biases else np.zeros(bias_shape)
    if made.affine is not None and kind == "gru":
        kernel, of_input = _folded(made, kernel, bias[0])
        bias = np.stack([of_input, bias[1]])
    else:
        kernel, bias = _folded(made, kernel, bias)
    return kernel, recurrent, bias


def _mean(made: _Translation, layer: Layer) -> None:
    if not made.cell or not made.has_sequence:
        raise KerasFileError(f"Its layer '{layer.name}' must follow a recurrent layer with return_sequences=True.")
    made.readout, made.has_sequence = "mean", False


def _flatten(made: _Translation, layer: Layer) -> None:
    if made.has_sequence:
        raise KerasFileError(
            f"Its layer '{layer.name}' reads all states side by side, which ties it to one length; GlobalAveragePooling1D "
            "or the last state can be read."
        )


def _dense(made: _Translation, layer: Layer) -> None:
    if made.has_sequence:
        raise KerasFileError(
            f"Its layer '{layer.name}' is a Dense layer on every frame; only those after the last state can be read."
        )
    units, has_bias = layer.config.get("units"), layer.config.get("use_bias", True)
    if not isinstance(units, int) or units < 1:
        raise KerasFileError(f"Its layer '{layer.name}' has {str(units)[:40]} units.")
    kernel, *biases = weights_of(layer, (made.width, units), *[(units,)] * bool(has_bias))
    kernel, bias = _folded(made, kernel, biases[0] if biases else np.zeros(units))
    made.affine, made.width = None, units
    made.dense.append(_Dense(kernel, bias, str(layer.config.get("activation") or "linear"), layer.name))


def _activation(made: _Translation, layer: Layer) -> None:
    named = {"ReLU": "relu", "Softmax": "softmax"}.get(layer.kind) or str(layer.config.get("activation"))
    if layer.kind == "ReLU":
        for name, plain in (("max_value", None), ("negative_slope", 0.0), ("threshold", 0.0)):
            require(layer, name, plain)
    if not made.dense or made.dense[-1].activation != "linear" or made.affine is not None:
        raise KerasFileError(
            f"Its layer '{layer.name}' ({named[:40]}) must follow a Dense layer without an activation."
        )
    made.dense[-1].activation = named


def _answering(made: _Translation) -> list[_Dense]:
    """The Dense layers with ReLU, and the last one, which gives the logits of the classes."""
    if not made.dense or made.affine is not None:
        raise KerasFileError(
            "Its last layer is not a Dense layer, which would answer with a probability for each class."
        )
    last = made.dense[-1]
    kept: list[_Dense] = []
    before: _Dense | None = None
    for one in made.dense:
        if before is not None:  # two linear layers are one
            one.kernel, one.bias = before.kernel @ one.kernel, before.bias @ one.kernel + one.bias
        before = one if one.activation == "linear" and one is not last else None
        if before is None:
            kept.append(one)
    for one in kept[:-1]:
        if one.activation != "relu":
            raise KerasFileError(
                f"Its layer '{one.name}' has the activation {one.activation[:40]}; relu or none can be read."
            )
    if last.activation == "sigmoid" and len(last.bias) == 1:  # p and 1 - p: two classes
        last.kernel = np.concatenate([np.zeros_like(last.kernel), last.kernel], axis=1)
        last.bias = np.array([0.0, last.bias[0]])
    elif last.activation not in ("softmax", "linear"):
        raise KerasFileError(
            f"Its last layer '{last.name}' has the activation {last.activation[:40]}; softmax, logits or one sigmoid can be read."
        )
    if len(last.bias) < 2:
        raise KerasFileError(f"It answers with {plural(len(last.bias), 'number')}; at least two classes are needed.")
    return kept


_READERS = {
    "InputLayer": _input, "Masking": _masking, "Rescaling": _affine, "Normalization": _affine,
    "BatchNormalization": _affine, "SimpleRNN": _recurrent, "LSTM": _recurrent, "GRU": _recurrent,
    "Bidirectional": _bidirectional, "GlobalAveragePooling1D": _mean, "Flatten": _flatten, "Dense": _dense,
    "Activation": _activation, "ReLU": _activation, "Softmax": _activation, **dict.fromkeys(_ONLY_TRAINING, _nothing),
}  # fmt: skip
