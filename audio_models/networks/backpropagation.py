"""Backpropagation through the recurrent cells: from the gradient of a state to those of the frame and the state before.

From state to state, a gradient is multiplied by the same matrix and by slopes of at most one: in a SimpleRNN it vanishes
or explodes (Bengio et al. 1994; Pascanu et al. 2013). The formulas are the chain rule applied to those of `cells`; each
holds for one sequence and for a batch, whose axes come before the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio_models.config import Cell
from audio_models.networks.cells import CellWeights, Numbers, State, first_state, slope


@dataclass(frozen=True)
class Backward:
    """Gradients of a number such as a loss with respect to the inputs and states of one layer.

    Attributes:
        inputs: d/dx_t, (frames, inputs).
        states: d/dh_t, (frames, units): the total derivative, through the output and all later states.
        cell_states: d/dc_t of an LSTM, (frames, units); None for the others.
        frame_sums: d/d(x_t W), (frames, gates * units).
        state_sums: d/d(h_{t-1} U), (frames, gates * units); it differs from `frame_sums` in a GRU's candidate only.
    """

    inputs: Numbers
    states: Numbers
    cell_states: Numbers | None
    frame_sums: Numbers
    state_sums: Numbers


@dataclass(frozen=True)
class StepBackward:
    """Gradients of one step.

    Attributes:
        h: d/dh of the state before.
        frame_sums, state_sums: d/d(x W) and d/d(h U), (gates * units,).
        c: d/dc of an LSTM's state before.
        cell_state: its total d/dc', including the path through h'.
    """

    h: Numbers
    frame_sums: Numbers
    state_sums: Numbers
    c: Numbers | None = None
    cell_state: Numbers | None = None


def through_time(cell: Cell, states: Sequence[State], weights: CellWeights, gradients: Numbers) -> Backward:
    """Backpropagation through time (Werbos 1990).

    Args:
        states: after each frame, from `cells.read`.
        gradients: direct derivative with respect to each h_t, without the path through later states, (frames, units) or
            (frames, batch, units).
    """
    frames, *batch, units = gradients.shape
    hidden = np.empty_like(gradients)
    memory = np.empty_like(gradients)
    frame_sums = np.empty((frames, *batch, weights.kernel.shape[1]), gradients.dtype)
    state_sums = np.empty_like(frame_sums)
    dh: Numbers = np.zeros((*batch, units), gradients.dtype)
    dc: Numbers = dh
    for t in range(frames - 1, -1, -1):
        before = states[t - 1] if t else first_state(cell, units, tuple(batch))
        hidden[t] = dh + gradients[t]
        back = step_back(cell, before, states[t], weights, hidden[t], dc)
        dh, frame_sums[t], state_sums[t] = back.h, back.frame_sums, back.state_sums
        if back.c is not None and back.cell_state is not None:
            dc, memory[t] = back.c, back.cell_state
    inputs = frame_sums @ weights.kernel.T
    return Backward(inputs, hidden, memory if cell == "lstm" else None, frame_sums, state_sums)


def step_back(cell: Cell, before: State, after: State, weights: CellWeights, dh: Numbers, dc: Numbers) -> StepBackward:
    """Backpropagation through one step, from d/dh' and, for an LSTM, d/dc' of the next step."""
    if cell == "lstm":
        return lstm_back(before, after, weights, dh, dc)
    if cell == "gru":
        return gru_back(before, after, weights, dh)
    return simple_rnn_back(after, weights, dh)


def weight_gradients(cell: Cell, frames: Numbers, states: Sequence[State], backward: Backward) -> CellWeights:
    """Gradients with respect to the weights of a cell: the sum over all the frames where they are used.

    Args:
        frames: what the cell read, (frames, batch, inputs).
        states: after each frame, from `cells.read`, (batch, units).
        backward: from `through_time`.
    """
    previous = np.stack([np.zeros_like(states[0].h), *(state.h for state in states[:-1])])
    axes = tuple(range(frames.ndim - 1))
    bias = backward.frame_sums.sum(axis=axes)
    if cell == "gru":
        bias = np.stack([bias, backward.state_sums.sum(axis=axes)])
    return CellWeights(
        summed_products(frames, backward.frame_sums), summed_products(previous, backward.state_sums), bias
    )


def summed_products(inputs: Numbers, sums: Numbers) -> Numbers:
    """Gradient of the weights that turn inputs (frames, batch, inputs) into sums: the sum over frames and batch.

    One product a frame: a product of all at once is large enough for several threads, which wait for each other longer
    than they work.
    """
    return np.asarray((inputs.swapaxes(1, 2) @ sums).sum(axis=0))


def simple_rnn_back(after: State, weights: CellWeights, dh: Numbers) -> StepBackward:
    """Through a SimpleRNN. The slope of tanh is 1 - h'^2: 1 in the middle, close to 0 where a unit is saturated."""
    dsum = dh * slope(after.h, weights.activation)
    return StepBackward(dsum @ weights.recurrent_kernel.T, dsum, dsum)


def lstm_back(before: State, after: State, weights: CellWeights, dh: Numbers, dc: Numbers) -> StepBackward:
    """Through an LSTM.

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
        ],
        axis=-1,
    )
    return StepBackward(dsum @ weights.recurrent_kernel.T, dsum, dsum, dc * f, dc)


def gru_back(before: State, after: State, weights: CellWeights, dh: Numbers) -> StepBackward:
    """Through a GRU. An update gate that keeps the state passes the gradient on unchanged."""
    z, r, g = (after.gates[name] for name in ("update", "reset", "candidate"))
    units = weights.units
    of_state = before.h @ weights.recurrent_kernel[:, 2 * units :] + weights.bias[1][2 * units :]
    dcandidate = dh * (1 - z) * (1 - g**2)
    dupdate = dh * (before.h - g) * z * (1 - z)
    dreset = dcandidate * of_state * r * (1 - r)
    frame_sums = np.concatenate([dupdate, dreset, dcandidate], axis=-1)
    state_sums = np.concatenate([dupdate, dreset, dcandidate * r], axis=-1)
    return StepBackward(dh * z + state_sums @ weights.recurrent_kernel.T, frame_sums, state_sums)
