"""The recurrent cells as plain step functions: f(x_t, h_t) -> h_{t+1}, in numpy, one page.

A recurrent network is one small function, called once per frame with the state that it returned for the previous frame.
The three here equal keras' layers with the same weights, and also return their gates. A weight matrix concatenates its
gates, (inputs, gates * units), in keras' order. Each reads one sequence or a batch: any axes may come before the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from audio_models.config import Cell
from audio_models.errors import ConfigError

Numbers = NDArray[np.floating[Any]]
"""(units,) unless stated otherwise; (batch, units) of a batch."""

FORWARD, BACKWARD = "forward", "backward"
"""Directions in which a layer reads the frames."""


Activation = Literal["tanh", "relu", "sigmoid", "linear"]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)


@dataclass(frozen=True)
class CellWeights:
    """The weights of one cell, shared by all frames.

    Attributes:
        kernel: W, applied to the frame, (inputs, gates * units).
        recurrent_kernel: U, applied to the previous state, (units, gates * units).
        bias: b, (gates * units,); for a GRU one for W and one for U, (2, gates * units).
        activation: a SimpleRNN's; the others always have tanh and sigmoid.
    """

    kernel: Numbers
    recurrent_kernel: Numbers
    bias: Numbers
    activation: Activation = "tanh"

    @property
    def units(self) -> int:
        """Size of the state."""
        return len(self.recurrent_kernel)

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.kernel.size + self.recurrent_kernel.size + self.bias.size


@dataclass(frozen=True)
class State:
    """The state that a cell passes on to the next frame.

    Attributes:
        h: the hidden state, (units,), each between -1 and 1; it is also the cell's output.
        c: an LSTM's cell state, (units,), without bound; None for the others.
        gates: activation of each gate by name, (units,): 0 is shut, 1 is open. "candidate" is not a gate but the new
            content, between -1 and 1.
    """

    h: Numbers
    c: Numbers | None = None
    gates: Mapping[str, Numbers] = field(default_factory=dict)


GATES: dict[Cell, tuple[str, ...]] = {
    "simple_rnn": (),
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("update", "reset", "candidate"),
}
"""The gates of each cell in the order of its weights."""


@dataclass(frozen=True)
class ForcedGate:
    """A gate held open or shut, in all units, whatever its weights say.

    At 0 or 1 a gate passes no gradient to its own weights, as a saturated one, so `backpropagation` stays exact.

    Attributes:
        gate: its name in `GATES`; "candidate" is none.
        open: held open (1) or shut (0).
        first: the first step of the clip at which it is held.
        end: the first step after that; None: to the end of the clip.
    """

    gate: str
    open: bool
    first: int = 0
    end: int | None = None

    @classmethod
    def named(cls, name: str) -> ForcedGate:
        """The gate that a name such as "forget open" holds at all steps.

        Raises:
            ConfigError: it is no such name. Whether a cell has the gate is found when it reads.
        """
        gate, _, how = name.strip().rpartition(" ")
        if not gate or how not in ("open", "shut"):
            raise ConfigError(f"'{name}' holds no gate; expected its name and open or shut, such as 'forget shut'.")
        return cls(gate.strip(), how == "open")

    @property
    def name(self) -> str:
        """Such as "forget open"."""
        return f"{self.gate} {'open' if self.open else 'shut'}"

    def holds_at(self, step: int) -> bool:
        """Whether the gate is held at a step of the clip."""
        return self.first <= step and (self.end is None or step < self.end)


def forced_by_step(cell: Cell, forced: Sequence[ForcedGate], steps: int) -> list[dict[str, float]]:
    """The gates held at each step and their values; a later one in `forced` overrules an earlier one.

    Raises:
        ConfigError: the cell has no such gate.
    """
    gates = [name for name in GATES.get(cell, ()) if name != "candidate"]
    for one in forced:
        if one.gate not in gates:
            has = f"its gates are {', '.join(gates)}" if gates else "it has none"
            raise ConfigError(f"The {cell} cell has no gate '{one.gate}'; {has}.")
    return [{one.gate: float(one.open) for one in forced if one.holds_at(step)} for step in range(steps)]


_NOT_FORCED: Mapping[str, float] = {}


def first_state(cell: Cell, units: int, batch: tuple[int, ...] = ()) -> State:
    """The state before the first frame: zeros, (*batch, units)."""
    zeros = np.zeros((*batch, units))
    return State(zeros, zeros if cell == "lstm" else None)


def simple_rnn_step(x: Numbers, before: State, weights: CellWeights) -> State:
    """One step of a SimpleRNN (Elman 1990): the new state combines the frame and the previous state.

        h' = tanh(x W + h U + b)

    Args:
        x: the frame, (inputs,).
    """
    return State(activate(x @ weights.kernel + before.h @ weights.recurrent_kernel + weights.bias, weights.activation))


def lstm_step(x: Numbers, before: State, weights: CellWeights, forced: Mapping[str, float] = _NOT_FORCED) -> State:
    """One step of an LSTM (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000).

    i = sigmoid(x W_i + h U_i + b_i)        input gate: how much is written
    f = sigmoid(x W_f + h U_f + b_f)        forget gate: how much of the memory stays
    g = tanh   (x W_g + h U_g + b_g)        candidate: the new content
    o = sigmoid(x W_o + h U_o + b_o)        output gate: how much of the memory is read
    c' = f c + i g                          cell state: a sum, so a gradient passes undiminished where f = 1
    h' = o tanh(c')
    """
    sums = np.split(x @ weights.kernel + before.h @ weights.recurrent_kernel + weights.bias, 4, axis=-1)
    i, f, o = (_gate(name, sums[at], forced) for name, at in (("input", 0), ("forget", 1), ("output", 3)))
    g = np.tanh(sums[2])
    assert before.c is not None, "an LSTM's state has a cell state"
    c = f * before.c + i * g
    return State(o * np.tanh(c), c, {"input": i, "forget": f, "candidate": g, "output": o})


def gru_step(x: Numbers, before: State, weights: CellWeights, forced: Mapping[str, float] = _NOT_FORCED) -> State:
    """One step of a GRU (Cho et al. 2014), with the reset gate after the product, as in keras and cuDNN.

    z = sigmoid(x W_z + h U_z + b_z)        update gate: how much of the state stays
    r = sigmoid(x W_r + h U_r + b_r)        reset gate: how much of the state the candidate sees
    g = tanh   (x W_g + b_g + r (h U_g + d_g))        candidate
    h' = z h + (1 - z) g
    """
    of_frame = np.split(x @ weights.kernel + weights.bias[0], 3, axis=-1)
    of_state = np.split(before.h @ weights.recurrent_kernel + weights.bias[1], 3, axis=-1)
    z = _gate("update", of_frame[0] + of_state[0], forced)
    r = _gate("reset", of_frame[1] + of_state[1], forced)
    g = np.tanh(of_frame[2] + r * of_state[2])
    return State(z * before.h + (1 - z) * g, None, {"update": z, "reset": r, "candidate": g})


GATED_STEPS = {"lstm": lstm_step, "gru": gru_step}


def step(
    cell: Cell, x: Numbers, before: State, weights: CellWeights, forced: Mapping[str, float] = _NOT_FORCED
) -> State:
    """One step of the cell: the frame and the previous state give the next state.

    Args:
        forced: gates by name with the value that they take in place of their own.

    Raises:
        ConfigError: "feed_forward" has no state.
    """
    if cell == "simple_rnn":
        return simple_rnn_step(x, before, weights)
    if cell not in GATED_STEPS:
        raise ConfigError(
            f"A {cell} network has no recurrent state; choose one of simple_rnn, {', '.join(GATED_STEPS)}."
        )
    return GATED_STEPS[cell](x, before, weights, forced)


def read(
    cell: Cell, sequence: Numbers, weights: CellWeights, forced: Sequence[Mapping[str, float]] | None = None
) -> list[State]:
    """The state after each frame of a sequence (frames, inputs) or of a batch (frames, batch, inputs), first to last.

    Args:
        forced: the gates held at each frame, see `forced_by_step`.
    """
    states = []
    state = first_state(cell, weights.units, sequence.shape[1:-1])
    for x, held in zip(sequence, forced or [_NOT_FORCED] * len(sequence), strict=True):
        state = step(cell, x, state, weights, held)
        states.append(state)
    return states


def _gate(name: str, sums: Numbers, forced: Mapping[str, float]) -> Numbers:
    return np.full_like(sums, forced[name]) if name in forced else sigmoid(sums)


def sigmoid(x: Numbers) -> Numbers:
    """1 / (1 + exp(-x)), between 0 and 1, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def activate(x: Numbers, activation: Activation) -> Numbers:
    """Apply an activation to each sum."""
    if activation == "linear":
        return x
    if activation == "relu":
        return np.maximum(x, 0)
    return sigmoid(x) if activation == "sigmoid" else np.tanh(x)


def slope(y: Numbers, activation: Activation) -> Numbers:
    """The derivative of an activation where its value is `y`: at most 1, and at most 1/4 for the sigmoid."""
    if activation == "linear":
        return np.ones_like(y)
    if activation == "relu":
        return (y > 0).astype(y.dtype)
    return y * (1 - y) if activation == "sigmoid" else 1 - y**2
