"""Backpropagation through the recurrent cells: from the gradient of a state to those of the frame and the state before.

A gradient that is handed from state to state is multiplied by the same matrix, and by slopes below one, at each frame: in
a SimpleRNN that makes it vanish or explode (Bengio et al. 1994; Pascanu et al. 2013). Here it can be watched. Formulas:
the chain rule on those of `cells`.
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
        states: d/dh_t, (frames, units), of all that h_t has a part in: the answer itself and every later state.
        cell_states: d/dc_t of an LSTM, (frames, units); None for the others.
    """

    inputs: Numbers
    states: Numbers
    cell_states: Numbers | None


def through_time(cell: Cell, states: Sequence[State], weights: CellWeights, gradients: Numbers) -> Backward:
    """Backpropagation through time (Werbos 1990).

    Args:
        states: after each frame, as `cells.read` gave them.
        gradients: how the loss depends on each h_t directly, not by way of later states, (frames, units).
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
    """d/dx, d/dh and d/dc of a step, and d/dc' with the part that comes by h'; from d/dh' and d/dc' of the step after.

    What is handed on along the memory is dc' times the forget gate, and no matrix: where the gate is open, nothing fades.
    """
    assert before.c is not None, "an LSTM's state has a cell state"
    assert after.c is not None
    i, f, g, o = (after.gates[name] for name in ("input", "forget", "candidate", "output"))
    seen = np.tanh(after.c)
    dc = dc + dh * o * (1 - seen**2)
    dsum = np.concatenate(
        [
            dc * g * i * (1 - i),
            dc * before.c * f * (1 - f),
            dc * i * (1 - g**2),
            dh * seen * o * (1 - o),
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
