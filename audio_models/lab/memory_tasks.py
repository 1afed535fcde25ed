"""Synthetic tasks whose difficulty is their length: what must be remembered, and for how long, is known exactly.

Every training step draws new sequences, so nothing can be memorised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio_models.errors import ConfigError

Sequences = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Frames (sequences, length, width) and targets: one-hot (sequences, classes), or numbers (sequences, 1)."""

SYMBOLS = 4
_CLOSE = 0.1  # largest error of a sum that counts as right


@dataclass(frozen=True)
class MemoryTask:
    """A kind of sequence and the question about it.

    Attributes:
        name, title: for the shell and for the page.
        text: the question, for a student.
        width: numbers in a frame.
        outputs: number of classes; 1 for regression.
        chance: accuracy without any memory.
        lengths: default lengths, shortest first.
        make: (sequences, length, random) -> frames and targets.
        so_far: frames -> targets after each of them, (sequences, length, classes), where the task has any.
    """

    name: str
    title: str
    text: str
    width: int
    outputs: int
    chance: float
    lengths: tuple[int, ...]
    make: Callable[[int, int, np.random.Generator], Sequences]
    so_far: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None

    @property
    def is_number(self) -> bool:
        """Whether the answer is a number instead of a class."""
        return self.outputs == 1

    def right(self, answers: NDArray[np.floating[Any]], targets: NDArray[np.floating[Any]]) -> float:
        """Return the share of right answers: the class, or the number within 0.1."""
        if self.is_number:
            return float((np.abs(answers - targets) < _CLOSE).mean())
        return float((answers.argmax(axis=1) == targets.argmax(axis=1)).mean())


def recall(sequences: int, length: int, random: np.random.Generator) -> Sequences:
    """Draw sequences whose first symbol is to be recalled after `length` random distractors."""
    symbols = random.integers(SYMBOLS, size=(sequences, length + 1))
    frames = np.zeros((sequences, length + 1, SYMBOLS + 1), np.float32)
    frames[np.arange(sequences)[:, None], np.arange(length + 1), symbols] = 1
    frames[:, 0, SYMBOLS] = 1  # marks the first symbol
    return frames, np.eye(SYMBOLS, dtype=np.float32)[symbols[:, 0]]


def adding(sequences: int, length: int, random: np.random.Generator) -> Sequences:
    """Draw sequences of numbers, one marked in each half, whose sum is the target (Hochreiter and Schmidhuber 1997)."""
    half = length // 2
    numbers = random.random((sequences, length)).astype(np.float32)
    marks = np.zeros((sequences, length), np.float32)
    rows = np.arange(sequences)
    marks[rows, random.integers(half, size=sequences)] = 1
    marks[rows, half + random.integers(length - half, size=sequences)] = 1
    return np.stack([numbers, marks], axis=2), (numbers * marks).sum(axis=1, keepdims=True)


def parity(sequences: int, length: int, random: np.random.Generator) -> Sequences:
    """Draw sequences of bits whose parity is the target: every bit flips it."""
    bits = random.integers(2, size=(sequences, length))
    frames = np.stack([bits, 1 - bits], axis=2).astype(np.float32)
    return frames, parity_so_far(frames)[:, -1]


def parity_so_far(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """The parity after each bit: [1, 0] for even, [0, 1] for odd."""
    odd = frames[:, :, 0].cumsum(axis=1) % 2
    return np.stack([1 - odd, odd], axis=2)


TASKS = {
    task.name: task
    for task in (
        MemoryTask(
            "recall", "Recall the first symbol",
            "One of four symbols comes first, marked. T other symbols follow at random. Which one was first?",
            SYMBOLS + 1, SYMBOLS, 1 / SYMBOLS, (5, 10, 20, 40, 80), recall,
        ),
        MemoryTask(
            "adding", "Add two marked numbers",
            "T numbers between 0 and 1 go by; two of them are marked. What is their sum, within 0.1?",
            2, 1, 0.19, (4, 8, 16, 32, 64), adding,
        ),
        MemoryTask(
            "parity", "Odd or even",
            "T bits go by. Is the number of ones odd? Each single bit turns the answer around.",
            2, 2, 0.5, (2, 4, 6, 8, 12), parity, parity_so_far,
        ),
    )
}  # fmt: skip


def find(name: str) -> MemoryTask:
    """Return the task `name`.

    Raises:
        ConfigError: there is none.
    """
    if name not in TASKS:
        raise ConfigError(f"There is no memory task '{name}'; choose one of {', '.join(TASKS)}.")
    return TASKS[name]
