"""How a gradient travels back through time: the factor at every step.

The derivative of the last state by an earlier one is a product of Jacobians, one for each step between them. Its norm
says how much a small change of the earlier state can change the last one, and so how well it can be learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audio_models.config import Cell
from audio_models.networks.backpropagation import step_back
from audio_models.networks.cells import Activation, CellWeights, Numbers, State

STEEPEST: dict[Activation, float] = {"tanh": 1.0, "relu": 1.0, "sigmoid": 0.25, "linear": 1.0}
"""Largest slope of each activation."""


@dataclass(frozen=True)
class GradientFlow:
    """The way of a gradient from the last state of one sequence back to the first.

    Attributes:
        norms: largest singular value of d s_T / d s_{T-k} for k = 0 ... T-1, (steps,); the first is 1. The state s is h,
            and h and c together in an LSTM.
        direct: the same along the cell state of an LSTM (the product of its forget gates) or along the part of the state
            that a GRU keeps (the product of its update gates), of the unit that keeps most; None for a SimpleRNN.
    """

    norms: Numbers
    direct: Numbers | None

    @property
    def factors(self) -> Numbers:
        """By how much each step back multiplies the norm, (steps - 1,); 0 once nothing is left."""
        before, after = self.norms[:-1], self.norms[1:]
        return np.divide(after, before, out=np.zeros_like(after), where=before > 0)

    @property
    def mean_factor(self) -> float:
        """The geometric mean of the factors: that of every step, if all were equal."""
        steps = len(self.norms) - 1
        return float(self.norms[-1] ** (1 / steps)) if steps else 1.0


def gradient_flow(cell: Cell, states: Sequence[State], weights: CellWeights) -> GradientFlow:
    """Follow the derivative of the last state back through one sequence.

    Args:
        states: after each frame, from `cells.read`, (units,).
    """
    units = weights.units
    rows: Numbers = np.eye(2 * units if cell == "lstm" else units)  # d s_T / d s_t, begun at t = T
    dh, dc = rows[:, :units], rows[:, units:]
    norms = [1.0]
    kept: Numbers = np.ones(units)
    direct = [1.0]
    for before, after in zip(states[-2::-1], states[:0:-1], strict=True):
        back = step_back(cell, before, after, weights, dh, dc)
        dh = back.h
        dc = dc if back.c is None else back.c
        norms.append(float(np.linalg.norm(np.hstack([dh, dc]), 2)))
        if cell in _KEEPS:
            kept = kept * after.gates[_KEEPS[cell]]
            direct.append(float(kept.max()))
    return GradientFlow(np.array(norms), np.array(direct) if cell in _KEEPS else None)


_KEEPS: dict[Cell, str] = {"lstm": "forget", "gru": "update"}


def largest_factor(weights: CellWeights) -> float:
    """Upper bound of every factor of a SimpleRNN: its largest singular value times the largest slope.

    Below 1, the gradient must vanish (Pascanu et al. 2013). At 1 or above it may vanish nevertheless, or explode.
    """
    return float(np.linalg.norm(weights.recurrent_kernel, 2)) * STEEPEST[weights.activation]
