"""A run's network in numpy, one clip at a time: forward pass with all inner values, and backpropagation.

    frames -> [convolution]* -> cell, layer upon layer -> last state | mean | attention -> [Dense]* -> Dense

Gives the same results as keras and the ONNX graph, more slowly; needs no tensorflow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.config import REACH, NetworkConfig
from audio_models.networks import cells
from audio_models.networks.backpropagation import Backward, through_time
from audio_models.networks.cells import BACKWARD, FORWARD, CellWeights, ForcedGate, Numbers, State

Weights = Mapping[str, NDArray[np.floating[Any]]]
"""Weights by name, see `onnx_graph.weights`."""


@dataclass(frozen=True)
class LayerTrace:
    """The states and gates of one recurrent layer in one direction.

    Attributes:
        number: of the layer, from 1.
        direction: "forward" or "backward", which reads from the clip's end to its beginning.
        inputs: what it read, (steps, inputs), in the order of the clip.
        states: after each step, in the order of the clip; a backward layer ends with the first.
    """

    number: int
    direction: str
    inputs: Numbers
    states: tuple[State, ...]

    @property
    def name(self) -> str:
        return f"layer_{self.number}/{self.direction}"

    @property
    def hidden(self) -> Numbers:
        """(steps, units)."""
        return np.stack([state.h for state in self.states])

    @property
    def cell_states(self) -> Numbers | None:
        """(steps, units) of an LSTM."""
        memory = [state.c for state in self.states if state.c is not None]
        return np.stack(memory) if memory else None

    def gate(self, name: str) -> Numbers:
        """(steps, units)."""
        return np.stack([state.gates[name] for state in self.states])


@dataclass(frozen=True)
class Trace:
    """All inner values for one clip.

    Attributes:
        frames: as the network reads them, normalised, (frames, width).
        maps: the frames with one channel, then the output of each convolution, (frames, bands, channels) each.
        layers: of a recurrent network, from the first to the last, forward before backward.
        dense: the input of each layer of a feed-forward network, and the output of the last, (frames, units) each.
        hidden: the top layer's outputs, (steps, states).
        attention: the weight of each step in the answer, (steps,); None with another readout.
        summary: what the readout gives, (states,): the input of the last Dense layer, or of those before it.
        probabilities: (classes,).
    """

    frames: Numbers
    maps: tuple[Numbers, ...]
    layers: tuple[LayerTrace, ...]
    dense: tuple[Numbers, ...]
    hidden: Numbers
    attention: Numbers | None
    summary: Numbers
    probabilities: Numbers


@dataclass(frozen=True)
class Gradients:
    """The gradient of a loss with respect to each step of a clip.

    Attributes:
        loss: cross-entropy of the label, -log(probability).
        frames: d loss / d frame_t, (frames, width).
        layers: the gradients in each recurrent layer by its name, in the order of the clip.
    """

    loss: float
    frames: Numbers
    layers: Mapping[str, Backward]


class NumpyNetwork:
    """A network with its weights.

    Args:
        config: its shape.
        weights: by name, in keras' layout; normalisations are folded into the convolutions.
    """

    def __init__(self, config: NetworkConfig, weights: Weights) -> None:
        self.config = config
        self._weights = {name: np.asarray(value, np.float64) for name, value in weights.items()}

    def cell_weights(self, number: int, direction: str = FORWARD) -> CellWeights:
        """The weights of one layer's cell."""
        prefix = f"layer_{number}/{direction}"
        return CellWeights(
            self._weights[f"{prefix}/kernel"],
            self._weights[f"{prefix}/recurrent_kernel"],
            self._weights[f"{prefix}/bias"],
        )

    def output_weights(self) -> tuple[Numbers, Numbers]:
        """The weights of the answer's layer: kernel (states, classes) and bias (classes,)."""
        return self._weights["output/kernel"], self._weights["output/bias"]

    def read(self, frames: Numbers, forced: Sequence[ForcedGate] = ()) -> Trace:
        """Read a clip, normalised frames (frames, width).

        Args:
            forced: gates to hold open or shut, in all layers and directions.

        Raises:
            ConfigError: the cell has no such gate.
        """
        frames = np.asarray(frames, np.float64)
        maps, hidden = self._convolutions(frames)
        layers: list[LayerTrace] = []
        dense: list[Numbers] = []
        for number in range(1, self.config.layers + 1):
            if self.config.cell == "feed_forward":
                dense.append(hidden)
                hidden = np.maximum(self._dense(hidden, f"layer_{number}"), 0)
                continue
            here = [self._recurrent(number, direction, hidden, forced) for direction in self._directions]
            layers += here
            hidden = np.concatenate([layer.hidden for layer in here], axis=1)  # (steps, units * directions)
        attention = self._attention(hidden) if self.config.readout == "attention" else None
        summary = self._summary(hidden, attention)
        probabilities = softmax(self._logits(summary))
        return Trace(
            frames, tuple(maps), tuple(layers), (*dense, hidden), hidden, attention, summary, probabilities
        )  # fmt: skip

    def prefix_probabilities(self, trace: Trace, forced: Sequence[ForcedGate] = ()) -> Numbers:
        """The probabilities if the clip had ended after each frame, (frames, classes).

        Args:
            trace: of the whole clip, from `read` with the same `forced`.
        """
        config, hidden, frames = self.config, trace.hidden, trace.frames
        if config.bidirectional or (config.convolutions and not config.causal):  # a later frame changes earlier states
            return np.stack([self.read(frames[:end], forced).probabilities for end in range(1, len(frames) + 1)])
        if config.readout == "last":
            summaries = hidden
        elif config.readout == "mean":
            summaries = np.cumsum(hidden, axis=0) / np.arange(1, len(hidden) + 1)[:, None]
        else:
            shares = [self._attention(hidden[:end]) for end in range(1, len(hidden) + 1)]
            summaries = np.stack([share @ hidden[: len(share)] for share in shares])
        steps = np.arange(len(frames)) // config.frames_a_step
        return softmax(self._logits(summaries))[steps]

    def gradients(self, trace: Trace, label: int, *, only_last: bool = False) -> Gradients:
        """Compute the gradient of a label's loss with respect to each step of a clip that was `read`.

        Args:
            label: index of the true class.
            only_last: only the part that enters at the last state, which is all of it with the readout "last": what
                reaches an earlier step has passed through the cell's memory alone.
        """
        loss = float(-np.log(max(trace.probabilities[label], 1e-300)))
        dlogits = trace.probabilities - np.eye(len(trace.probabilities))[label]
        dhidden = self._summary_back(trace, self._logits_back(trace.summary, dlogits))
        if only_last:
            dhidden = self._at_last(dhidden)
        found: dict[str, Backward] = {}
        if self.config.cell == "feed_forward":
            for number in range(self.config.layers, 0, -1):
                dsum = dhidden * (trace.dense[number] > 0)
                dhidden = dsum @ self._weights[f"layer_{number}/kernel"].T
            return Gradients(loss, dhidden, found)
        for number in range(self.config.layers, 0, -1):
            here = [layer for layer in trace.layers if layer.number == number]
            parts = np.split(dhidden, len(here), axis=1)
            dhidden = np.zeros_like(here[0].inputs)
            for layer, part in zip(here, parts, strict=True):
                turn = slice(None, None, -1 if layer.direction == BACKWARD else 1)
                back = through_time(
                    self.config.cell, layer.states[turn], self.cell_weights(number, layer.direction), part[turn]
                )
                memory = None if back.cell_states is None else back.cell_states[turn]
                found[layer.name] = Backward(
                    back.inputs[turn], back.states[turn], memory, back.frame_sums[turn], back.state_sums[turn]
                )
                dhidden = dhidden + back.inputs[turn]
        return Gradients(loss, self._convolutions_back(trace, dhidden), found)

    @property
    def _directions(self) -> tuple[str, ...]:
        return (FORWARD, BACKWARD) if self.config.bidirectional else (FORWARD,)

    def _recurrent(self, number: int, direction: str, hidden: Numbers, forced: Sequence[ForcedGate]) -> LayerTrace:
        turn = slice(None, None, -1 if direction == BACKWARD else 1)
        held = cells.forced_by_step(self.config.cell, forced, len(hidden))
        states = cells.read(self.config.cell, hidden[turn], self.cell_weights(number, direction), held[turn])
        return LayerTrace(number, direction, hidden, tuple(states[turn]))

    def _dense(self, hidden: Numbers, name: str) -> Numbers:
        made: Numbers = hidden @ self._weights[f"{name}/kernel"] + self._weights[f"{name}/bias"]
        return made

    def dense_inputs(self, summary: Numbers) -> list[Numbers]:
        """What each Dense layer reads, (..., numbers); the last one is "output"."""
        inputs = [summary]
        for number in range(1, len(self.config.dense) + 1):
            inputs.append(np.maximum(self._dense(inputs[-1], f"dense_{number}"), 0))
        return inputs

    def _logits(self, summary: Numbers) -> Numbers:
        return self._dense(self.dense_inputs(summary)[-1], "output")

    def _logits_back(self, summary: Numbers, dlogits: Numbers) -> Numbers:
        """d/d summary, (states,), from d/d logits."""
        inputs = self.dense_inputs(summary)
        back = self._weights["output/kernel"] @ dlogits
        for number in range(len(self.config.dense), 0, -1):
            back = self._weights[f"dense_{number}/kernel"] @ (back * (inputs[number] > 0))
        return np.asarray(back)

    def _summary(self, hidden: Numbers, attention: Numbers | None) -> Numbers:
        if attention is not None:
            return attention @ hidden
        if self.config.readout == "mean":
            return np.asarray(hidden.mean(axis=0))
        return self._ends(hidden)

    def _ends(self, hidden: Numbers) -> Numbers:
        """The final states; a backward layer ends at the beginning of the clip."""
        if not self.config.bidirectional:
            return np.asarray(hidden[-1])
        units = self.config.units
        return np.concatenate([hidden[-1, :units], hidden[0, units:]])

    def _at_last(self, dhidden: Numbers) -> Numbers:
        last = np.zeros_like(dhidden)
        units = self.config.units
        last[-1, :units] = dhidden[-1, :units]
        if self.config.bidirectional:
            last[0, units:] = dhidden[0, units:]
        return last

    def _attention(self, hidden: Numbers) -> Numbers:
        return softmax(self._scores(hidden) @ self._weights["attention_score/kernel"][:, 0])

    def _scores(self, hidden: Numbers) -> Numbers:
        return np.tanh(self._dense(hidden, "attention"))

    def _summary_back(self, trace: Trace, dsummary: Numbers) -> Numbers:
        """d/d hidden, (steps, states), from d/d summary."""
        hidden, steps = trace.hidden, len(trace.hidden)
        if trace.attention is not None:
            scores = self._scores(hidden)
            dshare = hidden @ dsummary
            dscore = trace.attention * (dshare - trace.attention @ dshare)
            inner = dscore[:, None] * self._weights["attention_score/kernel"][:, 0] * (1 - scores**2)
            return np.outer(trace.attention, dsummary) + inner @ self._weights["attention/kernel"].T
        if self.config.readout == "mean":
            return np.tile(dsummary / steps, (steps, 1))
        return self._at_last(np.tile(dsummary, (steps, 1)))

    def _convolutions(self, frames: Numbers) -> tuple[list[Numbers], Numbers]:
        """The frames and each feature map, and the input of the cell, (steps, bands * filters)."""
        if not self.config.convolutions:
            return [], frames
        maps = [frames[:, :, None]]
        for number, stride in enumerate(self.config.strides, 1):
            seen = np.pad(maps[-1], (self.config.reach_back, (REACH // 2, REACH // 2), (0, 0)))
            made = np.zeros(())
            for row, column, window in _windows(maps[-1].shape, stride):
                made = made + seen[window] @ self._weights[f"convolution_{number}/kernel"][row, column]
            maps.append(np.maximum(made + self._weights[f"convolution_{number}/bias"], 0))
        return maps, maps[-1].reshape(len(maps[-1]), -1)

    def _convolutions_back(self, trace: Trace, dhidden: Numbers) -> Numbers:
        if not trace.maps:
            return dhidden
        dmap = dhidden.reshape(trace.maps[-1].shape)
        for number in range(self.config.convolutions, 0, -1):
            seen = trace.maps[number - 1]
            dsum = dmap * (trace.maps[number] > 0)
            padded = np.zeros((seen.shape[0] + REACH - 1, seen.shape[1] + REACH - 1, seen.shape[2]))
            for row, column, window in _windows(seen.shape, self.config.strides[number - 1]):
                padded[window] += dsum @ self._weights[f"convolution_{number}/kernel"][row, column].T
            before = self.config.reach_back[0]
            dmap = padded[before : before + seen.shape[0], REACH // 2 : -(REACH // 2)]
        return np.asarray(dmap[:, :, 0])


def _windows(shape: tuple[int, ...], stride: int) -> list[tuple[int, int, tuple[slice, slice]]]:
    """For each place of the kernel, the part of the padded map under it."""
    rows, columns = -(-shape[0] // stride), -(-shape[1] // stride)
    return [
        (
            row,
            column,
            (
                slice(row, row + stride * (rows - 1) + 1, stride),
                slice(column, column + stride * (columns - 1) + 1, stride),
            ),
        )
        for row in range(REACH)
        for column in range(REACH)
    ]


def softmax(logits: Numbers) -> Numbers:
    """exp(x_i) / sum_j exp(x_j), over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
