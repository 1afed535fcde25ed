"""Train a small network in numpy, in pieces of a fraction of a second, so that a page can draw and be used meanwhile.

Length and learning rate may change from piece to piece. Adam (Kingma and Ba 2015), the gradient clipped to a norm of 1
(Pascanu et al. 2013), new sequences in every step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audio_models.errors import ConfigError
from audio_models.lab import memory_tasks
from audio_models.lab.memory_tasks import MemoryTask
from audio_models.lab.small_network import SmallConfig, SmallNetwork, draw
from audio_models.networks.backpropagation import Backward
from audio_models.networks.cells import Numbers
from audio_models.networks.numpy_network import softmax

BATCH = 64
_TEST_SEQUENCES = 256
_LONGEST_GRADIENT = 1.0
_FIRST_DECAY, _SECOND_DECAY, _TINY = 0.9, 0.999, 1e-7  # of Adam, as in keras


@dataclass(frozen=True)
class Progress:
    """How good a network was after some steps.

    Attributes:
        steps: of the optimizer, since the beginning.
        length: of the sequences of the last piece.
        loss: mean over that piece's steps.
        accuracy: on new sequences of that length.
        arriving: norm of the gradient at the first state, divided by that at the last, in the last step; of an LSTM's
            cell state.
    """

    steps: int
    length: int
    loss: float
    accuracy: float
    arriving: float


@dataclass
class SmallTraining:
    """A training that goes on piece by piece.

    Attributes:
        config: what it started from.
        network: as it is now.
        progress: after each piece.
        diverged: the weights or the loss are no finite numbers any more; training has ended.
    """

    config: SmallConfig
    network: SmallNetwork = field(init=False)
    progress: list[Progress] = field(default_factory=list)
    diverged: bool = False

    def __post_init__(self) -> None:
        self.network = draw(self.config)
        self._task = memory_tasks.find(self.config.task)
        self._random = np.random.default_rng([self.config.seed, 1])
        self._first = [np.zeros_like(one) for one in self.network.parameters]
        self._second = [np.zeros_like(one) for one in self.network.parameters]

    @property
    def steps(self) -> int:
        """Steps of the optimizer so far."""
        return self.progress[-1].steps if self.progress else 0

    def train(self, length: int, learning_rate: float, *, seconds: float = 0.15, most: int = 10_000) -> None:
        """Train for a while and measure the accuracy; do nothing once it has diverged.

        Args:
            length: of the sequences.
            seconds: after which no further step begins.
            most: steps at most.
        """
        if self.diverged:
            return
        steps, arriving = self.steps, 0.0
        losses: list[float] = []
        until = time.monotonic() + seconds
        with np.errstate(all="ignore"):
            while len(losses) < max(1, most) and (not losses or time.monotonic() < until):
                loss, arriving, gradients = self._gradients(length)
                if not (np.isfinite(loss) and all(np.isfinite(one).all() for one in gradients)):
                    self.diverged = True
                    return
                losses.append(loss)
                self._step(gradients, learning_rate, steps + len(losses))
            accuracy = accuracy_at(self.network, self._task, length, self.config.seed)
        self.progress.append(Progress(steps + len(losses), length, float(np.mean(losses)), accuracy, arriving))

    def _gradients(self, length: int) -> tuple[float, float, tuple[Numbers, ...]]:
        """Loss, share of the gradient that arrives at the first state, and gradients of the parameters of a new batch."""
        made, target = self._task.make(BATCH, length, self._random)
        frames = _time_first(made)
        states = self.network.read(frames)
        hidden = np.stack([state.h for state in states])
        if self.config.every_step and self._task.so_far is not None:
            loss, danswers = self._loss(self.network.answers(hidden), _time_first(self._task.so_far(made)))
        else:
            loss, dlast = self._loss(self.network.answers(hidden[-1]), target)
            danswers = np.zeros((len(frames), *dlast.shape))
            danswers[-1] = dlast
        back, gradients = self.network.backward(frames, states, danswers)
        return loss, _arriving(back), gradients

    def _loss(self, answers: Numbers, targets: Numbers) -> tuple[float, Numbers]:
        """Mean squared error of numbers or cross-entropy of classes, and its gradient; (..., outputs)."""
        if self._task.is_number:
            error = answers - targets
            return float((error**2).mean()), 2 * error / error.size
        probabilities = softmax(answers)
        loss = -np.log(np.maximum((probabilities * targets).sum(axis=-1), 1e-300))
        return float(loss.mean()), (probabilities - targets) / loss.size

    def _step(self, gradients: Sequence[Numbers], learning_rate: float, number: int) -> None:
        norm = float(np.sqrt(sum(float((one**2).sum()) for one in gradients)))
        shorter = min(1.0, _LONGEST_GRADIENT / max(norm, 1e-300))
        changed = []
        for place, (values, gradient) in enumerate(zip(self.network.parameters, gradients, strict=True)):
            gradient = gradient * shorter
            self._first[place] = _FIRST_DECAY * self._first[place] + (1 - _FIRST_DECAY) * gradient
            self._second[place] = _SECOND_DECAY * self._second[place] + (1 - _SECOND_DECAY) * gradient**2
            first = self._first[place] / (1 - _FIRST_DECAY**number)
            second = self._second[place] / (1 - _SECOND_DECAY**number)
            changed.append(values - learning_rate * first / (np.sqrt(second) + _TINY))
        self.network = self.network.with_parameters(changed)


def accuracy_at(network: SmallNetwork, task: MemoryTask, length: int, seed: int) -> float:
    """Share of right answers after the last step, on new sequences."""
    frames, targets = task.make(_TEST_SEQUENCES, length, np.random.default_rng([seed, length, 2]))
    return task.right(network.answers(network.read(_time_first(frames))[-1].h), targets)


def accuracies_so_far(network: SmallNetwork, task: MemoryTask, length: int, seed: int) -> Numbers:
    """Share of right answers after each step of new sequences, (length,), for a task that has them.

    Raises:
        ConfigError: the task has an answer after its last step only.
    """
    if task.so_far is None:
        raise ConfigError(f"The task '{task.name}' has an answer after its last step only; choose parity.")
    frames, _ = task.make(_TEST_SEQUENCES, length, np.random.default_rng([seed, length, 3]))
    states = network.read(_time_first(frames))
    answers = network.answers(np.stack([state.h for state in states]))
    right = answers.argmax(axis=-1) == _time_first(task.so_far(frames)).argmax(axis=-1)
    return np.asarray(right.mean(axis=1))


def _time_first(values: Numbers) -> Numbers:
    """(batch, frames, width) -> (frames, batch, width), in double precision."""
    return np.ascontiguousarray(values.swapaxes(0, 1), np.float64)


def _arriving(back: Backward) -> float:
    reached = back.states if back.cell_states is None else back.cell_states
    last = float(np.linalg.norm(reached[-1]))
    return float(np.linalg.norm(reached[0])) / last if last else 0.0
