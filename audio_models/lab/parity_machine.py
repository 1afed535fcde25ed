"""A finite automaton as the weights of a SimpleRNN, written by hand: is the number of ones so far odd or even?"""

from __future__ import annotations

import numpy as np

from audio_models.lab.small_network import SmallNetwork
from audio_models.networks.cells import CellWeights

EVEN, ODD = 0, 1
"""The classes of its answer, as in the task "parity"."""


def parity_machine(steepness: float) -> SmallNetwork:
    """Write down a SimpleRNN of two units that tells odd from even.

    With p, the parity so far, 0 or 1, and the next bit x, the unit "any" asks whether x + p is at least 1, and the unit
    "both" whether it is 2. Odd is any and not both: p' = (any - both) / 2, since a unit is -1 for no and 1 for yes.

        any' = tanh(s (x + p - 1/2))    both' = tanh(s (x + p - 3/2))

    Args:
        steepness: s; the larger, the closer tanh is to a threshold.

    Returns:
        A network that reads (bit, 1 - bit), of which it ignores the second, and answers (even, odd).
    """
    kernel = steepness * np.array([[1.0, 1.0], [0.0, 0.0]])
    recurrent = steepness / 2 * np.array([[1.0, 1.0], [-1.0, -1.0]])
    bias = -steepness * np.array([0.5, 1.5])
    odd = np.array([1.0, -1.0])  # 2 p - 1, from any - both - 1
    return SmallNetwork(
        "simple_rnn", CellWeights(kernel, recurrent, bias), np.stack([-odd, odd], axis=1), np.array([1.0, -1.0])
    )
