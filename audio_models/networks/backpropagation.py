"""Backpropagation through the recurrent cells: from the gradient of a state to those of the frame and the state before.

From state to state, a gradient is multiplied by the same matrix and by slopes below one: in a SimpleRNN it vanishes or
explodes (Bengio et al. 1994; Pascanu et al. 2013). The formulas are the chain rule applied to those of `cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio_models.config import Cell
from audio_models.networks.cells import CellWeights, Numbers, State, first_state


@dataclass(frozen=True)
class Backward:
    """Gradients of a number such as a loss with respect to the inputs and states of one layer.

    Attributes:
        inputs: d/dx_t, (frames, inputs).
        states: d/dh_t, (frames, units): the total derivative, through the output and all later states.
        cell_states: d/dc_t of an LSTM, (frames, units); None for the others.
    """

    inputs: Numbers
    states: Numbers
    cell_states: Numbers | None


def through_time(cell: Cell, states: Sequence[State], weights: CellWeights, gradients: Numbers) -> Backward:
    """Backpropagation through time (Werbos 1990).

    Args:
        states: after each frame, from `cells.read`.
        gradients: direct derivative with respect to each h_t, without the path through later states, (frames, units).
    """
    frames, units = gradients.shape
    inputs = np.empty((frames, len(weights.kernel)))
    hidden = np.empty((frames, units))
    memory = np.empty((frames, units))
    dh: Numbers = np.zeros(units)
    dc: Numbers = np.zeros(units)
    for t in range(frames - 1, -1, -1):
        before = states[t - 1] if t else first_state(cell, units)
        dh = dh + gradients[t]
        hidden[t] = dh
        if cell == "lstm":
            inputs[t], dh, dc, memory[t] = lstm_back(before, states[t], weights, dh, dc)
        elif cell == "gru":
            inputs[t], dh = gru_back(before, states[t], weights, dh)
        else:
            inputs[t], dh = simple_rnn_back(states[t], weights, dh)
    return Backward(inputs, hidden, memory if cell == "lstm" else None)


def simple_rnn_back(after: State, weights: CellWeights, dh: Numbers) -> tuple[Numbers, Numbers]:
    """d/dx and d/dh of a step, from d/dh'. The slope of tanh is 1 - h'^2: small where a unit is saturated."""
    dsum = dh * (1 - after.h**2)
    return weights.kernel @ dsum, weights.recurrent_kernel @ dsum


def lstm_back(
    before: State, after: State, weights: CellWeights, dh: Numbers, dc: Numbers
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """d/dx, d/dh and d/dc of a step, and the total d/dc' including the path through h'; from d/dh' and d/dc' of the next step.

    Along the cell state the gradient is only multiplied by the forget gate, not by a matrix: an open gate preserves it.
    """
    assert before.c is not None, "an LSTM's state has a cell state"
    assert after.c is not None
    i, f, g, o = (after.gates[name] for name in ("input", "forget", "candidate", "output"))
    squashed = np.tanh(after.c)
    dc = dc + dh * o * (1 - squashed**2)
    dsum = np.concatenate(
        [
            dc * g * i * (1 - i),
            dc * before.c * f * (1 - f),
            dc * i * (1 - g**2),
            dh * squashed * o * (1 - o),
        ]
    )
    return weights.kernel @ dsum, weights.recurrent_kernel @ dsum, dc * f, dc


def gru_back(before: State, after: State, weights: CellWeights, dh: Numbers) -> tuple[Numbers, Numbers]:
    """d/dx and d/dh of a step, from d/dh'. An update gate that keeps the state passes the gradient on unchanged."""
    z, r, g = (after.gates[name] for name in ("update", "reset", "candidate"))
    units = weights.units
    of_state = before.h @ weights.recurrent_kernel[:, 2 * units :] + weights.bias[1][2 * units :]
    dcandidate = dh * (1 - z) * (1 - g**2)
    dupdate = dh * (before.h - g) * z * (1 - z)
    dreset = dcandidate * of_state * r * (1 - r)
    dx = weights.kernel @ np.concatenate([dupdate, dreset, dcandidate])
    through_gates = weights.recurrent_kernel @ np.concatenate([dupdate, dreset, dcandidate * r])
    return dx, dh * z + through_gates
