"""A small recurrent network in numpy that can be drawn, trained and taken apart within a click: one cell, one Dense layer.

frames -> cell -> last state, or every state -> Dense
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audio_models.errors import ConfigError
from audio_models.lab import memory_tasks
from audio_models.lab.memory import LabCell
from audio_models.networks import cells
from audio_models.networks.backpropagation import Backward, summed_products, through_time, weight_gradients
from audio_models.networks.cells import GATES, Activation, CellWeights, Numbers, State
from audio_models.networks.initial_weights import Initialisation, recurrent_kernel
from audio_models.settings import check, setting


@dataclass(frozen=True)
class SmallConfig:
    """The shape of a small network and how its weights are drawn."""

    task: str = setting("recall", title="Task", help=f"What must be remembered: {', '.join(memory_tasks.TASKS)}.")
    cell: LabCell = setting("simple_rnn", title="Cell", help="Kind of recurrent cell.")
    units: int = setting(12, 1, 64, title="Units", help="Size of the state.")
    activation: Activation = setting("tanh", title="Activation", help="Of a SimpleRNN's sum.")
    initialisation: Initialisation = setting(
        "orthogonal", title="Recurrent weights", help="How the first recurrent weights are drawn."
    )
    scale: float = setting(1.0, 0, 3, title="Scale", help="Factor on the first recurrent weights.")
    gate_bias: float = setting(
        1.0, -5, 5, title="Gate bias", help="First bias of the LSTM's forget gate or the GRU's update gate."
    )
    every_step: bool = setting(False, title="Answer after every step", help="Train with an answer after every step.")
    seed: int = setting(0, 0, 2**31 - 1, title="Seed", help="Seed of the first weights and the sequences.")

    def __post_init__(self) -> None:
        check(self)
        if memory_tasks.find(self.task).so_far is None and self.every_step:
            raise ConfigError(f"The task '{self.task}' has an answer after its last step only; choose parity.")


@dataclass(frozen=True)
class SmallNetwork:
    """A network with its weights.

    Attributes:
        weights: of its cell.
        output_kernel, output_bias: of the Dense layer, (units, outputs) and (outputs,).
    """

    cell: LabCell
    weights: CellWeights
    output_kernel: Numbers
    output_bias: Numbers

    @property
    def parameters(self) -> tuple[Numbers, ...]:
        """Everything that training changes."""
        cell = self.weights
        return cell.kernel, cell.recurrent_kernel, cell.bias, self.output_kernel, self.output_bias

    def with_parameters(self, parameters: Sequence[Numbers]) -> SmallNetwork:
        """The same network with other weights, in the order of `parameters`."""
        kernel, recurrent, bias, output_kernel, output_bias = parameters
        weights = replace(self.weights, kernel=kernel, recurrent_kernel=recurrent, bias=bias)
        return replace(self, weights=weights, output_kernel=output_kernel, output_bias=output_bias)

    def read(self, frames: Numbers) -> list[State]:
        """The state after each frame, (frames, inputs) or (frames, batch, inputs)."""
        return cells.read(self.cell, frames, self.weights)

    def answers(self, hidden: Numbers) -> Numbers:
        """Read states (..., units) out: a score for each class, or a number, (..., outputs)."""
        answers: Numbers = hidden @ self.output_kernel + self.output_bias
        return answers

    def backward(
        self, frames: Numbers, states: Sequence[State], danswers: Numbers
    ) -> tuple[Backward, tuple[Numbers, ...]]:
        """Gradients of a loss with respect to the states and to the `parameters`.

        Args:
            frames, states: what was read, (frames, batch, inputs), and the states after it.
            danswers: d loss / d answer after each frame, (frames, batch, outputs); 0 where none is given.
        """
        back = through_time(self.cell, states, self.weights, danswers @ self.output_kernel.T)
        cell = weight_gradients(self.cell, frames, states, back)
        hidden = np.stack([state.h for state in states])
        output_kernel = summed_products(hidden, danswers)
        return back, (cell.kernel, cell.recurrent_kernel, cell.bias, output_kernel, danswers.sum(axis=(0, 1)))


def draw(config: SmallConfig) -> SmallNetwork:
    """Draw a network's initial weights.

    Kernels are Glorot uniform (Glorot and Bengio 2010), biases 0 but for the gate that keeps memory.
    """
    random = np.random.default_rng(config.seed)
    task = memory_tasks.find(config.task)
    gates = max(1, len(GATES[config.cell]))
    units = config.units

    def glorot(rows: int, columns: int) -> Numbers:
        limit = np.sqrt(6 / (rows + columns))
        return random.uniform(-limit, limit, (rows, columns))

    kernel = glorot(task.width, gates * units)
    recurrent = [config.scale * recurrent_kernel(config.initialisation, units, random) for _ in range(gates)]
    bias = np.zeros((2, gates * units) if config.cell == "gru" else gates * units)
    if gates > 1:
        keeps = GATES[config.cell].index("forget" if config.cell == "lstm" else "update")
        bias.reshape(-1, gates * units)[0, keeps * units : (keeps + 1) * units] = config.gate_bias
    weights = CellWeights(kernel, np.concatenate(recurrent, axis=1), bias, config.activation)
    return SmallNetwork(config.cell, weights, glorot(units, task.outputs), np.zeros(task.outputs))
