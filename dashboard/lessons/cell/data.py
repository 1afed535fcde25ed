"""What the cell by hand is given: a network's weights, the frames that it read, and the names of its parts."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from audio_models.config import CELL_TITLES, Cell, FeatureConfig
from audio_models.errors import ConfigError
from audio_models.networks.cells import BACKWARD, FORWARD, GATES, CellWeights, ForcedGate, Numbers, forced_by_step
from audio_models.networks.numpy_network import LayerTrace
from dashboard.lessons import texts
from dashboard.lessons.stepper import GATE_NOTES
from dashboard.shared.charts import waveform_envelope

if TYPE_CHECKING:
    from audio_models.lab.inspection import Inspection  # brings librosa and onnxruntime, which take seconds
    from audio_models.networks.numpy_network import NumpyNetwork

_COLUMNS = 300  # of the waveform
_LETTERS = {
    "input": "i", "forget": "f", "output": "o", "candidate": "g", "update": "z", "reset": "r",
    "c": "c_{t+1}", "h": "h_{t+1}", "state": "h_{t+1}",
}  # fmt: skip
_NAMES = {name: title for name, (title, _) in GATE_NOTES.items()} | {
    "candidate": "Candidate",
    "c": "Cell state",
    "h": "Hidden state",
    "state": "New state",
    "x": "Input x",
    "y": "Answer so far",
}


def network_data(
    found: Inspection, network: NumpyNetwork, layer: str | None = None, forced: Sequence[ForcedGate] = ()
) -> dict[str, Any]:
    """Pack one recurrent layer of an inspected network for `cell.js`; the arguments are those of `show_cell`.

    Raises:
        ConfigError: the network has no such recurrent layer.
    """
    trace = _layer(found, layer)
    turn = slice(None, None, -1 if trace.direction == BACKWARD else 1)
    steps = len(trace.states)
    frames = np.minimum((np.arange(steps) + 1) * found.network.frames_a_step, len(found.prefix_probabilities))
    ends = (frames - 1) * found.frame_seconds + found.features.first_end / found.features.sample_rate
    is_top = trace.number == found.network.layers and trace.direction == FORWARD
    unit = _telling_unit(found, network, trace)
    envelope = waveform_envelope(found.samples, found.features.sample_rate, _COLUMNS)
    parts = cell_data(found.cell, network.cell_weights(trace.number, trace.direction), trace.inputs[turn])
    carried = trace.hidden[turn] if (memory := trace.cell_states) is None else memory[turn]
    return parts | {
        "name": f"{found.network.cell}/{trace.name}/{found.network.units}",
        "unit": unit,
        "t": int(np.abs(np.diff(carried[:, unit], prepend=0)).argmax()),
        "block": {"lstm": "forget", "gru": "update"}.get(found.cell, "state"),
        "forced": forced_by_step(found.cell, forced, steps)[turn] if forced else None,
        "frames_a_step": found.network.frames_a_step,
        "times": np.round(ends[turn], 4).tolist(),
        "input_names": _input_names(found, trace),
        "envelope": None if found.order != "spoken" or trace.direction == BACKWARD else [
            np.round(envelope["low"], 3).tolist(), np.round(envelope["high"], 3).tolist()
        ],
        "labels": list(found.labels),
        "probabilities": np.round(found.prefix_probabilities[frames - 1], 4).tolist() if is_top else None,
        "answer": _answer(found, network) if is_top else None,
        "answer_note": "It is read from more than the state on the left: from all states, from a second cell that reads backward, or through more Dense layers.",
    }  # fmt: skip


def cell_data(cell: Cell, weights: CellWeights, sequence: Numbers) -> dict[str, Any]:
    """Pack a cell and what it reads, (steps, inputs), with the names and formulas of its parts."""
    return {
        "cell": cell,
        "title": CELL_TITLES[cell],
        "blocks": list(GATES[cell]) or ["state"],
        "units": weights.units,
        "inputs": sequence.shape[1],
        "steps": len(sequence),
        "kernel": _packed(weights.kernel),
        "recurrent": _packed(weights.recurrent_kernel),
        "bias": [_packed(row) for row in np.atleast_2d(weights.bias)],
        "x": _packed(sequence),
        "names": _NAMES,
        "formulas": formulas(cell),
    }


@cache
def formulas(cell: Cell) -> dict[str, str]:
    """The formula of each part of a cell in MathML, by the part's name."""
    from latex2mathml.converter import convert

    written = {one.left: convert(f"{one.left} = {one.right}") for one in texts.FORMULAS[cell]}
    written_y = convert(r"y_t = \operatorname{softmax}(s), \quad s = \bar h V + b")
    return {part: written[left] for part, left in _LETTERS.items() if left in written} | {"y": written_y}


def _layer(found: Inspection, name: str | None) -> LayerTrace:
    layers = {layer.name: layer for layer in found.trace.layers}
    name = name or f"layer_{found.network.layers}/{FORWARD}"
    if name not in layers:
        raise ConfigError(
            f"This network has no recurrent layer '{name}'; it has {', '.join(layers) or 'none, and no state'}."
        )
    return layers[name]


def _telling_unit(found: Inspection, network: NumpyNetwork, trace: LayerTrace) -> int:
    """The unit that speaks most for the answer; in a layer that is not read by it, the one that moves most."""
    if trace.number < found.network.layers or trace.direction == BACKWARD or found.network.dense:
        return int(trace.hidden.std(axis=0).argmax())
    kernel, _ = network.output_weights()
    answer = int(found.prefix_probabilities[-1].argmax())
    units = trace.hidden.shape[1]
    return int((found.trace.summary[:units] * kernel[:units, answer]).argmax())


def _answer(found: Inspection, network: NumpyNetwork) -> dict[str, Any] | None:
    """The last layer, where the answer so far follows from this cell's states so far alone."""
    shape = found.network
    if shape.bidirectional or shape.dense or shape.readout == "attention" or (shape.convolutions and not shape.causal):
        return None
    kernel, bias = network.output_weights()
    return {"kernel": _packed(kernel), "bias": _packed(bias), "readout": shape.readout}


def _input_names(found: Inspection, trace: LayerTrace) -> list[str]:
    width = trace.inputs.shape[1]
    if trace.number > 1:
        return [f"unit {one + 1} below" for one in range(width)]
    if found.network.convolutions:
        return [
            f"map {one % found.network.filters + 1}, band {one // found.network.filters + 1}" for one in range(width)
        ]
    return _frame_names(found.features)


def _frame_names(features: FeatureConfig) -> list[str]:
    kind, count = ("MFCC", features.n_mfcc) if features.kind == "mfcc" else ("mel band", features.n_mels)
    names = [f"{kind} {one + 1}" for one in range(count)]
    return [*names, *(f"slope of {name}" for name in names)] if features.deltas else names


def _packed(values: Numbers) -> str:
    return base64.b64encode(np.ascontiguousarray(values, np.float32).tobytes()).decode()
